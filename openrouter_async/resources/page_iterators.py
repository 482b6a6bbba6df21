"""Iterations over a list in pages that a cancelled read does not end."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from typing import Generic, Self, TypeVar

from openrouter_async.errors import ConfigError

T = TypeVar("T")


class PageIterator(Generic[T]):
    """
    Iterate over pages. A read that is cancelled, or fails, is made again by the next.

    A generator would be at its end after either, as if that were the end of the list.

    Args:
        more: returns the next page, None at the end.
    """

    def __init__(self, more: Callable[[], Awaitable[list[T] | None]]) -> None:
        self._more = more
        self._reading = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> list[T]:
        if self._reading:
            raise ConfigError("another task is reading this list; it has one reader")

        self._reading = True
        try:
            page = await self._more()
        finally:
            self._reading = False

        if page is None:
            raise StopAsyncIteration

        return page


class ItemIterator(Generic[T]):
    """
    Iterate over the items of pages.

    Args:
        pages: brings them.
    """

    def __init__(self, pages: PageIterator[T]) -> None:
        self._pages = pages
        self._ready: deque[T] = deque()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        while not self._ready:
            self._ready.extend(await anext(self._pages))

        return self._ready.popleft()
