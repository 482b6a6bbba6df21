"""Heads of answers that are no use: told by their reason, and not asked for again."""

from __future__ import annotations

import gzip
import os

import pytest

from openrouter_async import (
    APIConnectionError,
    ConfigError,
    OpenRouter,
    RawResponse,
    ResponseDecodeError,
    ResponseTooLargeError,
    RetryPolicy,
    ServerError,
    Timeout,
)
from tests.calling import KEY, ask, fail
from tests.operations import served as served_bare
from tests.scripted import (
    Pause,
    ReadBody,
    ReadBytes,
    ReadHead,
    Reset,
    Script,
    ScriptedServer,
    Send,
    event_stream_head,
    exchange,
    http_response,
)

OK = b"HTTP/1.1 200 OK\r\n"
BODY = b'{"id":"gen-1","choices":[{"index":0,"text":"a","finish_reason":"stop"}]}'
AT_ONCE = RetryPolicy(backoff=0, throttle_backoff=0, floor=0)
CAREFUL = RetryPolicy(backoff=0, throttle_backoff=0, floor=0, retry_ambiguous=False)
NOISE = gzip.compress(os.urandom(20_000))


def head(more: bytes, body: bytes = BODY) -> bytes:
    """Build a whole answer with more headers."""
    return OK + more + b"content-length: %d\r\n\r\n" % len(body) + body


HEADS = {
    "76 br": (head(b"content-encoding: br\r\n"), ResponseDecodeError, "encoding"),
    "76 zstd": (head(b"content-encoding: zstd\r\n"), ResponseDecodeError, "encoding"),
    "76 unknown": (head(b"content-encoding: foo\r\n"), ResponseDecodeError, "'foo'"),
    "25 long": (head(b"x: " + b"a" * 20_000 + b"\r\n"), ResponseTooLargeError, "8190"),
    "25 endless": (OK + b"x: " + b"a" * 20_000, ResponseTooLargeError, "8190"),
    "25 many": (
        head(b"".join(b"x-%d: a\r\n" % number for number in range(500))),
        ResponseTooLargeError,
        "many headers",
    ),
}


@pytest.mark.parametrize(("answer", "kind", "word"), HEADS.values(), ids=HEADS)
async def test_head_is_refused_once(
    answer: bytes, kind: type[ResponseDecodeError], word: str
) -> None:
    """It would come again, and each attempt may be billed."""
    async with ScriptedServer([[ReadHead(), ReadBody(), Send(answer)]]) as server:
        async with OpenRouter(KEY, base_url=server.url, retry=AT_ONCE) as client:
            error = await fail(client)

    assert type(error) is kind
    assert word in str(error)
    assert error.maybe_billed
    assert not error.retryable
    assert len(server.requests) == 1


@pytest.mark.parametrize("kind", [bytes, RawResponse], ids=["bytes", "raw"])
async def test_bodies_as_they_are_come_uncompressed(
    kind: type[bytes] | type[RawResponse],
) -> None:
    """75: of a cut gzip body nobody would know that there was more."""
    cut = head(b"content-encoding: gzip\r\n", NOISE[:18_000])
    async with served_bare([ReadHead(), Send(cut)]) as (server, client):
        with pytest.raises(ResponseDecodeError, match="not asked for") as raised:
            await client.request("GET", "/file", response_type=kind)

    assert server.requests[0].headers["accept-encoding"] == "identity"
    assert raised.value.status == 200
    assert len(server.requests) == 1


async def test_byte_stream_comes_uncompressed() -> None:
    """75: so it is with a body that is read in blocks."""
    cut = head(b"content-encoding: gzip\r\n", NOISE[:18_000])
    async with served_bare([ReadHead(), Send(cut)]) as (_, client):
        with pytest.raises(ResponseDecodeError, match="not asked for"):
            await client.request("GET", "/file", response_type=bytes, stream=True)


async def test_a_caller_may_ask_for_compression() -> None:
    """Whoever says so takes what comes."""
    whole = head(b"content-encoding: gzip\r\n", gzip.compress(b"text"))
    asked = {"Accept-Encoding": "gzip"}
    async with served_bare([ReadHead(), Send(whole)]) as (_, client):
        found = await client.request(
            "GET", "/file", response_type=bytes, extra_headers=asked
        )

    assert found == b"text"


async def test_stream_in_place_of_an_answer() -> None:
    """125: its comments could go on for ever."""
    comments: Script = [
        ReadHead(),
        ReadBody(),
        Send(event_stream_head()),
        *[Send(b": OPENROUTER PROCESSING\n\n"), Pause(0)] * 50,
    ]
    async with ScriptedServer([comments]) as server:
        async with OpenRouter(KEY, base_url=server.url, retry=AT_ONCE) as client:
            error = await fail(client)

    assert type(error) is ResponseDecodeError
    assert "stream of events" in str(error)
    assert len(server.requests) == 1


async def test_reset_in_mid_upload() -> None:
    """12: a server that has not got all of a request does nothing about it."""
    scripts: list[Script] = [
        [ReadHead(), ReadBytes(1000), Reset()],
        [ReadHead(), ReadBody(), Send(head(b""))],
    ]
    async with ScriptedServer(scripts) as server:
        async with OpenRouter(KEY, base_url=server.url, retry=CAREFUL) as client:
            done = await client.completions.create(prompt="x" * 8_000_000)

    assert done.text == "a"
    assert done.meta.attempts == 2


async def test_reset_behind_an_upload() -> None:
    """12: one that has got all of it may have begun."""
    script: Script = [ReadHead(), ReadBody(), Reset()]
    async with ScriptedServer([script]) as server:
        async with OpenRouter(KEY, base_url=server.url, retry=CAREFUL) as client:
            with pytest.raises(APIConnectionError) as raised:
                await client.completions.create(prompt="x" * 8_000_000)

    assert raised.value.kind == "ambiguous"
    assert raised.value.maybe_billed


@pytest.mark.parametrize(("retry", "count"), [(CAREFUL, 1), (AT_ONCE, 3)])
async def test_gateway_that_gave_up(retry: RetryPolicy, count: int) -> None:
    """59: the origin works on behind a 524, which may be billed."""
    page = exchange(http_response(524, None, b"<html><title>timeout</title>")) * 3
    async with ScriptedServer([page]) as server:
        async with OpenRouter(KEY, base_url=server.url, retry=retry) as client:
            error = await fail(client)

    assert type(error) is ServerError
    assert error.maybe_billed
    assert "stream" in (error.hint or "")
    assert len(server.requests) == count


@pytest.mark.parametrize("name", ["Expect", "TE", "Trailer", "Upgrade"])
async def test_headers_that_nobody_would_answer(name: str) -> None:
    """17: a server that never says 100 would hold a body back."""
    async with OpenRouter(KEY, timeout=Timeout(total=1)) as client:
        with pytest.raises(ConfigError, match=f"header {name} cannot be set"):
            await ask(client.with_options(headers={name: "100-continue"}))
