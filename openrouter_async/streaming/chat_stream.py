"""A streamed chat completion, as chunks or as typed events."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Generic, TypeVar

from openrouter_async.streaming.chat_events import ChatEvents
from openrouter_async.streaming.stream import Stream
from openrouter_async.streaming.stream_iterator import StreamIterator
from openrouter_async.types.chat import (
    ChatCompletion,
    ChatCompletionChunk,
    ParsedChatCompletion,
)
from openrouter_async.types.stream_events import (
    CommentEvent,
    FinishedEvent,
    StreamEvent,
)

T = TypeVar("T")
AnswerT_co = TypeVar("AnswerT_co", bound=ChatCompletion, covariant=True)


class ChatStream(Stream[ChatCompletionChunk, AnswerT_co]):
    """Iterate over the chunks of a chat completion; see `Stream`."""

    _happening: ChatEvents | None = None

    def events(self) -> StreamIterator[StreamEvent[AnswerT_co]]:
        """
        Iterate over what happens: text, reasoning, tool calls, images, usage ...

        Comments of the server come as they arrive, before the first content too. The
        last event is a `FinishedEvent`, unless the stream was left. It goes on where
        an iteration before it was left.

        Raises:
            OpenRouterError: whatever ended the stream, as in an iteration over chunks.
        """
        return StreamIterator(self._events, self._goes_on)

    async def _events(self) -> AsyncGenerator[StreamEvent[AnswerT_co]]:
        happening = self._resumed()
        for event in happening.due():
            yield event

        async with aclosing(self._heard()) as heard:
            async for each in heard:
                if isinstance(each, str):
                    yield CommentEvent(text=each)
                    continue

                happening.add(each)
                for event in happening.due():
                    yield event

        if self._state == "complete":
            happening.end()
            for event in happening.due():
                yield event

            yield FinishedEvent(answer=await self.final())

    def _resumed(self) -> ChatEvents:
        if self._happening is None:
            self._happening = ChatEvents()

        # What is held is in the snapshot, but nobody has seen it.
        if not self._held:
            self._happening.resume(self.snapshot)

        return self._happening


class ChatCompletionStream(ChatStream[ChatCompletion]):
    """Iterate over the chunks of a chat completion, or its events; see `ChatStream`."""


class ParsedChatCompletionStream(ChatStream[ParsedChatCompletion[T]], Generic[T]):
    """Iterate over a chat completion that stands for a value; see `ChatStream`."""
