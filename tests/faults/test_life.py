"""Faults of a client's life: cancellations, outages, clocks, crowds."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from openrouter_async import (
    OpenRouter,
    OpenRouterError,
    PoolLimits,
    RetryPolicy,
    Timeout,
)
from tests.calling import KEY, answer, ask, in_turn, refusal
from tests.operations import AT_ONCE
from tests.scripted import (
    Pause,
    ReadBody,
    ReadHead,
    Script,
    ScriptedServer,
    Send,
    event_stream_head,
    http_response,
)
from tests.scripted import chunk as framed
from tests.streams import WHOLE, asked

TURNS = 40
"""Turns of the event loop before a cancellation: more than any of these calls takes."""


@asynccontextmanager
async def echo() -> AsyncGenerator[str]:
    """Answer each request with its own prompt, in two writes, and give the URL."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                size = int(head.lower().partition(b"content-length:")[2].split()[0])
                asked_for = json.loads(await reader.readexactly(size))
                whole = answer(asked_for["prompt"])
                writer.write(whole[:50])
                await writer.drain()
                await asyncio.sleep(0)
                writer.write(whole[50:])
                await writer.drain()

        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


async def text_of(client: OpenRouter, prompt: str) -> str:
    """Return the text of a completion."""
    return (await client.completions.create(model="m", prompt=prompt)).text


async def call(client: OpenRouter, name: str) -> None:
    """Make a plain call."""
    await text_of(client, name)


async def fan_out(client: OpenRouter, name: str) -> None:
    """Map over three prompts."""
    prompts = [f"{name}-{number}" for number in range(3)]
    async with client.completions.map(prompts, model="m", max_in_flight=2) as outcomes:
        async for _ in outcomes:
            pass


async def gather(client: OpenRouter, name: str) -> None:
    """Gather three prompts."""
    prompts = [f"{name}-{number}" for number in range(3)]
    await client.completions.gather(prompts, model="m", max_in_flight=2)


Way = Callable[[OpenRouter, str], Awaitable[None]]


@pytest.mark.parametrize("way", [call, fan_out, gather])
async def test_037_117_cancelled_at_every_turn(way: Way) -> None:
    """The next call on the only connection gets its own answer, whenever it was."""
    pool = PoolLimits(connections=1)
    async with echo() as url, OpenRouter(KEY, base_url=url, pool=pool) as client:
        await call(client, "first")
        before = len(asyncio.all_tasks())
        for turn in range(TURNS):
            task = asyncio.ensure_future(way(client, f"old-{turn}"))
            for _ in range(turn):
                await asyncio.sleep(0)

            task.cancel()
            await asyncio.wait([task])
            name = f"new-{turn}"
            assert await asyncio.wait_for(text_of(client, name), 5) == name

        assert len(asyncio.all_tasks()) <= before + 1  # of the server's


async def test_117_close_cancelled_at_every_turn() -> None:
    """A close that is cancelled closes all the same."""
    for turn in range(12):
        async with echo() as url:
            before = _descriptors()
            client = OpenRouter(KEY, base_url=url)
            await call(client, "first")
            running = asyncio.ensure_future(call(client, "second"))
            closing = asyncio.ensure_future(client.aclose())
            for _ in range(turn):
                await asyncio.sleep(0)

            closing.cancel()
            await asyncio.wait([closing, running])
            with suppress(OpenRouterError):
                running.result()

            await client.aclose()
            for _ in range(100):
                if _descriptors() == before:
                    break

                await asyncio.sleep(0.001)

            assert _descriptors() == before


def _descriptors() -> int:
    folder = Path("/proc/self/fd")
    return len(os.listdir(folder)) if folder.exists() else 0


async def test_062_outage() -> None:
    """A thousand calls at once send at most a fifth more requests, and the reserve."""
    count, policy = 1_000, RetryPolicy(backoff=0.01, floor=0)
    refused = [refusal(503)] * (3 * count)
    async with ScriptedServer([in_turn(*refused)] * count) as server:
        pool = PoolLimits(connections=50)
        async with OpenRouter(
            KEY, base_url=server.url, retry=policy, pool=pool
        ) as client:
            began = time.monotonic()
            tries = (ask(client) for _ in range(count))
            found = await asyncio.gather(*tries, return_exceptions=True)
            seconds = time.monotonic() - began

    errors = [each for each in found if isinstance(each, OpenRouterError)]
    assert len(errors) == count
    assert any(error.budget_exhausted for error in errors)
    reserve = policy.budget_reserve * (1 + seconds)
    assert len(server.requests) <= count * 1.2 + reserve


@pytest.mark.parametrize("jump", [-86_400.0, 86_400.0], ids=["back", "on"])
async def test_138_clock_step(jump: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Timers and waits are of a clock that nobody sets."""
    stream = [
        *asked(Send(event_stream_head(chunked=True)), Pause(0.02)),
        Send(framed(WHOLE) + framed(b"")),
    ]
    again: Script = [
        *[ReadHead(), ReadBody(), Send(refusal(503)), ReadHead(), ReadBody()],
        *[Pause(0.02), Send(answer())],
    ]
    timeout = Timeout(total=10, first_event=5, idle=5, transport_idle=5)
    real = time.time
    async with ScriptedServer([again, stream]) as server:
        async with OpenRouter(
            KEY, base_url=server.url, retry=AT_ONCE, timeout=timeout
        ) as client:
            for way in (ask, read):
                running = asyncio.ensure_future(way(client))
                await asyncio.sleep(0.005)
                monkeypatch.setattr(time, "time", lambda: real() + jump)
                await asyncio.wait_for(running, 5)
                monkeypatch.setattr(time, "time", real)


async def read(client: OpenRouter) -> str:
    """Read a stream, and return its text."""
    return (await client.completions.stream(model="m", prompt="x").final()).text


async def test_147_cookies_and_netrc(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """No cookie is kept, and no password taken from a file."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login user password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    setting = http_response(200, {"set-cookie": "id=1; Path=/"}, answer_body())
    async with ScriptedServer([in_turn(setting, answer(), answer())]) as server:
        async with OpenRouter(KEY, base_url=server.url, trust_env=True) as client:
            await ask(client)
            await ask(client)
            await client.completions.create(model="m", prompt="x" * 100_000)

    assert [each.headers.get("cookie") for each in server.requests] == [None] * 3
    sent = {each.headers["authorization"] for each in server.requests}
    assert sent == {f"Bearer {KEY}"}


def answer_body() -> bytes:
    """Return the body of an answer."""
    return answer().partition(b"\r\n\r\n")[2]


async def test_139_old_connections() -> None:
    """One that is too old takes no further request."""
    pool = PoolLimits(max_age=0.05)
    scripts = [in_turn(answer("old"), answer("old"), answer("old")), in_turn(answer())]
    async with ScriptedServer(scripts) as server:
        async with OpenRouter(KEY, base_url=server.url, pool=pool) as client:
            assert (await ask(client)).text == "old"
            assert (await ask(client)).text == "old"
            await asyncio.sleep(0.06)
            assert (await ask(client)).text == "old"  # and is closed behind it
            assert (await ask(client)).text == "Hi"

    assert len(server.connections) == 2


CROWDED = """
import asyncio, os, resource, sys
from openrouter_async import OpenRouter, OpenRouterError

async def ask(client):
    try:
        return (await client.completions.create(prompt="x", model="m")).meta.attempts
    except OpenRouterError as error:
        return repr(error)

async def main():
    async with OpenRouter("sk-or-v1-test", base_url=sys.argv[1]) as client:
        await ask(client)
        used = len(os.listdir("/proc/self/fd"))
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (used + 6, hard))
        found = await asyncio.gather(*(ask(client) for _ in range(30)))
        print(sum(isinstance(each, int) for each in found))
        print(max(each for each in found if isinstance(each, int)) > 1)

asyncio.run(main())
"""


@pytest.mark.skipif(
    not Path("/proc/self/fd").exists(), reason="descriptors are counted in /proc"
)
async def test_133_no_descriptors_left() -> None:
    """The server has no part in it: a call waits until one is free."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                size = int(head.lower().partition(b"content-length:")[2].split()[0])
                await reader.readexactly(size)
                await asyncio.sleep(0.1)
                writer.write(answer())
                await writer.drain()

        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        CROWDED,
        f"http://127.0.0.1:{port}",
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await child.communicate()
    server.close()

    assert out.decode().split() == ["30", "True"]
