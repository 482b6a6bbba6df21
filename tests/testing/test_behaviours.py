"""Behaviours that change how an answer comes, for plain answers and streams."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from openrouter_async.testing import (
    Chunks,
    Comments,
    Fail,
    NoDone,
    Pad,
    RawEvents,
    Respond,
    Stall,
    Text,
)
from tests.testing.api import Api

COMMENT = b": OPENROUTER PROCESSING\n\n"
STREAMED = pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])


@pytest.mark.parametrize(
    ("body", "sent", "content_type"),
    [
        ({"data": [1]}, b'{"data":[1]}', "application/json"),
        (b"\xff{", b"\xff{", "application/json"),
        ("plain", b"plain", "application/json"),
        (b"", b"", "application/json"),
    ],
    ids=["json", "bytes", "text", "empty"],
)
async def test_respond(api: Api, body: object, sent: bytes, content_type: str) -> None:
    """Status, headers and body are sent as they are."""
    api.simulator.script(Respond(418, body, {"X-Tea": "yes"}))
    reply = await api.post()

    assert (reply.status, reply.body) == (418, sent)
    assert reply.headers["X-Tea"] == "yes"
    assert reply.headers["Content-Type"] == content_type


async def test_respond_can_repeat_a_header(api: Api) -> None:
    """Pairs keep a name that occurs twice, and name the content type."""
    pairs = [("Retry-After", "1"), ("Retry-After", "9"), ("content-type", "text/x")]
    api.simulator.script(Respond(429, b"x", pairs))
    async with api.open() as response:
        assert response.headers.getall("Retry-After") == ["1", "9"]
        assert response.headers.getall("Content-Type") == ["text/x"]


async def test_respond_with_a_forbidden_header(api: Api) -> None:
    """What cannot be sent is reported to the client."""
    api.simulator.script(Respond(200, headers={"X-Split": "a\r\nb: c"}))
    reply = await api.post()

    assert reply.status == 500
    assert reply.error["message"].startswith("ValueError: Forbidden control character")
    assert api.simulator.journal[-1].outcome == "failed"


@pytest.mark.parametrize("status", [204, 307])
async def test_respond_without_a_body(api: Api, status: int) -> None:
    """Statuses without a body leave the connection usable."""
    api.simulator.script(Respond(status, headers={"Location": "http://127.0.0.1:9/"}))
    assert (await api.post()).status == status
    assert (await api.post()).status == 200
    assert [record.connection for record in api.simulator.journal] == [1, 1]


async def test_respond_serves_any_path(api: Api) -> None:
    """Operations that the simulator does not know can be scripted."""
    models = {"data": [{"id": "a/b"}]}
    api.simulator.script(
        Respond(200, models), when=lambda request: request.path.endswith("/models")
    )
    reply = await api.send(b"", method="GET", url=f"{api.simulator.base_url}/models")

    assert reply.json == models


@STREAMED
async def test_fail(api: Api, stream: bool) -> None:
    """The classic envelope has the code, the message and the metadata."""
    fault = Fail(
        502,
        "No luck",
        code="server_error",
        error_type="provider_unavailable",
        metadata={"provider_name": "X"},
        headers={"X-Provider-Name": "X"},
    )
    api.simulator.script(fault)
    reply = await api.post(stream=stream)

    assert reply.status == 502
    assert reply.headers["X-Provider-Name"] == "X"
    assert reply.json == {
        "error": {
            "code": "server_error",
            "message": "No luck",
            "metadata": {
                "provider_name": "X",
                "error_type": "provider_unavailable",
            },
        },
        "user_id": "user_simulator",
    }


async def test_stall_in_a_stream(api: Api) -> None:
    """The tokens before the stall arrive, the others after the release."""
    usual = await api.stream()
    api.simulator.script(Stall(after_tokens=2, release=(release := asyncio.Event())))
    async with api.open(stream=True) as response:
        first = await response.content.readuntil(b"\n\n")
        second = await response.content.readuntil(b"\n\n")
        assert response.content.total_bytes == len(first + second)
        release.set()
        rest = await response.content.read()

    assert len(first + second + rest) == len(usual.body)
    assert rest.endswith(b"data: [DONE]\n\n")


@pytest.mark.parametrize("after", [0, 1])
async def test_stall_in_a_plain_body(api: Api, after: int) -> None:
    """The head, or the first half of the body as well, arrives before the stall."""
    length = len((await api.post()).body)
    fault = Stall(after_tokens=after, release=(release := asyncio.Event()))
    api.simulator.script(fault)
    async with api.open() as response:
        half = await response.content.readexactly(length // 2 if after else 0)
        assert response.content_length == length
        release.set()
        rest = await response.content.read()

    assert msgspec.json.decode(half + rest)["object"] == "chat.completion"


async def test_pad(api: Api) -> None:
    """Plain bodies get whitespace before the JSON, streams get comments."""
    api.simulator.script(Pad(2, times=2))
    plain, stream = await api.post(), await api.stream()

    assert plain.body.startswith((b"\n" + b" " * 9) * 2 + b"{")
    assert plain.json["object"] == "chat.completion"
    assert stream.body.startswith(COMMENT * 2 + b"data: {")
    assert stream.done


@STREAMED
async def test_pad_for_ever(api: Api, stream: bool) -> None:
    """Padding goes on until the client leaves."""
    api.simulator.script(Pad(None, 0.001))
    async with api.open(stream=stream) as response:
        padding = await response.content.readexactly(100)

    await api.simulator.wait_idle()

    assert b"{" not in padding
    assert api.simulator.journal[-1].outcome == "disconnected"


async def test_comments(api: Api) -> None:
    """Comments come between tokens and change nothing."""
    usual_plain, usual = await api.post(), await api.stream()
    api.simulator.script(Comments(3, 0.001, after_tokens=2, times=2))
    plain, stream = await api.post(), await api.stream()

    assert plain.text == usual_plain.text
    assert stream.body.count(COMMENT) == 3
    assert stream.body.split(b"\n\n")[2:5] == [COMMENT.strip()] * 3
    assert stream.streamed_text() == usual.streamed_text()


async def test_no_done(api: Api) -> None:
    """The finish reason and the usage come, `[DONE]` does not."""
    api.simulator.script(NoDone(times=2))
    plain, stream = await api.post(), await api.stream()

    assert plain.choice["finish_reason"] == "stop"
    assert stream.column("finish_reason")[-1] == "stop"
    assert "usage" in stream.chunks[-1]
    assert not stream.done


async def test_an_empty_text(api: Api) -> None:
    """Providers that warm up answer with nothing."""
    api.simulator.script(Text("", times=2))
    plain, stream = await api.post(), await api.stream()

    assert plain.text == ""
    assert stream.column("text") == [""]
    assert stream.done


@pytest.mark.parametrize("done", [False, True])
async def test_chunks(api: Api, done: bool) -> None:
    """Each chunk is an event, whatever is in it."""
    chunks: list[dict[str, object]] = [
        {"choices": [{"text": "a"}]},
        {"choices": [], "usage": None},
    ]
    api.simulator.script(Chunks(chunks, done))
    reply = await api.stream()

    assert reply.chunks == chunks
    assert reply.done == done


@pytest.mark.parametrize("split", [None, 1, 7])
async def test_raw_events(api: Api, split: int | None) -> None:
    """The bytes come as they are, in pieces of the wanted size."""
    data = b"\xef\xbb\xbfdata: {}\r\n\r\n: \xf0\x9f\x8c\xb1\n\ndata: [DONE]\n\n"
    api.simulator.script(RawEvents(data, split))
    async with api.open(stream=True) as response:
        parts = [part async for part in response.content.iter_any()]

    assert b"".join(parts) == data
    if split is None:
        assert len(parts) == 1
    else:
        assert len(parts) > 1


async def test_raw_events_can_hold_the_connection(api: Api) -> None:
    """All bytes arrive, and the body does not end."""
    api.simulator.script(RawEvents(b"data: [DONE]\n\n", hold=True))
    async with api.open(stream=True) as response:
        assert await response.content.readexactly(14) == b"data: [DONE]\n\n"
        assert not response.content.at_eof()

    await api.simulator.wait_idle()
    assert api.simulator.journal[-1].outcome == "disconnected"


async def test_no_raw_events(api: Api) -> None:
    """A stream can be empty."""
    api.simulator.script(RawEvents(b""))

    assert (await api.stream()).body == b""
