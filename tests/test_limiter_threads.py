"""One client on event loops of several threads."""

from __future__ import annotations

import asyncio
import threading

from openrouter_async import OpenRouter
from openrouter_async.testing import RateLimit, Simulator


async def test_two_threads_share_a_client() -> None:
    """Maps in two threads both end, each on a lane of its own event loop."""
    async with Simulator(rate_limit=RateLimit(500, 50)) as simulator:
        client = simulator.client()
        answered: list[int] = []
        threads = [
            threading.Thread(target=_gather, args=(client, answered)) for _ in range(2)
        ]
        for thread in threads:
            thread.start()

        for thread in threads:
            await asyncio.to_thread(thread.join, 15)

    assert answered == [100, 100]
    lanes = client.limiter.statistics().lanes
    assert [(lane.accepted, lane.waiting) for lane in lanes] == [(100, 0), (100, 0)]


def test_what_was_found_outlives_its_loop() -> None:
    """A second `asyncio.run` goes on at the rate that the first has found."""
    client = OpenRouter("sk-or-v1-simulator", base_url="http://127.0.0.1:9")

    async def run(simulator: Simulator) -> int:
        async with simulator:
            local = client.with_options(base_url=simulator.base_url)
            await local.completions.gather([f"Prompt {number}" for number in range(40)])
            await client.aclose()
            return int(simulator.base_url.split(":")[2].split("/")[0])

    port = asyncio.run(run(Simulator(rate_limit=RateLimit(50, 3))))
    (found,) = client.limiter.statistics().lanes
    asyncio.run(run(Simulator(port=port)))

    (lane,) = client.limiter.statistics().lanes
    assert found.rate is not None
    assert (lane.accepted, lane.rate is not None) == (80, True)


def _gather(client: OpenRouter, answered: list[int]) -> None:
    async def gather() -> None:
        outcomes = await client.completions.gather(
            [f"Prompt {number}" for number in range(100)], max_in_flight=32
        )
        answered.append(sum(outcome.ok for outcome in outcomes))
        await client.aclose()

    asyncio.run(gather())
