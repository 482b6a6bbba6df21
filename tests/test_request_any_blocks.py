"""Streams of blocks: bodies of any kind that are never held as a whole."""

from __future__ import annotations

import asyncio

import pytest

from openrouter_async import (
    APIConnectionError,
    APIError,
    APITimeoutError,
    OpenRouterError,
    SizeLimits,
    StreamInterruptedError,
    Timeout,
)
from tests.operations import AT_ONCE, CUTS, collected, served
from tests.scripted import (
    Hang,
    Pause,
    ReadHead,
    Send,
    Step,
    chunk,
    event_stream_head,
)


def video(*blocks: bytes, kind: str = "video/mp4", end: bool = True) -> list[Step]:
    """Answer one request with a body, block by block."""
    head = event_stream_head(chunked=True, headers={"content-type": kind})
    steps: list[Step] = [ReadHead(), Send(head)]
    for block in blocks:
        steps += [Send(chunk(block)), Pause(0.002)]

    return [*steps, Send(chunk(b""))] if end else steps


async def test_blocks() -> None:
    """They come as they arrive, untouched, and uncompressed."""
    async with served(video(b"  \n\0", b"\xff" * 10)) as (server, client):
        path = ["videos", "job-1", "content"]
        stream = await client.request("GET", path, response_type=bytes, stream=True)
        async with stream:
            blocks = [each async for each in stream]

    assert b"".join(blocks) == b"  \n\0" + b"\xff" * 10
    assert len(blocks) > 1
    assert stream.meta.headers["content-type"] == "video/mp4"
    assert server.requests[0].headers["accept-encoding"] == "identity"


async def test_blocks_over_the_limit_of_bodies() -> None:
    """A body that is never held may have any size."""
    blocks = [b"x" * 50_000] * 8
    async with served(video(*blocks), sizes=SizeLimits(body=1000)) as (_, client):
        stream = await client.request("GET", "/v", response_type=bytes, stream=True)
        size = 0
        async for block in stream:
            size += len(block)

    assert size == 400_000


async def test_blocks_of_json() -> None:
    """JSON comes as well; only an error is no block."""
    small, error = b'{"a":"error"}', b'{"error":{"code":404,"message":"no"}}'
    long = b'{"error":' + b"1" * 70_000
    script = video(small, kind="application/json; charset=utf-8")
    script += video(long, kind="application/json")
    script += video(error, kind="application/json")
    async with served(script) as (_, client):
        for expected in (small, long):
            stream = await client.request("GET", "/f", response_type=bytes, stream=True)
            blocks = [each async for each in stream]
            assert b"".join(blocks) == expected

        with pytest.raises(APIError, match="no"):
            await client.request("GET", "/f", response_type=bytes, stream=True, retry=0)


@pytest.mark.parametrize("cut", CUTS.values(), ids=list(CUTS))
async def test_cut_blocks(cut: list[Step]) -> None:
    """A body that breaks off is no whole one."""
    script = [*video(b"a", end=False), *cut]
    async with served(script) as (_, client):
        stream = await client.request("GET", "/v", response_type=bytes, stream=True)
        assert await anext(stream) == b"a"
        with pytest.raises(StreamInterruptedError, match="cut"):
            await collected(stream)


async def test_blocks_that_stall() -> None:
    """The timers are those of every stream."""
    script = [*video(b"a", end=False), Hang()]
    timeout = Timeout(idle=0.02)
    async with served(script, timeout=timeout, retry=AT_ONCE) as (_, client):
        stream = await client.request("GET", "/v", response_type=bytes, stream=True)
        await anext(stream)
        with pytest.raises(APITimeoutError) as caught:
            await anext(stream)

    assert caught.value.phase == "idle"


async def test_client_closed_meanwhile() -> None:
    """A stream of a client that is closed ends with that error."""
    script = [*video(b"a", end=False), Hang()]
    async with served(script) as (_, client):
        stream = await client.request("GET", "/v", response_type=bytes, stream=True)
        await anext(stream)
        reading = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0)
        await client.aclose()
        with pytest.raises(OpenRouterError) as caught:
            await reading

    assert type(caught.value) is APIConnectionError
    assert "closed" in caught.value.message
