from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest

from openrouter_async import (
    APITimeoutError,
    ConfigError,
    ServerError,
    StreamInterruptedError,
    Timeout,
)
from openrouter_async.types import CommentEvent, TextEvent, ToolCallStartedEvent
from tests.chatting import Event, ask, call_of, delta, ended, fragments, to_error
from tests.scripted import (
    Fin,
    Hang,
    ReadBody,
    ReadHead,
    Script,
    Send,
    Wait,
    chunk,
    event_stream_head,
    events,
)
from tests.streams import begun, gone, served, streamed

COMMENT = b": OPENROUTER PROCESSING\n\n"
OPEN = [*begun(COMMENT, events(delta(content="a"), delta(content="b"))), Hang()]
"""A stream that stalls after a comment and two chunks."""


def gated(gate: asyncio.Event, before: bytes, after: bytes) -> Script:
    """Answer with a part of a stream, and with the rest when the gate opens."""
    return [
        *begun(before),
        Wait(gate),
        Send(chunk(after) + chunk(b"")),
    ]


async def test_comments_come_while_the_server_waits() -> None:
    """1.5: a consumer sees that the server is alive before there is any content."""
    gate = asyncio.Event()
    rest = events(delta(content="a"), ended(), "[DONE]")
    async with served(gated(gate, COMMENT * 2, rest)) as (_, client):
        found: list[Event] = []
        async for event in ask(client).events():
            found.append(event)
            if len(found) == 2:
                gate.set()

    assert found[:2] == [CommentEvent(text="OPENROUTER PROCESSING")] * 2
    assert [event.type for event in found[2:]] == ["text", "finished"]


async def test_comments_come_after_chunks_without_content() -> None:
    """1.5: chunks that say nothing are held back, comments are not."""
    gate = asyncio.Event()
    before = events(delta(content="")) + COMMENT
    rest = events(delta(content="a"), ended(), "[DONE]")
    async with served(gated(gate, before, rest)) as (_, client):
        async with ask(client) as stream:
            found = aiter(stream.events())
            assert await anext(found) == CommentEvent(text="OPENROUTER PROCESSING")
            gate.set()
            assert await anext(found) == TextEvent(text="a")


async def test_comments_come_in_mid_stream() -> None:
    """1.5: comments between chunks come while the next chunk is waited for."""
    gate = asyncio.Event()
    before = events(delta(content="a")) + COMMENT
    rest = events(delta(content="b"), ended(), "[DONE]")
    async with served(gated(gate, before, rest)) as (_, client):
        found: list[str] = []
        async for event in ask(client).events():
            found.append(event.type)
            if event.type == "comment":
                gate.set()

    assert sorted(found[:2]) == ["comment", "text"]
    assert found[2:] == ["text", "finished"]


async def test_tool_call_is_told_while_it_is_written() -> None:
    """A call is told by its name before its arguments are there."""
    gate = asyncio.Event()
    before = events(fragments(call_of("1", "f", "", index=0)))
    rest = events(
        fragments({"index": 0, "function": {"arguments": "{}"}}),
        ended("tool_calls"),
        "[DONE]",
    )
    async with served(gated(gate, before, rest)) as (_, client):
        found = aiter(ask(client).events())
        started = await anext(found)
        gate.set()
        types = [event.type async for event in found]

    assert started == ToolCallStartedEvent(position=0, id="1", name="f")
    assert types == ["tool_call_arguments", "tool_call_finished", "finished"]


@pytest.mark.parametrize("until", ["comment", "text"])
async def test_leaving_closes_the_connection(until: str) -> None:
    """A loop over events that is left gives the connection back at once."""
    async with served(OPEN) as (server, client):
        async with ask(client) as stream:
            async for event in stream.events():
                if event.type == until:
                    break

        assert await gone(server)
        with pytest.raises(StreamInterruptedError):
            await stream.final()


@pytest.mark.parametrize("until", ["comment", "text"])
async def test_closing_bare_events_closes_the_connection(until: str) -> None:
    """Events without a block close the connection when they are closed."""
    async with served(OPEN) as (server, client):
        async with aclosing(ask(client).events()) as found:
            async for event in found:
                if event.type == until:
                    break

        assert await gone(server)


@pytest.mark.parametrize("until", ["comment", "text"])
async def test_dropping_bare_events_closes_the_connection(until: str) -> None:
    """So do events whose loop is left without a block."""
    async with served(OPEN) as (server, client):
        async for event in ask(client).events():
            if event.type == until:
                break

        assert await gone(server)


@pytest.mark.parametrize("until", ["comment", "text"])
async def test_closing_within_events(until: str) -> None:
    """A stream that is closed by its reader ends its events, without a last one."""
    async with served(OPEN) as (server, client):
        stream = ask(client)
        found: list[str] = []
        async for event in stream.events():
            found.append(event.type)
            if event.type == until:
                await stream.aclose()

        assert await gone(server)

    assert "finished" not in found
    assert found[-1] in ("comment", "text")


async def test_cancelling_closes_the_connection() -> None:
    """A task that waits for the next event can be cancelled."""
    async with served(OPEN) as (server, client):
        seen = asyncio.Event()

        async def read() -> None:
            async for event in ask(client).events():
                if isinstance(event, TextEvent) and event.text == "b":
                    seen.set()

        task = asyncio.create_task(read())
        await seen.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

        assert await gone(server)


async def test_cancelling_before_content_closes_the_connection() -> None:
    """So can one that has seen comments only."""
    async with served([*begun(COMMENT), Hang()]) as (server, client):
        seen = asyncio.Event()

        async def read() -> None:
            async for _ in ask(client).events():
                seen.set()

        task = asyncio.create_task(read())
        await seen.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

        assert await gone(server)


async def test_retry_after_comments() -> None:
    """1.6: comments are no content: what fails after them is asked for again."""
    failing = [*begun(COMMENT, events({"error": {"code": 503}})), Hang()]
    wire = COMMENT + events(delta(content="a"), ended(), "[DONE]")
    async with served(failing, streamed(wire)) as (_, client):
        stream = ask(client)
        found = [event async for event in stream.events()]
        final = await stream.final()

    assert [event.type for event in found] == [
        *("comment", "comment", "text", "finished")
    ]
    assert (final.text, final.meta.attempts) == ("a", 2)


async def test_retry_after_a_cut_before_content() -> None:
    """1.6: so is a connection that breaks after comments and empty chunks."""
    cut = [
        *(ReadHead(), ReadBody()),
        Send(event_stream_head() + COMMENT + events(delta(content=""))),
        Fin(),
    ]
    wire = COMMENT + events(delta(content="a"), ended(), "[DONE]")
    async with served(cut, streamed(wire)) as (_, client):
        found = [event async for event in ask(client).events()]

    assert [event.type for event in found if event.type != "comment"] == [
        "text",
        "finished",
    ]


async def test_last_attempt_before_content() -> None:
    """1.6: without attempts left the error comes after the comments."""
    failing = [*begun(COMMENT, events({"error": {"code": 503}})), Hang()]
    async with served(failing) as (_, client):
        stream = client.chat.completions.stream(
            messages=[{"role": "user", "content": "Hi"}], retry=0
        )
        found, error = await to_error(stream.events())

    assert [event.type for event in found] == ["comment"]
    assert (type(error), error.partial) == (ServerError, None)


async def test_error_in_mid_stream() -> None:
    """1.6: what came before an error is told; the error ends the events."""
    wire = events(
        delta(content="a"),
        fragments(call_of("1", "f", "{", index=0)),
        {"error": {"code": 502, "message": "x"}},
    )
    async with served([*begun(wire), Hang()]) as (_, client):
        stream = ask(client)
        found, error = await to_error(stream.events())

    assert [event.type for event in found] == [
        *("text", "tool_call_started", "tool_call_arguments")
    ]
    assert type(error) is ServerError
    assert error.partial is stream.snapshot
    assert stream.snapshot.tool_calls[0].function.arguments == "{"


async def test_comments_do_not_stop_the_clock() -> None:
    """1.7: comments count neither for `first_event` nor for `idle`."""
    async with served([*begun(COMMENT), Hang()], timeout=Timeout(first_event=0.05)) as (
        _,
        client,
    ):
        stream = client.chat.completions.stream(
            messages=[{"role": "user", "content": "Hi"}], retry=0
        )
        found, error = await to_error(stream.events())

    assert {event.type for event in found} == {"comment"}
    assert isinstance(error, APITimeoutError)
    assert error.phase == "first_event"


async def test_one_reader() -> None:
    """Two tasks cannot read one stream."""
    async with served(OPEN) as (_, client), ask(client) as stream:
        found = aiter(stream.events())
        while (await anext(found)).type != "text":
            pass

        await anext(found)
        waiting = asyncio.create_task(anext(found, None))
        await asyncio.sleep(0)
        with pytest.raises(ConfigError, match="another task"):
            await anext(stream)

        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting


async def test_final_within_events() -> None:
    """`final()` in the middle reads the rest; the events end with the answer."""
    wire = COMMENT + events(delta(content="a"), delta(content="b"), ended(), "[DONE]")
    async with served(streamed(wire)) as (_, client), ask(client) as stream:
        found: list[str] = []
        async for event in stream.events():
            found.append(event.type)
            if event.type == "text":
                assert (await stream.final()).text == "ab"

    assert found == ["comment", "text", "finished"]
