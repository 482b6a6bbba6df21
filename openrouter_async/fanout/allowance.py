"""A limit that is known: so much a minute."""

from __future__ import annotations


class Allowance:
    """
    Hand out so much a minute, evenly, and take back what was not used.

    It holds a tenth of a second's worth at most, which makes up for late timers, and
    fills so much more slowly that no minute gets more than its share. A request that
    needs more than it holds waits until it is full and leaves a debt.

    Args:
        per_minute: what flows in, above 0.
        now: seconds of any monotonic clock; so are all times here.
    """

    __slots__ = ("_filled_at", "_left", "_most", "_per_second")

    def __init__(self, per_minute: float, now: float) -> None:
        self._most = max(1.0, per_minute / 600)
        self._per_second = (per_minute + 1 - self._most) / 60
        self._left = self._most
        self._filled_at = now

    def ready_at(self, amount: float, now: float) -> float:
        """Return when that much, or as much as it can hold, will be there."""
        self._fill(now)
        missing = min(amount, self._most) - self._left
        return now + missing / self._per_second if missing > 1e-9 else now

    def full(self, now: float) -> bool:
        """Tell whether it holds as much as it can."""
        self._fill(now)
        return self._left >= self._most

    def take(self, amount: float, now: float) -> None:
        """Take out that much, whether or not it is there."""
        self._fill(now)
        self._left -= amount

    def settle(self, taken: float, used: float) -> None:
        """Put back what was taken and not used, or take what was used beyond it."""
        self._left = min(self._most, self._left + taken - used)

    def _fill(self, now: float) -> None:
        passed = max(0.0, now - self._filled_at)
        self._left = min(self._most, self._left + passed * self._per_second)
        self._filled_at = now
