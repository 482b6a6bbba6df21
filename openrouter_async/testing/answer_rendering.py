"""What the answers of all operations that complete something have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from itertools import zip_longest
from typing import TYPE_CHECKING, Generic, Literal, TypeAlias

import msgspec

from openrouter_async.testing.answers import Answer, Choice, R
from openrouter_async.testing.wire import DONE, Envelope, Piece, UsageShape, event

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

JSONObject: TypeAlias = dict[str, object]


class AnswerRendering(ABC, Generic[R]):
    """
    An answer in its two forms: a body, or the events of a stream.

    Args:
        envelope: Id, time and model.
        answer: What is to be written.
        usage_shape: The last chunk of a stream has `choices: []`, or repeats a
            choice with its finish reason; the live service does either.
    """

    def __init__(
        self, envelope: Envelope, answer: Answer[R], usage_shape: UsageShape
    ) -> None:
        self._envelope = envelope
        self._answer = answer
        self._usage_shape = usage_shape

    @property
    def tokens(self) -> int:
        """Tokens of all choices and their reasoning."""
        return self._answer.completion_tokens

    def body(self) -> bytes:
        """Return the JSON of a plain answer."""
        choices = [self.plain(choice) for choice in self._answer.choices]
        return msgspec.json.encode(self._body(choices))

    def failed_body(self, error: Mapping[str, object], tokens: int) -> bytes:
        """Return a plain answer that broke off with an error in its first choice."""
        first, *others = self._answer.choices
        first.tokens = first.tokens[:tokens]
        first.finish_reason = "error"
        first.reply = None
        choices = [self.plain(choice) for choice in (first, *others)]
        choices[0]["error"] = error
        return msgspec.json.encode(self._body(choices))

    def token_pieces(self) -> Iterator[Piece]:
        """Yield an event for each token, the choices taking turns."""
        rows = [self.row(choice) for choice in self._answer.choices]
        for turn in zip_longest(*rows):
            yield from filter(None, turn)

    def end_pieces(self, *, done: bool = True) -> Iterator[Piece]:
        """Yield what follows the last token, with or without `[DONE]`."""
        for choice in self._answer.choices:
            yield Piece(self.chunk([self._finished(choice)]))

        yield self._usage_piece()
        if done:
            yield Piece(DONE)

    def error_piece(
        self, error: Mapping[str, object], *, at: Literal["top", "choice", "alone"]
    ) -> Piece:
        """
        Return an event that reports an error.

        Args:
            error: The value of the `error` member.
            at: `"top"`: beside a choice that finishes with `"error"`; `"choice"`:
                inside that choice; `"alone"`: without choices.

        Returns:
            The event.
        """
        if at == "alone":
            return Piece(self.chunk([], error=error))

        choice = self.last(0, "error", "error")
        if at == "top":
            return Piece(self.chunk([choice], error=error))

        return Piece(self.chunk([{**choice, "error": error}]))

    def chunk(self, choices: Sequence[JSONObject], **members: object) -> bytes:
        """Return an event of choices, with further members beside them."""
        envelope = self._envelope.members("chat.completion.chunk")
        return event({**envelope, "choices": choices, **members})

    @abstractmethod
    def plain(self, choice: Choice) -> JSONObject:
        """Return a choice of a plain answer."""

    @abstractmethod
    def row(self, choice: Choice) -> Iterator[Piece]:
        """Yield the events of a choice, without the one that ends it."""

    @abstractmethod
    def last(self, index: int, finish_reason: str, native: str) -> JSONObject:
        """Return the empty choice that ends a stream."""

    def _usage_piece(self) -> Piece:
        """Return the event with the usage, the last before `[DONE]`."""
        choices: list[JSONObject] = []
        if self._usage_shape == "repeated_finish":
            choices.append(self._finished(self._answer.choices[0]))

        usage = self._answer.usage()
        return Piece(self.chunk(choices, usage=usage, **self._envelope.ending))

    def _finished(self, choice: Choice) -> JSONObject:
        return self.last(
            choice.index, choice.finish_reason, choice.native_finish_reason
        )

    def _body(self, choices: Sequence[JSONObject]) -> JSONObject:
        return {
            **self._envelope.members("chat.completion"),
            "choices": choices,
            "usage": self._answer.usage(),
            **self._envelope.ending,
        }
