"""The share of a client's requests that may be retries."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from openrouter_async.transport.retry import RetryBudget


def test_new_client_has_the_reserve() -> None:
    """The first failures of a client are retried at once."""
    budget = RetryBudget(0.2, 3.0, 0.0)

    assert [budget.withdraw(0.0) for _ in range(4)] == [True, True, True, False]


def test_reserve_refills() -> None:
    """The reserve comes back at its rate, and to no more than it was."""
    budget = RetryBudget(0.2, 2.0, 0.0)
    taken = [budget.withdraw(now) for now in (0.0, 0.0, 0.0, 0.5, 0.5)]
    later = [budget.withdraw(1000.0) for _ in range(3)]

    assert taken == [True, True, False, True, False]
    assert later == [True, True, False]


def test_calls_earn_a_share() -> None:
    """Without a reserve five calls pay for one retry."""
    budget = RetryBudget(0.25, 0.0, 0.0)
    taken: list[bool] = []
    for _ in range(8):
        budget.deposit(0.0)
        taken.append(budget.withdraw(0.0))

    assert taken == [False, False, False, True] * 2


def test_earnings_fade() -> None:
    """What quiet times earned does not pay for a storm much later."""
    budget = RetryBudget(1.0, 0.0, 0.0)
    for _ in range(100):
        budget.deposit(0.0)

    assert budget.withdraw(60.0) is False


def test_mixed_payment() -> None:
    """A retry is paid from the reserve first, and the rest from earnings."""
    budget = RetryBudget(0.5, 0.5, 0.0)
    budget.deposit(0.0)

    assert [budget.withdraw(0.0), budget.withdraw(0.0)] == [True, False]


def test_no_budget() -> None:
    """With a ratio of None retries are not counted."""
    budget = RetryBudget(None, 0.0, 0.0)
    budget.deposit(0.0)

    assert all(budget.withdraw(0.0) for _ in range(1000))


def test_clock_that_goes_back() -> None:
    """A time before the last one refills nothing and takes nothing away."""
    budget = RetryBudget(0.2, 1.0, 100.0)

    assert [budget.withdraw(now) for now in (99.0, 98.0)] == [True, False]


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 5)), max_size=200))
def test_share_is_never_exceeded(steps: list[tuple[bool, float]]) -> None:
    """In any order of calls and failures retries stay within share and reserve."""
    budget, now, calls, retries = RetryBudget(0.2, 2.0, 0.0), 0.0, 0, 0
    for is_call, passed in steps:
        now += passed
        if is_call:
            calls += 1
            budget.deposit(now)
        else:
            retries += budget.withdraw(now)

    assert retries <= 0.2 * calls + 2.0 * (1 + now) + 1e-6
