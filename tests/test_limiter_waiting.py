"""Calls whose turn has not come, against the simulator."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from openrouter_async import APITimeoutError, Limiter, OpenRouterError
from openrouter_async.testing import InFlightLimit, Simulator
from tests.flow.direct import ONE_A_MINUTE, Gate, ask, stream_of, waiting


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    """Run a simulator."""
    async with Simulator() as running:
        yield running


class TestWaiting:
    """Calls whose turn has not come."""

    @pytest.mark.parametrize("streamed", [False, True], ids=["plain", "streamed"])
    async def test_total(self, simulator: Simulator, streamed: bool) -> None:
        """`Timeout.total` bounds the wait, and nothing was sent."""
        async with simulator.client(rate_limits=ONE_A_MINUTE) as client:
            await ask(client)
            hasty = client.with_options(timeout=0.01)
            call = stream_of(hasty).final() if streamed else ask(hasty)
            with pytest.raises(APITimeoutError) as caught:
                await call

            told = client.limiter.statistics()

        error = caught.value
        assert (error.phase, error.attempts, error.maybe_billed) == ("pool", 0, False)
        assert "the limiter let nobody in" in str(error)
        assert (told.waiting, told.in_flight, told.sent) == (0, 0, 1)
        assert len(simulator.journal) == 1

    async def test_timeout_of_the_caller(self, simulator: Simulator) -> None:
        """A caller's own timeout ends the wait as well, and is not taken for ours."""
        async with simulator.client(rate_limits=ONE_A_MINUTE) as client:
            await ask(client)
            with pytest.raises(TimeoutError) as caught:
                await asyncio.wait_for(ask(client), 0.01)

            assert client.limiter.statistics().waiting == 0

        assert not isinstance(caught.value, OpenRouterError)

    async def test_cancelled(self, simulator: Simulator) -> None:
        """A call that is cancelled as it waits leaves its turn to the next."""
        simulator.rate_limit = InFlightLimit(1, retry_after=0)
        gate = Gate(simulator)
        async with simulator.client(limiter=Limiter()) as client:
            tasks = [asyncio.create_task(ask(client, str(each))) for each in range(4)]
            await waiting(client.limiter, 3)
            tasks[1].cancel()
            tasks[2].cancel()
            await asyncio.wait(tasks[1:3])
            gate.open()
            await asyncio.gather(tasks[0], tasks[3])
            told = client.limiter.statistics()

        assert gate.order == ["0", "3"]
        assert (told.waiting, told.in_flight) == (0, 0)

    async def test_first_come_first_served(self, simulator: Simulator) -> None:
        """Calls that were refused go again in the order in which they were made."""
        simulator.rate_limit = InFlightLimit(1, retry_after=0)
        gate = Gate(simulator)
        async with simulator.client(limiter=Limiter()) as client:
            tasks = [asyncio.create_task(ask(client, str(each))) for each in range(8)]
            await waiting(client.limiter, 7)
            gate.open()
            await asyncio.gather(*tasks)

        assert gate.order == [str(each) for each in range(8)]

    async def test_closed_as_it_waits(self, simulator: Simulator) -> None:
        """A stream that another task closes as it waits does not wait any more."""
        async with simulator.client(rate_limits=ONE_A_MINUTE) as client:
            await ask(client)
            stream = client.completions.stream(model="m", prompt="p")
            task = asyncio.create_task(stream.open())
            await waiting(client.limiter, 1)
            await stream.aclose()
            with pytest.raises(OpenRouterError, match="left before its end"):
                await task

            told = client.limiter.statistics()

        assert (told.waiting, told.in_flight, told.sent) == (0, 0, 1)

    async def test_map_and_calls_wait_together(self, simulator: Simulator) -> None:
        """A map does not push direct calls aside: who came first goes first."""
        simulator.rate_limit = InFlightLimit(1, retry_after=0)
        gate = Gate(simulator)
        async with simulator.client(limiter=Limiter()) as client:
            run = asyncio.create_task(
                client.completions.gather(
                    [f"item {each}" for each in range(5)], model="m", max_in_flight=3
                )
            )
            await waiting(client.limiter, 2)
            call = asyncio.create_task(ask(client, "call"))
            await waiting(client.limiter, 3)
            gate.open()
            await asyncio.gather(run, call)

        assert gate.order.index("call") == 3
