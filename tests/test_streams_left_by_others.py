"""Streams that another task closes: whoever opens or reads them is told at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine, Iterator

import pytest

from openrouter_async import (
    CompletionStream,
    OpenRouterError,
    RetryPolicy,
    StreamInterruptedError,
    Timeout,
)
from tests.scripted import Hang, Reset, Script, Step, events
from tests.streams import (
    OPEN,
    WHOLE,
    ask,
    asked,
    begun,
    collect,
    delta,
    gone,
    served,
    shown,
    streamed,
)

AT_ONCE = 2.0
"""Seconds: far below every timer and wait that could end these calls otherwise."""


async def told(task: Coroutine[None, None, object]) -> tuple[OpenRouterError, int]:
    """Return the error that a task ends with, and the cancellations left on it."""
    current = asyncio.current_task()
    assert current is not None
    with pytest.raises(OpenRouterError) as caught:
        await task

    return caught.value, current.cancelling()


async def closed_by_another(
    stream: CompletionStream, reader: asyncio.Task[tuple[OpenRouterError, int]]
) -> tuple[OpenRouterError, int]:
    """Close a stream that another task is busy with, and return what that was told."""
    await stream.aclose()
    return await asyncio.wait_for(reader, AT_ONCE)


def silent(arrived: asyncio.Event) -> Iterator[Step]:
    """Read a request, tell of it, and never answer."""
    yield from asked()
    arrived.set()
    yield Hang()


async def test_closing_while_nothing_answers() -> None:
    """A task that opens a stream does not wait for a server that never answers."""
    arrived = asyncio.Event()
    async with served(silent(arrived)) as (server, client):
        stream = ask(client)
        opener = asyncio.create_task(told(stream.open()))
        await arrived.wait()
        error, cancellations = await closed_by_another(stream, opener)
        assert await gone(server)

    assert (type(error), cancellations) == (StreamInterruptedError, 0)
    assert (error.attempts, error.retryable) == (1, True)


async def test_closing_while_a_read_waits() -> None:
    """A task that waits for the next chunk is told at once, with what had come."""
    async with served(OPEN) as (server, client):
        stream = ask(client)
        reader = asyncio.create_task(told(collect_all(stream)))
        await shown(stream, "ab")
        error, cancellations = await closed_by_another(stream, reader)
        assert await gone(server)

    assert (type(error), cancellations) == (StreamInterruptedError, 0)
    assert error.partial is stream.snapshot


async def collect_all(stream: CompletionStream) -> None:
    """Read all chunks."""
    await collect(stream)


@pytest.mark.parametrize(
    "script",
    [
        asked(Hang()),
        [*begun(events(delta()), events(delta("a"))), Hang()],
    ],
    ids=["opening", "reading"],
)
async def test_a_closed_task_can_be_cancelled_again(script: Script) -> None:
    """Being told leaves the timeouts of the task in working order."""
    async with served(script) as (server, client):
        stream = ask(client)

        async def read() -> None:
            with pytest.raises(StreamInterruptedError):
                await collect(stream)

            async with asyncio.timeout(0.005):
                await asyncio.Event().wait()

        reader = asyncio.create_task(read())
        await server.connection()
        await asyncio.sleep(0.005)
        await stream.aclose()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader, AT_ONCE)


async def test_closing_in_a_long_wait_between_attempts() -> None:
    """A task that waits for the next attempt does not wait for its time."""
    policy = RetryPolicy(floor=30, backoff=30)
    async with served(asked(Reset()), retry=policy) as (server, client):
        stream = ask(client)
        opener = asyncio.create_task(told(stream.open()))
        await (await server.connection()).ended.wait()
        await asyncio.sleep(0.005)
        error, cancellations = await closed_by_another(stream, opener)

    assert (type(error), cancellations) == (StreamInterruptedError, 0)


@pytest.mark.parametrize("bare", [True, False], ids=["bare", "in a block"])
async def test_closing_between_two_chunks_by_another_task(bare: bool) -> None:
    """The reader's next step tells that the stream was closed, not that it ended."""
    async with served(OPEN) as (_, client):
        stream = ask(client)
        if not bare:
            await stream.__aenter__()

        assert (await anext(stream)).text == "a"
        await asyncio.create_task(stream.aclose())
        with pytest.raises(StreamInterruptedError, match="left before its end"):
            await anext(stream)


async def test_closing_in_a_loop_by_another_task() -> None:
    """A loop over a stream that another task closes does not end as if complete."""
    texts: list[str] = []
    async with served([*begun(*[events(delta("a"))] * 3), Hang()]) as (_, client):
        stream = ask(client)

        async def read() -> None:
            async for each in stream:
                texts.append(each.text)
                if len(texts) == 1:
                    await asyncio.create_task(stream.aclose())

        with pytest.raises(StreamInterruptedError, match="left before its end"):
            await read()

    assert texts == ["a"]


async def test_closing_in_ones_own_loop() -> None:
    """Whoever closes the stream that it reads knows: the loop ends without an error."""
    async with served(OPEN) as (server, client):
        texts: list[str] = []
        async with ask(client) as stream:
            async for each in stream:
                texts.append(each.text)
                await stream.aclose()

        assert await gone(server)

    assert texts == ["a"]


@pytest.mark.parametrize("turns", range(5))
async def test_closing_as_a_timer_rings(turns: int) -> None:
    """In whatever turn of the loop both happen, no cancellation is left behind."""
    script = [*begun(events(delta("a"))), Hang()]
    async with served(script, timeout=Timeout(idle=0.03)) as (_, client):
        stream = ask(client)
        reader = asyncio.create_task(told(collect_all(stream)))
        await shown(stream, "a")
        time.sleep(0.04)  # noqa: ASYNC251  # the timer is due when the loop goes on
        for _ in range(turns):
            await asyncio.sleep(0)

        error, cancellations = await closed_by_another(stream, reader)

    assert isinstance(error, OpenRouterError)
    assert cancellations == 0


async def test_final_of_a_stream_that_was_left() -> None:
    """What tells that the stream was left early knows the attempts and the time."""
    async with served(OPEN) as (_, client):
        async with ask(client) as stream:
            await anext(stream)

        with pytest.raises(StreamInterruptedError) as caught:
            await stream.final()

    assert caught.value.attempts == 1
    assert caught.value.elapsed > 0


async def test_a_whole_stream_closed_by_another_task() -> None:
    """Closing what has been read to its end takes nothing away."""
    async with served(streamed(WHOLE)) as (_, client):
        stream = ask(client)
        await collect(stream)
        await asyncio.create_task(stream.aclose())
        assert (await stream.final()).text == "one two"
