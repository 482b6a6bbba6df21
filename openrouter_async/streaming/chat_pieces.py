"""The chunks of a streamed chat completion, folded into the completion."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

import msgspec

from openrouter_async.streaming.accumulate import AnswerAccumulator, Pieces
from openrouter_async.streaming.audio import SpokenAudio
from openrouter_async.streaming.growing import GrowingObject
from openrouter_async.streaming.odd_chunks import (
    decode_odd,
    note_untyped,
    take_message,
)
from openrouter_async.streaming.reasoning_details import ReasoningDetails
from openrouter_async.streaming.tool_call_fragments import ToolCallFragments
from openrouter_async.types.chat import (
    ChatChoice,
    ChatChunkChoice,
    ChatCompletion,
    ChatCompletionChunk,
    ChatLogprobs,
    ChatMessage,
)
from openrouter_async.types.chat_untyped import keep_untyped, untyped_of
from openrouter_async.types.lenient import Json, is_array, is_object

AnswerT = TypeVar("AnswerT", bound=ChatCompletion)

_decode = msgspec.json.Decoder(ChatCompletionChunk).decode


class _ChatPieces(Pieces[ChatChoice, ChatChunkChoice]):
    __slots__ = ("_audio", "_calls", "_details", "_placed", "_untyped")

    def __init__(self, index: int) -> None:
        message = ChatMessage(role="assistant")
        super().__init__(ChatChoice(index=index, message=message))
        self._audio: SpokenAudio | None = None
        self._calls: ToolCallFragments | None = None
        self._details: ReasoningDetails | None = None
        self._untyped: GrowingObject | None = None
        self._placed = 0  # characters of the text that stand among its parts

    def settle(self) -> None:
        message = self.choice.message
        self._settle_text(message)
        if self.reasoning:
            message.reasoning = (message.reasoning or "") + "".join(self.reasoning)
            self.reasoning.clear()

        for grown in (self._audio, self._calls, self._details, self._untyped):
            if grown is not None:
                grown.settle()

    def _settle_text(self, message: ChatMessage) -> str:
        if self.text:
            message.content = (message.content or "") + "".join(self.text)
            self.text.clear()

        return message.content or ""

    def fold(self, piece: ChatChunkChoice) -> None:
        choice = self.choice
        choice.finish_reason = piece.finish_reason or choice.finish_reason
        native = piece.native_finish_reason
        choice.native_finish_reason = native or choice.native_finish_reason
        if piece.logprobs is not None:
            choice.logprobs = choice.logprobs or ChatLogprobs()
            _fold_logprobs(choice.logprobs, piece.logprobs)

        self._fold_delta(choice.message, piece.delta)
        untyped = untyped_of(piece)
        if untyped:
            self._fold_untyped({**untyped}, piece.delta)

    def _fold_untyped(self, untyped: dict[str, Json], delta: ChatMessage) -> None:
        said = untyped.pop("delta", None)
        if is_object(said):
            untyped["message"] = said = {**said}
            parts = said.get("content")
            if is_array(parts):
                said["content"] = [*self._text_before(delta), *parts]

        self._untyped = self._untyped or GrowingObject()
        self._untyped.merge_all(untyped)
        keep_untyped(self.choice, self._untyped.members)

    def _text_before(self, delta: ChatMessage) -> Iterator[dict[str, Json]]:
        """Yield the text between the parts so far and those of a delta, as a part."""
        text = self._settle_text(self.choice.message)
        before = text[self._placed : len(text) - len(delta.content or "")]
        self._placed = len(text)
        if before:
            yield {"type": "text", "text": before}

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
        try:
            chunk = _decode(event)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            chunk = decode_odd(event)

        chunk.raw = event
        return chunk

    def add(self, chunk: ChatCompletionChunk) -> bool:
        """
        Fold all of a chunk but the error it may report.

        Returns:
            Whether the chunk reports an error: at its top, or in a choice.
        """
        failed = chunk.error is not None and bool(chunk.error)
        rest = False
        for piece in chunk.choices:
            pieces = self._pieces.get(piece.index)
            if piece.message is not None:
                take_message(chunk, piece, begun=pieces is not None)

            if pieces is None:
                pieces = self._pieces[piece.index] = _ChatPieces(piece.index)

            delta = piece.delta
            text = delta.content
            if text:
                pieces.text.append(text)

            if delta.reasoning:
                pieces.reasoning.append(delta.reasoning)

            if piece.finish_reason or piece.native_finish_reason or piece.error:
                failed = failed or bool(piece.error) or piece.finish_reason == "error"
                rest = True

            more = delta.has_more or piece.logprobs is not None
            # As `untyped_of`, but without a call: it runs for every chunk.
            if rest or more or piece._untyped:  # pyright: ignore[reportPrivateUsage]
                if delta.images or delta.audio:
                    note_untyped(chunk)  # `fold` takes it

                pieces.fold(piece)

        rest = rest or chunk.openrouter_metadata is not None
        if rest or failed or not self._events or not chunk.choices or chunk.usage:
            self._fold_envelope(chunk, failed=failed)

        return failed


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
