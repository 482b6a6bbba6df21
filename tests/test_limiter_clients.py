"""Who shares a limiter, against the simulator."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import AsyncIterator

import pytest

from openrouter_async import (
    APITimeoutError,
    Completion,
    Limiter,
    LimiterStatistics,
    OpenRouter,
    OpenRouterError,
    RateLimits,
)
from openrouter_async.testing import InFlightLimit, Simulator
from tests.flow.direct import ONE_A_MINUTE, Gate, ask, waiting


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    """Run a simulator."""
    async with Simulator() as running:
        yield running


class TestSharing:
    """Whose calls are counted together."""

    async def test_calls_maps_and_copies(self, simulator: Simulator) -> None:
        """Direct calls, maps, copies of a client and other clients share a lane."""
        limiter = Limiter()
        async with (
            simulator.client(limiter=limiter) as client,
            simulator.client(limiter=limiter) as other,
        ):
            copy = client.with_options(timeout=5)
            await ask(client)
            await ask(copy)
            await ask(other)
            await client.completions.gather(["a", "b"], model="m", max_tokens=1)
            await copy.completions.gather(["c"], model="m", max_tokens=1)
            assert client.limiter is copy.limiter is other.limiter is limiter

        [lane] = limiter.statistics().lanes
        assert (lane.sent, lane.accepted, lane.in_flight) == (6, 6, 0)

    async def test_scopes(self, simulator: Simulator) -> None:
        """Each base URL, key and model has a lane of its own, and shows no key."""
        limiter = Limiter()
        async with (
            Simulator(api_key="sk-or-v1-another-secret") as second,
            simulator.client(limiter=limiter) as client,
            second.client(limiter=limiter) as elsewhere,
        ):
            await ask(client)
            await ask(client, model="other")
            await client.completions.create(prompt="p", models=["m", "n"], max_tokens=1)
            await ask(elsewhere)
            copy = client.with_options(api_key="sk-or-v1-wrong-secret")
            with pytest.raises(OpenRouterError):
                await ask(copy)

        lanes = limiter.statistics().lanes
        scopes = [lane.scope for lane in lanes]
        assert [lane.sent for lane in lanes] == [1, 2, 1, 1]
        assert [each.model for each in scopes] == ["other", "m", "m", "m"]
        assert len({each.key for each in scopes}) == 3
        assert [each.base_url for each in scopes] == [
            simulator.base_url,
            simulator.base_url,
            second.base_url,
            simulator.base_url,
        ]
        assert "secret" not in repr(limiter.statistics())

    async def test_not_attached(self, simulator: Simulator) -> None:
        """Without a limiter direct calls go out at once, and only maps are limited."""
        async with simulator.client() as client:
            await ask(client)
            assert client.limiter.statistics().lanes == ()
            await client.completions.gather(["a", "b"], model="m", max_tokens=1)
            assert client.limiter.statistics().sent == 2


class TestKnownLimits:
    """Limits that were given."""

    @pytest.mark.parametrize(
        "limits",
        [ONE_A_MINUTE, RateLimits(tokens_per_minute=1)],
        ids=["requests", "tokens"],
    )
    async def test_direct_calls(self, simulator: Simulator, limits: RateLimits) -> None:
        """A limit holds for direct calls, copies and maps, all together."""
        async with simulator.client(rate_limits=limits) as client:
            await ask(client, max_tokens=10)
            copies = [client.with_options(timeout=0.01, retry=each) for each in (0, 1)]
            results = await asyncio.gather(
                *(ask(copy) for copy in copies), return_exceptions=True
            )
            mapping = client.completions.gather(["p"], model="m", timeout=0.01)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(mapping, 0.05)

        assert [type(each) for each in results] == [APITimeoutError] * 2
        assert len(simulator.journal) == 1

    async def test_scopes(self, simulator: Simulator) -> None:
        """Each model has the whole of it."""
        async with simulator.client(rate_limits=ONE_A_MINUTE, timeout=5) as client:
            for model in ("a", "b", "c"):
                await ask(client, model=model)

        assert len(simulator.journal) == 3

    async def test_tokens_come_back(self, simulator: Simulator) -> None:
        """A call that uses less than it could makes room for the next one."""
        limits = RateLimits(tokens_per_minute=60_000)
        async with simulator.client(rate_limits=limits, timeout=5) as client:
            for _ in range(3):
                # Two thousand tokens would take two seconds each to come back.
                await client.completions.create(
                    model="m", prompt="p", max_tokens=1_000_000, stop=" "
                )

        assert len(simulator.journal) == 3


def test_one_loop_after_another() -> None:
    """A client goes on in a second event loop, whatever the first one left behind."""

    async def serve(client: OpenRouter | None, port: int) -> tuple[OpenRouter, int]:
        limit = InFlightLimit(16, retry_after=0)
        async with Simulator(port=port, rate_limit=limit) as simulator:
            client = client or simulator.client(limiter=Limiter())
            gate = Gate(simulator)
            left = [asyncio.create_task(ask(client)) for _ in range(20)]
            await waiting(client.limiter, 4)
            assert client.limiter.statistics().in_flight == 16
            for task in left[8:]:
                task.cancel()

            gate.open()
            answers = await asyncio.gather(*left, return_exceptions=True)
            assert sum(isinstance(each, Completion) for each in answers) == 8
            await client.aclose()
            return client, int(simulator.base_url.split(":")[2].split("/")[0])

    client, port = asyncio.run(serve(None, 0))
    asyncio.run(serve(client, port))

    told = client.limiter.statistics()
    assert (told.in_flight, told.waiting) == (0, 0)


async def test_pickled_client(simulator: Simulator) -> None:
    """A client that went to another process limits its calls there anew."""
    async with simulator.client(limiter=Limiter(max_pause=7)) as client:
        await ask(client)
        there: OpenRouter = pickle.loads(pickle.dumps(client))
        async with there:
            await ask(there)
            told: LimiterStatistics = there.limiter.statistics()

    assert (told.sent, repr(there.limiter)) == (1, repr(client.limiter))
