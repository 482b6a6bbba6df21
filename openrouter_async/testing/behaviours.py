"""What a script can make the simulator do instead of, or to, an ordinary answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Literal, TypeAlias

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterable, Mapping, Sequence

Headers: TypeAlias = "Mapping[str, str] | Sequence[tuple[str, str]]"


@dataclass(frozen=True, slots=True)
class Behaviour:
    """
    One step of a script.

    Attributes:
        times: How many requests get it; None for all that follow.
    """

    times: int | None = field(default=1, kw_only=True)

    faulty: ClassVar[bool] = True
    """Whether a request that met it counts as failed in the statistics."""
    needs_answer: ClassVar[bool] = True
    """Whether it works on an ordinary answer, so that the request must be valid."""

    def __post_init__(self) -> None:
        """Refuse a count that would never end or never begin."""
        if self.times is not None and self.times < 1:
            message = "times must be at least 1, or None"
            raise ValueError(message)


@dataclass(frozen=True, slots=True)
class Respond(Behaviour):
    """
    Answer with exactly this, whatever was asked.

    Attributes:
        status: HTTP status.
        body: Bytes or text as they are; anything else is sent as JSON.
        headers: Response headers, a mapping or pairs (to repeat a name). The
            content type is `application/json` unless named here.
    """

    status: int = 200
    body: object = b""
    headers: Headers = ()

    faulty: ClassVar[bool] = False
    needs_answer: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class Fail(Behaviour):
    """
    Answer with an HTTP error status and OpenRouter's classic envelope.

    Attributes:
        status: HTTP status.
        message: The error's message; by default what the service says.
        code: The error's code; by default the status.
        error_type: For the metadata, such as `"provider_overloaded"`.
        metadata: Further metadata.
        retry_after: Value of the Retry-After header: seconds, or any text, such
            as an HTTP date or nonsense.
        headers: Further response headers.
    """

    status: int
    message: str | None = None
    code: int | str | None = None
    error_type: str | None = None
    metadata: Mapping[str, object] | None = None
    retry_after: float | str | None = None
    headers: Headers = ()

    needs_answer: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class FailInside(Behaviour):
    """
    Answer with status 200 and an error inside.

    Attributes:
        code: The error's code, a number or a string.
        message: The error's message.
        at: `"body"`: an `error` member and no choices (streamed: the first and
            only event). `"choice"`: an `error` member in the first choice, next
            to `finish_reason: "error"` and the text so far.
        after_tokens: Tokens of the text so far, for `"choice"`.
        error_type: For the metadata.
        metadata: Further metadata.
    """

    code: int | str = 502
    message: str | None = None
    at: Literal["body", "choice"] = "body"
    after_tokens: int = 3
    error_type: str | None = None
    metadata: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True)
class ErrorEvent(Behaviour):
    """
    Break a stream off with an error event.

    A plain request gets an error inside its first choice.

    Attributes:
        after_tokens: Tokens sent before it; 0 makes it the first event.
        code: The error's code, a number or a string.
        message: The error's message.
        done: Whether `[DONE]` follows it.
        error_type: For the metadata.
        metadata: Further metadata.
    """

    after_tokens: int = 3
    code: int | str = 502
    message: str | None = None
    done: bool = False
    error_type: str | None = None
    metadata: Mapping[str, object] | None = None


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

    faulty: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class Cut(Behaviour):
    """
    End the answer too early.

    Attributes:
        after_tokens: Tokens of a stream that are sent; a finish reason never is.
        after_bytes: Bytes of the body that are sent instead. With neither, a
            stream ends after three tokens and a plain body half-way.
        how: `"fin"`: the connection is closed in mid-body. `"reset"`: it is
            reset. `"clean"`: the body is framed properly and only too short, with
            neither finish reason nor `[DONE]`.
    """

    after_tokens: int | None = None
    after_bytes: int | None = None
    how: Literal["fin", "reset", "clean"] = "fin"


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

    faulty: ClassVar[bool] = False


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

    faulty: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class Malformed(Behaviour):
    """
    Send something that is not JSON where JSON belongs.

    Attributes:
        body: The whole body of a plain answer.
        event: The data of one event of a stream, which then goes on.
        after_tokens: Tokens that come before that event.
    """

    body: bytes = b'{"id": "gen-1", "choices": [{"text": "Once'
    event: bytes = b'{"id": "gen-1", "choices": [{"text": "Once'
    after_tokens: int = 3


@dataclass(frozen=True, slots=True)
class NoDone(Behaviour):
    """Leave out the `[DONE]` of a stream that is complete otherwise."""

    faulty: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class HtmlPage(Behaviour):
    """
    Answer with a page of HTML, as a proxy in between does.

    Attributes:
        status: HTTP status.
        title: Title and heading of the page.
    """

    status: int = 502
    title: str = "Bad gateway"

    needs_answer: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class Text(Behaviour):
    """
    Answer with this text, uncut by max_tokens and stop.

    Attributes:
        text: The text of every choice, without an echo.
        finish_reason: The finish reason of every choice.
        reasoning: Its reasoning; None for none.
    """

    text: str
    finish_reason: str = "stop"
    reasoning: str | None = None

    faulty: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class Chunks(Behaviour):
    """
    Send an event stream of exactly these chunks.

    Attributes:
        chunks: What is sent as JSON, one event each.
        done: Whether `[DONE]` follows.
    """

    chunks: Iterable[Mapping[str, object]]
    done: bool = True

    faulty: ClassVar[bool] = False
    needs_answer: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class RawEvents(Behaviour):
    """
    Send an event stream of exactly these bytes.

    Attributes:
        data: The body.
        split: Bytes in one write; None for all.
        interval: Seconds before each write.
        hold: Whether the body is left open when all is sent, until the client
            goes away.
    """

    data: bytes
    split: int | None = None
    interval: float = 0.0
    hold: bool = False

    faulty: ClassVar[bool] = False
    needs_answer: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class Hang(Behaviour):
    """Never answer; the connection stays open until the client goes away."""

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

    faulty: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class Disconnect(Behaviour):
    """
    Close the connection instead of answering.

    Attributes:
        how: `"fin"` closes it, `"reset"` resets it.
    """

    how: Literal["fin", "reset"] = "fin"

    needs_answer: ClassVar[bool] = False
