"""Faults of bodies: cuts, codings, and sizes."""

from __future__ import annotations

import asyncio
import gzip
import sys
from pathlib import Path

import pytest

from openrouter_async import OpenRouter, ResponseDecodeError
from tests.calling import COMPLETION, KEY, answer, ask
from tests.operations import AT_ONCE
from tests.scripted import (
    Fin,
    ReadBody,
    ReadHead,
    Script,
    ScriptedServer,
    Send,
    Step,
    exchange,
)

OK = b"HTTP/1.1 200 OK\r\n"
ASKED: list[Step] = [ReadHead(), ReadBody()]
MIB = 1024 * 1024
PACKED = gzip.compress(COMPLETION)
FLIPPED = PACKED[:-8] + bytes([PACKED[-8] ^ 1]) + PACKED[-7:]

BROKEN: dict[str, list[Step]] = {
    "70 cut, without a length": [
        Send(OK + b"connection: close\r\n\r\n" + COMPLETION[:60]),
        Fin(),
    ],
    "74 a wrong sum": [
        Send(
            OK
            + b"content-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(FLIPPED)
            + FLIPPED
        ),
    ],
}


@pytest.mark.parametrize("steps", BROKEN.values(), ids=BROKEN.keys())
async def test_broken_body_is_asked_for_again(steps: list[Step]) -> None:
    """It is no answer, and the next one is."""
    scripts: list[Script] = [[*ASKED, *steps], exchange(answer())]
    async with ScriptedServer(scripts) as server:
        async with OpenRouter(KEY, base_url=server.url, retry=AT_ONCE) as client:
            done = await ask(client)

    assert done.text == "Hi"
    assert done.meta.attempts == 2


async def test_080_members_that_are_there_twice() -> None:
    """The last one counts."""
    body = b'{"id":"a","id":"b","choices":[{"index":0,"text":"x","text":"y"}]}'
    whole = OK + b"content-length: %d\r\n\r\n" % len(body) + body
    async with ScriptedServer([[*ASKED, Send(whole)]]) as server:
        async with OpenRouter(KEY, base_url=server.url, retry=0) as client:
            done = await ask(client)

    assert (done.id, done.text) == ("b", "y")


PEAK = """
import asyncio, sys
from benchmarks.memory import peak
from openrouter_async import OpenRouter, OpenRouterError

async def main():
    async with OpenRouter("sk-or-v1-test", base_url=sys.argv[1], retry=0) as client:
        try:
            await client.completions.create(prompt="x", model="m")
        except OpenRouterError:
            pass

        before = peak()
        try:
            await client.completions.create(prompt="x", model="m")
        except OpenRouterError as error:
            print(type(error).__name__, end=" ")

        print(peak() - before)

asyncio.run(main())
"""


async def peak_of(body: bytes, *headers: bytes) -> tuple[str, int]:
    """Return the error of a call in a process of its own, and by what its peak grew."""
    more = b"".join(header + b"\r\n" for header in headers)
    whole = OK + more + b"content-length: %d\r\n\r\n" % len(body) + body
    small = exchange(answer())
    async with ScriptedServer([[*small, *ASKED, Send(whole)]]) as server:
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            PEAK,
            server.url,
            stdout=asyncio.subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        )
        out, _ = await child.communicate()

    error, grown = f" {out.decode()}".rsplit(" ", 1)
    return error.strip(), int(grown)


needs_proc = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="peaks are read from /proc"
)


@needs_proc
async def test_077_bomb() -> None:
    """What is decoded is counted while it is: 200 MB of it never are in memory."""
    bomb = gzip.compress(b" " * (200 * MIB))
    error, grown = await peak_of(bomb, b"content-encoding: gzip")

    assert error == ResponseDecodeError.__name__ or error == "ResponseTooLargeError"
    assert grown < 110 * MIB


@needs_proc
async def test_078_honest_body() -> None:
    """One of 48 MB takes less than two and a half times as much."""
    body = COMPLETION.replace(b'"Hi"', b'"' + b"x" * (48 * MIB) + b'"')
    error, grown = await peak_of(body)

    assert error == ""
    assert grown < 2.5 * 48 * MIB
