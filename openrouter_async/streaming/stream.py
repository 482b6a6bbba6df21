"""A streamed answer: iterated, folded, and closed on every way out."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable
from typing import Generic

from msgspec import structs
from msgspec.structs import replace

from openrouter_async.errors import (
    OpenRouterError,
    ParseError,
    ResponseDecodeError,
    StreamInterruptedError,
)
from openrouter_async.streaming.chunks import Accumulator, AnswerT_co, ChunkT
from openrouter_async.streaming.events import DONE, EventReader
from openrouter_async.streaming.stream_iterator import StreamIterator
from openrouter_async.streaming.streamed_call import LEFT
from openrouter_async.streaming.streamed_items import StreamedItems
from openrouter_async.transport.calls import Running, Transport
from openrouter_async.transport.exchange import Call, Exchange
from openrouter_async.types.usage import Usage

_COMMENTS_KEPT = 1000  # if nobody takes them after all


class Stream(StreamedItems[ChunkT], Generic[ChunkT, AnswerT_co]):
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

    def __init__(
        self,
        transport: Transport,
        call: Call,
        accumulator: Callable[[], Accumulator[ChunkT, AnswerT_co]],
        finish: Callable[[AnswerT_co], None] | None = None,
    ) -> None:
        super().__init__(transport, call)
        self._new_accumulator = accumulator
        self._accumulator = accumulator()
        self._finish = finish
        self._comments: deque[str] | None = None
        self._listening = False  # the one who reads wants comments as they come

    @property
    def snapshot(self) -> AnswerT_co:
        """The answer so far: one object, brought up to date by each look at it."""
        answer = self._accumulator.answer
        answer.meta = self._meta
        return answer

    @property
    def usage(self) -> Usage | None:
        """Token counts and cost, which come with the last chunks."""
        return self._accumulator.usage

    def texts(self) -> StreamIterator[str]:
        """
        Iterate over the pieces of the text of choice 0.

        Raises:
            OpenRouterError: whatever ended the stream, as in an iteration over chunks.
        """
        return StreamIterator(self._texts, self._goes_on)

    async def _texts(self) -> AsyncGenerator[str]:
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

    async def _heard(self) -> AsyncGenerator[ChunkT | str]:
        """Iterate over chunks, and comments as text, which come as they are read."""
        comments = self._comments = deque(maxlen=_COMMENTS_KEPT)
        if isinstance(self._reader, EventReader):
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
        except asyncio.CancelledError:
            self._leave_unless_entered(cancelled=True)
            raise
        finally:
            self._leave_unless_entered()

    @property
    def _interrupts(self) -> bool:
        """Whether comments have come that the one who reads is to have at once."""
        return self._listening and bool(self._comments)

    def _start_reading(self, exchange: Exchange, running: Running) -> EventReader:
        reader = EventReader(exchange, running.watch, self._call.sizes.event)
        if self._comments is not None:
            reader.hear(self._comments)

        self._accumulator = self._new_accumulator()
        return reader

    def _take(self, data: bytes) -> ChunkT | None:
        """Decode and fold an event; None at the end of the stream."""
        if data.startswith(DONE):
            self._complete()
            return None

        try:
            chunk = self._accumulator.decode(data)
            if not self._accumulator.add(chunk):
                return chunk
        except ResponseDecodeError:
            pass

        raise self._failed(self._reported(data))

    def _is_content(self, item: ChunkT) -> bool:
        """Whether the caller would miss it; the first one names the generation."""
        if self._meta.generation_id is None and item.id is not None:
            self._meta = structs.replace(self._meta, generation_id=item.id)

        return item.has_content

    def _check_end(self) -> None:
        if not self._accumulator.complete:
            raise StreamInterruptedError(
                "the stream ended without `[DONE]` or a finish reason"
            )

    def _tokens_used(self) -> Usage | None:
        return self._accumulator.usage

    def _reported(self, event: bytes) -> OpenRouterError:
        """Return the error that an event reports, or is by being no JSON."""
        from openrouter_async.transport.failures import from_answer

        assert self._reader is not None
        exchange = self._reader.exchange
        # Servers can quote the request in what they report, and the key with it.
        event = exchange.redact(event)
        try:
            chunk = self._accumulator.decode(event)
        except ResponseDecodeError as error:
            return error

        head = replace(exchange.head(), generation_id=self._meta.generation_id)
        return from_answer(self._accumulator.fold_error(chunk), head, event, None)

    def _tell(self, error: OpenRouterError) -> None:
        if self._reader is not None:
            self._meta = self._reader.exchange.redact_meta(self._meta)

        if self._accumulator.has_content:
            error.partial = self.snapshot

        known = self._meta.generation_id or self._accumulator.answer.id
        error.generation_id = error.generation_id or known
