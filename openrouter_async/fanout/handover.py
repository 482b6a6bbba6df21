"""Where finished outcomes wait to be taken."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Generic, TypeVar

from openrouter_async.errors import ConfigError
from openrouter_async.fanout.outcomes import Outcome

T = TypeVar("T")


class Handover(Generic[T]):
    """
    Pass outcomes from the tasks that finish them to the one who takes them.

    Args:
        ordered: whether they come in the order of the input.

    Attributes:
        taken: how many were taken.
    """

    def __init__(self, *, ordered: bool) -> None:
        self.taken: int = 0
        self._ordered = ordered
        self._ready: deque[Outcome[T]] = deque()
        self._early: dict[int, Outcome[T]] = {}
        self._next = 0
        self._changed: asyncio.Future[None] | None = None

    def put(self, outcome: Outcome[T]) -> None:
        """Hand over an outcome."""
        if not self._ordered:
            self._ready.append(outcome)
        else:
            self._early[outcome.index] = outcome
            while (following := self._early.pop(self._next, None)) is not None:
                self._ready.append(following)
                self._next += 1

        self.wake()

    def take(self) -> Outcome[T] | None:
        """Take the next outcome, if it is there."""
        if not self._ready:
            return None

        self.taken += 1
        return self._ready.popleft()

    def close_gaps(self) -> bool:
        """Let go of what waits for an item that has no outcome; tell if any did."""
        if not self._early:
            return False

        self._ready.extend(self._early[index] for index in sorted(self._early))
        self._early.clear()
        return True

    async def change(self) -> None:
        """
        Return when there may be more to take, or nothing to wait for.

        Raises:
            ConfigError: another task waits already.
        """
        if self._changed is not None:
            raise ConfigError("another task iterates over these outcomes")

        self._changed = asyncio.get_running_loop().create_future()
        try:
            await self._changed
        finally:
            self._changed = None

    def wake(self) -> None:
        """Have the one who waits look again."""
        if self._changed is not None and not self._changed.done():
            self._changed.set_result(None)
