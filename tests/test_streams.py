"""Streams from the first byte to the last, through the public API."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator

import pytest

from openrouter_async import CompletionStream, SizeLimits
from openrouter_async.types.lenient import is_array, is_object
from tests.scripted import Hang, Send, Step, Wait, chunk, events, http_response
from tests.streams import (
    SETTLE,
    USAGE,
    WHOLE,
    ask,
    asked,
    begun,
    choice,
    collect,
    delta,
    envelope,
    finish,
    served,
    streamed,
    texts_of,
    usage_chunk,
)

BOM = b"\xef\xbb\xbf"
FACE = "\N{GRINNING FACE}\u2028\u0085é"
MULTI_LINE = (
    b'data: {"id": "gen-1",\r\n'
    b'data:"choices": [{"index": 0, "text": " b"}],\r\n'
    b'data: "object": "chat.completion.chunk"}\r\n\r\n'
)
LAST_CHOICES = [choice(index=index, finish_reason="stop") for index in (1, 0)]
RECORDING = (
    b": OPENROUTER PROCESSING\n\n"
    + events(delta(""))
    + b": OPENROUTER PROCESSING\r\n\r\n"
    + events(delta("a")).replace(b"\n", b"\r\n")
    + MULTI_LINE
    + b"id: 7\nretry: 10\nevent: message\n"
    + events(delta(f" {FACE}", reasoning="hm"))
    + b"data:\n\n"
    + events(delta(" c", 1), delta(" d")).replace(b"\n", b"\r")
    + events(envelope(*LAST_CHOICES), usage_chunk())
    + b"data: [DONE]\n\n"
)
TEXTS = ["", "a", " b", f" {FACE}", "", " d", "", ""]
ANSWER = {
    "id": "gen-1",
    "object": "chat.completion",
    "created": 1700000000,
    "model": "meta/base",
    "provider": "Upstream",
    "choices": [
        {
            "index": 0,
            "text": f"a b {FACE} d",
            "finish_reason": "stop",
            "reasoning": "hm",
        },
        {"index": 1, "text": " c", "finish_reason": "stop"},
    ],
    "usage": USAGE,
}


def without_nulls(value: object) -> object:
    """Drop the null members of objects, at any depth."""
    if is_object(value):
        return {k: without_nulls(v) for k, v in value.items() if v is not None}

    if is_array(value):
        return [without_nulls(item) for item in value]

    return value


async def outcome(stream: CompletionStream) -> tuple[list[bytes], list[str], object]:
    """Return the data and texts of all chunks, and the answer they make up."""
    chunks = await collect(stream)
    answer = await stream.final()
    assert answer is stream.snapshot
    raws, texts = [each.raw for each in chunks], [each.text for each in chunks]
    return raws, texts, without_nulls(answer.to_dict())


@pytest.mark.parametrize("wire", [RECORDING, BOM + RECORDING], ids=["plain", "BOM"])
async def test_recording_cut_at_every_byte(wire: bytes) -> None:
    """Two writes cut anywhere give what one write gives: no byte boundary matters."""
    cuts = range(1, len(wire))

    def script() -> Iterator[Step]:
        yield from streamed(wire)
        for cut in cuts:
            yield from streamed(wire[:cut], wire[cut:])

    async with served(script()) as (server, client):
        whole = await outcome(ask(client))
        cut_ones = [await outcome(ask(client)) for _ in cuts]

    assert whole[1:] == (TEXTS, ANSWER)
    assert [
        place for place, one in zip(cuts, cut_ones, strict=True) if one != whole
    ] == []
    assert len(server.connections) == 1


@pytest.mark.parametrize("wire", [RECORDING, BOM + RECORDING], ids=["plain", "BOM"])
async def test_recording_byte_by_byte(wire: bytes) -> None:
    """A write for every byte gives what one write gives."""
    pieces = [wire[place : place + 1] for place in range(len(wire))]
    async with served(streamed(*pieces)) as (_, client):
        _, texts, answer = await outcome(ask(client))

    assert (texts, answer) == (TEXTS, ANSWER)


async def test_texts_final_and_what_there_is_to_see() -> None:
    """A stream gives texts, usage, meta data and the whole answer, also after it."""
    async with served(streamed(WHOLE)) as (_, client):
        stream = ask(client)
        before = (stream.usage, stream.meta.status, stream.time_to_first_event)
        async with stream:
            opened = (stream.usage, stream.meta.status, stream.time_to_first_event)
            texts = await texts_of(stream)

        answer = await stream.final()

    assert (before, opened) == ((None, 0, None), (None, 200, None))
    assert texts == ["one", " two"]
    assert answer is stream.snapshot
    assert (answer.text, answer.choices[0].finish_reason) == ("one two", "stop")
    assert stream.usage is answer.usage
    assert answer.usage is not None
    assert answer.usage.cost == 0.25
    assert answer.meta is stream.meta
    assert (answer.meta.generation_id, answer.meta.attempts) == ("gen-1", 1)
    assert answer.raw == b""
    assert stream.time_to_first_event is not None
    assert 0 < stream.time_to_first_event < 20


async def test_texts_are_those_of_the_first_choice() -> None:
    """Chunks of other choices add nothing to `texts()`."""
    wire = events(delta("a"), delta("x", 1), delta("b"), finish(), finish(index=1))
    async with served(streamed(wire)) as (_, client):
        assert await texts_of(ask(client)) == ["a", "b"]


async def test_snapshot_grows_and_stays_one_object() -> None:
    """Each look at the snapshot gives the same object, brought up to date."""
    async with served(streamed(WHOLE)) as (_, client), ask(client) as stream:
        first = stream.snapshot
        seen = [stream.snapshot.text async for _ in stream]

    assert stream.snapshot is first
    assert seen == ["one", *["one two"] * 3]


async def test_final_alone() -> None:
    """`final()` opens the stream, reads it and returns the answer."""
    async with served(streamed(WHOLE)) as (_, client):
        assert (await ask(client).final()).text == "one two"


async def test_final_reads_what_is_left() -> None:
    """`final()` goes on where the iteration stopped, and again gives the same."""
    async with served(streamed(WHOLE)) as (_, client), ask(client) as stream:
        assert (await anext(stream)).text == "one"
        answer = await stream.final()
        assert await stream.final() is answer

    assert answer.text == "one two"


async def test_header_names_the_generation() -> None:
    """`X-Generation-Id` of the head is known before any event."""
    head = http_response(
        headers={"content-type": "text/event-stream", "X-Generation-Id": "gen-head"},
        body=WHOLE,
    )
    async with served(asked(Send(head))) as (_, client), ask(client) as stream:
        before = stream.meta.generation_id
        answer = await stream.final()

    assert before == answer.meta.generation_id == "gen-head"


async def test_create_with_stream() -> None:
    """`create(stream=True)` returns a stream whose head has arrived."""
    async with served(streamed(WHOLE)) as (server, client):
        stream = await client.completions.create(prompt="Count", stream=True)
        status = stream.meta.status
        async with stream:
            texts = await texts_of(stream)

        [request] = server.requests

    assert (status, texts) == (200, ["one", " two"])
    assert request.body == b'{"prompt":"Count","stream":true}'
    assert request.headers["accept"] == "text/event-stream"
    assert request.headers["accept-encoding"] == "identity"


async def test_empty_chunks_are_held_back_and_delivered_in_order() -> None:
    """Empty chunks before the first content come first, whatever came with them."""
    wire = events(delta(), envelope(), delta(), delta("a"), delta("b"), finish())
    async with served(streamed(wire)) as (_, client):
        chunks = await collect(ask(client))

    assert [each.text for each in chunks] == ["", "", "", "a", "b", ""]
    assert [len(each.choices) for each in chunks] == [1, 0, 1, 1, 1, 1]


async def test_empty_chunks_alone() -> None:
    """Chunks without content that `[DONE]` follows are delivered."""
    wire = events(envelope(), delta(), "[DONE]")
    async with served(streamed(wire)) as (_, client):
        chunks = await collect(ask(client))

    assert [len(each.choices) for each in chunks] == [0, 1]


@pytest.mark.parametrize(
    "first",
    [
        delta("a"),
        delta(reasoning="a"),
        delta(reasoning_details=[{"type": "reasoning.text", "text": "a"}]),
        delta(finish_reason="stop"),
        envelope({"index": 0, "delta": {"role": "assistant", "content": "a"}}),
        envelope({"index": 0, "delta": {"content": "", "images": [{}]}}),
    ],
    ids=["text", "reasoning", "details", "finish reason", "chat text", "image"],
)
async def test_first_content_is_not_held_back(first: dict[str, object]) -> None:
    """Whatever the caller would miss is delivered while the stream is open."""
    script = begun(events(delta(), first))
    async with served(script) as (_, client), ask(client) as stream:
        chunks = [await anext(stream), await anext(stream)]

    assert [each.has_content for each in chunks] == [False, True]


async def test_end_without_done_but_with_finish_reasons() -> None:
    """A body that ends after every finish reason is a whole answer."""
    wire = events(delta("a"), finish(), delta("b", 1), finish(index=1))
    async with served(streamed(wire)) as (_, client):
        answer = await ask(client).final()

    assert [each.text for each in answer.choices] == ["a", "b"]


async def test_data_after_done_is_ignored() -> None:
    """Nothing that follows `[DONE]` is delivered."""
    wire = WHOLE + events(delta(" three"), {"error": {"code": 500}}) + b"junk\n\n"
    async with served(streamed(wire)) as (_, client):
        assert (await ask(client).final()).text == "one two"


async def test_connection_is_reused_after_a_proper_end() -> None:
    """Streams one after another share a connection."""
    script = [step for _ in range(3) for step in streamed(WHOLE)]
    async with served(script) as (server, client):
        for _ in range(3):
            async with ask(client) as stream:
                await collect(stream)

        assert len(server.connections) == 1


async def test_end_in_a_later_write_keeps_the_connection() -> None:
    """The end of the body may follow `[DONE]` a moment later."""
    go_on = asyncio.Event()
    script = [*begun(WHOLE), Wait(go_on), Send(chunk(b"")), *streamed(WHOLE)]
    async with served(script) as (server, client):
        await ask(client).final()
        go_on.set()
        await asyncio.sleep(0.005)
        await ask(client).final()

        assert len(server.connections) == 1


async def test_connection_left_open_after_done() -> None:
    """`[DONE]` ends the stream at once; a body left open loses its connection soon."""
    async with served([*begun(WHOLE), Hang()]) as (server, client):
        async with ask(client) as stream:
            chunks = await collect(stream)
            [connection] = server.connections
            closed_at_the_end = connection.client_closed.is_set()

        await asyncio.wait_for(connection.client_closed.wait(), 5)

    assert len(chunks) == 4
    assert not closed_at_the_end


async def test_client_that_is_closed_while_a_connection_lingers() -> None:
    """A body left open after `[DONE]` is let go with the client, without a warning."""
    async with served([*begun(WHOLE), Hang()]) as (server, client):
        async for _ in ask(client):
            pass

        await client.aclose()
        await server.connections[0].ended.wait()
        gc.collect()
        assert server.connections[0].client_closed.is_set()


async def test_event_of_ten_megabytes() -> None:
    """One event of many reads arrives whole."""
    text = "x" * 10_000_000
    wire = events(delta(text), finish())
    async with served(streamed(wire)) as (_, client):
        answer = await ask(client).final()

    assert answer.text == text


@pytest.mark.parametrize(
    "plain",
    [
        {"choices": [{"text": "all", "index": 0, "finish_reason": "stop"}]},
        {"choices": [{"text": "all", "index": 0}]},
        {"choices": [{"message": {"content": "all"}, "finish_reason": "stop"}]},
    ],
    ids=["finished", "without a finish reason", "chat"],
)
@pytest.mark.parametrize("cut", [0, 1, 5], ids="cut at {}".format)
async def test_json_answer_to_a_stream_request(
    plain: dict[str, object], cut: int
) -> None:
    """A server that does not stream gives its whole answer as one chunk."""
    response = http_response(body=plain)
    start = len(response) - len(response.partition(b"\r\n\r\n")[2]) + cut
    script = asked(Send(response[:start]), *SETTLE, Send(response[start:]))
    async with served(script) as (server, client):
        stream = ask(client)
        texts = await texts_of(stream)
        answer = await stream.final()

        assert len(server.connections) == 1

    assert (texts, answer.text) == (["all"], "all")


@pytest.mark.parametrize("padding", [b" \n", BOM], ids=repr)
async def test_padding_before_a_json_answer(padding: bytes) -> None:
    """White space or a byte order mark before the JSON does not hide it."""
    body = padding + b'{"choices": [{"text": "all", "finish_reason": "stop"}]}'
    response = http_response(body=body)
    start = len(response) - len(body) + len(padding)
    script = asked(Send(response[:start]), *SETTLE, Send(response[start:]))
    async with served(script) as (_, client):
        assert await texts_of(ask(client)) == ["all"]


async def test_many_events_let_other_tasks_run() -> None:
    """Thousands of events of one read are handed out in turns."""
    wire = events(*[delta("x")] * 4000, finish())
    turns = 0

    async def tick() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async with served(streamed(wire)) as (_, client), ask(client) as stream:
        await anext(stream)
        await asyncio.sleep(0.005)
        ticker = asyncio.create_task(tick())
        rest = await collect(stream)
        ticker.cancel()

    assert len(rest) == 4000
    assert turns >= 10


async def test_reading_is_bounded_by_the_event_limit() -> None:
    """Any number of events within the limit passes."""
    wire = events(*[delta("x" * 100)] * 50, finish())
    limits = SizeLimits(event=400)
    async with served(streamed(wire), sizes=limits) as (_, client):
        assert len((await ask(client).final()).text) == 5000
