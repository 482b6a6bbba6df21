"""Faults, for plain answers and streams."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest

from openrouter_async.testing import (
    Cut,
    Disconnect,
    ErrorEvent,
    Fail,
    FailInside,
    Hang,
    HtmlPage,
    Malformed,
    Slow,
    Stall,
    Text,
)
from tests.testing.api import Api

COMMENT = b": OPENROUTER PROCESSING\n\n"
STREAMED = pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])


@pytest.mark.parametrize(
    ("wait", "header"),
    [(2, "2"), (2.0, "2"), (0.25, "0.250"), ("soon", "soon"), (None, None)],
)
async def test_fail_with_retry_after(
    api: Api, wait: float | str | None, header: str | None
) -> None:
    """Seconds are written as a number, text as it is."""
    api.simulator.script(Fail(429, retry_after=wait))
    reply = await api.post()

    assert reply.headers.get("Retry-After") == header
    assert reply.error == {"code": 429, "message": "Rate limit exceeded"}


async def test_fail_with_an_unknown_status(api: Api) -> None:
    """A status without a usual message has one all the same."""
    api.simulator.script(Fail(599))

    assert (await api.post()).error == {"code": 599, "message": "Error"}


async def test_fail_inside_the_body(api: Api) -> None:
    """Status 200, an error and no choices; streamed it is the only event."""
    api.simulator.script(FailInside(429, times=2))
    plain, stream = await api.post(), await api.stream()

    assert (plain.status, stream.status) == (200, 200)
    assert plain.error == {"code": 429, "message": "Rate limit exceeded"}
    assert "choices" not in plain.json
    assert len(stream.data) == 1
    assert stream.chunks[0]["choices"] == []
    assert stream.chunks[0]["error"] == plain.error


async def test_fail_inside_a_choice(api: Api) -> None:
    """The first choice has the error, the text so far and the reason `error`."""
    fault = FailInside("server_error", "Boom", at="choice", after_tokens=2, times=2)
    usual = await api.post(n=2)
    api.simulator.script(fault)
    plain, stream = await api.post(n=2), await api.stream()
    error = {"code": "server_error", "message": "Boom"}

    assert plain.choice["error"] == error
    assert plain.choice["finish_reason"] == "error"
    assert usual.text.startswith(plain.text)
    assert plain.json["choices"][1] == usual.json["choices"][1]
    assert stream.streamed_text() == plain.text
    assert stream.column("error") == [error]
    assert stream.column("finish_reason") == [None, None, "error"]
    assert stream.done


@pytest.mark.parametrize("done", [False, True])
@pytest.mark.parametrize("after", [0, 2, 1000])
async def test_error_event(api: Api, after: int, done: bool) -> None:
    """The stream breaks off with an event that has an error and a choice."""
    usual = await api.stream(max_tokens=5)
    fault = ErrorEvent(after, 400, "Token limit reached", done=done)
    api.simulator.script(fault)
    reply = await api.stream(max_tokens=5)
    tokens = min(after, 5)

    assert reply.column("text")[:tokens] == usual.column("text")[:tokens]
    assert len(reply.chunks) == tokens + 1
    assert reply.chunks[-1]["error"] == {"code": 400, "message": "Token limit reached"}
    assert reply.chunks[-1]["choices"][0]["finish_reason"] == "error"
    assert reply.done == done


async def test_error_event_for_a_plain_request(api: Api) -> None:
    """Without a stream the error is in the first choice."""
    api.simulator.script(ErrorEvent(1, 502))
    reply = await api.post()

    assert reply.status == 200
    assert reply.choice["error"]["code"] == 502


@STREAMED
async def test_stall_before_the_head(api: Api, stream: bool) -> None:
    """Nothing comes until the event is set, then the usual answer."""
    usual = await api.post(stream=stream)
    api.simulator.script(Stall("head", release=(release := asyncio.Event())))
    answer = asyncio.create_task(api.post(stream=stream))
    await api.arrived()
    record = api.simulator.journal[-1]
    release.set()

    assert (record.outcome, record.status) == ("in flight", None)
    assert len((await answer).body) == len(usual.body)


@pytest.mark.parametrize("after", [None, 0, 2, 1000])
async def test_a_clean_cut_of_a_stream(api: Api, after: int | None) -> None:
    """The body is framed well, with neither finish reason nor `[DONE]`."""
    usual = await api.stream(max_tokens=5)
    api.simulator.script(Cut(after, how="clean"))
    reply = await api.stream(max_tokens=5)
    tokens = 3 if after is None else min(after, 5)

    assert reply.column("text") == usual.column("text")[:tokens]
    assert reply.column("finish_reason") == [None] * tokens
    assert not reply.done


@pytest.mark.parametrize(
    ("how", "error"),
    [("fin", aiohttp.ClientPayloadError), ("reset", aiohttp.ClientError)],
)
@STREAMED
async def test_a_hard_cut(
    api: Api, how: Any, error: type[Exception], stream: bool
) -> None:
    """What was sent arrives, and then the connection is gone."""
    usual = await api.post(stream=stream)
    api.simulator.script(Cut(after_bytes=100, how=how))
    async with api.open(stream=stream) as response:
        received = await response.content.readexactly(100)
        with pytest.raises(error):
            await response.content.read()

    assert received[:8] == usual.body[:8]
    record = api.simulator.journal[-1]
    assert (record.status, record.outcome) == (200, "scripted:Cut")


@pytest.mark.parametrize("how", ["fin", "reset", "clean"])
@STREAMED
async def test_a_cut_of_everything(api: Api, how: Any, stream: bool) -> None:
    """With no bytes allowed only the head arrives."""
    api.simulator.script(Cut(after_bytes=0, how=how))
    async with api.open(stream=stream) as response:
        assert response.status == 200
        try:
            body = await response.read()
        except aiohttp.ClientError:
            body = b""

    assert body == b""


async def test_a_clean_cut_of_a_plain_body(api: Api) -> None:
    """The length that is declared is the length of the half."""
    usual = await api.post()
    api.simulator.script(Cut(how="clean"))
    reply = await api.post()

    assert len(reply.body) == len(usual.body) // 2
    assert int(reply.headers["Content-Length"]) == len(reply.body)


async def test_a_cut_beyond_the_end(api: Api) -> None:
    """A stream shorter than the cut is whole, up to the connection's end."""
    api.simulator.script(Cut(after_bytes=10**6, how="clean"))

    assert (await api.stream()).done


async def test_malformed(api: Api) -> None:
    """A plain body, or one event of a stream that goes on, is not JSON."""
    api.simulator.script(Malformed(b"{", b"{oops", after_tokens=1, times=2))
    plain, stream = await api.post(), await api.stream()

    assert (plain.status, plain.body) == (200, b"{")
    assert stream.data[1] == b"{oops"
    assert stream.done


@pytest.mark.parametrize("status", [200, 524])
async def test_html_page(api: Api, status: int) -> None:
    """A page comes instead of JSON."""
    api.simulator.script(HtmlPage(status, "A timeout occurred"))
    reply = await api.post()

    assert reply.status == status
    assert reply.headers["Content-Type"].startswith("text/html")
    assert b"<h1>A timeout occurred</h1>" in reply.body


@STREAMED
async def test_text(api: Api, stream: bool) -> None:
    """The text is given, and neither max_tokens nor stop cut it."""
    text = "First, naïvely — then 🌱 again."
    api.simulator.script(Text(text, "content_filter", "Hm, well."))
    reply = await api.post(stream=stream, n=2, max_tokens=2, stop="then")

    if stream:
        texts = [reply.streamed_text(index) for index in range(2)]
        reasons = [reply.column("finish_reason", index)[-1] for index in range(2)]
        thoughts = "".join(reply.column("reasoning"))
        usage = reply.chunks[-1]["usage"]
    else:
        texts = [choice["text"] for choice in reply.json["choices"]]
        reasons = [choice["finish_reason"] for choice in reply.json["choices"]]
        thoughts, usage = reply.choice["reasoning"], reply.json["usage"]

    assert texts == [text, text]
    assert reasons == ["content_filter"] * 2
    assert thoughts == "Hm, well."
    assert usage["completion_tokens"] == 2 * (8 + 4)
    assert usage["completion_tokens_details"]["reasoning_tokens"] == 8


async def test_hang(api: Api) -> None:
    """No head comes; when the client gives up, the request is over."""
    api.simulator.script(Hang())
    answer = asyncio.create_task(api.post())
    await api.arrived()
    answer.cancel()
    await api.simulator.wait_idle()
    record = api.simulator.journal[-1]

    assert (record.status, record.outcome) == (None, "disconnected")
    assert record.behaviour == "Hang"


@STREAMED
async def test_slow(api: Api, stream: bool) -> None:
    """One request has a pace of its own."""
    clock = asyncio.get_running_loop().time
    api.simulator.script(Slow(0.003, latency=0.003), Slow(0.0))
    began = clock()
    slow = await api.post(stream=stream, max_tokens=4)
    elapsed = clock() - began
    usual = await api.post(stream=stream, max_tokens=4)

    assert elapsed >= 0.0145
    assert len(slow.body) == len(usual.body)


@pytest.mark.parametrize(
    ("how", "error"),
    [
        ("fin", aiohttp.ServerDisconnectedError),
        ("reset", aiohttp.ClientOSError),
    ],
)
async def test_disconnect(api: Api, how: Any, error: type[Exception]) -> None:
    """The connection ends without an answer; the next request needs another."""
    api.simulator.script(Disconnect(how))
    with pytest.raises(error):
        await api.post()

    await api.post()
    first, second = api.simulator.journal
    assert (first.outcome, first.status) == ("scripted:Disconnect", None)
    assert (first.connection, second.connection) == (1, 2)
