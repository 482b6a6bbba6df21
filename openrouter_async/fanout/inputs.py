"""Items from any iterable, pulled one at a time."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Iterable,
    Iterator,
    Mapping,
)
from typing import cast

from openrouter_async.errors import ConfigError
from openrouter_async.fanout.outcomes import Item

_CANCELLED = "the input was cancelled by something else"


class Inputs:
    """
    Pull items, one at a time.

    What is not pulled stays with the caller, who may go on with the iterator.

    Args:
        items: any iterable, synchronous or not.

    Raises:
        ConfigError: it is none, or a single item that happens to be one.
    """

    def __init__(self, items: Iterable[Item] | AsyncIterable[Item]) -> None:
        check_inputs(items)
        self._items: Iterator[Item] | None = None
        self._feeder: Feeder | None = None
        if isinstance(items, AsyncIterable):
            self._feeder = Feeder(aiter(items))
        else:
            self._items = iter(items)

        self._ended = False

    @property
    def ended(self) -> bool:
        """Whether there are no more."""
        return self._ended or (self._feeder is not None and self._feeder.exhausted)

    @property
    def at_hand(self) -> bool:
        """Whether items can be taken without waiting."""
        return self._items is not None

    @property
    def task(self) -> asyncio.Task[None] | None:
        """What pulls items that are not at hand, once it has begun."""
        return None if self._feeder is None else self._feeder.task

    def take(self) -> tuple[Item] | None:
        """Return the next item, in a tuple as it can be anything; None at the end."""
        assert self._items is not None, "they are not at hand"
        if self._ended:
            return None

        try:
            for item in self._items:
                return (item,)
        except asyncio.CancelledError as exc:
            # It must not pass for a cancellation of the one who pulls.
            raise RuntimeError(_CANCELLED) from exc

        self._ended = True
        return None

    async def next(self) -> tuple[Item] | None:
        """Return the next item as `take` does, when it is there."""
        assert self._feeder is not None, "they are at hand"
        return None if self._ended else await self._feeder.next()

    def break_off(self) -> None:
        """Pull no more: the iterable raised."""
        self._ended = True

    def cancel(self) -> None:
        """Pull no more, and wait for nothing that it may yet give."""
        if self._feeder is not None:
            self._feeder.cancel()


class Feeder:
    """
    Pull items from an asynchronous iterator when they are asked for.

    One task pulls them all: a cancel scope or a task group that a generator holds
    across its `yield` belongs to the task that entered it.

    Args:
        items: the iterator.

    Attributes:
        exhausted: whether it has no more.
        task: pulls; None before the first item was asked for.
    """

    def __init__(self, items: AsyncIterator[Item]) -> None:
        self.exhausted: bool = False
        self.task: asyncio.Task[None] | None = None
        self._items = items
        self._generator: AsyncGenerator[Item] | None = None
        if isinstance(items, AsyncGenerator):
            self._generator = cast("AsyncGenerator[Item]", items)

        self._asking: deque[asyncio.Future[tuple[Item] | None]] = deque()
        self._wanted = asyncio.Event()
        self._spare: deque[tuple[Item]] = deque()  # who asked for them has gone
        self._error: BaseException | None = None
        self._cancelled = False

    async def next(self) -> tuple[Item] | None:
        """
        Return the next item, None when there is none.

        Raises:
            BaseException: what the iterator raised, to one of those who ask.
        """
        if self._spare:
            return self._spare.popleft()

        found = None if self._has_ended() else await self._ask()
        if found is None and self._error is not None:
            error, self._error = self._error, None
            raise error

        return found

    def cancel(self) -> None:
        """Pull no more; an item that comes all the same is handed over."""
        self._cancelled = True
        if self.task is not None:
            self.task.cancel()

    def _has_ended(self) -> bool:
        return self._cancelled or (self.task is not None and self.task.done())

    async def _ask(self) -> tuple[Item] | None:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[tuple[Item] | None] = loop.create_future()
        self._asking.append(future)
        self._wanted.set()
        if self.task is None:
            self.task = asyncio.create_task(self._feed(), name="openrouter map")
            self.task.add_done_callback(self._end)

        try:
            return await future
        except asyncio.CancelledError:
            if not future.cancelled() and (found := future.result()) is not None:
                self._spare.appendleft(found)

            raise

    async def _feed(self) -> None:
        try:
            while not self._cancelled:
                self._hand_over(await self._pull())
        except StopAsyncIteration:
            self.exhausted = True
        except GeneratorExit:
            raise
        except asyncio.CancelledError as exc:
            if not self._cancelled:
                self._error = RuntimeError(_CANCELLED)
                self._error.__cause__ = exc
        except BaseException as exc:  # raised by who asks
            self._error = exc

    async def _pull(self) -> Item:
        try:
            await self._demand()
        except asyncio.CancelledError as exc:
            if self._cancelled or self._generator is None:
                raise

            # A scope that the generator is in has ended between two items: it has to
            # hear of it as if it had been running.
            return await self._generator.athrow(exc)

        return await anext(self._items)

    async def _demand(self) -> None:
        """Return when an item is asked for."""
        while True:
            while self._asking and self._asking[0].done():
                self._asking.popleft()

            if self._asking:
                return

            self._wanted.clear()
            await self._wanted.wait()

    def _hand_over(self, item: Item) -> None:
        while self._asking:
            future = self._asking.popleft()
            if not future.done():
                future.set_result((item,))
                return

        self._spare.append((item,))

    def _end(self, _: asyncio.Task[None]) -> None:
        # Also of a task that was cancelled before it began.
        for future in self._asking:
            if not future.done():
                future.set_result(None)


def check_inputs(items: object) -> None:
    """
    Refuse what is no iterable of items.

    Raises:
        ConfigError: it says what was passed, and the remedy.
    """
    kind = type(items).__name__
    if isinstance(items, str | bytes | bytearray | memoryview | Mapping):
        raise ConfigError(
            f"inputs is one {kind}, whose parts would be taken for items; pass a list"
            " of items: [item]"
        )

    if not isinstance(items, Iterable | AsyncIterable):
        raise ConfigError(f"inputs must be an iterable of items, not {kind}")
