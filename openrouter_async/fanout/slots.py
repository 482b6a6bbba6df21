"""How many items of a run may be under way."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable


class Slots:
    """
    Hand out so many slots.

    An item gives its slot back while a server holds it back, so that others use it.

    Args:
        most: how many there are.
        freed: called when one is free and no item waits for it.

    Attributes:
        free: how many can be had at once.
    """

    def __init__(self, most: int, freed: Callable[[], None]) -> None:
        self.free: int = most
        self._freed = freed
        self._queue: deque[asyncio.Future[None]] = deque()

    def try_take(self) -> bool:
        """Take a slot if there is one."""
        if not self.free:
            return False

        self.free -= 1
        return True

    async def take(self) -> None:
        """Return with a slot; who asks first gets it first."""
        if self.try_take():
            return

        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append(future)
        try:
            await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():
                self.give()  # it had just been handed over

            raise

    def give(self) -> None:
        """Give a slot back."""
        while self._queue:
            future = self._queue.popleft()
            if not future.done():  # else it was cancelled
                future.set_result(None)
                return

        self.free += 1
        self._freed()
