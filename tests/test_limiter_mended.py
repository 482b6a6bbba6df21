"""What a limiter must not do: freeze others, stall on noise, keep streams waiting."""

from __future__ import annotations

import asyncio
from random import Random

import pytest

from openrouter_async import Limiter, RateLimitError
from openrouter_async.testing import Fail, Simulator
from tests.mapping import until


def some(share: float) -> Random:
    """Return what decides which requests fail, the same in each run."""
    return Random(int(share * 1000))


async def test_overload_now_and_then_does_not_lower_the_pace() -> None:
    """A few 503s that have nothing to do with the rate leave it alone."""
    chance = some(0.03)
    async with Simulator(latency=0.005) as simulator, simulator.client() as client:
        simulator.script(Fail(503, times=None), when=lambda _: chance.random() < 0.03)
        outcomes = await client.completions.gather([f"p{n}" for n in range(400)])
        (lane,) = client.limiter.statistics().lanes

    assert all(outcome.ok for outcome in outcomes)
    assert lane.refused > 0
    assert lane.rate is None


async def test_the_patience_of_one_is_not_that_of_all() -> None:
    """A map that waits for hours does not make direct calls wait as long."""
    limiter = Limiter(max_pause=1)
    headers = {"X-RateLimit-Reset": "99999999999999"}
    async with Simulator() as simulator, simulator.client(limiter=limiter) as client:
        simulator.script(Fail(429, headers=headers))
        outcomes = client.completions.map(["a"], max_pause=None)
        waiting = asyncio.create_task(anext(outcomes))
        await until(lambda: limiter.statistics().refused > 0)
        assert limiter.statistics().lanes[0].paused > 9

        with pytest.raises(RateLimitError) as caught:
            await client.completions.create(prompt="c")

        waiting.cancel()
        await outcomes.aclose()
        await asyncio.gather(waiting, return_exceptions=True)

    assert "max_pause" in str(caught.value)
    assert caught.value.limit_resets_in is not None


async def test_streams_make_room_when_they_are_let_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The opening widens with each stream that begins, not when it has ended."""
    monkeypatch.setattr("openrouter_async.fanout.pace._UNTOLD", 1e9)
    async with Simulator(latency=0.3, token_interval=0.01) as simulator:
        async with simulator.client(limiter=Limiter()) as client:
            begun = 0
            all_begun = asyncio.Event()

            async def stream() -> None:
                nonlocal begun
                async with client.completions.stream(prompt="p", max_tokens=40) as one:
                    async for _ in one:
                        begun += 1
                        if begun == 24:
                            all_begun.set()

                        await all_begun.wait()

            await asyncio.gather(*(stream() for _ in range(24)))

        assert simulator.statistics().peak_in_flight >= 24


async def test_refused_requests_end_a_block_like_others() -> None:
    """Answers other than 200 tell as well that the limiter's block is over."""
    async with Simulator(latency=0.005) as simulator, simulator.client() as client:
        simulator.script(*[Fail(429)] * 12, Fail(400, times=None))
        outcomes = await client.completions.gather([f"p{n}" for n in range(100)])
        (lane,) = client.limiter.statistics().lanes

    assert {getattr(outcome.error, "status", None) for outcome in outcomes} == {400}
    assert lane.accepted == 100


async def test_an_outage_fails_calls_at_the_speed_they_had(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Once 503s count as an outage, the pace that they lowered comes back."""
    monkeypatch.setattr("openrouter_async.fanout.pressure._LOAD_PATIENCE", 0.2)
    async with Simulator() as simulator, simulator.client(retry=0) as client:
        simulator.script(Fail(503, times=None))
        async with asyncio.timeout(15):
            outcomes = await client.completions.gather([f"p{n}" for n in range(200)])

    assert {type(outcome.error).__name__ for outcome in outcomes} == {"ServerError"}
