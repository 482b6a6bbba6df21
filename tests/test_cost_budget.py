"""Spending that stops before the bound."""

from __future__ import annotations

from collections import deque
from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openrouter_async.fanout.budget import CostBudget


def spend(budget: CostBudget, costs: list[float | None], at_once: int) -> int:
    """Send items while they are admitted; return how many were."""
    waiting, under_way, sent = deque(costs), deque[float | None](), 0
    while waiting or under_way:
        if waiting and len(under_way) < at_once and budget.admits(len(under_way)):
            under_way.append(waiting.popleft())
            sent += 1
        elif under_way:
            budget.add(under_way.popleft())
        else:
            break

    return sent


@settings(deadline=None)
@given(
    most=st.floats(0, 5),
    cost=st.floats(1e-6, 1),
    items=st.integers(1, 200),
    at_once=st.integers(1, 50),
)
def test_equal_costs(most: float, cost: float, items: int, at_once: int) -> None:
    """With costs as expected only the first item, of unknown cost, can overshoot."""
    budget = CostBudget(most)
    sent = spend(budget, [cost] * items, at_once)

    assert budget.spent <= max(most, cost) + 1e-9
    assert sent >= min(items, int(most / cost * 0.99) - 1)


@settings(deadline=None)
@given(
    costs=st.lists(st.floats(0.5, 1.0), min_size=50, max_size=200),
    at_once=st.integers(1, 20),
)
def test_spread_costs(costs: list[float], at_once: int) -> None:
    """Costs that differ stay within what their spread makes one expect."""
    budget = CostBudget(10.0)
    spend(budget, list(costs), at_once)

    # Each of those in flight at the end may be dearer than expected, by at most
    # the difference of mean and most.
    assert budget.spent <= 10.0 + 0.5 * at_once


def test_first_goes_alone() -> None:
    """As long as no cost is known, one item is under way at a time."""
    budget = CostBudget(1.0)

    assert (budget.admits(0), budget.admits(1), budget.estimate) == (True, False, inf)


def test_only_cost_counts_twice() -> None:
    """One cost alone says little: the next item may be twice as dear."""
    budget = CostBudget(1.0)
    budget.add(0.25)

    assert (budget.spent, budget.estimate) == (0.25, 0.5)
    assert (budget.admits(0), budget.admits(1)) == (True, False)


def test_deviation_counts() -> None:
    """The estimate is the mean and twice the standard deviation."""
    budget = CostBudget(100.0)
    for cost in (1.0, 3.0):
        budget.add(cost)

    assert budget.estimate == pytest.approx(2.0 + 2 * 1.0)


def test_nothing_to_spend() -> None:
    """With a bound of zero nothing is sent, however cheap it may be."""
    budget = CostBudget(0.0)

    assert spend(budget, [0.0] * 5, 5) == 0
    assert "max_cost=$0" in budget.reason()


def test_free_items() -> None:
    """Items that cost nothing are never stopped."""
    budget = CostBudget(0.01)

    assert (spend(budget, [0.0] * 100, 10), budget.spent) == (100, 0.0)


def test_answers_without_cost() -> None:
    """An answer that does not say what it cost ends what can be promised."""
    budget = CostBudget(1.0)

    assert spend(budget, [None] * 20, 10) == 1
    assert (budget.spent, budget.admits(0)) == (0.0, False)
    assert "usage.cost" in budget.reason()


def test_exact_fit() -> None:
    """Sums of floats do not keep the last item out."""
    budget = CostBudget(1.0)

    assert spend(budget, [0.1] * 20, 4) == 10


def test_reason() -> None:
    """It says what was spent, and what one more may cost."""
    budget = CostBudget(0.5)
    budget.add(0.25)

    assert budget.reason() == (
        "$0.25 of max_cost=$0.5 are spent, and one more item may cost $0.5"
    )
