"""Streams under a limiter: they hold their place in flight until they are over."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

import pytest

from openrouter_async import (
    CompletionStream,
    Limiter,
    OpenRouter,
    OpenRouterError,
    RateLimits,
)
from openrouter_async.testing import Cut, ErrorEvent, Hang, Simulator, Stall
from openrouter_async.testing.behaviours import Behaviour
from tests.streams import AT_ONCE


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    """Run a simulator."""
    async with Simulator() as running:
        yield running


@pytest.fixture
async def client(simulator: Simulator) -> AsyncIterator[OpenRouter]:
    """Give a client whose direct calls are limited."""
    async with simulator.client(limiter=Limiter(), retry=AT_ONCE) as opened:
        yield opened


def stream_of(client: OpenRouter) -> CompletionStream:
    """Start a stream."""
    return client.completions.stream(model="m", prompt="Count", max_tokens=10)


def held(client: OpenRouter) -> int:
    """Return how many places are held."""
    return client.limiter.statistics().in_flight


async def read_one(stream: CompletionStream) -> None:
    """Read the first chunk."""
    async for _ in stream:
        return


async def to_the_end(client: OpenRouter) -> None:
    """Read a stream to its end."""
    await stream_of(client).final()


async def out_of_the_block(client: OpenRouter) -> None:
    """Leave the block by break, after one chunk."""
    async with stream_of(client) as stream:
        async for _ in stream:
            assert held(client) == 2
            break


async def by_an_exception(client: OpenRouter) -> None:
    """Leave the block by an exception of the caller's."""
    with suppress(ZeroDivisionError):
        async with stream_of(client) as stream:
            async for _ in stream:
                assert held(client) == 2
                raise ZeroDivisionError


async def by_closing(client: OpenRouter) -> None:
    """Close a stream that was opened and not read."""
    stream = stream_of(client)
    await stream.open()
    assert held(client) == 2
    await stream.aclose()


async def by_closing_twice(client: OpenRouter) -> None:
    """Close a stream, and once more."""
    async with stream_of(client) as stream:
        await read_one(stream)
        await stream.aclose()
        await stream.aclose()


async def by_cancelling(client: OpenRouter) -> None:
    """Cancel the task that reads a stream."""
    began = asyncio.Event()

    async def read() -> None:
        async with stream_of(client) as stream:
            async for _ in stream:
                began.set()
                await asyncio.Event().wait()

    task = asyncio.create_task(read())
    await began.wait()
    assert held(client) == 2
    task.cancel()
    await asyncio.wait([task])


async def of_a_bare_loop(client: OpenRouter) -> None:
    """Leave a bare loop, which closes the stream as the loop's turn comes."""
    async for _ in stream_of(client):
        assert held(client) == 2
        break

    gc.collect()
    for _ in range(10):
        await asyncio.sleep(0)


async def as_code_for_other_clients(client: OpenRouter) -> None:
    """Read what `create(stream=True)` returns."""
    stream = await client.completions.create(
        model="m", prompt="Count", max_tokens=10, stream=True
    )
    assert held(client) == 2
    async for _ in stream:
        assert held(client) <= 2


WAYS = (
    to_the_end,
    out_of_the_block,
    by_an_exception,
    by_closing,
    by_closing_twice,
    by_cancelling,
    of_a_bare_loop,
    as_code_for_other_clients,
)


@pytest.mark.parametrize("leave", WAYS, ids=lambda way: way.__name__)
async def test_ways_out(
    client: OpenRouter, leave: Callable[[OpenRouter], Awaitable[None]]
) -> None:
    """However a stream is left, its place is given back once."""
    async with stream_of(client) as other:
        await read_one(other)
        await leave(client)
        assert held(client) == 1

    told = client.limiter.statistics()
    assert (told.in_flight, told.waiting, told.sent) == (0, 0, 2)


async def test_dropped(client: OpenRouter) -> None:
    """A stream that nobody reads or closes gives its place back when it is dropped."""
    dropped = [await client.completions.create(model="m", prompt="p", stream=True)]
    assert held(client) == 1
    with pytest.warns(ResourceWarning, match="dropped before its end"):
        dropped.clear()

    for _ in range(3):
        await asyncio.sleep(0)

    assert held(client) == 0


@pytest.mark.parametrize(
    "behaviour",
    [
        Cut(after_tokens=2),
        Cut(after_tokens=2, how="reset"),
        ErrorEvent(after_tokens=2, code=429),
        ErrorEvent(after_tokens=2, code=502),
    ],
    ids=["cut", "reset", "429 in mid-stream", "502 in mid-stream"],
)
async def test_failed_in_the_middle(
    simulator: Simulator, client: OpenRouter, behaviour: Behaviour
) -> None:
    """A stream that breaks after its first content gives its place back."""
    simulator.script(behaviour)
    with pytest.raises(OpenRouterError):
        await stream_of(client).final()

    told = client.limiter.statistics()
    assert (told.in_flight, told.sent, told.refused) == (0, 1, 0)
    assert told.lanes[0].accepted == 1


async def test_failed_before_its_content(
    simulator: Simulator, client: OpenRouter
) -> None:
    """An attempt that fails early gives its place back before the next one."""
    simulator.script(Cut(after_tokens=0))
    async with stream_of(client) as stream:
        await read_one(stream)
        assert held(client) == 1

    told = client.limiter.statistics()
    assert (told.in_flight, told.sent) == (0, 2)


@pytest.mark.parametrize(
    "behaviour", [Hang(), Stall()], ids=["no head", "no first event"]
)
async def test_cancelled_as_it_opens(
    simulator: Simulator, client: OpenRouter, behaviour: Behaviour
) -> None:
    """A stream that is cancelled before its first content gives its place back."""
    simulator.script(behaviour)
    task = asyncio.create_task(stream_of(client).final())
    async with asyncio.timeout(5):
        while not simulator.journal:  # noqa: ASYNC110  # it sets no event
            await asyncio.sleep(0.001)

    assert held(client) == 1
    task.cancel()
    await asyncio.wait([task])

    assert held(client) == 0


async def test_tokens_of_a_stream(simulator: Simulator) -> None:
    """The usage at the end of a stream settles what was set aside for it."""
    limits = RateLimits(tokens_per_minute=60_000)
    async with simulator.client(rate_limits=limits, timeout=5) as client:
        for _ in range(3):
            await client.completions.stream(
                model="m", prompt="p", max_tokens=1_000_000, stop=" "
            ).final()

    assert len(simulator.journal) == 3
