"""Percentiles of what was measured many times."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil


def percentile(values: Sequence[float], percent: int) -> float:
    """
    Return the least value that so many percent do not exceed (nearest rank).

    Args:
        values: at least one.
        percent: 1 to 100.
    """
    ordered = sorted(values)
    return ordered[max(ceil(len(ordered) * percent / 100), 1) - 1]
