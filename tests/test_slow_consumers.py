"""A consumer that is slower than the server: memory stays flat, no timer runs."""

from __future__ import annotations

import asyncio

import pytest

from benchmarks.memory import MIB, SEES_RESIDENT, resident
from openrouter_async import CompletionStream, Timeout
from tests.scripted import Script, Send, chunk, event_stream_head, events
from tests.streams import ask, asked, delta, finish, served

IMPATIENT = Timeout(total=None, first_event=0.2, idle=0.2, transport_idle=0.2)
NAP = 0.5
"""Seconds that the consumer sleeps: longer than each of the timers."""

SIZE = 64 * 1024
COUNT = 200 * MIB // SIZE
PADDED = chunk(events(delta("a", padding="x" * SIZE)))
LONG: Script = [
    *asked(Send(event_stream_head(chunked=True))),
    *[Send(PADDED)] * COUNT,
    Send(chunk(events(delta("b"), finish(), "[DONE]")) + chunk(b"")),
]
"""A stream of 200 MB and little text, which the answer keeps."""

needs_proc = pytest.mark.skipif(
    not SEES_RESIDENT, reason="there is no /proc to read resident memory from"
)


async def read_slowly(stream: CompletionStream, naps: int) -> tuple[int, int]:
    """Return how many chunks came, and by how much resident memory grew at most."""
    count = 0
    before = most = resident()
    async with stream:
        async for _ in stream:
            if count % (COUNT // naps) == 0:
                await asyncio.sleep(NAP)

            if count % 100 == 0:
                most = max(most, resident())

            count += 1

    return count, most - before


@needs_proc
async def test_memory_is_flat_while_the_consumer_sleeps() -> None:
    """What is not taken stays with the server: 200 MB pass by in a few."""
    async with served(LONG, timeout=IMPATIENT) as (_, client):
        count, grown = await read_slowly(ask(client), naps=6)

    assert count == COUNT + 2
    assert grown < 24 * MIB


async def test_no_timer_runs_while_the_consumer_sleeps() -> None:
    """Events that lie ready, and those that come meanwhile, are in time."""
    pieces = [chunk(events(delta(text))) for text in "abc"]
    script: Script = [
        *asked(Send(event_stream_head(chunked=True) + pieces[0] + pieces[1])),
        Send(pieces[2] + chunk(events(finish(), "[DONE]")) + chunk(b"")),
    ]
    async with served(script, timeout=IMPATIENT) as (_, client):
        async with ask(client) as stream:
            async for _ in stream:
                await asyncio.sleep(NAP)

        assert (await stream.final()).text == "abc"


async def test_timer_runs_on_after_the_consumer_has_slept() -> None:
    """A server that is silent in the consumer's own time has the rest of its time."""
    script: Script = [
        *asked(Send(event_stream_head(chunked=True) + chunk(events(delta("a"))))),
        # Sent while the consumer waits: after its nap, and within the timers.
        Send(chunk(events(delta("b"), finish(), "[DONE]")) + chunk(b"")),
    ]
    async with served(script, timeout=IMPATIENT) as (_, client):
        async with ask(client) as stream:
            assert (await anext(stream)).text == "a"
            await asyncio.sleep(NAP)
            assert [each.text async for each in stream] == ["b", ""]
