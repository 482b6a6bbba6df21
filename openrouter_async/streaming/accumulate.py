"""The chunks of a streamed answer, folded into the answer they make up."""

from __future__ import annotations

from typing import Generic, TypeVar

from openrouter_async.types.answer import Answer, Choice, ChoiceT, Chunk
from openrouter_async.types.lenient import Json
from openrouter_async.types.usage import Usage

PieceT = TypeVar("PieceT", bound=Choice)

_ENVELOPE = ("id", "created", "model", "provider", "system_fingerprint", "service_tier")
_EVENTS_KEPT = 64  # some upstreams send the usage with every chunk


class Pieces(Generic[ChoiceT, PieceT]):
    """
    Collect what arrived for one choice since the last look at it.

    Attributes:
        choice: up to date after `settle()`.
        text: pieces of its text.
        reasoning: pieces of its reasoning.
    """

    __slots__ = ("choice", "reasoning", "text")

    def __init__(self, choice: ChoiceT) -> None:
        self.choice: ChoiceT = choice
        self.text: list[str] = []
        self.reasoning: list[str] = []

    def settle(self) -> None:
        """Join the pieces: once per look, for a join per chunk would be quadratic."""
        raise NotImplementedError

    def fold(self, piece: PieceT) -> None:
        """Fold what is not in every chunk."""
        raise NotImplementedError


class AnswerAccumulator(Generic[ChoiceT, PieceT]):
    """
    Fold the chunks of one stream, in the order they came.

    What adds a chunk is left to each kind of answer: it runs for every token.

    Args:
        answer: what they are folded into.
    """

    def __init__(self, answer: Answer[ChoiceT]) -> None:
        self._answer = answer
        self._pieces: dict[int, Pieces[ChoiceT, PieceT]] = {}
        self._events: list[bytes] = []

    @property
    def complete(self) -> bool:
        """Whether a choice was seen, and every one that was has a finish reason."""
        pieces = self._pieces.values()
        return bool(pieces) and all(each.choice.finish_reason for each in pieces)

    @property
    def has_content(self) -> bool:
        """Whether anything came that the caller would miss."""
        self.settle()
        return self._answer.has_content

    @property
    def usage(self) -> Usage | None:
        """Token counts and cost, once they came."""
        return self._answer.usage

    def settle(self) -> None:
        """Bring the answer up to date."""
        answer = self._answer
        for pieces in self._pieces.values():
            pieces.settle()

        if len(answer.choices) != len(self._pieces):
            ordered = sorted(self._pieces)
            answer.choices = [self._pieces[index].choice for index in ordered]

        answer._events = tuple(self._events)  # pyright: ignore[reportPrivateUsage]  # not for callers

    def fold_error(self, chunk: Chunk[PieceT]) -> Json:
        """
        Fold the error of a chunk.

        Returns:
            The error; None where only a finish reason says that there was one.
        """
        self._answer.error = error = chunk.error or None
        for piece in chunk.choices:
            if piece.error:
                self._pieces[piece.index].choice.error = piece.error
                error = error or piece.error

        return error

    def _fold_envelope(self, chunk: Chunk[PieceT], *, failed: bool) -> None:
        """Fold what is not in a choice; needed for the first chunk and odd ones."""
        answer = self._answer
        for name in _ENVELOPE:
            value = getattr(chunk, name)
            if value is not None:
                setattr(answer, name, value)

        if chunk.object:
            answer.object = chunk.object.removesuffix(".chunk")

        answer.usage = chunk.usage or answer.usage
        answer.openrouter_metadata = (
            chunk.openrouter_metadata or answer.openrouter_metadata
        )
        if not failed:
            self._events.append(chunk.raw)

        if len(self._events) > _EVENTS_KEPT:
            del self._events[1]
