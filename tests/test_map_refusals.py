"""What servers refuse for their limits or for load: waited out, and nothing is lost."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from openrouter_async import (
    Failure,
    Limiter,
    NotSentError,
    PaymentRequiredError,
    RateLimitError,
    RateLimits,
    ServerError,
    Timeout,
)
from openrouter_async.testing import (
    Fail,
    FailInside,
    InFlightLimit,
    JournalRecord,
    Limit,
    RateLimit,
    WindowLimit,
)
from tests.mapping import (
    Pulled,
    SkippingClock,
    collect,
    service,
    text_of,
    told,
    until,
)


@pytest.fixture
async def clock(monkeypatch: pytest.MonkeyPatch) -> SkippingClock:
    """Skip whatever is waited for."""
    return SkippingClock(monkeypatch)


def every(count: int) -> list[tuple[int, str]]:
    """Return what all outcomes are to be."""
    return [(number, f"P{number}") for number in range(count)]


LIMITS = {
    "bucket": lambda: RateLimit(20, 5, retry_after=None),
    "whole seconds": lambda: RateLimit(20, 5, retry_after="seconds"),
    "exact": lambda: RateLimit(20, 5, retry_after="exact"),
    "milliseconds": lambda: RateLimit(20, 5, retry_after="milliseconds"),
    "window": lambda: WindowLimit(10, 2.0),
    "window of a minute": lambda: WindowLimit(20, 60.0, retry_after="seconds"),
    "in flight": lambda: InFlightLimit(3),
}


@pytest.mark.parametrize("ordered", [False, True], ids=["as completed", "ordered"])
@pytest.mark.parametrize("make", LIMITS.values(), ids=LIMITS.keys())
async def test_limits(make: object, ordered: bool, clock: SkippingClock) -> None:
    """Without a single retry every item is answered, once, whatever the limit is."""
    assert callable(make)
    limit = make()
    assert isinstance(limit, Limit)
    async with service(retry=0, limit=limit, latency=0.05, clock=clock) as pair:
        simulator, client = pair
        outcomes = client.completions.map(Pulled(100), ordered=ordered)
        found = await collect(outcomes)
        seen = simulator.statistics()
        statistics = outcomes.statistics()

    assert sorted(told(found)) == every(100)
    assert not ordered or told(found) == every(100)
    assert (seen.answered, seen.failed, seen.refused > 0) == (100, 0, True)
    assert statistics.throttled == seen.refused
    assert statistics.requests == seen.requests == sum(x.attempts for x in found)
    assert statistics.rate is not None or isinstance(limit, InFlightLimit)


STORMS = {
    "429": Fail(429, times=12),
    "429 inside": FailInside(429, times=12),
    "402 in flight": Fail(
        402, metadata={"limit_source": "openrouter_in_flight_budget"}, times=12
    ),
    "503": Fail(503, times=12),
    "529": Fail(529, times=12),
    "503 with Retry-After": Fail(503, retry_after=1, times=12),
    "529 inside": FailInside(529, times=12),
}


@pytest.mark.parametrize("fault", STORMS.values(), ids=STORMS.keys())
async def test_storm(fault: Fail | FailInside, clock: SkippingClock) -> None:
    """Refusals in a row neither fail an item nor use up its retries."""
    async with service(retry=0, clock=clock) as (simulator, client):
        simulator.script(fault)
        outcomes = client.completions.map(Pulled(10))
        found = await collect(outcomes)

    assert fault.times is not None
    assert sorted(told(found)) == every(10)
    assert outcomes.statistics().throttled == fault.times
    assert sum(outcome.attempts for outcome in found) == 10 + fault.times


@pytest.mark.parametrize("status", [503, 529])
async def test_load_while_others_succeed(status: int, clock: SkippingClock) -> None:
    """What some requests meet while others succeed is not counted against them."""
    async with service(retry=0, latency=0.1, clock=clock) as (simulator, client):
        simulator.script(
            Fail(status, times=None), when=lambda record: record.number % 3 == 0
        )
        found = await collect(client.completions.map(Pulled(60), max_in_flight=8))

    assert sorted(told(found)) == every(60)


@pytest.mark.parametrize("status", [503, 529])
async def test_outage(status: int, clock: SkippingClock) -> None:
    """Load with no success for half a minute is an outage, and fails items."""
    began = clock.monotonic()
    async with service(retry=0, clock=clock) as (simulator, client):
        simulator.script(Fail(status, times=None))
        outcomes = client.completions.map(Pulled(6), max_in_flight=4)
        found = await collect(outcomes)

    assert {type(each.error) for each in found} == {ServerError}
    assert sorted(each.index for each in found) == list(range(6))
    assert 30 < clock.monotonic() - began < 30 + 6 * 30
    assert outcomes.statistics().cause is None


async def test_outage_that_ends(clock: SkippingClock) -> None:
    """One success begins the half minute anew."""
    async with service(retry=0, clock=clock) as (simulator, client):
        began = clock.monotonic()
        up_at: list[float] = []

        def down(record: JournalRecord) -> bool:
            now = clock.monotonic()
            if now - began < 20:
                return True

            up_at.append(now)
            return 0 < now - up_at[0] < 20

        simulator.script(Fail(503, times=None), when=down)
        found = await collect(client.completions.map(Pulled(30), max_in_flight=4))
        refused = [x.received_at for x in simulator.journal if x.status == 503]

    assert sorted(told(found)) == every(30)
    assert refused[-1] - refused[0] > 30


FOR_EVER = {
    "429": (Fail(429, times=None), RateLimitError),
    "429 with Retry-After": (Fail(429, retry_after=2, times=None), RateLimitError),
    "402 in flight": (
        Fail(402, metadata={"limit_source": "openrouter_in_flight_budget"}, times=None),
        PaymentRequiredError,
    ),
}


@pytest.mark.parametrize("max_pause", [None, 5, 120], ids="max_pause={}".format)
@pytest.mark.parametrize(("fault", "kind"), FOR_EVER.values(), ids=FOR_EVER.keys())
async def test_refused_for_ever(
    fault: Fail, kind: type[Exception], max_pause: float | None, clock: SkippingClock
) -> None:
    """Nothing but refusals for longer than `max_pause` are failures."""
    began = clock.monotonic()
    async with service(retry=0, clock=clock) as (simulator, client):
        script = simulator.script(fault)
        outcomes = client.completions.map(
            Pulled(3), max_in_flight=2, max_pause=max_pause
        )
        async with outcomes:
            waiting = asyncio.create_task(anext(outcomes))
            await asyncio.wait([waiting], timeout=1000)
            script.cancel()
            first = await waiting

    passed = clock.monotonic() - began
    if max_pause is None:
        assert (text_of(first)[0], passed > 1000) == ("P", True)
    else:
        assert type(first.error) is kind
        assert max_pause < passed < 3 * max_pause + 30


async def test_retries_after_the_patience(clock: SkippingClock) -> None:
    """Refusals that count as faults are retried by the policy, as others are."""
    async with service(retry=2, clock=clock) as (simulator, client):
        simulator.script(Fail(429, times=None))
        [outcome] = await collect(client.completions.map(["a"], max_pause=3))

    assert isinstance(outcome, Failure)
    assert isinstance(outcome.error, RateLimitError)
    assert outcome.attempts == outcome.error.attempts > 3


async def test_no_patience() -> None:
    """With a `max_pause` of 0 the first refusal that asks to wait stops the run."""
    async with service(retry=0) as (simulator, client):
        simulator.script(Fail(429, retry_after=1))
        outcomes = client.completions.map(Pulled(), max_in_flight=1, max_pause=0)
        found = await collect(outcomes)

    assert [type(each.error) for each in found[:1]] == [RateLimitError]
    assert {type(each.error) for each in found[1:]} <= {NotSentError}
    assert outcomes.statistics().cause is found[0].error


async def test_window_holds_everybody_back(clock: SkippingClock) -> None:
    """Until a window that the server named has ended nobody asks again."""
    limit = WindowLimit(5, 30.0)
    async with service(limit=limit, clock=clock) as (simulator, client):
        outcomes = client.completions.map(Pulled(15), max_in_flight=4)
        found = await collect(outcomes)
        times = [record.received_at for record in simulator.journal]
        refused = simulator.statistics().refused

    gaps = sorted(after - before for before, after in pairwise(times))
    assert sorted(told(found)) == every(15)
    assert gaps[-2] > 25
    assert refused <= 8


async def test_retry_after_holds_back_one(clock: SkippingClock) -> None:
    """`Retry-After` is for the request that got it; others go on."""
    async with service(clock=clock) as (simulator, client):
        simulator.script(
            Fail(429, retry_after=60), when=lambda r: r.params["prompt"] == "p0"
        )
        outcomes = client.completions.map(Pulled(20), max_in_flight=2)
        found = await collect(outcomes)
        times = [
            record.received_at
            for record in simulator.journal
            if record.params["prompt"] == "p0"
        ]

    assert sorted(told(found)) == every(20)
    assert found[-1].index == 0
    assert times[1] - times[0] >= 60


async def test_total_bounds_the_waits(clock: SkippingClock) -> None:
    """The whole call is bounded by `Timeout.total`, with its waits for limits."""
    async with service(clock=clock) as (simulator, client):
        simulator.script(Fail(429, retry_after=60, times=None))
        outcomes = client.completions.map(["a"], timeout=Timeout(total=30))
        [outcome] = await collect(outcomes)

    assert isinstance(outcome, Failure)
    assert isinstance(outcome.error, RateLimitError)
    assert "Timeout.total" in str(outcome.error)
    assert outcome.attempts == 1


async def test_waits_for_the_first_turn(clock: SkippingClock) -> None:
    """An item that waits for its turn is not timed out before it was sent."""
    limits = RateLimits(requests_per_minute=6)
    async with service(clock=clock, rate_limits=limits) as (_, client):
        outcomes = client.completions.map(Pulled(6), timeout=15, max_in_flight=6)
        found = await collect(outcomes)

    assert sorted(told(found)) == every(6)


async def test_shared_limiter(clock: SkippingClock) -> None:
    """Direct calls of a client with a limiter, and its maps, wait in one queue."""
    limit = RateLimit(10, 2, retry_after=None)
    limiter = Limiter()
    async with service(
        retry=0, limit=limit, latency=0.02, clock=clock, limiter=limiter
    ) as (simulator, client):
        outcomes = client.completions.map(Pulled(20), max_in_flight=4)
        mapping = asyncio.create_task(collect(outcomes))
        await until(lambda: outcomes.statistics().requests)
        direct = [client.completions.create(prompt="d") for _ in range(10)]
        answers = await asyncio.gather(*direct)
        found = await mapping
        refused = simulator.statistics().refused

    assert [answer.text for answer in answers] == ["D"] * 10
    assert sorted(told(found)) == every(20)
    assert limiter.statistics().refused == refused
    assert limiter.statistics().sent == 30 + refused
