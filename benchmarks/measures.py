"""What a process does with its client, and what it counts meanwhile."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from time import monotonic_ns, perf_counter, process_time
from typing import TypeAlias

from benchmarks.clients import BLIND, Client
from benchmarks.memory import resident
from benchmarks.percentiles import percentile
from benchmarks.workload import Workload

Counted: TypeAlias = dict[str, float]
Step: TypeAlias = Callable[[], Awaitable[object]]

_STAMP = re.compile(r"@(\d{20})@")
_FEWEST = 20  # volleys of first chunks
_GAPS = 200  # first chunks per second of CPU time that a client is given
_FEW = 20  # streams that are opened and closed before memory is looked at
_TICK = 0.001  # seconds
_TOO_LONG = 10  # times the CPU time of a measurement


async def calls(
    client: Client, workload: Workload, name: str, size: int, seconds: float
) -> Counted:
    """Make plain calls until they have used that much CPU time."""

    async def step() -> None:
        assert await client.call(), "there was an answer"

    in_flight = workload.streams(name)
    await _warm_up(step, in_flight, seconds, seconds * workload.warm)
    return await _timed(step, in_flight, seconds, workload.per_size * size)


async def streams(
    client: Client, workload: Workload, name: str, size: int, seconds: float
) -> Counted:
    """Read streams until they have used that much CPU time."""
    chunks = workload.chunks(size)
    # The last two have no text, and some clients hide those.
    expected = {0} if name in BLIND else {chunks - 2, chunks - 1, chunks}

    async def step() -> None:
        seen = await client.stream()
        if seen not in expected:
            raise RuntimeError(f"{seen} of {chunks} chunks arrived")

    in_flight = workload.streams(name)
    # Opens the connections.
    await asyncio.gather(*(client.call() for _ in range(in_flight)))
    if workload.warm:
        await _spend(step, 1, seconds * workload.warm)

    return await _timed(step, in_flight, seconds, workload.per_size * size)


async def held(
    client: Client, workload: Workload, name: str, size: int, seconds: float
) -> Counted:
    """Read streams, and see how late other tasks get their turn."""
    late = list[float]()
    ticking = asyncio.create_task(_tick(late))
    counted = await streams(client, workload, name, size, seconds)
    ticking.cancel()
    return {**counted, "held": max(late)}


async def _tick(late: list[float]) -> None:
    while True:
        due, cpu = perf_counter() + _TICK, process_time()
        await asyncio.sleep(_TICK)
        # What this process did not work meanwhile, others on the machine did.
        late.append(min(perf_counter() - due, process_time() - cpu))


async def first(
    client: Client, workload: Workload, name: str, size: int, seconds: float
) -> Counted:
    """Take the time from the server's write of a first event to the consumer."""
    gaps = list[float]()
    # Nobody leaves, which costs too, while others wait for their turn.
    together = asyncio.Barrier(workload.in_flight)

    async def step() -> None:
        async with client.opened() as value:
            now = monotonic_ns()
            text = value if isinstance(value, str) else value.decode()
            stamp = _STAMP.search(text)
            assert stamp, "the server's time is in the first event"
            gaps.append((now - int(stamp[1])) / 1e9)
            await together.wait()

    async def volley() -> None:
        await asyncio.gather(*(step() for _ in range(workload.in_flight)))

    for _ in range(3):
        await volley()

    gaps.clear()
    # By number: most of the time goes by before the server writes.
    count = max(_FEWEST, int(_GAPS * seconds / workload.in_flight))
    cpu, wall = process_time(), perf_counter()
    for _ in range(count):
        await volley()

    counted = _since(cpu, wall, count * workload.in_flight)
    return {**counted, "p50": percentile(gaps, 50), "p99": percentile(gaps, 99)}


async def opened(
    client: Client, workload: Workload, name: str, size: int, seconds: float
) -> Counted:
    """See how memory grows with streams that are open and have had a chunk."""
    async with AsyncExitStack() as stack:
        for _ in range(_FEW):
            await stack.enter_async_context(client.opened())

    async with AsyncExitStack() as stack:
        before = resident()
        cpu, wall = process_time(), perf_counter()
        for _ in range(size):
            await stack.enter_async_context(client.opened())

        counted = _since(cpu, wall, size)
        grown = (resident() - before) / size

    return {**counted, "grown_each": grown}


async def _warm_up(step: Step, in_flight: int, seconds: float, share: float) -> None:
    """Open as many connections as are needed, but not with the slowest clients."""
    await step()
    cpu = process_time()
    await step()
    one = process_time() - cpu
    if one * in_flight < _TOO_LONG * seconds:
        await _spend(step, in_flight, share)


def _since(cpu: float, wall: float, units: float) -> Counted:
    return {
        "units": units,
        "cpu": process_time() - cpu,
        "wall": perf_counter() - wall,
    }


async def _timed(step: Step, in_flight: int, seconds: float, units: float) -> Counted:
    cpu, wall = process_time(), perf_counter()
    latencies = await _spend(step, in_flight, seconds)
    return {
        **_since(cpu, wall, len(latencies) * units),
        "p50": percentile(latencies, 50),
        "p99": percentile(latencies, 99),
    }


async def _spend(step: Step, in_flight: int, seconds: float) -> list[float]:
    """Take steps, so many at a time, until the CPU time is spent; return latencies."""
    latencies = list[float]()
    end = process_time() + seconds

    async def work() -> None:
        spent = False
        while not spent:
            began = perf_counter()
            await step()
            latencies.append(perf_counter() - began)
            spent = process_time() >= end

    await asyncio.gather(*(work() for _ in range(in_flight)))
    return latencies
