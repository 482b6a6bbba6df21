"""How much a run may cost, kept before it is spent."""

from __future__ import annotations

import asyncio
from collections import deque
from math import inf, sqrt

from openrouter_async.errors import NotSentError

_FIRST_MARGIN = 2.0  # times the only cost that is known
_DEVIATIONS = 2.0  # above the mean
_ROUNDING = 1e-9  # of the bound: sums of floats must not keep the last item out


class CostBudget:
    """
    Let items in while what is in flight will not overshoot.

    What an item costs is known only afterwards. The first one goes alone; then each
    is expected to cost the mean so far and twice the standard deviation. After an
    answer that does not say what it cost there is nothing to go by.

    Args:
        most: USD.

    Attributes:
        most: USD.
        spent: USD, by the answers that came.
    """

    def __init__(self, most: float) -> None:
        self.most = most
        self.spent: float = 0.0
        self._known = 0
        self._untold = False
        self._mean = 0.0
        self._squares = 0.0  # of the differences from the mean

    @property
    def estimate(self) -> float:
        """What the next item is expected to cost, USD; infinite as long as unknown."""
        if self._known == 0:
            return inf

        if self._known == 1:
            return self._mean * _FIRST_MARGIN

        return self._mean + _DEVIATIONS * sqrt(self._squares / self._known)

    def admits(self, in_flight: int) -> bool:
        """Tell whether one more may go out while so many have not ended."""
        if self._untold:
            return False

        if self._known == 0:
            return in_flight == 0 and self.most > 0

        expected = self.spent + (in_flight + 1) * self.estimate
        return expected <= self.most * (1 + _ROUNDING)

    def add(self, cost: float | None) -> None:
        """Take in what an answer cost; None where it does not say."""
        if cost is None:
            self._untold = True
            return

        self.spent += cost
        self._known += 1
        # Welford's way: equal costs have a deviation of exactly zero.
        difference = cost - self._mean
        self._mean += difference / self._known
        self._squares += difference * (cost - self._mean)

    def reason(self) -> str:
        """Say why no more may go out."""
        if self._untold:
            return (
                "an answer does not say what it cost (usage.cost), so that"
                f" max_cost=${self.most:.6g} cannot be kept"
            )

        if self._known == 0:
            return f"max_cost=${self.most:.6g} leaves nothing to spend"

        return (
            f"${self.spent:.6g} of max_cost=${self.most:.6g} are spent, and one more"
            f" item may cost ${self.estimate:.6g}"
        )


class CostGate:
    """
    Let items out while there is money for them; others wait for what it becomes.

    Once one does not fit while nothing is out, no later one will.

    Args:
        most: USD.

    Attributes:
        closed: why no more will go out, once that is so.
    """

    def __init__(self, most: float) -> None:
        self.closed: NotSentError | None = None
        self._budget = CostBudget(most)
        self._out = 0
        self._queue: deque[asyncio.Future[None]] = deque()

    def admits(self, under_way: int) -> bool:
        """Tell whether one more would get out beside so many."""
        return self.closed is None and self._budget.admits(under_way)

    def try_pass(self) -> bool:
        """Go out if nobody is to be waited for."""
        if self._queue or not self.admits(self._out):
            return False

        self._out += 1
        return True

    async def wait(self) -> None:
        """
        Return when there is money; who waits first goes first.

        Raises:
            NotSentError: there will be none.
        """
        future = asyncio.get_running_loop().create_future()
        self._queue.append(future)
        self._pump()
        try:
            await future
        except asyncio.CancelledError:
            if not future.cancelled() and future.exception() is None:
                self.leave()  # it had just been let out

            raise

    def add(self, cost: float | None) -> None:
        """Take in what an answer cost; None where it does not say."""
        self._budget.add(cost)

    def leave(self) -> None:
        """Take in that an item that went out has ended, its cost being known."""
        self._out -= 1
        self._pump()

    def _pump(self) -> None:
        while self._queue:
            if self._queue[0].done():
                self._queue.popleft()  # cancelled
                continue

            if self.admits(self._out):
                self._out += 1
                self._queue.popleft().set_result(None)
                continue

            if self._out:
                return

            self.closed = self.closed or NotSentError(self._budget.reason())
            told = f"not sent, as the run had stopped: {self.closed}"
            self._queue.popleft().set_exception(NotSentError(told))
