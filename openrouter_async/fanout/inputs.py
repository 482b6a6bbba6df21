"""Items from any iterable, pulled one at a time."""

from __future__ import annotations

import asyncio
from collections.abc import (
    AsyncIterable,
    AsyncIterator,
    Iterable,
    Iterator,
    Mapping,
)

from openrouter_async.errors import ConfigError
from openrouter_async.fanout.outcomes import Item


class Inputs:
    """
    Pull items, from one task at a time.

    What is not pulled stays with the caller, who may go on with the iterator.

    Args:
        items: any iterable, synchronous or not.

    Raises:
        ConfigError: it is none, or a single item that happens to be one.

    Attributes:
        ended: whether there are no more.
    """

    def __init__(self, items: Iterable[Item] | AsyncIterable[Item]) -> None:
        check_inputs(items)
        self._items: Iterator[Item] | None = None
        self._async_items: AsyncIterator[Item] | None = None
        if isinstance(items, AsyncIterable):
            self._async_items = aiter(items)
        else:
            self._items = iter(items)

        self._lock = asyncio.Lock()
        self.ended = False

    @property
    def at_hand(self) -> bool:
        """Whether items can be taken without waiting."""
        return self._items is not None

    def take(self) -> tuple[Item] | None:
        """Return the next item, in a tuple as it can be anything; None at the end."""
        assert self._items is not None, "they are not at hand"
        if not self.ended:
            for item in self._items:
                return (item,)

            self.ended = True

        return None

    async def next(self) -> tuple[Item] | None:
        """Return the next item as `take` does, when it is there."""
        assert self._async_items is not None, "they are at hand"
        async with self._lock:
            if self.ended:
                return None

            async for item in self._async_items:
                return (item,)

            self.ended = True
            return None

    def break_off(self) -> None:
        """Pull no more: the iterable raised."""
        self.ended = True


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
