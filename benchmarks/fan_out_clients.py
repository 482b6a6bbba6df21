"""This library's ways to answer many prompts, and those of others by name."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable

from benchmarks.fan_out_rivals import RIVALS, Run, pool
from benchmarks.fan_out_shapes import IN_FLIGHT
from benchmarks.fan_out_tally import Sample, Tally, prompt, prompts
from benchmarks.ledger import SLOT
from benchmarks.payloads import KEY, MODEL
from openrouter_async import OpenRouter, OpenRouterError

MAP = "map"
CREATE = "create, 256 workers"


async def run_map(base_url: str, items: Iterable[int], tally: Tally) -> None:
    """Map over the prompts with nothing configured."""
    asked = list(items)
    async with (
        OpenRouter(KEY, base_url=base_url) as client,
        client.completions.map(
            prompts(asked), model=MODEL, max_in_flight=IN_FLIGHT
        ) as outcomes,
    ):

        async def sample() -> None:
            while True:
                now = outcomes.statistics()
                tally.samples.append(
                    Sample(at=time.monotonic(), rate=now.rate, in_flight=now.in_flight)
                )
                await asyncio.sleep(SLOT)

        sampler = asyncio.create_task(sample())
        async for outcome in outcomes:
            if outcome.error is None:
                tally.answer(asked[outcome.index], outcome.value.text)
            else:
                tally.fail(outcome.error)

        sampler.cancel()


async def run_create(base_url: str, items: Iterable[int], tally: Tally) -> None:
    """Call `create` in workers, with the default retries."""
    async with OpenRouter(KEY, base_url=base_url) as client:

        async def ask(item: int) -> str:
            done = await client.completions.create(prompt=prompt(item), model=MODEL)
            return done.text

        await pool(items, ask, tally, OpenRouterError)


def make_run(name: str) -> Run:
    """Import what the client of that name needs, and return its run."""
    own: dict[str, Callable[[], Run]] = {
        MAP: lambda: run_map,
        CREATE: lambda: run_create,
    }
    return own[name]() if name in own else RIVALS[name][1]()
