"""Iterations over a stream that a cancelled read does not end."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from types import AsyncGeneratorType
from typing import Generic, Self, TypeVar, cast

T = TypeVar("T")


class StreamIterator(Generic[T]):
    """
    Iterate over what a stream brings, and go on after a read that was cancelled.

    Python ends an asynchronous generator in which a read is cancelled, as by
    `asyncio.wait_for(anext(texts), 1)`. The next read would come to its end, as if
    the stream were whole.

    Args:
        start: begins, or goes on where the stream is.
        goes_on: tells whether there is more to come, or an error to raise.
    """

    __slots__ = ("_closed", "_generator", "_goes_on", "_start")

    def __init__(
        self, start: Callable[[], AsyncGenerator[T]], goes_on: Callable[[], bool]
    ) -> None:
        self._start = start
        self._goes_on = goes_on
        self._closed = False
        self._generator = _begun(start)

    def __aiter__(self) -> Self:
        return self

    def __anext__(self) -> Awaitable[T]:
        # No coroutine of its own: this is done for every chunk.
        generator = self._generator
        if generator.ag_frame is None and not self._closed and self._goes_on():
            generator = self._generator = _begun(self._start)

        return generator.__anext__()

    async def aclose(self) -> None:
        """End the iteration; a stream outside of `async with` is left with it."""
        self._closed = True
        await self._generator.aclose()


def _begun(start: Callable[[], AsyncGenerator[T]]) -> AsyncGeneratorType[T, None]:
    # All of them are; only this type knows whether it has ended.
    return cast("AsyncGeneratorType[T, None]", start())
