"""
A process that answers many items, by `map` or by workers, and counts what it costs.

It prints one line of JSON: CPU and wall seconds of the items after the warm-up, and
the peak of memory after the warm-up and at the end, in bytes.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Iterator
from time import perf_counter, process_time

from benchmarks.fan_out_tally import prompt
from benchmarks.machine import pin
from benchmarks.memory import peak
from benchmarks.payloads import KEY, MODEL
from openrouter_async import OpenRouter

_WARM_UP = 5_000  # items; the limiter and the connections are at full speed then
_DISTINCT = 1_000  # prompts; the server counts each of them


def texts(count: int) -> Iterator[str]:
    """Yield so many prompts, one by one."""
    return (prompt(number % _DISTINCT) for number in range(count))


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


async def measure(
    way: str, base_url: str, count: int, in_flight: int
) -> dict[str, float]:
    """Return what the items cost, the warm-up left out."""
    run = by_map if way == "map" else by_create
    async with OpenRouter(KEY, base_url=base_url) as client:
        await run(client, _WARM_UP, in_flight)
        before = peak()
        cpu, wall = process_time(), perf_counter()
        await run(client, count, in_flight)
        return {
            "units": count,
            "cpu": process_time() - cpu,
            "wall": perf_counter() - wall,
            "peak_before": before,
            "peak_after": peak(),
        }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("way", choices=["map", "create"])
    parser.add_argument("port", type=int, help="of the server")
    parser.add_argument("count", type=int, help="of items after the warm-up")
    parser.add_argument("in_flight", type=int, help="items at a time")
    parser.add_argument("--core", type=int, help="the core to run on")
    args = parser.parse_args()
    pin(args.core)
    url = f"http://127.0.0.1:{args.port}/api/v1"
    found = asyncio.run(measure(args.way, url, args.count, args.in_flight))
    print(json.dumps(found), flush=True)
