"""What a map tells about itself at every stage."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest

from openrouter_async import MapStatistics
from openrouter_async.testing import Fail, RateLimit
from tests.mapping import (
    Gates,
    Pulled,
    SkippingClock,
    collect,
    service,
    until,
)


async def test_before_the_first() -> None:
    """Before anything was asked for all figures are nought."""
    async with service() as (_, client):
        statistics = client.completions.map(["a"]).statistics()

    assert statistics == MapStatistics()
    assert (statistics.finished, statistics.cause) == (0, None)


async def test_stages() -> None:
    """Figures follow the items from the pull to the outcome."""
    async with service() as (simulator, client):
        gates = Gates(simulator)
        simulator.script(
            Fail(429, retry_after=60), when=lambda r: r.params["prompt"] == "p2"
        )
        simulator.script(Fail(400), when=lambda r: r.params["prompt"] == "p3")
        outcomes = client.completions.map(Pulled(5), max_in_flight=3)
        async with outcomes:
            first = await anext(outcomes)
            await until(lambda: len(gates.arrived) == 3)
            middle = outcomes.statistics()
            gates.open("p0", "p1", "p4")
            await until(lambda: outcomes.statistics().succeeded == 3)
            late = outcomes.statistics()

        end = outcomes.statistics()

    assert (first.index, first.ok) == (3, False)
    assert (middle.pulled, middle.in_flight, middle.waiting) == (5, 3, 1)
    assert (middle.succeeded, middle.failed, middle.finished) == (0, 1, 1)
    assert (middle.requests, middle.throttled) == (5, 1)
    assert middle.rate is not None
    assert (late.succeeded, late.in_flight, late.waiting) == (3, 0, 1)
    assert (late.input_ended, late.cause) == (True, None)
    assert (end.in_flight, end.waiting, end.finished) == (0, 0, 4)
    assert 0 < middle.elapsed < late.elapsed <= end.elapsed


async def test_sums() -> None:
    """Tokens and cost are the sums of what the answers report."""
    async with service() as (simulator, client):
        simulator.script(Fail(500))
        outcomes = client.completions.map(Pulled(20), max_in_flight=4)
        found = await collect(outcomes)
        statistics = outcomes.statistics()

    answers = [each.value for each in found if each.value is not None]
    usages = [answer.usage for answer in answers if answer.usage]
    assert statistics.tokens == sum(usage.total_tokens or 0 for usage in usages)
    assert statistics.cost == pytest.approx(sum(usage.cost or 0 for usage in usages))
    assert (statistics.succeeded, statistics.finished) == (20, 20)
    assert (statistics.requests, statistics.throttled) == (21, 0)
    assert (statistics.replayed, statistics.interrupted) == (0, 0)


async def test_clock_stops_at_the_end() -> None:
    """The time of a run does not go on when it is over."""
    async with service() as (_, client):
        outcomes = client.completions.map(["a"])
        await collect(outcomes)
        first = outcomes.statistics()
        await asyncio.sleep(0.002)
        second = outcomes.statistics()

    assert first == second


async def test_frozen() -> None:
    """Statistics are of one moment and cannot be changed."""
    async with service() as (_, client):
        outcomes = client.completions.map(["a"])
        statistics = outcomes.statistics()
        await collect(outcomes)

    assert statistics.succeeded == 0
    with pytest.raises(dataclasses.FrozenInstanceError):
        statistics.succeeded = 1  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]  # the mistake that is tested


async def test_rate_is_summed_over_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each model has a limit of its own; the run's rate is all of them together."""
    clock = SkippingClock(monkeypatch)
    limit = RateLimit(20, 2, retry_after=None)
    async with service(limit=limit, latency=0.02, clock=clock) as (_, client):
        outcomes = client.completions.map(
            [{"prompt": "p", "model": f"m/{n % 2}"} for n in range(40)]
        )
        found = await collect(outcomes)
        lanes = client.limiter.statistics().lanes
        statistics = outcomes.statistics()

    assert len([each for each in found if each.ok]) == 40
    assert {lane.scope.model for lane in lanes} == {"m/0", "m/1"}
    assert statistics.rate == pytest.approx(sum(lane.rate or 0 for lane in lanes))
    assert statistics.throttled == sum(lane.refused for lane in lanes)
