"""Where streams of `client.request` end, and what tells a cut one from a whole one."""

from __future__ import annotations

import asyncio

import pytest

from openrouter_async import (
    APIError,
    APITimeoutError,
    ConfigError,
    EventStream,
    Limiter,
    OpenRouter,
    RateLimitError,
    RateLimits,
    ResponseDecodeError,
    RetryPolicy,
    StreamInterruptedError,
)
from tests.scripted import (
    Hang,
    Reset,
    ScriptedServer,
    Send,
    Step,
    event_stream_head,
    events,
    http_response,
)
from tests.streams import (
    AT_ONCE,
    SETTLE,
    asked,
    begun,
    delta,
    envelope,
    finish,
    gone,
    served,
    streamed,
    usage_chunk,
)

BODY = {"model": "m"}


async def opened(client: OpenRouter, path: str = "/chat/completions") -> EventStream:
    """Open the stream that most tests are about."""
    return await client.request("POST", path, body=BODY, stream=True)


async def counted(stream: EventStream) -> int:
    """Return how many events come."""
    return len([each async for each in stream])


TEXT = {"id": "c", "object": "text_completion", "choices": [{"text": "a"}]}
ONE, TWO = delta("one"), delta("two", 1)
RESPONSE = b'data: {"type":"response.in_progress"}\n\n'
CUT = {
    "a chat chunk": events(ONE),
    "one choice of two": events(ONE, TWO, finish()),
    "a chunk without choices": events(envelope()),
    "a text chunk": events(TEXT),
    "events before it is known": b": hello\n\ndata: {}\n\n" + events(ONE),
    "Responses, begun late": RESPONSE,
    "an image": b'data: {"type":"image_generation.partial_image"}\n\n',
}


@pytest.mark.parametrize("body", CUT.values(), ids=list(CUT))
async def test_body_that_only_ends(body: bytes) -> None:
    """It was cut: what came is handed out, and then the error raises."""
    async with served(streamed(body)) as (_, client):
        stream = await opened(client)
        await anext(stream)
        with pytest.raises(StreamInterruptedError, match="ended without") as caught:
            await counted(stream)

        with pytest.raises(StreamInterruptedError):
            await anext(stream)

    assert (caught.value.status, caught.value.attempts) == (200, 1)
    assert repr(stream) == "<EventStream failed /api/v1/chat/completions>"


WHOLE = {
    "`[DONE]`": (events(ONE, "[DONE]"), 1),
    "a finish reason": (events(ONE, finish()), 2),
    "usage after it": (events(ONE, finish(), usage_chunk()), 3),
    "two choices": (events(ONE, TWO, finish(index=1), finish()), 4),
    "a text chunk": (
        events({**TEXT, "choices": [{"text": "a", "finish_reason": "length"}]}),
        1,
    ),
    "Responses": (
        RESPONSE + b"event: response.incomplete\ndata: {}\n\ndata: 1\n\n",
        3,
    ),
    "an image": (
        b'data: {"type":"image_generation.partial_image"}\n\n'
        b'data: {"type":"image_generation.completed"}\n\n',
        2,
    ),
    "a protocol of its own": (b'data: {"type":"x"}\n\n', 1),
    "only `[DONE]`": (events("[DONE]"), 0),
}


@pytest.mark.parametrize(("body", "count"), WHOLE.values(), ids=list(WHOLE))
async def test_whole_body(body: bytes, count: int) -> None:
    """It ends in peace."""
    async with served(streamed(body)) as (_, client):
        stream = await opened(client)

        assert await counted(stream) == count
        assert "complete" in repr(stream)


NOTHING = {"comments": b": OPENROUTER PROCESSING\n\n", "nothing": b"\n"}


@pytest.mark.parametrize("body", NOTHING.values(), ids=list(NOTHING))
async def test_body_without_events(body: bytes) -> None:
    """A POST may have been carried out; it raises, and is not repeated."""
    async with served(streamed(body), streamed(events("[DONE]"))) as (server, client):
        with pytest.raises(StreamInterruptedError, match="without any event"):
            await opened(client, "/responses")

    assert len(server.requests) == 1


REPEATED: dict[str, tuple[str, int | RetryPolicy]] = {
    "GET": ("GET", 2),
    "POST by a policy": ("POST", AT_ONCE),
}


@pytest.mark.parametrize(("method", "policy"), REPEATED.values(), ids=list(REPEATED))
async def test_body_without_events_is_repeated(
    method: str, policy: int | RetryPolicy
) -> None:
    """It goes again where the call may: nothing has reached the caller."""
    script = [*streamed(b": hello\n\n"), *streamed(events(ONE, "[DONE]"))]
    async with served(script) as (server, client):
        stream = await client.request(
            method, "/x", body=BODY, stream=True, retry=policy
        )

        assert await counted(stream) == 1

    assert stream.meta.attempts == len(server.requests) == 2


BROKEN = {"code": 429, "message": "slow"}
FAILURES: dict[str, tuple[dict[str, object], type[APIError], str]] = {
    "a choice's error": (
        envelope({"index": 0, "delta": {}, "error": BROKEN}),
        RateLimitError,
        "slow",
    ),
    "a second choice's": (
        envelope(
            {"index": 0, "delta": {}, "finish_reason": "error"},
            {"index": 1, "delta": {}, "finish_reason": "error", "error": BROKEN},
        ),
        RateLimitError,
        "slow",
    ),
    "only a finish reason": (
        delta(finish_reason="error"),
        APIError,
        "the provider ended the answer with an error and gave no details",
    ),
}


@pytest.mark.parametrize(
    ("chunk", "kind", "text"), FAILURES.values(), ids=list(FAILURES)
)
async def test_choice_that_failed(
    chunk: dict[str, object], kind: type[APIError], text: str
) -> None:
    """It raises as it does in a stream of chat completions."""
    async with served(streamed(events(ONE, chunk, "[DONE]"))) as (_, client):
        stream = await opened(client)
        await anext(stream)
        with pytest.raises(kind) as caught:
            await anext(stream)

    assert type(caught.value) is kind
    assert caught.value.message == text


async def test_page_that_quotes_the_key() -> None:
    """It is shown without the key."""
    page = http_response(body=b"<html>Bearer sk-or-v1-test</html>")
    async with served(asked(Send(page))) as (_, client):
        with pytest.raises(ResponseDecodeError, match="<html>Bearer") as caught:
            await client.request("POST", "/x", body=BODY, stream=True, retry=0)

    assert "sk-or-v1-test" not in str(caught.value)


async def test_word_error_in_a_choice() -> None:
    """Text about errors is text."""
    body = events(delta('an "error"', error=None), "[DONE]")
    async with served(streamed(body)) as (_, client):
        assert await counted(await opened(client)) == 1


async def test_left_by_a_bare_loop() -> None:
    """The connection is given back with the loop, as for every stream."""
    script: list[Step] = [*begun(events(ONE, TWO)), Hang()]
    async with served(script) as (server, client):
        stream = await opened(client)
        async for _ in stream:
            break

        assert await gone(server)


async def test_read_after_another_task_left() -> None:
    """The one who reads is told, also where nothing was being waited for."""
    script: list[Step] = [*begun(events(ONE, TWO)), Hang()]
    async with served(script) as (_, client):
        stream = await opened(client)
        await asyncio.ensure_future(stream.aclose())
        with pytest.raises(StreamInterruptedError, match="left before its end"):
            await anext(stream)


async def test_second_reader_of_a_loop() -> None:
    """Two loops over one stream: the second is refused, the first goes on."""
    script: list[Step] = [*begun(events(ONE)), Hang()]
    async with served(script) as (_, client):
        stream = await opened(client)
        await anext(stream)
        first = asyncio.ensure_future(counted(stream))
        await asyncio.sleep(0)
        with pytest.raises(ConfigError, match="one reader"):
            await counted(stream)

        assert not first.done()
        await stream.aclose()
        await asyncio.wait([first])


async def test_cancelled_before_the_first_event() -> None:
    """Nobody has the stream: its connection is given back."""
    script: list[Step] = [*begun(b": hello\n\n"), Hang()]
    async with served(script) as (server, client):
        opening = asyncio.ensure_future(opened(client))
        connection = await server.connection()
        while not connection.requests:  # noqa: ASYNC110  # a request sets no event
            await asyncio.sleep(0.001)

        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening

        assert await gone(server)


async def test_time_to_first_event() -> None:
    """It is known of every stream."""
    async with served(streamed(events(ONE, "[DONE]"))) as (_, client):
        async with await opened(client) as stream:
            seconds = stream.time_to_first_event

    assert seconds is not None
    assert 0 < seconds < 5


USED = {
    "chunks": events(ONE, finish(), usage_chunk(), "[DONE]"),
    "Responses": b'data: {"type":"response.completed","response":{"usage":'
    b'{"input_tokens":3,"output_tokens":2,"total_tokens":5}}}\n\n',
    "Messages": b'data: {"type":"message_start"}\n\ndata: {"type":"message_delta",'
    b'"usage":{"input_tokens":3,"output_tokens":2}}\n\n'
    b'data: {"type":"message_stop"}\n\n',
}


@pytest.mark.parametrize("body", USED.values(), ids=list(USED))
async def test_tokens_count_for_the_limiter(body: bytes) -> None:
    """What the stream used takes the place of what was set aside for it."""
    limiter = Limiter(RateLimits(tokens_per_minute=60_000))
    async with (
        ScriptedServer([[*streamed(body), *streamed(body)]]) as server,
        OpenRouter(
            "sk-or-v1-test", base_url=f"{server.url}/api/v1", limiter=limiter, timeout=5
        ) as client,
    ):
        for _ in range(2):
            stream = await client.request(
                "POST", "/x", body={**BODY, "max_tokens": 1_000_000}, stream=True
            )
            await counted(stream)

    assert limiter.statistics().in_flight == 0


async def test_refused_by_the_limiter() -> None:
    """A wait for the limiter that is too long raises, and leaves nothing behind."""
    limiter = Limiter(RateLimits(requests_per_minute=1))
    body = events(ONE, "[DONE]")
    async with (
        ScriptedServer([streamed(body)]) as server,
        OpenRouter(
            "sk-or-v1-test", base_url=f"{server.url}/api/v1", limiter=limiter
        ) as client,
    ):
        await counted(await opened(client))
        with pytest.raises(APITimeoutError):
            await client.request("POST", "/x", body=BODY, stream=True, timeout=0.02)

    assert len(server.requests) == 1
    assert limiter.statistics().in_flight == 0


async def test_block_that_is_left_by_a_bare_loop() -> None:
    """Blocks of bytes are given back in the same ways."""
    head = event_stream_head(chunked=True, headers={"content-type": "video/mp4"})
    script = asked(Send(head + b"1\r\na\r\n"), *SETTLE, Hang())
    async with served(script) as (server, client):
        stream = await client.request(
            "GET", "/v", body=b"x", response_type=bytes, stream=True
        )
        async for block in stream:
            assert block == b"a"
            break

        assert await gone(server)


async def test_blocks_begin_anew() -> None:
    """A body that is cut before its first block is asked for again."""
    head = event_stream_head(chunked=True, headers={"content-type": "video/mp4"})
    cut = asked(Send(head), *SETTLE, Reset())
    async with served(cut, streamed(b"ab")) as (_, client):
        stream = await client.request(
            "GET", "/v", body=b"x", response_type=bytes, stream=True
        )

        assert b"".join([block async for block in stream]) == b"ab"
        assert stream.meta.attempts == 2
