"""What an answer consists of, in time: heads, pieces, pauses, breaks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from openrouter_async.testing.wire import Piece

if TYPE_CHECKING:
    import asyncio


Headers: TypeAlias = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Head:
    """
    Send the status line and the headers.

    Attributes:
        status: HTTP status.
        headers: Names and values.
        length: Length of the body in bytes; None for a chunked one.
    """

    status: int
    headers: Headers
    length: int | None = None


@dataclass(frozen=True, slots=True)
class Whole:
    """
    Send an answer in one go; nothing can follow.

    Attributes:
        status: HTTP status.
        headers: Names and values.
        body: The body.
        tokens: Tokens of the answer that are in the body.
    """

    status: int
    headers: Headers
    body: bytes
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class Pause:
    """Let so many seconds pass."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Hold:
    """Wait for an event, or until the client goes away."""

    release: asyncio.Event | None = None


@dataclass(frozen=True, slots=True)
class Break:
    """Close or reset the connection; nothing can follow."""

    how: Literal["fin", "reset"]


Step: TypeAlias = Head | Whole | Piece | Pause | Hold | Break

__all__ = ["Break", "Head", "Headers", "Hold", "Pause", "Piece", "Step", "Whole"]
