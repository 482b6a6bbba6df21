from __future__ import annotations

import asyncio

import msgspec
import pytest

from openrouter_async import (
    APIError,
    APITimeoutError,
    ConfigError,
    RateLimitError,
    ResponseDecodeError,
    ResponseTooLargeError,
    ServerError,
    SizeLimits,
    StreamInterruptedError,
    Timeout,
)
from tests.operations import CUTS, collected, served
from tests.scripted import (
    Hang,
    ReadBody,
    ReadHead,
    Send,
    Step,
    chunk,
    event_stream_head,
    exchange,
    http_response,
)
from tests.streams import SETTLE, gone

BODY = {"model": "m", "input": "Hi"}
NAMED = (
    b'event: response.created\nid: 1\ndata: {"type":"response.created"}\n\n'
    b": comment\n\n"
    b'event: response.output_text.delta\ndata: {"delta":"a"}\n\n'
    b"data: plain\ndata: text\n\n"
    b'event: response.completed\nid: 2\ndata: {"type":"response.completed"}\n\n'
)


def streamed(*pieces: bytes, end: bool = True) -> list[Step]:
    """Answer one request with a stream, piece by piece."""
    steps: list[Step] = [ReadHead(), ReadBody(), Send(event_stream_head(chunked=True))]
    for number, piece in enumerate(pieces, 1):
        last = chunk(b"") if end and number == len(pieces) else b""
        steps += [Send(chunk(piece) + last), *SETTLE]

    return steps


@pytest.mark.parametrize("size", [1, 7, 1000])
async def test_named_events(size: int) -> None:
    """Each has its name, its id and its data, however the bytes are split."""
    pieces = [NAMED[start : start + size] for start in range(0, len(NAMED), size)]
    async with served(streamed(*pieces)) as (server, client):
        async with await client.request(
            "POST", "/responses", body=BODY, stream=True
        ) as events:
            found = [(each.event, each.id, each.data) async for each in events]

    assert found == [
        ("response.created", "1", '{"type":"response.created"}'),
        ("response.output_text.delta", "1", '{"delta":"a"}'),
        (None, "1", "plain\ntext"),
        ("response.completed", "2", '{"type":"response.completed"}'),
    ]
    request = server.requests[0]
    assert msgspec.json.decode(request.body) == {**BODY, "stream": True}
    assert request.headers["accept"] == "text/event-stream"
    assert request.headers["accept-encoding"] == "identity"


async def test_json_of_an_event() -> None:
    """It is the members of the data; data that is no object is told."""
    async with served(streamed(NAMED)) as (_, client):
        stream = await client.request("POST", "/responses", body=BODY, stream=True)
        async with stream:
            first, second, third, _ = [each async for each in stream]

    assert first.json() == {"type": "response.created"}
    assert (first.type, second.type) == (
        "response.created",
        "response.output_text.delta",
    )
    with pytest.raises(ResponseDecodeError, match="plain"):
        third.json()

    assert third.type is None


async def test_done_ends_the_stream() -> None:
    """What comes after it is not read, and the connection is used again."""
    events = b'data: {"a":1}\n\ndata: [DONE]\n\n'
    script = [*streamed(events), *exchange(http_response(body={"b": 1}))]
    async with served(script) as (server, client):
        stream = await client.request("POST", "/x", body=BODY, stream=True)
        async with stream:
            assert [each.json() async for each in stream] == [{"a": 1}]

        assert await client.request("POST", "/x", body={"c": 1}) == {"b": 1}

    assert len(server.connections) == 1
    assert stream.meta.status == 200
    assert repr(stream) == "<EventStream complete /api/v1/x>"


async def test_plain_answer_to_a_stream() -> None:
    """A server that does not stream gives one event: the answer."""
    async with served(exchange(http_response(body={"id": "r"}))) as (_, client):
        stream = await client.request("POST", "/x", body=BODY, stream=True)
        found = [each async for each in stream]

    assert [(each.event, each.json()) for each in found] == [(None, {"id": "r"})]


NO_STREAMS = {"a page": b"<html>x", "words": b"try again", "cut JSON": b'{"a":'}


@pytest.mark.parametrize("body", NO_STREAMS.values(), ids=list(NO_STREAMS))
async def test_answer_that_is_no_stream(body: bytes) -> None:
    """It is told with what came."""
    async with served(exchange(http_response(body=body))) as (_, client):
        with pytest.raises(ResponseDecodeError):
            await client.request("POST", "/x", body=BODY, stream=True, retry=0)


ERRORS: dict[str, tuple[bytes, type[APIError], str]] = {
    "in a chunk": (
        b'data: {"choices":[],"error":{"code":429,"message":"slow"}}\n\n',
        RateLimitError,
        "slow",
    ),
    "OpenAI's": (
        b'event: error\ndata: {"type":"error","code":"server_error","message":"a"}\n\n',
        ServerError,
        "a",
    ),
    "Anthropic's": (
        b'event: error\ndata: {"type":"error","error":'
        b'{"type":"overloaded_error","message":"b"}}\n\n',
        ServerError,
        "b",
    ),
    "a failed response": (
        b'data: {"type":"response.failed","response":{"status":"failed",'
        b'"error":{"code":"server_error","message":"c"}}}\n\n',
        ServerError,
        "c",
    ),
    "a failed response without details": (
        b'event: response.failed\ndata: {"message":"d"}\n\n',
        APIError,
        "d",
    ),
    "text": (b"event: error\ndata: oh no\n\n", APIError, "oh no"),
}


@pytest.mark.parametrize(("event", "kind", "text"), ERRORS.values(), ids=list(ERRORS))
async def test_error_among_events(
    event: bytes, kind: type[APIError], text: str
) -> None:
    """It raises in its class, after the events before it."""
    async with served(streamed(b'data: {"a":1}\n\n' + event, end=False)) as (
        server,
        client,
    ):
        stream = await client.request("POST", "/x", body=BODY, stream=True)
        assert (await anext(stream)).json() == {"a": 1}
        with pytest.raises(kind) as caught:
            await anext(stream)

        with pytest.raises(kind):
            await anext(stream)

        assert await gone(server)

    assert type(caught.value) is kind
    assert (caught.value.message, caught.value.status) == (text, 200)


async def test_member_called_error_is_no_error() -> None:
    """Null, and text inside of a record, are data."""
    event = (
        b'data: {"type":"response.created","response":{"error":null},"error":null}\n\n'
    )
    done = b"event: response.completed\ndata: {}\n\n"
    async with served(streamed(event + done)) as (_, client):
        stream = await client.request("POST", "/x", body=BODY, stream=True)

        assert len(await collected(stream)) == 2


async def test_error_as_the_first_event_is_repeated() -> None:
    """Nothing has reached the caller: the call goes again."""
    busy = streamed(b'data: {"error":{"code":503,"message":"busy"}}\n\n', end=False)
    async with served(busy, streamed(NAMED)) as (server, client):
        stream = await client.request("POST", "/x", body=BODY, stream=True)
        assert len(await collected(stream)) == 4

    assert len(server.connections) == 2
    assert stream.meta.attempts == 2
    assert [each.code for each in stream.meta.history] == [503]


async def test_refused_stream() -> None:
    """A status that is an error raises before there is a stream."""
    refusal = http_response(400, body={"error": {"code": 400, "message": "no"}})
    async with served(exchange(refusal)) as (_, client):
        with pytest.raises(APIError, match="no"):
            await client.request("POST", "/x", body=BODY, stream=True)


@pytest.mark.parametrize("cut", CUTS.values(), ids=list(CUTS))
async def test_cut_stream(cut: list[Step]) -> None:
    """It is no end: it raises after the events that came."""
    script = [*streamed(b'data: {"a":1}\n\n', end=False), *cut]
    async with served(script) as (_, client):
        stream = await client.request("POST", "/x", body=BODY, stream=True)
        assert (await anext(stream)).json() == {"a": 1}
        with pytest.raises(StreamInterruptedError) as caught:
            await anext(stream)

    assert (caught.value.status, caught.value.attempts) == (200, 1)


BEGINNINGS = {
    "Responses": b"event: response.created\ndata: {}\n\n",
    "Messages": b'data: {"type":"message_start"}\n\n',
}


@pytest.mark.parametrize("start", BEGINNINGS.values(), ids=list(BEGINNINGS))
async def test_stream_without_its_last_event(start: bytes) -> None:
    """Protocols that have a last event are cut without it, however clean the end."""
    async with served(streamed(start)) as (_, client):
        stream = await client.request("POST", "/x", body=BODY, stream=True)
        await anext(stream)
        with pytest.raises(StreamInterruptedError, match="ended without"):
            await anext(stream)


async def test_event_over_the_limit() -> None:
    """It is refused after those before it."""
    big = b"data: " + b"x" * 100 + b"\n\n"
    async with served(
        streamed(b"data: 1\n\n" + big, end=False), sizes=SizeLimits(event=64)
    ) as (_, client):
        stream = await client.request("POST", "/x", body=BODY, stream=True)
        assert (await anext(stream)).data == "1"
        with pytest.raises(ResponseTooLargeError):
            await anext(stream)


async def test_stream_that_stalls() -> None:
    """The timers are those of every stream."""
    script = [*streamed(b"data: 1\n\n", end=False), Hang()]
    async with served(script, timeout=Timeout(idle=0.02)) as (_, client):
        stream = await client.request("POST", "/x", body=BODY, stream=True)
        await anext(stream)
        with pytest.raises(APITimeoutError) as caught:
            await anext(stream)

    assert caught.value.phase == "idle"


async def test_leaving_closes_the_connection() -> None:
    """A block that is left gives the connection back at once."""
    script = [*streamed(b"data: 1\n\ndata: 2\n\n", end=False), Hang()]
    async with served(script) as (server, client):
        async with await client.request("POST", "/x", body=BODY, stream=True) as stream:
            async for _ in stream:
                break

        assert await gone(server)
        assert await collected(stream) == []

    assert repr(stream) == "<EventStream left /api/v1/x>"


async def test_left_by_another_task() -> None:
    """The one who reads is told."""
    script = [*streamed(b"data: 1\n\n", end=False), Hang()]
    async with served(script) as (_, client):
        stream = await client.request("POST", "/x", body=BODY, stream=True)
        await anext(stream)
        reading = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0)
        with pytest.raises(ConfigError, match="one reader"):
            await anext(stream)

        await stream.aclose()
        with pytest.raises(StreamInterruptedError, match="left"):
            await reading


async def test_cancelled_while_it_opens() -> None:
    """The connection is given back."""
    async with served([ReadHead(), ReadBody(), Hang()]) as (server, client):
        opening = asyncio.ensure_future(
            client.request("POST", "/x", body=BODY, stream=True)
        )
        await server.connection()
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening

        assert await gone(server)


async def test_dropped_stream() -> None:
    """It warns, and its connection is closed."""
    script = [*streamed(b"data: 1\n\n", end=False), Hang()]
    async with served(script) as (server, client):
        stream = await client.request("POST", "/x", body=BODY, stream=True)
        kept = [stream]
        del stream
        with pytest.warns(ResourceWarning, match="dropped before its end"):
            kept.clear()

        assert await gone(server)


async def test_many_events_at_once() -> None:
    """Each of them comes, and other tasks get their turns meanwhile."""
    many = b"".join(b"data: %d\n\n" % number for number in range(2000))
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async with served(streamed(many)) as (_, client):
        stream = await client.request("POST", "/x", body=BODY, stream=True)
        other = asyncio.ensure_future(others())
        found = [each.data async for each in stream]
        other.cancel()

    assert found == [str(number) for number in range(2000)]
    assert turns >= 5


async def test_body_that_contradicts() -> None:
    """`stream` in a body has to agree with `stream=`."""
    async with served() as (_, client):
        with pytest.raises(ConfigError, match="contradicts"):
            await client.request("POST", "/x", body={"stream": True})

        with pytest.raises(ConfigError, match="contradicts"):
            await client.request("POST", "/x", body={"stream": False}, stream=True)

        bad: dict[str, object] = {"response_type": dict[str, int], "stream": True}
        with pytest.raises(ConfigError, match="a stream gives events"):
            await client.request("GET", "/x", **bad)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]  # no such overload


# Blocks of bytes
