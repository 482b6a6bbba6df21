"""The timers of a stream: what resets them, and what does not."""

from __future__ import annotations

import asyncio
import itertools
import time

import pytest

from openrouter_async import APITimeoutError, RetryPolicy, Timeout
from openrouter_async.config import NO_TIMEOUT
from tests.scripted import (
    Drip,
    Hang,
    Pause,
    Send,
    Step,
    chunk,
    event_stream_head,
    events,
)
from tests.streams import (
    WHOLE,
    ask,
    asked,
    begun,
    collect,
    delta,
    finish,
    served,
    streamed,
    texts_of,
)

NEVER = RetryPolicy(max_retries=0)
COMMENT = b": OPENROUTER PROCESSING\n\n"


def forever(data: bytes) -> list[Step]:
    """Send the same chunk every two milliseconds, for half a second."""
    return [step for _ in range(250) for step in (Send(chunk(data)), Pause(0.002))]


HEAD = asked(Send(event_stream_head(chunked=True)))
FIRST = begun(events(delta("a")))
CASES: dict[str, tuple[Timeout, list[Step], str]] = {
    "first event, before the head": (
        Timeout(first_event=0.03),
        asked(Hang()),
        "no data arrived within 0.03 s (Timeout.first_event)",
    ),
    "first event, after the head": (
        Timeout(first_event=0.03),
        [*HEAD, Hang()],
        "no data arrived within 0.03 s (Timeout.first_event)",
    ),
    "first event, with comments": (
        Timeout(first_event=0.03),
        [*HEAD, *forever(COMMENT)],
        "no data arrived within 0.03 s (Timeout.first_event)",
    ),
    "first event, with heartbeats": (
        Timeout(first_event=0.03),
        [*HEAD, *forever(b"data:\n\n")],
        "no data arrived within 0.03 s (Timeout.first_event)",
    ),
    "idle": (
        Timeout(idle=0.03),
        [*FIRST, Hang()],
        "no further data event arrived within 0.03 s (Timeout.idle)",
    ),
    "idle, with comments": (
        Timeout(idle=0.03),
        [*FIRST, *forever(COMMENT)],
        "no further data event arrived within 0.03 s (Timeout.idle)",
    ),
    "idle, within an event": (
        Timeout(idle=0.03),
        [*FIRST, Send(chunk(b"data: {")), *forever(b" ")],
        "no further data event arrived within 0.03 s (Timeout.idle)",
    ),
    "transport idle": (
        Timeout(transport_idle=0.03),
        [*FIRST, Hang()],
        "no further byte arrived within 0.03 s (Timeout.transport_idle)",
    ),
    "transport idle, after the head": (
        Timeout(transport_idle=0.03),
        [*HEAD, Hang()],
        "no further byte arrived within 0.03 s (Timeout.transport_idle)",
    ),
    "total": (
        Timeout(total=0.03),
        [*FIRST, *forever(events(delta("b")))],
        "the call was not finished within 0.03 s (Timeout.total)",
    ),
}


@pytest.mark.parametrize(("timeout", "script", "message"), CASES.values(), ids=CASES)
async def test_timer(timeout: Timeout, script: list[Step], message: str) -> None:
    """Each timer runs out by its own rule, names itself, and closes the connection."""
    async with served(script, timeout=timeout, retry=NEVER) as (server, client):
        stream = ask(client)
        with pytest.raises(APITimeoutError) as caught:
            await collect(stream)

        await server.connections[0].client_closed.wait()

    error = caught.value
    assert error.message == message
    assert error.phase in message
    assert isinstance(error, TimeoutError)
    if error.partial is not None:
        assert error.partial is stream.snapshot

    assert (error.partial is None) == (script[: len(FIRST)] != FIRST)


@pytest.mark.parametrize(
    "wait", [COMMENT, events(delta("b"))], ids=["comment", "event"]
)
async def test_bytes_keep_the_transport_timer_from_running_out(wait: bytes) -> None:
    """Any byte restarts `transport_idle`, an event `idle` as well."""
    timeout = Timeout(transport_idle=0.05, idle=None if wait == COMMENT else 0.05)
    last = Send(chunk(events(finish())) + chunk(b""))
    script = [*FIRST, *forever(wait)[:100], last]
    async with served(script, timeout=timeout, retry=NEVER) as (_, client):
        started = time.monotonic()
        answer = await ask(client).final()
        elapsed = time.monotonic() - started

    assert elapsed > 0.05
    assert answer.choices[0].finish_reason == "stop"


class Clock:
    """Move the time of the running loop on without waiting for it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        loop = asyncio.get_running_loop()
        self._real, self._ahead = loop.time, 0.0
        monkeypatch.setattr(loop, "time", lambda: self._real() + self._ahead)

    async def advance(self, seconds: float) -> None:
        """Let so much time pass, and the timers that are due with it."""
        self._ahead += seconds
        for _ in range(3):
            await asyncio.sleep(0)


async def test_slow_consumer_trips_no_timer(monkeypatch: pytest.MonkeyPatch) -> None:
    """While the caller is the slow one, all timers stand still."""
    clock = Clock(monkeypatch)
    timeout = Timeout(first_event=5, idle=5, transport_idle=5, total=8, connect=5)
    script = begun(*[events(delta(text)) for text in "abc"])
    script += [Send(chunk(events(finish())) + chunk(b""))]
    async with served(script, timeout=timeout, retry=NEVER) as (_, client):
        texts: list[str] = []
        async for each in ask(client):
            texts.append(each.text)
            await clock.advance(100)

    assert texts == ["a", "b", "c", ""]


async def test_slow_consumer_and_then_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    """The timers go on where they stood once the caller waits again."""
    clock = Clock(monkeypatch)
    timeout = Timeout(idle=10)
    async with (
        served([*FIRST, Hang()], timeout=timeout, retry=NEVER) as (_, client),
        ask(client) as stream,
    ):
        assert (await anext(stream)).text == "a"
        await clock.advance(100)
        reader = asyncio.create_task(collect(stream))
        await clock.advance(9)
        waiting = not reader.done()
        await clock.advance(2)
        with pytest.raises(APITimeoutError):
            await reader

    assert waiting


async def test_timer_before_content_is_tried_again() -> None:
    """A stream that stalls before its first content is repeated."""
    timeout = Timeout(first_event=0.03)
    scripts = [[*HEAD, Hang()], streamed(WHOLE)]
    async with served(*scripts, timeout=timeout) as (server, client):
        stream = ask(client)
        assert await texts_of(stream) == ["one", " two"]
        assert len(server.connections) == 2

    assert [each.error for each in stream.meta.history] == ["APITimeoutError"]


async def test_total_covers_all_attempts() -> None:
    """`total` counts over all attempts and is not tried again."""
    timeout = Timeout(total=0.05, first_event=0.02)
    async with served(*itertools.repeat(asked(Hang()), 9), timeout=timeout) as (
        _,
        client,
    ):
        started = time.monotonic()
        with pytest.raises(APITimeoutError) as caught:
            await ask(client).final()

    assert caught.value.phase in ("total", "first_event")
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    "option", [None, NO_TIMEOUT, 5.0], ids=["none", "no timers", "seconds in all"]
)
async def test_timeout_of_one_stream(option: Timeout | float | None) -> None:
    """`timeout=` of the verb replaces the client's; None turns every timer off."""
    slow = asked(Pause(0.03), *streamed(WHOLE)[2:])
    default = Timeout(first_event=0.01)
    async with served(slow, timeout=default, retry=NEVER) as (_, client):
        stream = client.completions.stream(prompt="x", timeout=option)
        assert await texts_of(stream) == ["one", " two"]


async def test_outer_timeout_wins() -> None:
    """`asyncio.timeout` around the loop ends it, and is not turned into ours."""
    async with served([*FIRST, Hang()]) as (server, client):
        with pytest.raises(TimeoutError) as caught:
            async with asyncio.timeout(0.02), ask(client) as stream:
                await collect(stream)

        await server.connections[0].client_closed.wait()

    assert not isinstance(caught.value, APITimeoutError)


async def test_dripping_bytes_are_no_events() -> None:
    """A body that comes byte by byte within the timers is read to its end."""
    timeout = Timeout(transport_idle=0.5, idle=5)
    head = asked(Send(event_stream_head()))
    script = [*head, Drip(WHOLE, size=7, interval=0.0)]
    async with served(script, timeout=timeout, retry=NEVER) as (_, client):
        assert await texts_of(ask(client)) == ["one", " two"]
