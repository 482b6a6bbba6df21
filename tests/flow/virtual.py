"""An event loop whose time passes only while everybody waits."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from selectors import SelectorKey, SelectSelector
from typing import Any, TypeVar

T = TypeVar("T")


class _JumpingSelector(SelectSelector):
    """Let the time pass that a real selector would wait."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[SelectorKey, int]]:
        """Return at once."""
        found = super().select(0)
        if not found and timeout is None:
            raise RuntimeError("everybody waits, and nothing will ever happen")

        if not found and timeout is not None:
            self.now += max(0.0, timeout)

        return found


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """Run hours of sleeps in milliseconds; a deadlock is an error at once."""

    def __init__(self) -> None:
        self._clock = _JumpingSelector()
        super().__init__(self._clock)

    def time(self) -> float:
        """Return the seconds that have passed."""
        return self._clock.now


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on a loop of its own, as `asyncio.run` does."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(main)


def now() -> float:
    """Return the seconds that have passed."""
    return asyncio.get_running_loop().time()
