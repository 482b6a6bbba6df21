"""Reads of a stream that are cancelled: what comes later is not lost, nor whole."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import TypeVar

import pytest

from openrouter_async import CompletionStream, OpenRouterError, StreamInterruptedError
from openrouter_async.types import TextEvent
from tests import chatting
from tests.scripted import Script, Send, Wait, chunk, events
from tests.streams import ask, begun, delta, finish, gone, served

T = TypeVar("T")

REST = events(delta("c"), delta("d"), finish(), "[DONE]")
CALL = chatting.call_of("1", "f", '{"a"', index=0)
ARGUMENTS = {"index": 0, "function": {"arguments": ":1}"}}


def gated(gate: asyncio.Event, before: bytes, after: bytes) -> Script:
    """Answer with a part of a stream, and with the rest when the gate opens."""
    return [*begun(before), Wait(gate), Send(chunk(after) + chunk(b""))]


async def until_silence(found: AsyncIterator[T]) -> list[T]:
    """Return what comes until nothing does for a moment, as a heartbeat would wait."""
    got: list[T] = []
    try:
        while True:
            got.append(await asyncio.wait_for(anext(found), 0.1))
    except TimeoutError:
        return got


def of_chunks(stream: CompletionStream) -> AsyncIterator[object]:
    """Iterate over chunks."""
    return aiter(stream)


def of_texts(stream: CompletionStream) -> AsyncIterator[object]:
    """Iterate over texts."""
    return aiter(stream.texts())


def of_itself(stream: CompletionStream) -> AsyncIterator[object]:
    """Iterate by the stream's own `__anext__`."""
    return stream


WAYS = [of_chunks, of_texts, of_itself]


@pytest.mark.parametrize("way", WAYS)
async def test_reading_goes_on_after_a_cancelled_read(
    way: Callable[[CompletionStream], AsyncIterator[object]],
) -> None:
    """In a block the iteration whose read timed out brings what comes later."""
    gate = asyncio.Event()
    script = gated(gate, events(delta("a"), delta("b")), REST)
    async with served(script) as (_, client), ask(client) as stream:
        found = way(stream)
        assert len(await until_silence(found)) == 2
        gate.set()
        rest = [each async for each in found]

    assert len(rest) in (2, 3)  # the last chunk has no text
    assert stream.snapshot.text == "abcd"
    assert (await stream.final()).choices[0].finish_reason == "stop"


@pytest.mark.parametrize("way", [of_chunks, of_texts])
async def test_bare_stream_is_left_by_a_cancelled_read(
    way: Callable[[CompletionStream], AsyncIterator[object]],
) -> None:
    """Without a block it gives the connection back; reading on is an error."""
    script = gated(asyncio.Event(), events(delta("a"), delta("b")), REST)
    async with served(script) as (server, client):
        stream = ask(client)
        found = way(stream)
        assert len(await until_silence(found)) == 2
        assert await gone(server)
        for _ in range(2):
            with pytest.raises(StreamInterruptedError) as raised:
                await anext(found)

            assert raised.value.partial is stream.snapshot


async def test_final_that_timed_out_can_be_asked_for_again() -> None:
    """In a block `final()` goes on as well."""
    gate = asyncio.Event()
    script = gated(gate, events(delta("a"), delta("b")), REST)
    async with served(script) as (_, client), ask(client) as stream:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(stream.final(), 0.1)

        gate.set()
        assert (await stream.final()).text == "abcd"


async def test_events_go_on_after_a_cancelled_read() -> None:
    """A call that was begun before is told on, and ends once."""
    gate = asyncio.Event()
    before = events(chatting.delta(content="a"), chatting.fragments(CALL))
    rest = events(chatting.fragments(ARGUMENTS), chatting.ended("tool_calls"), "[DONE]")
    async with served(gated(gate, before, rest)) as (_, client):
        async with chatting.ask(client) as stream:
            found = stream.events()
            first = await until_silence(found)
            gate.set()
            last = [each async for each in found]
            with pytest.raises(StopAsyncIteration):
                await anext(found)

    assert types(first) == ["text", "tool_call_started", "tool_call_arguments"]
    assert types(last) == ["tool_call_arguments", "tool_call_finished", "finished"]
    assert stream.snapshot.tool_calls[0].function.arguments == '{"a":1}'


def types(found: list[chatting.Event]) -> list[str]:
    """Return what kinds of events there are."""
    return [each.type for each in found]


async def test_bare_events_are_left_by_a_cancelled_read() -> None:
    """Reading on is an error here too."""
    before = events(chatting.delta(content="a"))
    async with served(gated(asyncio.Event(), before, b"")) as (server, client):
        found = chatting.ask(client).events()
        assert await until_silence(found) == [TextEvent(text="a")]
        assert await gone(server)
        with pytest.raises(StreamInterruptedError):
            await anext(found)


async def test_closed_iteration_is_over() -> None:
    """What was closed does not go on, though its stream does."""
    script = gated(asyncio.Event(), events(delta("a"), delta("b")), REST)
    async with served(script) as (_, client), ask(client) as stream:
        async with aclosing(stream.texts()) as found:
            assert await anext(found) == "a"

        with pytest.raises(StopAsyncIteration):
            await anext(found)

        assert await anext(stream.texts()) == "b"


async def test_iteration_that_failed_fails_again() -> None:
    """An error is not followed by what looks like a proper end."""
    script: Script = [*begun(events(delta("a"))), Send(chunk(b""))]
    async with served(script) as (_, client), ask(client) as stream:
        found = stream.texts()
        assert await anext(found) == "a"
        for _ in range(2):
            with pytest.raises(OpenRouterError, match="without"):
                await anext(found)
