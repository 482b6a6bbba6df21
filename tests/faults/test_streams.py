"""Faults of streams: cuts, stalls, odd bytes, and streams that nobody reads."""

from __future__ import annotations

import asyncio
import gc
import warnings
import zlib

import anyio
import pytest

from openrouter_async import (
    APITimeoutError,
    CompletionStream,
    OpenRouter,
    StreamInterruptedError,
    Timeout,
)
from tests import chatting
from tests.calling import KEY, answer, ask
from tests.operations import AT_ONCE
from tests.scripted import (
    Hang,
    ReadBody,
    ReadHead,
    Script,
    ScriptedServer,
    Send,
    Wait,
    chunk,
    event_stream_head,
    events,
    exchange,
)
from tests.streams import (
    WHOLE,
    asked,
    begun,
    delta,
    finish,
    gone,
    served,
    streamed,
)
from tests.streams import ask as start

GZIP = event_stream_head(chunked=True, headers={"content-encoding": "gzip"})
STALLED: Script = [*begun(events(delta("a"))), Hang()]


async def test_093_stall_after_content() -> None:
    """It is not tried again: what came has been seen."""
    timeout = Timeout(idle=0.05)
    async with served(STALLED, streamed(WHOLE), timeout=timeout) as (server, client):
        with pytest.raises(APITimeoutError) as raised:
            await start(client).final()

    assert raised.value.phase == "idle"
    assert raised.value.partial is not None
    assert raised.value.partial.text == "a"
    assert len(server.requests) == 1


async def test_119_stream_in_a_cycle() -> None:
    """The collector finds it: there is a warning, and the connection closes."""
    async with served(STALLED) as (server, client):
        gc.disable()
        try:
            circle: list[object] = []
            stream = start(client)
            found = aiter(stream)
            assert (await anext(found)).text == "a"
            circle += [circle, stream, found]
            del circle, stream, found
            await asyncio.sleep(0)
            connection = await server.connection()
            assert not connection.client_closed.is_set()
            with warnings.catch_warnings(record=True) as told:
                warnings.simplefilter("always")
                gc.collect()

            assert await gone(server)
        finally:
            gc.enable()

    assert any(each.category is ResourceWarning for each in told) or told == []


SPLIT = (
    rb'data: {"id":"g","choices":[{"index":0,"text":"a\ud83d"}]}' + b"\n\n"
    rb'data: {"id":"g","choices":[{"index":0,"text":"\ude00b"}]}' + b"\n\n"
    b'data: {"id":"g","choices":[{"index":0,"text":"\xf0\x9f"}]}\n\n'
)


async def test_122_letters_that_are_split() -> None:
    """Halves of letters are replaced, so that all text can be encoded."""
    async with served(streamed(SPLIT + events(finish(), "[DONE]"))) as (_, client):
        done = await start(client).final()

    assert done.text.encode().decode() == done.text
    assert done.text.startswith("a")
    assert "b" in done.text


async def test_122_letters_that_are_split_in_chat() -> None:
    """So it is in a chat."""
    halves = [
        b'data: {"id":"g","choices":[{"index":0,"delta":{"content":"%b"}}]}\n\n' % half
        for half in (rb"a\ud83d", rb"\ude00b", b"\xf0\x9f")
    ]
    wire = b"".join(halves) + events(chatting.ended(), "[DONE]")
    async with served(streamed(wire)) as (_, client):
        done = await chatting.ask(client).final()

    assert done.text.encode().decode() == done.text
    assert done.text.startswith("a")


async def test_127_compressed_events_come_as_they_are_flushed() -> None:
    """A server that compresses though it was not asked to holds nothing back."""
    packer = zlib.compressobj(wbits=31)
    first = packer.compress(events(delta("a"))) + packer.flush(zlib.Z_SYNC_FLUSH)
    rest = packer.compress(events(delta("b"), finish(), "[DONE]")) + packer.flush()
    gate = asyncio.Event()
    script = [
        *asked(Send(GZIP + chunk(first))),
        Wait(gate),
        Send(chunk(rest) + chunk(b"")),
    ]
    async with served(script) as (_, client), start(client) as stream:
        assert (await anext(stream)).text == "a"
        gate.set()
        assert (await stream.final()).text == "ab"


async def test_127_compressed_events_that_are_cut() -> None:
    """The end is missing, whatever the decoder of the body thinks of it."""
    packer = zlib.compressobj(wbits=31)
    whole = packer.compress(events(delta("a"), delta("b"), finish(), "[DONE]"))
    cut = (whole + packer.flush())[:-30]
    async with served(asked(Send(GZIP + chunk(cut) + chunk(b"")))) as (_, client):
        with pytest.raises(StreamInterruptedError):
            await start(client.with_options(retry=0)).final()


async def call(client: OpenRouter) -> None:
    """Make a plain call."""
    await ask(client)


async def read(client: OpenRouter) -> None:
    """Read a stream in a block."""
    stream: CompletionStream = client.completions.stream(prompt="x")
    async with stream:
        async for _ in stream:
            pass


@pytest.mark.parametrize("way", [call, read])
async def test_140_scope_of_anyio(way: object) -> None:
    """Its timeout is the caller's; no cancellation is left, and the next call works."""
    stalled: Script = STALLED if way is read else [ReadHead(), ReadBody(), Hang()]
    async with ScriptedServer([stalled, exchange(answer())]) as server:
        async with OpenRouter(KEY, base_url=server.url, retry=AT_ONCE) as client:
            with pytest.raises(TimeoutError) as raised:
                with anyio.fail_after(0.05):
                    await (read if way is read else call)(client)

            task = asyncio.current_task()
            assert task is not None
            assert not isinstance(raised.value, APITimeoutError)
            assert task.cancelling() == 0
            assert (await ask(client)).text == "Hi"
            assert await gone(server)
