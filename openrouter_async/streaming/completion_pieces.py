"""The chunks of a streamed text completion, folded into the completion."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from openrouter_async.streaming.accumulate import AnswerAccumulator, Pieces
from openrouter_async.streaming.reasoning_details import ReasoningDetails
from openrouter_async.transport.codec import decode_json
from openrouter_async.types.completion import (
    Completion,
    CompletionChoice,
    CompletionChunk,
    Logprobs,
)
from openrouter_async.types.lenient import Json, is_array

_decode = msgspec.json.Decoder(CompletionChunk).decode
_FOLDED = frozenset({"role", "content", "reasoning"})  # elsewhere, or never growing


class _CompletionPieces(Pieces[CompletionChoice, CompletionChoice]):
    __slots__ = ("_details",)

    def __init__(self, index: int) -> None:
        super().__init__(CompletionChoice(index=index))
        self._details: ReasoningDetails | None = None

    def settle(self) -> None:
        choice = self.choice
        if self.text:
            choice.text += "".join(self.text)
            self.text.clear()

        if self.reasoning:
            choice.reasoning = (choice.reasoning or "") + "".join(self.reasoning)
            self.reasoning.clear()

        if self._details is not None:
            self._details.settle()

    def fold(self, piece: CompletionChoice) -> None:
        choice = self.choice
        choice.finish_reason = piece.finish_reason or choice.finish_reason
        native = piece.native_finish_reason
        choice.native_finish_reason = native or choice.native_finish_reason
        if piece.logprobs is not None:
            choice.logprobs = choice.logprobs or Logprobs()
            _fold_logprobs(choice.logprobs, piece.logprobs)

        for detail in piece.reasoning_details or ():
            if self._details is None:
                self._details = ReasoningDetails()
                choice.reasoning_details = self._details.details

            self._details.add(detail)


class CompletionAccumulator(AnswerAccumulator[CompletionChoice, CompletionChoice]):
    """Fold the chunks of one text completion, in the order they came."""

    def __init__(self) -> None:
        self._completion = Completion()
        super().__init__(self._completion)

    @property
    def answer(self) -> Completion:
        """The answer so far: one object, brought up to date by each look at it."""
        self.settle()
        return self._completion

    def decode(self, event: bytes) -> CompletionChunk:
        """
        Decode the data of an event.

        Raises:
            ResponseDecodeError: it is not a JSON object.
        """
        try:
            chunk = _decode(event)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            chunk = decode_json(event, CompletionChunk)

        chunk.raw = event
        return chunk

    def add(self, chunk: CompletionChunk) -> bool:
        """
        Fold all of a chunk but the error it may report.

        Returns:
            Whether the chunk reports an error: at its top, or in a choice.
        """
        failed = bool(chunk.error)
        rest = False
        for piece in chunk.choices:
            pieces = self._pieces.get(piece.index)
            if pieces is None:
                pieces = self._pieces[piece.index] = _CompletionPieces(piece.index)

            if piece.delta or piece.message:
                piece.take_chat_shape()

            if piece.text:
                pieces.text.append(piece.text)

            if piece.reasoning:
                pieces.reasoning.append(piece.reasoning)

            if piece.finish_reason or piece.native_finish_reason or piece.error:
                failed = failed or bool(piece.error) or piece.finish_reason == "error"
                rest = True

            if rest or piece.logprobs is not None or piece.reasoning_details:
                pieces.fold(piece)

            if piece.delta:
                _fold_delta(pieces.choice, piece.delta)

        if rest or failed or not self._events or not chunk.choices or chunk.usage:
            self._fold_envelope(chunk, failed=failed)

        return failed


def _fold_delta(choice: CompletionChoice, delta: Mapping[str, Json]) -> None:
    """Fold what else a chat-shaped choice brings, such as images, into `message`."""
    for name, value in delta.items():
        if name in _FOLDED or not value:
            continue

        choice.message = message = choice.message or {}
        known = message.get(name)
        if isinstance(known, str) and isinstance(value, str):
            message[name] = known + value
        elif is_array(known) and is_array(value):
            message[name] = [*known, *value]
        else:
            message[name] = value


def _fold_logprobs(into: Logprobs, piece: Logprobs) -> None:
    into.tokens += piece.tokens
    into.token_logprobs += piece.token_logprobs
    into.text_offset += piece.text_offset
    if piece.top_logprobs is not None:
        into.top_logprobs = into.top_logprobs or []
        into.top_logprobs += piece.top_logprobs

    if piece.content is not None:
        into.content = into.content or []
        into.content += piece.content
