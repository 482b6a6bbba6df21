"""A streamed answer: iterated, folded, and closed on every way out."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Iterator

from msgspec import structs

from openrouter_async.errors import (
    ConfigError,
    OpenRouterError,
    ParseError,
    ResponseDecodeError,
    StreamInterruptedError,
)
from openrouter_async.streaming.chunks import AnswerT_co, ChunkT
from openrouter_async.streaming.events import DONE
from openrouter_async.streaming.streamed_call import LEFT, StreamedCall

_COMMENTS_KEPT = 1000  # if nobody takes them after all


class Stream(StreamedCall[ChunkT, AnswerT_co]):
    """
    Iterate over a streamed answer as it arrives.

    Use it as `async with ... as stream`, or bare as `async for chunk in ...`; the
    connection is given back however the block or the loop is left. An attempt
    that fails before the first content (text, reasoning, a finish reason) is
    repeated as its retry policy says; empty chunks are held back until then.

    Args:
        transport: sends the call.
        call: what to send.
        accumulator: makes what folds the chunks, anew for every attempt.
        finish: completes the whole answer, or raises what it lacks.
    """

    def __aiter__(self) -> AsyncIterator[ChunkT]:
        return self._chunks()

    async def __anext__(self) -> ChunkT:
        chunk = await self._advance()
        if chunk is None:
            raise StopAsyncIteration

        return chunk

    async def texts(self) -> AsyncGenerator[str]:
        """Iterate over the pieces of the text of choice 0."""
        async for chunk in self:
            if chunk.text:
                yield chunk.text

    async def final(self) -> AnswerT_co:
        """
        Return the whole answer, reading what is left of it.

        Raises:
            StreamInterruptedError: the stream was left early, or was cut.
            ParseError: the answer holds no value of the type `parse`.
            OpenRouterError: whatever ended it.
        """
        async for _ in self:
            pass

        if self._left:
            raise self._failed(StreamInterruptedError(LEFT))

        return self._finished()

    def _finished(self) -> AnswerT_co:
        answer = self.snapshot
        if self._finish is None:
            return answer

        try:
            self._finish(answer)
        except ParseError as lack:
            assert self._running is not None
            self._running.attempts.told(lack)
            raise

        return answer

    async def _chunks(self) -> AsyncGenerator[ChunkT]:
        try:
            while (chunk := await self._advance()) is not None:
                yield chunk
                while self._held:
                    yield self._held.popleft()

                for event in self._pending():
                    chunk = self._take(event)
                    if chunk is None:
                        return

                    yield chunk
        finally:
            if not self._entered and not self._advancing:
                self._leave()

    async def _heard(self) -> AsyncGenerator[ChunkT | str]:
        """Iterate over chunks, and comments as text, which come as they are read."""
        comments = self._comments = deque(maxlen=_COMMENTS_KEPT)
        if self._reader is not None:
            self._reader.hear(comments)

        try:
            while True:
                self._listening = True
                try:
                    chunk = await self._advance()
                finally:
                    self._listening = False

                if chunk is None and not comments:
                    return

                while comments:
                    yield comments.popleft()

                if chunk is not None:
                    yield chunk
        finally:
            if not self._entered and not self._advancing:
                self._leave()

    async def _advance(self) -> ChunkT | None:
        """Return the next chunk, None when there is none."""
        if self._advancing:
            raise ConfigError("another task is reading this stream; it has one reader")

        self._advancing = True
        try:
            return await self._next()
        finally:
            self._advancing = False

    async def _next(self) -> ChunkT | None:
        if self._state == "running" and not self._begun:
            await self._begin()
            if self._state == "running" and not self._begun:
                return None  # for comments that have come

        if self._held:
            return self._held.popleft()

        if isinstance(self._state, OpenRouterError):
            raise self._state

        if self._left and self._left_by is not asyncio.current_task():
            raise self._failed(StreamInterruptedError(LEFT))

        while self._state == "running":
            for event in self._pending():
                return self._take(event)

            await self._refill_or_end()
            if self._interrupts:
                return None

        return None

    @property
    def _interrupts(self) -> bool:
        """Whether comments have come that the one who reads is to have at once."""
        return self._listening and bool(self._comments)

    async def _refill_or_end(self) -> None:
        try:
            await self._refill()
        except OpenRouterError as error:
            failure = error
        else:
            return

        raise self._failed(failure)

    async def _begin(self) -> None:
        """
        Read up to the first content, in as many attempts as it takes.

        It returns before that for comments, where they are wanted as they come.
        """
        while True:
            await self.open()
            try:
                if not await self._read_to_content():
                    return
            except OpenRouterError as error:
                failure = self._failed(error)
            else:
                self._begun = True
                assert self._running is not None
                self._running.accepted()
                return

            if self._left:
                raise failure

            await self._repeat(failure)

    async def _read_to_content(self) -> bool:
        """Return whether content has come, or the end; else it is comments."""
        while True:
            for event in self._pending():
                chunk = self._take(event)
                if chunk is None:
                    return True

                self._note_first(chunk)
                self._held.append(chunk)
                if chunk.has_content:
                    return True

            if self._interrupts:
                return False

            await self._refill()

    def _note_first(self, chunk: ChunkT) -> None:
        if self._meta.generation_id is None and chunk.id is not None:
            self._meta = structs.replace(self._meta, generation_id=chunk.id)

    def _take(self, event: bytes) -> ChunkT | None:
        """Decode and fold an event; None at the end of the stream."""
        if event.startswith(DONE):
            self._complete()
            return None

        try:
            chunk = self._accumulator.decode(event)
            if not self._accumulator.add(chunk):
                return chunk
        except ResponseDecodeError:
            pass

        raise self._failed(self._reported(event))

    def _pending(self) -> Iterator[bytes]:
        assert self._reader is not None
        return self._reader.pending

    async def _refill(self) -> None:
        """Make more events pending; at the end of the body, see whether it is whole."""
        assert self._reader is not None
        more = await self._reader.refill()
        if self._left:  # by another task
            raise StreamInterruptedError(LEFT)

        if more:
            return

        if not self._accumulator.complete:
            raise StreamInterruptedError(
                "the stream ended without `[DONE]` or a finish reason"
            )

        self._complete()

    def _complete(self) -> None:
        assert self._reader is not None
        assert self._running is not None
        self._state = "complete"
        self._reader.exchange.close_soon()
        self._running.close(self._accumulator.usage)
