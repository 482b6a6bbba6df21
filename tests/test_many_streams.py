"""Thousands of streams at a time: all of them complete, and none starves."""

from __future__ import annotations

import asyncio
import resource
import sys
from collections.abc import Iterator
from statistics import median
from time import monotonic

import pytest

from benchmarks.processes import Server
from openrouter_async import OpenRouter, PoolLimits

COUNT = 5_000
CHUNKS = 10
EVERY = 500
"""Milliseconds between the chunks of a stream."""

SPARE = 500
"""Descriptors for all else."""


@pytest.fixture
def descriptors() -> Iterator[None]:
    """Let the process open as many as it may."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    if before[1] < COUNT + SPARE:
        pytest.skip(f"the system allows {before[1]} descriptors, {COUNT} are needed")

    resource.setrlimit(resource.RLIMIT_NOFILE, (before[1], before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.skipif(sys.platform == "win32", reason="select() takes 512 sockets there")
@pytest.mark.usefixtures("descriptors")
@pytest.mark.timeout(120)
async def test_no_stream_starves() -> None:
    """The slowest takes no more than three times as long as most."""
    with Server(core=None) as server:
        url = f"http://127.0.0.1:{server.port}/paced-{CHUNKS}-{EVERY}"
        pool = PoolLimits(connections=None)
        async with OpenRouter("sk-or-v1-test", base_url=url, pool=pool) as client:
            took = await asyncio.gather(*(read(client) for _ in range(COUNT)))

    assert len(took) == COUNT
    assert max(took) <= 3 * median(took)


async def read(client: OpenRouter) -> float:
    """Read a stream to its end, and return the seconds that it took once it began."""
    async with client.completions.stream(prompt="Count", model="m") as stream:
        began = monotonic()
        count = len([chunk async for chunk in stream])

    assert count >= CHUNKS - 1
    assert (await stream.final()).choices[0].finish_reason == "stop"
    return monotonic() - began
