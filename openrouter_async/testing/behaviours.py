"""What a script can make the simulator do instead of, or to, an ordinary answer."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal, TypeAlias

from openrouter_async.testing.checks import check_fields

Headers: TypeAlias = Mapping[str, str] | Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Behaviour:
    """
    One step of a script.

    Attributes:
        times: How many requests get it; None for all that follow.

    Raises:
        TypeError: If a field's value is of a wrong type.
        ValueError: If it is out of range, or none of the names that it can be.
    """

    times: int | None = field(default=1, kw_only=True)

    faulty: ClassVar[bool] = False
    """Whether a request that met it counts as failed in the statistics."""
    billed: ClassVar[bool] = True
    """Whether the answer is paid for; the service insures against its errors."""
    needs_answer: ClassVar[bool] = True
    """Whether it works on an ordinary answer, so that the request must be valid."""

    def __post_init__(self) -> None:
        """Refuse what cannot be played, rather than play it wrongly."""
        check_fields(self)


@dataclass(frozen=True, slots=True)
class Respond(Behaviour):
    """
    Answer with exactly this, whatever was asked.

    Attributes:
        status: HTTP status.
        body: Bytes or text as they are; anything else is sent as JSON.
        headers: A mapping, or pairs (to repeat a name); the content type is
            `application/json` unless named here.
    """

    status: int = 200
    body: object = b""
    headers: Headers = ()
    needs_answer: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class Stall(Behaviour):
    """
    Stop answering for a while, with the connection left open.

    Attributes:
        before: `"head"`: before anything is sent. `"body"`: after the head.
        after_tokens: Tokens of a stream that come first, with `"body"`; of a
            plain body the first half comes first when this is above 0.
        release: Goes on when this is set; None waits until the client goes away.
    """

    before: Literal["head", "body"] = "body"
    after_tokens: int = 0
    release: asyncio.Event | None = None


@dataclass(frozen=True, slots=True)
class Pad(Behaviour):
    """
    Keep the connection busy with bytes that mean nothing, then answer.

    Plain bodies get whitespace before the JSON, streams get comments.

    Attributes:
        count: How many pieces; None never stops.
        interval: Seconds before each.
    """

    count: int | None = 3
    interval: float = 0.0


@dataclass(frozen=True, slots=True)
class Comments(Behaviour):
    """
    Put comments into a stream; a plain request is answered as usual.

    Attributes:
        count: How many; None never stops.
        interval: Seconds before each.
        after_tokens: Tokens that come before them.
    """

    count: int | None = 3
    interval: float = 0.0
    after_tokens: int = 0


@dataclass(frozen=True, slots=True)
class NoDone(Behaviour):
    """Leave out the `[DONE]` of a stream that is complete otherwise."""


@dataclass(frozen=True, slots=True)
class Chunks(Behaviour):
    """
    Send an event stream of exactly these chunks.

    Attributes:
        chunks: What is sent as JSON, one event each.
        done: Whether `[DONE]` follows.
    """

    chunks: Sequence[Mapping[str, object]]
    done: bool = True
    needs_answer: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class RawEvents(Behaviour):
    """
    Send an event stream of exactly these bytes.

    Attributes:
        data: The body.
        split: Bytes in one write; None for all.
        interval: Seconds before each write.
        hold: Whether the body is left open until the client goes away.
    """

    data: bytes
    split: int | None = None
    interval: float = 0.0
    hold: bool = False
    needs_answer: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class Slow(Behaviour):
    """
    Answer as usual at another pace.

    Attributes:
        token_interval: Seconds before each token.
        latency: Seconds before the first token; None as the simulator is set.
    """

    token_interval: float
    latency: float | None = None
