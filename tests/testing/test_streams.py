"""Streams: framing, order, the last chunks, comments."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from openrouter_async.testing import Simulator, Stall
from tests.testing.api import PROMPT, Api

COMMENT = b": OPENROUTER PROCESSING\n\n"


async def test_the_framing(api: Api) -> None:
    """Events are one line each with a blank line after it, LF only, `[DONE]` last."""
    reply = await api.stream()
    blocks = reply.body.split(b"\n\n")

    assert reply.headers["Content-Type"] == "text/event-stream"
    assert reply.headers["X-Generation-Id"] == reply.chunks[0]["id"]
    assert b"\r" not in reply.body
    assert blocks.pop() == b""
    assert blocks[-1] == b"data: [DONE]"
    assert all(b.startswith(b"data: {") and b"\n" not in b for b in blocks[:-1])


async def test_chunks_have_the_envelope(api: Api) -> None:
    """Every chunk repeats id, object, time, model and provider."""
    chunks = (await api.stream(model="a/b")).chunks
    heads: list[dict[str, object]] = [
        {**chunk, "choices": None, "usage": None} for chunk in chunks
    ]

    assert all(head == heads[0] for head in heads)
    assert heads[0]["object"] == "chat.completion.chunk"
    assert heads[0]["model"] == "a/b"
    assert chunks[0]["choices"][0] == {
        "index": 0,
        "text": chunks[0]["choices"][0]["text"],
        "finish_reason": None,
        "native_finish_reason": None,
        "logprobs": None,
    }


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"n": 3},
        {"echo": True, "prompt": ["one", "two"]},
        {"reasoning": {}},
        {"response_format": {"type": "json_object"}},
        {"max_tokens": 3, "n": 2},
    ],
    ids=["plain", "n", "echo", "reasoning", "json", "max_tokens"],
)
async def test_a_stream_says_what_the_plain_answer_says(
    api: Api, params: dict[str, object]
) -> None:
    """Texts, finish reasons, reasoning and usage are the same."""
    plain, stream = await api.post(**params), await api.stream(**params)
    streamed = [
        {
            "logprobs": None,
            "finish_reason": stream.column("finish_reason", index)[-1],
            "native_finish_reason": stream.column("native_finish_reason", index)[-1],
            "index": index,
            "text": stream.streamed_text(index),
            "reasoning": "".join(stream.column("reasoning", index)) or None,
        }
        for index in range(len(plain.json["choices"]))
    ]

    assert streamed == plain.json["choices"]
    assert stream.chunks[-1]["usage"] == plain.json["usage"]
    assert stream.done


async def test_a_token_is_an_event(api: Api) -> None:
    """There are as many events as tokens, plus finish, usage and `[DONE]`."""
    reply = await api.stream(n=2, max_tokens=7)

    assert len(reply.data) == 2 * 7 + 2 + 1 + 1
    assert [c["choices"][0]["index"] for c in reply.chunks[:6]] == [0, 1, 0, 1, 0, 1]


async def test_reasoning_comes_first(api: Api) -> None:
    """Chunks with reasoning have an empty text and come before those with text."""
    reply = await api.stream(reasoning={"effort": "low"}, echo=True)
    has_reasoning = ["reasoning" in c["choices"][0] for c in reply.chunks[:-1]]
    count = has_reasoning.count(True)

    assert count > 5
    assert has_reasoning == [True] * count + [False] * (len(has_reasoning) - count)
    assert set(reply.column("text")[:count]) == {""}
    assert reply.column("text")[count] == PROMPT


async def test_logprobs_are_streamed(api: Api) -> None:
    """The chunks' log probabilities joined are those of the plain answer."""
    params: dict[str, Any] = {"logprobs": 2, "echo": True}
    plain, stream = await api.post(**params), await api.stream(**params)
    parts = [part for part in stream.column("logprobs") if part is not None]

    for member, values in plain.choice["logprobs"].items():
        assert [value for part in parts for value in part[member]] == values


@pytest.mark.parametrize("options", [None, {"include_usage": False}, {}])
async def test_usage_always_comes(api: Api, options: dict[str, bool] | None) -> None:
    """`stream_options` is accepted and changes nothing, as on the live service."""
    reply = await api.stream(stream_options=options)

    assert reply.chunks[-1]["choices"] == []
    assert reply.chunks[-1]["usage"]["completion_tokens"] > 0


async def test_usage_can_repeat_the_finish_reason(api: Api) -> None:
    """The other shape of the last chunk has an empty text and the same reason."""
    async with Simulator(usage_shape="repeated_finish") as simulator:
        reply = await Api(simulator, api.session).stream(n=2, max_tokens=1)

    assert reply.column("finish_reason") == [None, "length", "length"]
    assert reply.column("finish_reason", 1) == [None, "length"]
    assert "usage" in reply.chunks[-1]
    assert reply.chunks[-1]["choices"][0]["text"] == ""


@pytest.mark.parametrize("count", [0, 1, 4])
async def test_comments_come_first(api: Api, count: int) -> None:
    """A stream begins with as many comments as are wanted."""
    async with Simulator(comments=count, comment_interval=0.001) as simulator:
        reply = await Api(simulator, api.session).stream()

    assert reply.body.startswith(COMMENT * count + b"data: ")
    assert reply.body.count(COMMENT) == count


async def test_the_head_does_not_wait_for_the_tokens(api: Api) -> None:
    """The latency of a stream passes between its head and its first token."""
    async with Simulator(comments=1, latency=60) as simulator:
        async with Api(simulator, api.session).open(stream=True) as response:
            assert response.status == 200
            assert await response.content.readexactly(len(COMMENT)) == COMMENT


async def test_tokens_are_paced(api: Api) -> None:
    """A token interval passes before each token, and before all of a plain answer."""
    loop = asyncio.get_running_loop()
    async with Simulator(token_interval=0.004, latency=0.004) as simulator:
        paced = Api(simulator, api.session)
        began = loop.time()
        await paced.stream(max_tokens=5)
        streamed = loop.time()
        await paced.post(max_tokens=5)
        answered = loop.time()

    assert streamed - began >= 0.0235
    assert answered - streamed >= 0.0235


async def test_padding_while_a_plain_answer_waits(api: Api) -> None:
    """Whitespace comes before the JSON, in time with the interval."""
    async with Simulator(latency=0.01, padding_interval=0.004) as simulator:
        reply = await Api(simulator, api.session).post()

    assert reply.body.startswith(b"\n         \n         {")
    assert reply.json["object"] == "chat.completion"
    assert reply.headers["Transfer-Encoding"] == "chunked"


async def test_events_can_be_joined(api: Api) -> None:
    """Several events in a write are the same stream."""
    async with Simulator(comments=0, events_per_write=8) as simulator:
        joined = await Api(simulator, api.session).stream()

    assert joined.streamed_text() == (await api.stream()).streamed_text()
    assert joined.done


async def test_a_long_stream_lets_others_pass(api: Api) -> None:
    """A plain answer does not wait for the end of a fast stream."""
    async with Simulator(sentences=(400, 400)) as simulator:
        long = Api(simulator, api.session)
        simulator.script(Stall(release=(begin := asyncio.Event())))
        stream = asyncio.create_task(long.stream())
        await long.arrived()

        plain = asyncio.create_task(long.post(max_tokens=1))
        begin.set()
        await plain
        finished_first = not stream.done()
        await stream

    assert finished_first
