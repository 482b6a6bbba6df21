"""A streamed call as something to iterate over, by one reader at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from openrouter_async.errors import (
    ConfigError,
    OpenRouterError,
    StreamInterruptedError,
)
from openrouter_async.streaming.stream_iterator import StreamIterator
from openrouter_async.streaming.streamed_call import LEFT, ItemT, StreamedCall

_TURN = 100  # held items that are handed out before other tasks get a turn
_MOST_HELD = 10_000  # without content: so many are worth no repetition


class StreamedItems(StreamedCall[ItemT]):
    """
    Iterate over what a streamed call brings, as it arrives.

    An attempt that fails before the first content is repeated as the call's retry
    policy says; what came before it is held back until then. However the block or
    the loop is left, the connection is given back.

    Args:
        transport: sends the call.
        call: what to send.
    """

    _advancing = False

    # What each kind of stream does in its own way

    def _take(self, data: bytes) -> ItemT | None:
        """Return the item of a piece of the body; None at the end of the stream."""
        raise NotImplementedError

    def _is_content(self, item: ItemT) -> bool:
        """Whether the caller would miss it: the call is not repeated after it."""
        return True

    def _check_end(self) -> None:
        """Raise where a body that has ended is not the whole answer."""

    @property
    def _interrupts(self) -> bool:
        """Whether there is something else that the one who reads is to have at once."""
        return False

    # Iteration

    def __aiter__(self) -> StreamIterator[ItemT]:
        return StreamIterator(self._items, self._goes_on)

    async def __anext__(self) -> ItemT:
        item = await self._advance()
        if item is None:
            raise StopAsyncIteration

        return item

    async def _items(self) -> AsyncGenerator[ItemT]:
        try:
            while (item := await self._advance()) is not None:
                yield item
                if self._held:
                    continue

                assert self._reader is not None
                for data in self._reader.pending:
                    item = self._take(data)
                    if item is None:
                        return

                    yield item
        except asyncio.CancelledError:
            self._leave_unless_entered(cancelled=True)
            raise
        finally:
            self._leave_unless_entered()

    def _leave_unless_entered(self, *, cancelled: bool = False) -> None:
        """Leave with the loop, unless there is a block to leave, or another loop."""
        if not self._entered and not self._advancing:
            self._leave()
            if cancelled:
                self._left_by = None  # who reads on has to know that there was more

    def _goes_on(self) -> bool:
        """Whether one who reads on would get more, or is to know why there is none."""
        return self._state != "complete" and not self._is_left_by_reader()

    async def _advance(self) -> ItemT | None:
        """Return the next item, None when there is none."""
        if self._advancing:
            raise ConfigError("another task is reading this stream; it has one reader")

        self._advancing = True
        try:
            if not self._begun and self._state == "running":
                await self._begin()
                if not self._begun and self._state == "running":
                    return None  # for what interrupts

            if self._held:
                if len(self._held) % _TURN == 0:
                    await asyncio.sleep(0)  # there may be thousands

                return self._held.pop()

            while self._state == "running":
                assert self._reader is not None
                for data in self._reader.pending:
                    return self._take(data)

                await self._refill_or_fail()
                if self._interrupts:
                    return None

            self._raise_end()
            return None
        finally:
            self._advancing = False

    def _raise_end(self) -> None:
        """Raise what ended the stream, unless it is whole or its reader left it."""
        if isinstance(self._state, OpenRouterError):
            raise self._state

        if self._left and not self._is_left_by_reader():
            raise self._failed(StreamInterruptedError(LEFT))

    def _is_left_by_reader(self) -> bool:
        return self._left and self._left_by is asyncio.current_task()

    async def _refill_or_fail(self) -> None:
        assert self._reader is not None
        try:
            more = await self._reader.refill()
            if not more or self._state != "running":
                self._end(more)
        except OpenRouterError as error:
            failure = error
        else:
            return

        raise self._failed(failure)

    def _end(self, more: bool) -> None:
        """Complete a stream whose body has ended; raise where it was left meanwhile."""
        if self._left:  # by another task
            raise StreamInterruptedError(LEFT)

        if not more:
            self._check_end()
            self._complete()

    async def _begin(self) -> None:
        """
        Read up to the first content, in as many attempts as it takes.

        It returns before that for what interrupts.
        """
        while True:
            await self._receive_head()
            try:
                if not await self._read_to_content():
                    return
            except OpenRouterError as error:
                failure = self._failed(error)
            else:
                self._held.reverse()
                self._begun = True
                assert self._running is not None
                self._running.accepted()
                return

            if self._left:
                raise failure

            await self._repeat(failure)

    async def _read_to_content(self) -> bool:
        """Return whether content has come, or the end; else it is interrupted."""
        reader = self._reader
        assert reader is not None
        while True:
            for data in reader.pending:
                item = self._take(data)
                if item is None:
                    return True

                self._held.append(item)
                if self._is_content(item) or len(self._held) >= _MOST_HELD:
                    return True

            if self._interrupts:
                return False

            more = await reader.refill()
            if not more or self._state != "running":
                self._end(more)

            if not more:
                return True
