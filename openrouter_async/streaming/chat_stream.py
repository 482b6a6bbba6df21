"""A streamed chat completion, as chunks or as typed events."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TypeVar

from openrouter_async.streaming.chat_events import ChatEvents
from openrouter_async.streaming.stream import Stream
from openrouter_async.types.chat import ChatCompletion, ChatCompletionChunk
from openrouter_async.types.stream_events import (
    CommentEvent,
    FinishedEvent,
    StreamEvent,
)

AnswerT_co = TypeVar("AnswerT_co", bound=ChatCompletion, covariant=True)


class ChatStream(Stream[ChatCompletionChunk, AnswerT_co]):
    """Iterate over the chunks of a chat completion; see `Stream`."""

    async def events(self) -> AsyncGenerator[StreamEvent[AnswerT_co]]:
        """
        Iterate over what happens: text, reasoning, tool calls, images, usage ...

        Comments of the server come as they arrive, before the first content too. The
        last event is a `FinishedEvent`, unless the stream was left.

        Raises:
            OpenRouterError: whatever ended the stream, as in an iteration over chunks.
        """
        events = ChatEvents()
        async with aclosing(self._heard()) as heard:
            async for each in heard:
                if isinstance(each, str):
                    yield CommentEvent(text=each)
                    continue

                for event in events.of(each):
                    yield event

        if self._state == "complete":
            for event in events.end():
                yield event

            yield FinishedEvent(answer=await self.final())
