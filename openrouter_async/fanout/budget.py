"""How much a run may cost, kept before it is spent."""

from __future__ import annotations

from math import inf, sqrt

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
        self.spent = 0.0
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
