"""A stream that several tasks hold: one reads, another reads or closes it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

import pytest

from openrouter_async import (
    APIConnectionError,
    ConfigError,
    RetryPolicy,
    StreamInterruptedError,
)
from tests.scripted import Hang, Reset, Script, Send, Step, Wait, chunk, events
from tests.streams import (
    OPEN,
    WHOLE,
    ask,
    asked,
    begun,
    collect,
    delta,
    finish,
    gone,
    served,
    shown,
    streamed,
    texts_of,
)


async def test_closing_as_it_opens() -> None:
    """`aclose()` by another task ends a stream whose head has not arrived."""
    go_on, arrived = asyncio.Event(), asyncio.Event()

    def script() -> Iterator[Step]:
        yield from asked()
        arrived.set()
        yield from [Wait(go_on), *begun(WHOLE)[2:], Hang()]

    async with served(script()) as (server, client):
        stream = ask(client)
        reader = asyncio.create_task(collect(stream))
        await arrived.wait()
        await stream.aclose()
        go_on.set()
        with pytest.raises(StreamInterruptedError, match="left before its end"):
            await reader

        assert await gone(server)


async def test_closing_between_attempts() -> None:
    """`aclose()` by another task in a backoff keeps the next attempt from going out."""
    policy = RetryPolicy(floor=0.01, max_backoff=0.01)
    async with served(asked(Reset()), retry=policy) as (server, client):
        stream = ask(client)
        reader = asyncio.create_task(collect(stream))
        await (await server.connection()).ended.wait()
        await asyncio.sleep(0.002)
        await stream.aclose()
        with pytest.raises(StreamInterruptedError, match="left before its end"):
            await reader

        assert len(server.connections) == 1


async def test_closing_between_attempts_after_a_head() -> None:
    """The same where the first attempt had got as far as its first events."""
    policy = RetryPolicy(floor=0.01, max_backoff=0.01)
    first = [*begun(events(delta())), Reset()]
    async with served(first, retry=policy) as (server, client):
        stream = ask(client)
        reader = asyncio.create_task(collect(stream))
        await (await server.connection()).ended.wait()
        await asyncio.sleep(0.002)
        await stream.aclose()
        with pytest.raises(StreamInterruptedError, match="left before its end"):
            await reader

        assert len(server.connections) == 1


async def test_closing_before_the_first_content() -> None:
    """A task that waits for the first content is told that the stream was closed."""
    async with served([*begun(events(delta())), Hang()]) as (server, client):
        stream = ask(client)
        reader = asyncio.create_task(collect(stream))
        async with asyncio.timeout(5):
            while not stream.snapshot.choices:  # noqa: ASYNC110  # nothing sets an event
                await asyncio.sleep(0)

        await stream.aclose()
        with pytest.raises(StreamInterruptedError, match="left before its end"):
            await reader

        assert await gone(server)


@pytest.mark.parametrize("text", ["", "x"], ids=["before content", "after content"])
async def test_closing_in_a_turn_of_other_tasks(text: str) -> None:
    """Between two turns of one read a stream can be closed, and its reader told."""
    async with served(streamed(events(*[delta(text)] * 2000) + WHOLE)) as (_, client):
        stream = await client.completions.create(prompt="x", stream=True)
        await asyncio.sleep(0.005)
        reader = asyncio.create_task(collect(stream))
        async with asyncio.timeout(5):
            while not stream.snapshot.choices:  # noqa: ASYNC110  # nothing sets an event
                await asyncio.sleep(0)

        await stream.aclose()
        with pytest.raises(StreamInterruptedError, match="left before its end"):
            await reader


async def test_closing_while_another_task_reads() -> None:
    """The task that reads is told that the stream was closed."""
    async with served(OPEN) as (server, client):
        stream = ask(client)
        reader = asyncio.create_task(collect(stream))
        await shown(stream, "ab")
        await stream.aclose()
        with pytest.raises(
            StreamInterruptedError, match="left before its end"
        ) as caught:
            await reader

        assert await gone(server)

    assert caught.value.partial is stream.snapshot


async def test_closing_the_client_while_a_stream_runs() -> None:
    """A stream whose client is closed says so, with the text before it."""
    async with served(OPEN) as (_, client):
        stream = ask(client)
        assert (await anext(stream)).text == "a"
        assert (await anext(stream)).text == "b"
        await client.aclose()
        with pytest.raises(APIConnectionError, match="client was closed") as caught:
            await anext(stream)

    assert caught.value.partial is stream.snapshot
    assert not caught.value.retryable


@pytest.mark.parametrize("bare", [True, False], ids=["bare", "in a block"])
async def test_two_readers(bare: bool) -> None:
    """The second of two tasks that read at once is refused, the first goes on."""
    go_on = asyncio.Event()
    script: Script = [
        *begun(events(delta("a"))),
        Wait(go_on),
        Send(chunk(events(delta("b"), finish())) + chunk(b"")),
    ]
    async with served(script) as (_, client), contextlib.AsyncExitStack() as stack:
        stream = ask(client)
        if not bare:
            await stack.enter_async_context(stream)

        first = asyncio.create_task(texts_of(stream))
        await shown(stream, "a")
        with pytest.raises(ConfigError, match="one reader"):
            await anext(stream)

        with pytest.raises(ConfigError, match="one reader"):
            await collect(stream)

        go_on.set()
        assert await first == ["a", "b"]


async def test_two_readers_before_it_is_open() -> None:
    """Two tasks that start to read at once send one request."""
    async with served(streamed(WHOLE)) as (server, client):
        stream = ask(client)
        results = await asyncio.gather(
            stream.final(), stream.final(), return_exceptions=True
        )
        assert len(server.requests) == 1

    assert [type(each).__name__ for each in results] == ["Completion", "ConfigError"]
