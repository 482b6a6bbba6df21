"""Many items through one client: by `map`, and by workers over `create`."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from time import perf_counter, process_time

from benchmarks.clients import MAP
from benchmarks.measures import Counted
from benchmarks.memory import MIB, peak
from benchmarks.payloads import KEY, MODEL, PROMPT
from openrouter_async import OpenRouter

_WARM_UP = 5_000  # items; the limiter and the connections are at full speed then


def texts(count: int) -> Iterator[str]:
    """Yield so many prompts, one by one."""
    return (f"{PROMPT} ({number})" for number in range(count))


async def by_map(client: OpenRouter, count: int, in_flight: int) -> None:
    """Let `map` answer them."""
    async with client.completions.map(
        texts(count), model=MODEL, max_in_flight=in_flight
    ) as outcomes:
        async for outcome in outcomes:
            assert outcome.ok, outcome.error


async def by_create(client: OpenRouter, count: int, in_flight: int) -> None:
    """Let bare workers do it: no outcomes, no limiter."""
    waiting = texts(count)

    async def work() -> None:
        for text in waiting:
            done = await client.completions.create(prompt=text, model=MODEL)
            assert done.text

    async with asyncio.TaskGroup() as group:
        for _ in range(in_flight):
            group.create_task(work())


async def measure_items(
    name: str, base_url: str, count: int, in_flight: int
) -> Counted:
    """Return what the items cost and how the peak of memory grew, after a warm-up."""
    run = by_map if name == MAP else by_create
    async with OpenRouter(KEY, base_url=base_url) as client:
        await run(client, _WARM_UP, in_flight)
        before = peak()
        cpu, wall = process_time(), perf_counter()
        await run(client, count, in_flight)
        return {
            "units": count,
            "cpu": process_time() - cpu,
            "wall": perf_counter() - wall,
            "grown": (peak() - before) / MIB,
        }
