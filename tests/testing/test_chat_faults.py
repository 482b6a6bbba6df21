"""All behaviours work on chat as they do on text completions."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from openrouter_async.testing import (
    Behaviour,
    Chunks,
    Comments,
    Cut,
    Disconnect,
    ErrorEvent,
    Fail,
    FailInside,
    HtmlPage,
    Malformed,
    NoDone,
    Pad,
    RawEvents,
    Respond,
    Simulator,
    Slow,
    Stall,
)
from tests.testing.api import Api


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize(
    ("behaviour", "status"),
    [(Fail(503), 503), (HtmlPage(502), 502), (Respond(418, "tea"), 418)],
    ids=["Fail", "HtmlPage", "Respond"],
)
async def test_statuses(
    simulator: Simulator, api: Api, behaviour: Behaviour, status: int, *, stream: bool
) -> None:
    """An error status is one, whatever was asked."""
    simulator.script(behaviour)
    reply = await api.chat(stream=stream)

    assert reply.status == status


async def test_an_error_inside_a_plain_answer(simulator: Simulator, api: Api) -> None:
    """It is in the body alone, or in a choice beside some of the text."""
    simulator.script(FailInside(402), FailInside(at="choice", after_tokens=2))
    body = await api.chat()
    choice = await api.chat()

    assert (body.status, body.error["code"], "choices" in body.json) == (
        200,
        402,
        False,
    )
    assert choice.choice["error"]["code"] == 502
    assert choice.choice["finish_reason"] == "error"
    assert len(choice.message["content"].split()) == 2


async def test_an_error_inside_a_stream(simulator: Simulator, api: Api) -> None:
    """It comes as the only event, in a choice, or beside one; deltas stay deltas."""
    simulator.script(
        FailInside(),
        FailInside(at="choice", after_tokens=2),
        ErrorEvent(after_tokens=1, code="server_error", done=True),
    )
    alone, inside, beside = [await api.chat(stream=True) for _ in range(3)]

    assert (len(alone.chunks), alone.chunks[0]["choices"]) == (1, [])
    assert inside.chunks[-1]["choices"][0]["error"]["code"] == 502
    assert inside.deltas("content")[-1] == ""
    assert beside.chunks[-1]["error"]["code"] == "server_error"
    assert (len(beside.chunks), beside.done) == (2, True)


async def test_what_comes_between(simulator: Simulator, api: Api) -> None:
    """Comments, padding and a broken event are put into the answer."""
    simulator.script(Comments(2, after_tokens=1), Pad(2), Malformed(after_tokens=1))
    comments = await api.chat(stream=True)
    padded = await api.chat()
    broken = await api.chat(stream=True)

    assert comments.body.count(b": OPENROUTER PROCESSING\n\n") == 2
    assert padded.body[:1] == b"\n"
    assert padded.choice["finish_reason"] == "stop"
    assert broken.data[1] == Malformed().event


async def test_an_end_that_lacks_done(simulator: Simulator, api: Api) -> None:
    """Everything else is there."""
    simulator.script(NoDone())
    stream = await api.chat(stream=True)

    assert not stream.done
    assert "usage" in stream.chunks[-1]


@pytest.mark.parametrize(
    "cut", [Cut(after_tokens=2), Cut(after_bytes=9, how="reset")], ids=["fin", "reset"]
)
async def test_a_stream_that_breaks(simulator: Simulator, api: Api, cut: Cut) -> None:
    """The client sees that the body is not whole."""
    simulator.script(cut)

    with pytest.raises(aiohttp.ClientError):
        await api.chat(stream=True)


async def test_a_connection_that_is_closed(simulator: Simulator, api: Api) -> None:
    """Nothing comes."""
    simulator.script(Disconnect(times=2))

    with pytest.raises(aiohttp.ClientError):
        await api.chat()


async def test_an_answer_that_is_held_back(simulator: Simulator, api: Api) -> None:
    """It goes on when it is released."""
    release = asyncio.Event()
    simulator.script(Stall("head", release=release))
    waiting = asyncio.create_task(api.chat())
    await api.arrived()
    release.set()

    assert (await waiting).status == 200


async def test_what_is_played_as_it_is(simulator: Simulator, api: Api) -> None:
    """Chunks, bytes and another pace."""
    simulator.script(Chunks([{"id": "x"}]), RawEvents(b"data: 1\n\n"), Slow(0.0001))
    chunks, raw, slow = [await api.chat(stream=True, max_tokens=2) for _ in range(3)]

    assert chunks.chunks == [{"id": "x"}]
    assert raw.body == b"data: 1\n\n"
    assert len(slow.deltas("content")) == 3
