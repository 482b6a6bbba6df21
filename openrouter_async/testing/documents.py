"""Answers that are no completions: a document, or some bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import msgspec

from openrouter_async.testing.envelopes import error_body
from openrouter_async.testing.replies import Text, ToolCalls
from openrouter_async.testing.scenes import Scene
from openrouter_async.testing.wire import DONE, Piece, event

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from openrouter_async.testing.behaviours import Behaviour
    from openrouter_async.testing.calls import Call, CallReader
    from openrouter_async.testing.exchange import Exchange
    from openrouter_async.testing.scenes import Pace


@dataclass(frozen=True, slots=True)
class Document:
    """
    An answer that is known as a whole.

    Attributes:
        data: The body.
        content_type: What it is.
        events: Those of a stream, whole, if one was asked for.
    """

    data: bytes
    content_type: str = "application/json"
    events: Sequence[bytes] | None = None

    @property
    def tokens(self) -> int:
        """None: nobody counts them."""
        return 0

    def body(self) -> bytes:
        """Return the document."""
        return self.data

    def failed_body(self, error: Mapping[str, object], tokens: int) -> bytes:
        """Return the error alone: there are no choices that it could be in."""
        del tokens
        return error_body(dict(error))

    def token_pieces(self) -> Iterator[Piece]:
        """Yield the events, each of which counts as a token."""
        for data in self.events or ():
            yield Piece(data, 1)

    def end_pieces(self, *, done: bool = True) -> Iterator[Piece]:
        """Yield `[DONE]` if it is wanted."""
        if done:
            yield Piece(DONE)

    def error_piece(
        self, error: Mapping[str, object], *, at: Literal["top", "choice", "alone"]
    ) -> Piece:
        """Return an event with the error alone."""
        del at
        return Piece(event({"error": error}))


class DocumentEndpoint:
    """
    An operation that answers with a document.

    Args:
        reader: Reads its requests.
        answer: Makes the document: JSON for anything but a Document.
        limited: Whether limits hold for it.

    Attributes:
        limited: Whether limits hold for it.
    """

    def __init__(
        self,
        reader: CallReader,
        answer: Callable[[Call], object],
        *,
        limited: bool = False,
    ) -> None:
        self.limited = limited
        self._reader = reader
        self._answer = answer

    def plays(self, behaviour: Behaviour) -> bool:
        """Return whether a behaviour means something to it."""
        return not isinstance(behaviour, Text | ToolCalls)

    async def scene(
        self, exchange: Exchange, pace: Pace, behaviour: Behaviour | None
    ) -> Scene:
        """
        Return the answer to a request.

        Args:
            exchange: The request.
            pace: How fast the answer comes.
            behaviour: What will be done with it.

        Returns:
            The answer, not written yet.

        Raises:
            RefusedError: If the request is not valid, or asks for what is not there.
        """
        del behaviour
        made = self._answer(self._reader.read(exchange))
        if isinstance(made, Document):
            document = made
        else:
            document = Document(msgspec.json.encode(made))

        return Scene(
            stream=document.events is not None,
            pace=pace,
            render=lambda _reply: document,
            status=self._reader.rules.status,
            content_type=document.content_type,
        )
