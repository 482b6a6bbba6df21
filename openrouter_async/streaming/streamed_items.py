"""A streamed call as something to iterate over, by one reader at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator

from openrouter_async.errors import (
    ConfigError,
    OpenRouterError,
    StreamInterruptedError,
)
from openrouter_async.streaming.streamed_call import LEFT, ItemT, StreamedCall


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

    def __aiter__(self) -> AsyncIterator[ItemT]:
        return self._items()

    async def __anext__(self) -> ItemT:
        item = await self._advance()
        if item is None:
            raise StopAsyncIteration

        return item

    async def _items(self) -> AsyncGenerator[ItemT]:
        try:
            while (item := await self._advance()) is not None:
                yield item
                while self._held:
                    yield self._held.pop()

                for data in self._pending():
                    item = self._take(data)
                    if item is None:
                        return

                    yield item
        finally:
            self._leave_unless_entered()

    def _leave_unless_entered(self) -> None:
        """Leave with the loop, unless there is a block to leave, or another loop."""
        if not self._entered and not self._advancing:
            self._leave()

    async def _advance(self) -> ItemT | None:
        """Return the next item, None when there is none."""
        if self._advancing:
            raise ConfigError("another task is reading this stream; it has one reader")

        self._advancing = True
        try:
            return await self._next()
        finally:
            self._advancing = False

    async def _next(self) -> ItemT | None:
        if not self._begun or self._held or self._state != "running":
            item = await self._begin_or_end()
            if item is not None or not self._begun:
                return item

        while self._state == "running":
            for data in self._pending():
                return self._take(data)

            await self._refill_or_fail()
            if self._interrupts:
                return None

        return None

    async def _begin_or_end(self) -> ItemT | None:
        """Return what was held back for the first item, or raise what ended it."""
        if self._state == "running" and not self._begun:
            await self._begin()
            if self._state == "running" and not self._begun:
                return None  # for what interrupts

        if self._held:
            return self._held.pop()

        if isinstance(self._state, OpenRouterError):
            raise self._state

        if self._left and self._left_by is not asyncio.current_task():
            raise self._failed(StreamInterruptedError(LEFT))

        return None

    async def _refill_or_fail(self) -> None:
        assert self._reader is not None
        try:
            self._took_in(await self._reader.refill())
        except OpenRouterError as error:
            failure = error
        else:
            return

        raise self._failed(failure)

    def _took_in(self, more: bool) -> None:
        """See whether the stream was left meanwhile, or is whole where it ended."""
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
        while True:
            for data in self._pending():
                item = self._take(data)
                if item is None:
                    return True

                self._held.append(item)
                if self._is_content(item):
                    return True

            if self._interrupts:
                return False

            assert self._reader is not None
            more = await self._reader.refill()
            self._took_in(more)
            if not more:
                return True

    def _pending(self) -> Iterator[bytes]:
        assert self._reader is not None
        return self._reader.pending
