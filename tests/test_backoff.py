"""Whether and when a failed attempt is repeated, on a clock that stands still."""

from __future__ import annotations

import asyncio
import logging
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openrouter_async import (
    APIConnectionError,
    APIError,
    APITimeoutError,
    ConfigError,
    OpenRouterError,
    RateLimitError,
    ResponseDecodeError,
    RetryPolicy,
    ServerError,
    Timeout,
)
from openrouter_async.errors import Kind, Phase
from openrouter_async.transport.retry import (
    Attempts,
    RetryBudget,
    Verdict,
    backoff,
    judge,
)
from openrouter_async.transport.timers import Watch

POLICY = RetryPolicy()


def refused(status: int = 503) -> ServerError:
    """Make the error of a server that refused."""
    return ServerError("no", status=status, kind="refused")


@pytest.mark.parametrize(
    ("retries", "throttled", "random", "expected"),
    [
        (0, False, 0.0, 0.05),
        (0, False, 0.5, 0.25),
        (0, False, 1.0, 0.5),
        (1, False, 1.0, 1.0),
        (2, False, 1.0, 2.0),
        (6, False, 1.0, 20.0),
        (0, True, 1.0, 1.0),
        (1, True, 0.5, 1.0),
        (5, True, 1.0, 20.0),
        (10**6, True, 0.5, 10.0),
    ],
    ids=[
        "floor", "half", "whole", "second", "third", "bound", "throttled",
        "throttled second", "throttled bound", "no overflow",
    ],
)  # fmt: skip
def test_backoff(retries: int, throttled: bool, random: float, expected: float) -> None:
    """The wait is a random share of a bound that doubles, and at least the floor."""
    wait = backoff(POLICY, retries, throttled=throttled, random=random)

    assert wait == expected


@given(st.integers(0, 10**4), st.booleans(), st.floats(0, 1, exclude_max=True))
def test_backoff_stays_within_its_bounds(
    retries: int, throttled: bool, random: float
) -> None:
    """No number of retries and no draw leaves the range of the policy."""
    wait = backoff(POLICY, retries, throttled=throttled, random=random)

    assert POLICY.floor <= wait <= POLICY.max_backoff


def test_floor_wins_over_the_bound() -> None:
    """A floor above the bound is obeyed: it protects the server."""
    policy = RetryPolicy(floor=3, max_backoff=1)

    assert backoff(policy, 5, throttled=False, random=1.0) == 3


KINDS: dict[Kind, Verdict] = {
    "final": Verdict(),
    "refused": Verdict(wait=0.25),
    "throttled": Verdict(wait=0.5),
    "unsent": Verdict(wait=0.25),
    "ambiguous": Verdict(wait=0.25),
    "stale": Verdict(wait=0.0, free=True),
}


@pytest.mark.parametrize(("kind", "expected"), KINDS.items(), ids=KINDS.keys())
def test_verdict_by_kind(kind: Kind, expected: Verdict) -> None:
    """What a failure means decides whether there is another attempt, and when."""
    error = OpenRouterError("no", kind=kind)

    verdict = judge(error, POLICY, retries=0, freed=False, random=0.5)

    assert verdict == expected


def test_stale_connection_is_repeated_free_of_charge_without_retries() -> None:
    """The repetition after a dead pooled connection is no retry."""
    error = APIConnectionError("lost", kind="stale")

    verdict = judge(error, RetryPolicy(max_retries=0), retries=0, freed=False, random=0)

    assert verdict == Verdict(wait=0.0, free=True)


@pytest.mark.parametrize("phase", ["pool", "total"])
def test_call_whose_time_is_over(phase: Phase) -> None:
    """When the whole call has taken too long no attempt can follow."""
    error = APITimeoutError("late", phase=phase, kind="ambiguous")

    assert judge(error, POLICY, retries=0, freed=False, random=0.5) == Verdict()


def test_second_stale_connection_counts() -> None:
    """There is one free repetition for a call; then it is a retry like others."""
    error = APIConnectionError("lost", kind="stale")

    verdict = judge(error, POLICY, retries=0, freed=True, random=0.5)

    assert verdict == Verdict(wait=0.25)


@pytest.mark.parametrize("kind", ["ambiguous", "stale"])
def test_ambiguous_failures_can_be_excluded(kind: Kind) -> None:
    """With retry_ambiguous=False nothing is sent twice that may have been billed."""
    error = APIConnectionError("lost", kind=kind)
    policy = RetryPolicy(retry_ambiguous=False)

    verdict = judge(error, policy, retries=0, freed=True, random=0.5)

    assert verdict.wait is None
    assert "retry_ambiguous" in str(verdict.reason)


def test_other_failures_do_not_mind_retry_ambiguous() -> None:
    """With retry_ambiguous=False a refusal is still repeated."""
    policy = RetryPolicy(retry_ambiguous=False)

    assert judge(refused(), policy, retries=0, freed=False, random=0.5).wait == 0.25


def test_retries_run_out() -> None:
    """There are max_retries retries, and not one more."""
    waits = [
        judge(refused(), POLICY, retries=retries, freed=False, random=0.5).wait
        for retries in range(4)
    ]

    assert waits == [0.25, 0.5, None, None]


@pytest.mark.parametrize(
    "error",
    [
        refused(525),
        refused(526),
        ServerError("no", status=200, code=525, kind="refused"),
    ],
    ids=["525", "526", "525 inside a 200"],
)
def test_some_statuses_are_tried_again_once(error: ServerError) -> None:
    """A TLS failure behind the edge gets one more attempt, wherever it is told."""
    waits = [
        judge(error, POLICY, retries=1, freed=False, repeated=repeated, random=0.5).wait
        for repeated in (False, True)
    ]

    assert waits == [0.5, None]


async def test_other_failures_do_not_use_up_the_one_attempt(clock: Clock) -> None:
    """A 525 after a 503 is tried again; after another 525 it is not."""
    attempts = begin(clock, RetryPolicy(max_retries=5))
    await attempts.failed(refused(503))
    await attempts.failed(refused(525))
    with pytest.raises(ServerError):
        await attempts.failed(refused(525))


@pytest.mark.parametrize(
    ("asked", "random", "expected"),
    [(5.0, 0.0, 5.0), (5.0, 1.0, 5.5), (60.0, 0.5, 63.0), (0.001, 0.5, 0.05)],
    ids=["exact", "jitter", "longest", "floor"],
)
def test_requested_wait_is_obeyed(asked: float, random: float, expected: float) -> None:
    """What the server asks for is waited, and up to a tenth more."""
    error = RateLimitError("slow down", retry_after=asked, kind="throttled")

    verdict = judge(error, POLICY, retries=0, freed=False, random=random)

    assert verdict.wait == pytest.approx(expected)


def test_requested_wait_can_be_too_long() -> None:
    """Above max_retry_after the call fails at once, and says why."""
    error = RateLimitError("slow down", retry_after=86400.0, kind="throttled")

    verdict = judge(error, POLICY, retries=0, freed=False, random=0)

    assert verdict == Verdict(
        reason="The server asks to wait 86400 s, more than"
        " RetryPolicy.max_retry_after (60 s)"
    )


@pytest.mark.parametrize(
    ("remaining", "waits"),
    [(inf, True), (0.2501, True), (0.25, False), (0.0, False), (-3.0, False)],
    ids=["endless", "just enough", "not enough", "none", "overdrawn"],
)
def test_total_is_not_overslept(remaining: float, waits: bool) -> None:
    """A wait that would outlast the call's total time is not begun."""
    verdict = judge(
        refused(), POLICY, retries=0, freed=False, remaining=remaining, random=0.5
    )

    assert (verdict.wait is not None) is waits
    assert ("Timeout.total" in (verdict.reason or "")) is not waits


class Clock:
    """Stand still until something sleeps."""

    def __init__(self) -> None:
        self.time = 0.0
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        """Move the time on, without waiting."""
        self.slept.append(seconds)
        self.time += seconds


@pytest.fixture
async def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Put a clock that stands still in place of the loop's."""
    clock = Clock()

    def now(_: Watch) -> float:
        return clock.time

    monkeypatch.setattr(Watch, "now", now)
    return clock


def begin(
    clock: Clock,
    policy: RetryPolicy = POLICY,
    *,
    total: float | None = None,
    budget: RetryBudget | None = None,
) -> Attempts:
    """Begin a call whose first attempt is under way."""
    watch = Watch(Timeout(total=total))
    watch.shift(clock.time - asyncio.get_running_loop().time())
    attempts = Attempts(
        policy,
        budget or RetryBudget(0.2, 10.0, clock.time),
        watch,
        sleep=clock.sleep,
        random=lambda: 0.5,
    )
    attempts.count = 1
    return attempts


async def test_attempts_wait_and_remember(clock: Clock) -> None:
    """Every failed attempt is waited out, and kept in the history of the error."""
    attempts = begin(clock)
    await attempts.failed(throttled(4))
    attempts.count = 2
    await attempts.failed(refused(503))
    attempts.count = 3
    with pytest.raises(ServerError) as caught:
        await attempts.failed(refused(502))

    error = caught.value
    told = [(f.error, f.status, f.code, f.at, f.waited) for f in error.history]
    assert clock.slept == [4.2, 0.5]
    assert told == [
        ("RateLimitError", 429, 429, 0.0, 4.2),
        ("ServerError", 503, None, 4.2, 0.5),
    ]
    assert (error.status, error.attempts, error.elapsed) == (502, 3, 4.7)


def throttled(wait: float) -> RateLimitError:
    """Make the error of a server that asks to wait."""
    return RateLimitError(
        "slow", status=429, code=429, retry_after=wait, kind="throttled"
    )


async def test_free_repetition_asks_for_a_fresh_connection(clock: Clock) -> None:
    """A dead pooled connection costs no wait and no retry, and is not used again."""
    attempts = begin(clock)
    await attempts.failed(APIConnectionError("lost", kind="stale"))
    fresh = attempts.fresh_only
    await attempts.failed(APIConnectionError("lost", kind="stale"))

    assert (fresh, attempts.fresh_only) == (True, False)
    assert clock.slept == [0.25]
    assert [failure.waited for failure in attempts.history] == [0.0, 0.25]


async def test_key_that_is_refused_twice_is_final(clock: Clock) -> None:
    """A status that was good for one free repetition is final the second time."""
    attempts = begin(clock)
    error = APIError("no", status=401, kind="expired")
    await attempts.failed(error)
    with pytest.raises(APIError):
        await attempts.failed(error)

    assert (clock.slept, error.retryable) == ([], False)


async def test_spent_budget_fails_at_once(clock: Clock) -> None:
    """When the budget is spent there is no wait, and the error says so."""
    budget = RetryBudget(0.2, 1.0, clock.time)
    budget.withdraw(clock.time)
    attempts = begin(clock, budget=budget)
    with pytest.raises(ServerError) as caught:
        await attempts.failed(refused())

    assert caught.value.budget_exhausted is True
    assert "retry budget is spent" in str(caught.value)
    assert clock.slept == []


async def test_final_failure_spends_no_budget(clock: Clock) -> None:
    """Only a retry that is made is paid for."""
    budget = RetryBudget(0.0, 1.0, clock.time)
    with pytest.raises(APIError):
        await begin(clock, budget=budget).failed(APIError("no", status=400))

    assert budget.withdraw(clock.time) is True


async def test_total_bounds_all_waits(clock: Clock) -> None:
    """The waits of a call together stay below its total time."""
    attempts = begin(clock, RetryPolicy(max_retries=99), total=10.0)

    async def go_on() -> None:
        for _ in range(100):
            await attempts.failed(throttled(2.0))

    with pytest.raises(RateLimitError, match=r"would outlast Timeout.total"):
        await go_on()

    assert sum(clock.slept) < 10.0
    assert len(clock.slept) == 4


async def test_server_hint_is_kept(clock: Clock) -> None:
    """The reason why there is no retry is added to what the server hints at."""
    error = APIConnectionError("lost", hint="Call support", kind="ambiguous")
    with pytest.raises(APIConnectionError):
        await begin(clock, RetryPolicy(retry_ambiguous=False)).failed(error)

    reason = "It may have been carried out (retry_ambiguous=False)"
    assert error.hint == f"Call support. {reason}"


@pytest.mark.parametrize(
    ("error", "retryable"),
    [
        (APIConnectionError("lost"), True),
        (APITimeoutError("late", phase="connect", kind="unsent"), True),
        (APITimeoutError("late", phase="total", kind="final"), False),
        (ResponseDecodeError("cut"), True),
        (ConfigError("no"), False),
        (APIError("no"), False),
    ],
    ids=["lost", "connect", "total", "decode", "config", "reported"],
)
def test_classes_know_whether_they_are_worth_a_retry(
    error: OpenRouterError, retryable: bool
) -> None:
    """An error made without a kind has that of its class."""
    assert error.retryable is retryable


async def test_retries_are_logged(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """Each wait is logged once, on one line whatever the server sent."""
    caplog.set_level(logging.INFO, "openrouter_async")
    await begin(clock).failed(ServerError("a\n\x1b[31mb", status=503, kind="refused"))

    assert caplog.messages == [
        "attempt 1 failed (ServerError: a\\n\\x1b[31mb), next in 0.25 s"
    ]
