"""The chunks of a streamed chat completion, folded into the completion."""

from __future__ import annotations

from typing import Generic, TypeVar

from openrouter_async.streaming.accumulate import AnswerAccumulator, Pieces
from openrouter_async.streaming.audio import SpokenAudio
from openrouter_async.streaming.reasoning_details import ReasoningDetails
from openrouter_async.streaming.tool_call_fragments import ToolCallFragments
from openrouter_async.transport.codec import decode_json
from openrouter_async.types.chat import (
    ChatChoice,
    ChatChunkChoice,
    ChatCompletion,
    ChatCompletionChunk,
    ChatLogprobs,
    ChatMessage,
)

AnswerT = TypeVar("AnswerT", bound=ChatCompletion)

_NOTHING = ChatMessage()


class _ChatPieces(Pieces[ChatChoice, ChatChunkChoice]):
    __slots__ = ("_audio", "_calls", "_details")

    def __init__(self, index: int) -> None:
        message = ChatMessage(role="assistant")
        super().__init__(ChatChoice(index=index, message=message))
        self._audio: SpokenAudio | None = None
        self._calls: ToolCallFragments | None = None
        self._details: ReasoningDetails | None = None

    def settle(self) -> None:
        message = self.choice.message
        if self.text:
            message.content = (message.content or "") + "".join(self.text)
            self.text.clear()

        if self.reasoning:
            message.reasoning = (message.reasoning or "") + "".join(self.reasoning)
            self.reasoning.clear()

        for grown in (self._audio, self._calls, self._details):
            if grown is not None:
                grown.settle()

    def fold(self, piece: ChatChunkChoice) -> None:
        choice = self.choice
        choice.finish_reason = piece.finish_reason or choice.finish_reason
        native = piece.native_finish_reason
        choice.native_finish_reason = native or choice.native_finish_reason
        if piece.logprobs is not None:
            choice.logprobs = choice.logprobs or ChatLogprobs()
            _fold_logprobs(choice.logprobs, piece.logprobs)

        self._fold_delta(choice.message, piece.delta)

    def _fold_delta(self, message: ChatMessage, delta: ChatMessage) -> None:
        message.role = delta.role or message.role
        if delta.refusal:
            message.refusal = (message.refusal or "") + delta.refusal

        if delta.images:
            message.images = [*(message.images or ()), *delta.images]

        if delta.annotations:
            message.annotations = [*(message.annotations or ()), *delta.annotations]

        if delta.audio is not None:
            self._audio = self._audio or SpokenAudio()
            self._audio.add(delta.audio)
            message.audio = self._audio.audio

        self._fold_fragments(message, delta)

    def _fold_fragments(self, message: ChatMessage, delta: ChatMessage) -> None:
        for fragment in delta.tool_call_members or ():
            self._calls = self._calls or ToolCallFragments()
            self._calls.add(fragment)
            message.tool_call_members = self._calls.calls

        for detail in delta.reasoning_details or ():
            self._details = self._details or ReasoningDetails()
            self._details.add(detail)
            message.reasoning_details = self._details.details


class ChatAccumulator(AnswerAccumulator[ChatChoice, ChatChunkChoice], Generic[AnswerT]):
    """
    Fold the chunks of one chat completion, in the order they came.

    Args:
        answer: what they are folded into.
    """

    def __init__(self, answer: AnswerT) -> None:
        super().__init__(answer)
        self._completion = answer

    @property
    def answer(self) -> AnswerT:
        """The answer so far: one object, brought up to date by each look at it."""
        self.settle()
        return self._completion

    def decode(self, event: bytes) -> ChatCompletionChunk:
        """
        Decode the data of an event.

        Raises:
            ResponseDecodeError: it is not a JSON object.
        """
        chunk = decode_json(event, ChatCompletionChunk)
        chunk.raw = event
        return chunk

    def add(self, chunk: ChatCompletionChunk) -> bool:
        """
        Fold all of a chunk but the error it may report.

        Returns:
            Whether the chunk reports an error: at its top, or in a choice.
        """
        failed = bool(chunk.error)
        rest = False
        for piece in chunk.choices:
            pieces = self._pieces.get(piece.index)
            if piece.message is not None:
                _take_message(piece, piece.message, begun=pieces is not None)

            if pieces is None:
                pieces = self._pieces[piece.index] = _ChatPieces(piece.index)

            delta = piece.delta
            if delta.content:
                pieces.text.append(delta.content)

            if delta.reasoning:
                pieces.reasoning.append(delta.reasoning)

            if piece.finish_reason or piece.native_finish_reason or piece.error:
                failed = failed or bool(piece.error) or piece.finish_reason == "error"
                rest = True

            if rest or piece.logprobs is not None or delta.has_more:
                pieces.fold(piece)

        rest = rest or chunk.openrouter_metadata is not None
        if rest or failed or not self._events or not chunk.choices or chunk.usage:
            self._fold_envelope(chunk, failed=failed)

        return failed


def _take_message(piece: ChatChunkChoice, message: ChatMessage, *, begun: bool) -> None:
    """Take the message of a server that does not stream; others repeat all of it."""
    if not begun and piece.delta == _NOTHING:
        piece.delta = message

    piece.message = None


def _fold_logprobs(into: ChatLogprobs, piece: ChatLogprobs) -> None:
    for name in piece.__struct_fields__:
        added = getattr(piece, name)
        if not added:
            continue

        known = getattr(into, name)
        if known is None:
            setattr(into, name, [*added])
        else:
            known.extend(added)
