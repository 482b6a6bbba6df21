"""Leaving a stream: by every way out the server sees the connection close."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import warnings
from collections.abc import Awaitable, Callable
from itertools import repeat

import pytest

from openrouter_async import (
    CompletionStream,
    PoolLimits,
    RetryPolicy,
    StreamInterruptedError,
)
from tests.scripted import (
    Hang,
    Reset,
    Script,
    Send,
    Wait,
    chunk,
    events,
)
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
    served_by,
    shown,
    streamed,
    texts_of,
)


async def by_break(stream: CompletionStream) -> None:
    """Leave the loop, and the block with it."""
    async with stream:
        async for _ in stream:
            break


async def by_exception(stream: CompletionStream) -> None:
    """Raise in the block."""
    with contextlib.suppress(ZeroDivisionError):
        async with stream:
            async for _ in stream:
                raise ZeroDivisionError


async def by_cancellation(stream: CompletionStream) -> None:
    """Cancel the task that reads."""
    begun = asyncio.Event()

    async def read() -> None:
        async with stream:
            async for _ in stream:
                begun.set()

    task = asyncio.create_task(read())
    await begun.wait()
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def by_aclose(stream: CompletionStream) -> None:
    """Close it in the loop."""
    async with stream:
        async for _ in stream:
            await stream.aclose()


async def by_bare_break(stream: CompletionStream) -> None:
    """Leave a loop without a block."""
    async for _ in stream:
        break


async def by_bare_exception(stream: CompletionStream) -> None:
    """Raise in a loop without a block."""
    with contextlib.suppress(ZeroDivisionError):
        async for _ in stream:
            raise ZeroDivisionError


async def by_bare_cancellation(stream: CompletionStream) -> None:
    """Cancel the task that reads, without a block."""
    task = asyncio.create_task(collect(stream))
    await shown(stream, "ab")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def by_bare_aclose(stream: CompletionStream) -> None:
    """Close it in a loop without a block."""
    seen = 0
    async for _ in stream:
        seen += 1
        await stream.aclose()

    assert seen == 1


async def by_texts(stream: CompletionStream) -> None:
    """Leave a loop over the texts, without a block."""
    async for _ in stream.texts():
        break


async def by_anext(stream: CompletionStream) -> None:
    """Read one chunk by hand, then close."""
    assert (await anext(stream)).text == "a"
    await stream.aclose()


WAYS: list[Callable[[CompletionStream], Awaitable[None]]] = [
    by_break,
    by_exception,
    by_cancellation,
    by_aclose,
    by_bare_break,
    by_bare_exception,
    by_bare_cancellation,
    by_bare_aclose,
    by_texts,
    by_anext,
]


@pytest.mark.parametrize("leave", WAYS, ids=lambda way: way.__name__)
async def test_leaving_closes_the_connection(
    leave: Callable[[CompletionStream], Awaitable[None]],
) -> None:
    """The connection is closed at once, and the client works on."""
    one = PoolLimits(connections=1)
    async with served(OPEN, streamed(WHOLE), pool=one) as (server, client):
        stream = ask(client)
        await leave(stream)
        assert await gone(server)
        with pytest.raises(StreamInterruptedError) as caught:
            await stream.final()

        assert caught.value.partial is stream.snapshot
        assert stream.snapshot.text[:1] == "a"
        assert (await ask(client).final()).text == "one two"
        assert len(server.connections) == 2


async def test_going_on_after_a_break() -> None:
    """Inside `async with`, another loop goes on where the first was left."""
    async with served(streamed(WHOLE)) as (_, client), ask(client) as stream:
        async for chunk_ in stream:
            assert chunk_.text == "one"
            break

        async for text in stream.texts():
            assert text == " two"
            break

        rest = await collect(stream)

    assert [each.text for each in rest] == ["", ""]
    assert (await stream.final()).text == "one two"


async def test_leaving_before_it_is_opened() -> None:
    """A stream that is closed first sends nothing, and has no answer."""
    async with served() as (server, client):
        stream = ask(client)
        await stream.aclose()
        assert await collect(stream) == []
        with pytest.raises(StreamInterruptedError) as caught:
            await stream.final()

        assert server.connections == []

    assert (caught.value.partial, caught.value.attempts) == (None, 0)


async def test_closing_a_finished_stream_changes_nothing() -> None:
    """After the end `aclose()` does nothing, however often; the answer stays."""
    async with served(streamed(WHOLE)) as (_, client):
        stream = ask(client)
        answer = await stream.final()
        await stream.aclose()
        await stream.aclose()

        assert await stream.final() is answer
        assert await collect(stream) == []


async def test_reading_after_closing_ends() -> None:
    """After `aclose()` nothing more comes, also of what had arrived."""
    async with served(OPEN) as (_, client):
        stream = ask(client)
        assert (await anext(stream)).text == "a"
        await stream.aclose()
        with pytest.raises(StopAsyncIteration):
            await anext(stream)


async def test_held_back_chunks_are_dropped_by_closing() -> None:
    """Chunks that were held back do not outlive `aclose()`."""
    script = [*begun(events(delta(), delta(), delta("a"))), Hang()]
    async with served(script) as (_, client):
        stream = ask(client)
        async for _chunk in stream:
            await stream.aclose()

        assert await collect(stream) == []


async def test_cancelling_at_every_turn_of_the_loop() -> None:
    """Cancelled at any point, a stream leaves nothing: the next is read whole."""
    answers = repeat(streamed(WHOLE[:60], WHOLE[60:]))
    one = PoolLimits(connections=1)
    ends: list[bool] = []
    async with served_by(answers, pool=one) as (server, client):
        for turns in range(60):
            task = asyncio.create_task(ask(client).final())
            for _ in range(turns):
                await asyncio.sleep(0)

            task.cancel()
            [end] = await asyncio.gather(task, return_exceptions=True)
            ends.append(isinstance(end, asyncio.CancelledError))
            assert (await ask(client).final()).text == "one two"

        assert all(len(each.requests) <= 1 for each in server.connections)

    assert ends[0]
    assert not ends[-1]


async def test_cancelling_one_read_and_going_on() -> None:
    """A read that is cancelled loses nothing: the next one goes on."""
    go_on = asyncio.Event()
    script: Script = [
        *begun(events(delta("a"))),
        Wait(go_on),
        Send(chunk(events(delta("b"), finish())) + chunk(b"")),
    ]
    async with served(script) as (_, client):
        stream = ask(client)
        assert (await anext(stream)).text == "a"
        for _ in range(3):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(anext(stream), 0.002)

        go_on.set()
        assert await texts_of(stream) == ["b"]
        assert (await stream.final()).text == "ab"


async def test_cancelling_a_read_before_the_first_content() -> None:
    """Once the head is here, the first read can be cancelled and done again."""
    go_on = asyncio.Event()
    script: Script = [
        *begun(b": OPENROUTER PROCESSING\n\n" + events(delta())),
        Wait(go_on),
        Send(chunk(WHOLE) + chunk(b"")),
    ]
    async with served(script) as (_, client):
        stream = await client.completions.create(prompt="x", stream=True)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(stream), 0.005)

        go_on.set()
        assert len(await collect(stream)) == 5
        assert stream.snapshot.text == "one two"


async def test_cancelling_as_it_opens() -> None:
    """A stream cancelled before its head says so, instead of ending empty."""
    async with served(asked(Hang())) as (server, client):
        stream = ask(client)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(stream), 0.005)

        assert await gone(server)
        with pytest.raises(StreamInterruptedError, match="as it opened"):
            await collect(stream)


async def test_cancelling_the_wait_between_attempts() -> None:
    """Cancelled in a backoff, a stream has no further attempt."""
    patient = RetryPolicy(floor=60, max_backoff=60)
    async with served(asked(Reset()), retry=patient) as (server, client):
        stream = ask(client)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(collect(stream), 0.01)

        with pytest.raises(StreamInterruptedError, match="as it opened"):
            await stream.final()

        assert len(server.connections) == 1


def drop(streams: list[CompletionStream]) -> None:
    """Let go of the last reference, and of what hangs together in cycles."""
    streams.clear()
    gc.collect()


async def test_dropping_an_open_stream_warns() -> None:
    """A stream that is dropped while open warns, and its connection closes."""
    async with served(OPEN) as (server, client):
        stream = ask(client)
        assert (await anext(stream)).text == "a"
        streams = [stream]
        del stream
        with pytest.warns(ResourceWarning, match="dropped before its end"):
            drop(streams)

        assert await gone(server)


@pytest.mark.filterwarnings("error::ResourceWarning")
async def test_dropping_other_streams_does_not_warn() -> None:
    """A stream that was never opened, or came to its end, is dropped in silence."""
    async with served(streamed(WHOLE)) as (_, client):
        unopened, finished = ask(client), ask(client)
        await finished.final()
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            del unopened, finished
            gc.collect()

    assert [each for each in seen if each.category is ResourceWarning] == []


# aiohttp's own warning: what closes a connection is gone with the loop.
@pytest.mark.filterwarnings("ignore:Unclosed connection:ResourceWarning")
def test_dropping_a_stream_after_its_loop() -> None:
    """A stream that outlives its event loop can be dropped, with a warning."""

    async def abandon() -> CompletionStream:
        async with served(OPEN) as (_, client):
            stream = ask(client)
            await anext(stream)
            return stream

    streams = [asyncio.run(abandon())]
    with pytest.warns(ResourceWarning, match="dropped before its end"):
        drop(streams)
