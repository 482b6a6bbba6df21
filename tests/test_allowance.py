"""A limit that is known, handed out evenly."""

from __future__ import annotations

from bisect import bisect_left
from itertools import accumulate

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from openrouter_async.fanout.allowance import Allowance

START = 100.0


def take_all(
    per_minute: float, amounts: list[float], gaps: list[float]
) -> list[tuple[float, float]]:
    """Take amounts as early as they are allowed; return when, and how much."""
    allowance, now = Allowance(per_minute, START), START
    taken: list[tuple[float, float]] = []
    for amount, gap in zip(amounts, gaps, strict=True):
        now += gap
        now = max(now, allowance.ready_at(amount, now))
        allowance.take(amount, now)
        taken.append((now, amount))

    return taken


def most_in_a_minute(taken: list[tuple[float, float]]) -> float:
    """Return the most that was taken within any sixty seconds."""
    times = [at for at, _ in taken]
    sums = [0.0, *accumulate(amount for _, amount in taken)]
    found = 0.0
    for first, at in enumerate(times):
        last = bisect_left(times, at + 60.0 - 1e-6)
        found = max(found, sums[last] - sums[first])

    return found


def several(amounts: st.SearchStrategy[float]) -> st.SearchStrategy[list[float]]:
    """Draw a list of what repeats: hypothesis draws no long ones."""

    def repeat(some: list[float], times: int) -> list[float]:
        return some * times

    lists = st.lists(amounts, min_size=1, max_size=30)
    return st.builds(repeat, lists, st.integers(1, 30))


@settings(deadline=None)  # lists of thousands, on a busy machine
@given(
    per_minute=st.integers(1, 5_000),
    gaps=several(st.sampled_from([0.0, 0.0, 0.0, 0.01, 0.3, 5.0, 90.0])),
)
@example(per_minute=600, gaps=[0.0] * 700)
@example(per_minute=1_800, gaps=[30.0] + [0.0] * 2_000)
def test_no_minute_gets_more_requests(per_minute: int, gaps: list[float]) -> None:
    """In no sixty seconds more requests go out than were allowed."""
    taken = take_all(per_minute, [1.0] * len(gaps), gaps)

    assert most_in_a_minute(taken) <= per_minute


@settings(deadline=None)  # lists of thousands, on a busy machine
@given(
    per_minute=st.floats(1_000, 100_000),
    amounts=several(st.floats(1, 3_000)),
)
def test_no_minute_gets_more_tokens(per_minute: float, amounts: list[float]) -> None:
    """In no sixty seconds more is taken than was allowed, but for one large request."""
    taken = take_all(per_minute, amounts, [0.0] * len(amounts))

    assert most_in_a_minute(taken) <= per_minute + 1 + max(amounts)


@pytest.mark.parametrize("per_minute", [1, 20, 600, 60_000], ids="{} a minute".format)
def test_all_of_it_is_given(per_minute: int) -> None:
    """Who asks all the time gets nearly everything that was allowed."""
    requests = min(3 * per_minute, 20_000)
    taken = take_all(per_minute, [1.0] * (requests + 1), [0.0] * (requests + 1))

    assert taken[-1][0] - START <= 60 * requests / per_minute * 1.003


def test_spread_evenly() -> None:
    """What is allowed in a minute does not go at its start."""
    taken = take_all(20, [1.0] * 5, [0.0] * 5)

    assert [at - START for at, _ in taken] == pytest.approx([0, 3, 6, 9, 12])


def test_idle_time_is_not_saved_up() -> None:
    """After an hour of silence no more goes out at once than ever."""
    taken = take_all(6_000, [1.0] * 30, [3_600.0] + [0.0] * 29)

    assert sum(at == taken[0][0] for at, _ in taken) == 10


def test_debt() -> None:
    """What needs more than it holds waits until it is full, and others pay for it."""
    allowance = Allowance(60, START)
    allowance.take(5, allowance.ready_at(5, START))

    assert allowance.ready_at(1, START) == pytest.approx(START + 5)
    assert allowance.ready_at(100, START) == pytest.approx(START + 5)


def test_what_was_not_used_comes_back() -> None:
    """An answer that was shorter than expected makes room at once."""
    allowance = Allowance(60, START)
    allowance.take(30, START)
    allowance.settle(30, 10)

    assert allowance.ready_at(1, START) == pytest.approx(START + 10)


def test_what_was_used_beyond_is_owed() -> None:
    """An answer that was longer than expected is paid for afterwards."""
    allowance = Allowance(60, START)
    allowance.take(1, START)
    allowance.settle(1, 10)

    assert allowance.ready_at(1, START) == pytest.approx(START + 10)


def test_nothing_used() -> None:
    """Giving back everything leaves what was there, and not more."""
    allowance = Allowance(60, START)
    for _ in range(5):
        allowance.take(1, START)
        allowance.settle(1, 0)
        allowance.settle(1, 0)

    allowance.take(1, START)
    assert allowance.ready_at(1, START) == pytest.approx(START + 1)


def test_clock_that_goes_back() -> None:
    """A clock that jumps back neither gives nor takes anything."""
    allowance = Allowance(60, START)
    allowance.take(1, START)

    assert allowance.ready_at(1, START - 50) == pytest.approx(START - 49)
