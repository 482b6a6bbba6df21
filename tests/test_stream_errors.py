"""Errors of streams: where they may come, what they carry, what is tried again."""

from __future__ import annotations

import pickle

import pytest

from openrouter_async import (
    APIConnectionError,
    APIError,
    AuthenticationError,
    BadRequestError,
    OpenRouterError,
    PaymentRequiredError,
    RateLimitError,
    ResponseDecodeError,
    ResponseTooLargeError,
    RetryPolicy,
    ServerError,
    SizeLimits,
    StreamInterruptedError,
)
from openrouter_async.types import Completion
from tests.scripted import (
    Fin,
    Hang,
    Reset,
    Send,
    Step,
    chunk,
    event_stream_head,
    events,
    http_response,
)
from tests.streams import (
    AT_ONCE,
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
    read_to_error,
    served,
    streamed,
    texts_of,
)

NEVER = RetryPolicy(max_retries=0)
HEAD = Send(event_stream_head())
CHUNKED = Send(event_stream_head(chunked=True))


def failed(code: object = 502, **members: object) -> dict[str, object]:
    """Build the error event that OpenRouter sends in mid-stream."""
    error = {"code": code, "message": "Upstream failed", **members}
    return envelope(choice(finish_reason="error"), error=error)


CUTS: dict[str, list[Step]] = {
    "clean end": asked(HEAD, Send(events(delta("a"), delta("b"))), Fin()),
    "clean end of chunks": streamed(events(delta("a"), delta("b"))),
    "end within an event": asked(
        HEAD, Send(events(delta("a"), delta("b"))[:-1]), Fin()
    ),
    "missing last chunk": [*begun(events(delta("a"), delta("b"))), Fin()],
    "cut within a chunk": asked(
        CHUNKED, Send(chunk(events(delta("a"), delta("b")))[:-9]), *SETTLE, Fin()
    ),
    "reset": [*begun(events(delta("a"), delta("b"))), Reset()],
    "one choice unfinished": streamed(events(delta("a"), finish(), delta("b", 1))),
}


@pytest.mark.parametrize("script", CUTS.values(), ids=CUTS)
async def test_cut_stream(script: list[Step]) -> None:
    """A stream that ends before its answer does is an error that holds the text."""
    async with served(script) as (server, client):
        stream = ask(client)
        with pytest.raises(StreamInterruptedError) as caught:
            await collect(stream)

        with pytest.raises(StreamInterruptedError) as again:
            await stream.final()

        assert len(server.requests) == 1

    error = caught.value
    assert again.value is error
    assert error.partial is stream.snapshot
    assert stream.snapshot.text[:1] == "a"
    assert (error.status, error.generation_id) == (200, "gen-1")
    assert (error.attempts, error.retryable, error.maybe_billed) == (1, True, True)
    assert pickle.loads(pickle.dumps(error)).partial.text == stream.snapshot.text


@pytest.mark.parametrize("end", [Reset(), Fin()], ids=["reset", "end"])
@pytest.mark.parametrize("settled", [True, False], ids=["a moment later", "at once"])
async def test_what_came_before_a_cut_is_delivered(end: Step, settled: bool) -> None:
    """A slow consumer gets every chunk that had arrived, and then the error."""
    pieces = [events(delta(text)) for text in "abcde"]
    script = [*begun(*pieces), *(SETTLE if settled else []), end]
    async with served(script) as (server, client):
        stream = ask(client)
        first = await anext(stream)
        if isinstance(end, Reset):
            await server.connections[0].ended.wait()

        texts, error = await read_to_error(stream)

    assert [first.text, *texts] == list("abcde")
    assert type(error) is StreamInterruptedError
    assert error.partial is stream.snapshot
    assert stream.snapshot.text == "abcde"


@pytest.mark.parametrize(
    "first",
    [
        streamed(events(failed(502))),
        streamed(events(delta(), envelope(), failed(503))),
        streamed(events(failed("server_error"))),
        streamed(events({"error": {"code": 429, "message": "Slow down"}})),
        streamed(events(delta(finish_reason="error"))),
        streamed(events(envelope(choice(error={"code": 500, "message": "x"})))),
        streamed(events(delta())),
        streamed(b""),
        streamed(b": OPENROUTER PROCESSING\n\n"),
        [*begun(events(delta())), Reset()],
        asked(Reset()),
        streamed(b"data: {broken\n\n"),
        asked(Send(http_response(503, body={"error": {"code": 503}}))),
        asked(Send(http_response(body={"error": {"code": 502, "message": "x"}}))),
        asked(Send(http_response(body=b"<html>Bad gateway</html>"))),
        asked(Send(http_response(body={"success": True}))),
    ],
    ids=[
        "error event",
        "after empty chunks",
        "named code",
        "nothing but an error",
        "finish reason",
        "choice",
        "empty chunk and end",
        "no event",
        "comments only",
        "reset after an empty chunk",
        "reset before the head",
        "broken JSON",
        "status",
        "JSON error",
        "HTML",
        "JSON without choices",
    ],
)
async def test_failure_before_content_is_tried_again(
    first: list[Step],
) -> None:
    """What fails before the caller got any content is repeated, and then whole."""
    second = streamed(WHOLE)
    # A connection that is still good carries the next attempt as well.
    scripts = [[*first, *second], second]
    async with served(*scripts) as (server, client):
        stream = ask(client)
        assert await texts_of(stream) == ["one", " two"]
        bodies = [request.body for request in server.requests]
        assert len(server.connections) <= 2

    assert len(bodies) == 2
    assert bodies[0] == bodies[1]
    assert stream.meta.attempts == 2
    assert len(stream.meta.history) == 1


@pytest.mark.parametrize(
    ("reported", "kind", "code"),
    [
        (failed(502), ServerError, 502),
        (failed("502"), ServerError, "502"),
        (failed("server_error"), ServerError, "server_error"),
        (failed("rate_limit_exceeded"), RateLimitError, "rate_limit_exceeded"),
        (failed(400), BadRequestError, 400),
        (failed(402.0), PaymentRequiredError, 402),
        (failed(None), APIError, None),
        (failed("odd"), APIError, "odd"),
        ({"error": {"code": 429, "message": "Upstream failed"}}, RateLimitError, 429),
        ({"error": "Upstream failed"}, APIError, None),
        (
            envelope(choice(error={"code": 429, "message": "Upstream failed"})),
            RateLimitError,
            429,
        ),
        (
            envelope(
                choice(
                    finish_reason="stop",
                    error={"code": 500, "message": "Upstream failed"},
                )
            ),
            ServerError,
            500,
        ),
    ],
    ids=[
        "number",
        "digits",
        "name",
        "name of a limit",
        "bad request",
        "float",
        "no code",
        "unknown name",
        "alone",
        "text",
        "choice",
        "choice that claims to stop",
    ],
)
async def test_error_after_content(
    reported: dict[str, object], kind: type[APIError], code: object
) -> None:
    """An error in mid-stream is raised as the class of its code, text kept."""
    wire = events(delta("one"), delta(" two"), reported, delta("lost"), "[DONE]")
    async with served(streamed(wire)) as (server, client):
        stream = ask(client)
        texts, error = await read_to_error(stream)
        assert len(server.requests) == 1

    assert texts == ["one", " two"]
    assert type(error) is kind
    assert (error.code, error.message) == (code, "Upstream failed")
    assert error.partial is stream.snapshot
    assert stream.snapshot.text == "one two"
    assert (error.status, error.generation_id, error.attempts) == (200, "gen-1", 1)


async def test_finish_reason_error_alone() -> None:
    """A finish reason of "error" is one, even if nothing more is said."""
    async with served(streamed(events(delta("a"), finish("error")))) as (_, client):
        with pytest.raises(APIError, match="gave no details") as caught:
            await ask(client).final()

    assert caught.value.partial is not None
    assert caught.value.partial.choices[0].finish_reason == "error"


async def test_usage_beside_an_error_is_kept() -> None:
    """The bill that comes with the error is in what it carries."""
    wire = events(delta("a"), envelope(error={"code": 400}, usage=USAGE))
    async with served(streamed(wire)) as (_, client):
        with pytest.raises(BadRequestError) as caught:
            await ask(client).final()

    partial = caught.value.partial
    assert isinstance(partial, Completion)
    assert partial.usage is not None
    assert partial.usage.cost == 0.25
    assert partial.error == {"code": 400}


@pytest.mark.parametrize("nothing", [None, {}, "", False, 0, []], ids=repr)
async def test_falsy_error_is_none(nothing: object) -> None:
    """An error member that holds nothing reports nothing."""
    wire = events(
        envelope(choice("a"), error=nothing),
        envelope(choice("b", error=nothing, finish_reason="stop")),
    )
    async with served(streamed(wire)) as (_, client):
        assert (await ask(client).final()).text == "ab"


async def test_error_as_only_event_without_retries() -> None:
    """An error as the first event is raised with its id; there is no partial text."""
    async with served(streamed(events(failed(502))), retry=NEVER) as (_, client):
        stream = ask(client)
        with pytest.raises(ServerError) as caught:
            await collect(stream)

    error = caught.value
    assert (error.generation_id, error.partial) == ("gen-1", None)
    assert (error.maybe_billed, stream.snapshot.text) == (False, "")


@pytest.mark.parametrize("code", [400, 401, 402, 403], ids=str)
async def test_final_error_before_content_is_not_repeated(code: int) -> None:
    """A first event that no repetition helps is raised after one request."""
    async with served(streamed(events(failed(code)))) as (server, client):
        with pytest.raises(APIError) as caught:
            async with ask(client) as stream:
                await collect(stream)

        assert len(server.requests) == 1

    assert (caught.value.code, caught.value.attempts) == (code, 1)


async def test_error_of_the_last_attempt_tells_of_those_before() -> None:
    """When retries are used up the error knows of all attempts."""
    script = [
        step for code in (500, 502, 503) for step in streamed(events(failed(code)))
    ]
    async with served(script) as (_, client):
        with pytest.raises(ServerError) as caught:
            await ask(client).final()

    assert (caught.value.code, caught.value.attempts) == (503, 3)
    assert [each.code for each in caught.value.history] == [500, 502]


async def test_status_before_the_stream() -> None:
    """A refusal by status is raised as the stream is opened."""
    refusal = http_response(401, body={"error": {"code": 401, "message": "No key"}})
    async with served(asked(Send(refusal))) as (_, client):
        with pytest.raises(AuthenticationError, match="No key"):
            async with ask(client):
                pytest.fail("opened")


async def test_stream_created_with_a_status_error() -> None:
    """`create(stream=True)` raises what the head says."""
    refusal = http_response(400, body={"error": {"code": 400, "message": "No model"}})
    async with served(asked(Send(refusal))) as (_, client):
        with pytest.raises(BadRequestError, match="No model"):
            await client.completions.create(prompt="x", stream=True)


async def test_broken_json_in_mid_stream() -> None:
    """An event that cannot be read ends the stream, with the text before it."""
    wire = events(delta("a"), ": OPENROUTER PROCESSING", delta("b"))
    async with served(streamed(wire)) as (_, client):
        with pytest.raises(ResponseDecodeError, match="PROCESSING") as caught:
            await ask(client).final()

    assert caught.value.partial is not None
    assert caught.value.partial.text == "a"
    assert caught.value.status == 200


async def test_event_with_odd_types_is_read_patiently() -> None:
    """Doubles, nulls and invalid UTF-8 do not cost the event."""
    odd = b'data: {"created": 1.0, "choices": [{"index": 0.0, "text": "\xff"}]}\n\n'
    async with served(streamed(odd + events(delta("b"), finish()))) as (_, client):
        assert (await ask(client).final()).text == "\ufffdb"


@pytest.mark.parametrize(
    ("body", "kind", "message"),
    [
        (b'{"error": {"code": 402, "message": "Owe"}}', PaymentRequiredError, "Owe"),
        (b'{"error": {"code": 400, "message": "Bad"}}', BadRequestError, "Bad"),
        (b'{"choices": [], "error": {"code": 400}}', BadRequestError, "400"),
        (b"<!DOCTYPE html><title>Oops</title>", ResponseDecodeError, "Oops"),
        (b'{"success": true}', ResponseDecodeError, "no choices"),
        (b'{"choices": [', ResponseDecodeError, "not the JSON"),
        (b"upstream error", ResponseDecodeError, "no event stream: upstream error"),
    ],
    ids=["402", "400", "with choices", "HTML", "no choices", "cut JSON", "text"],
)
@pytest.mark.parametrize("cut", [0, 1, 7], ids="cut at {}".format)
async def test_no_stream_in_answer(
    body: bytes, kind: type[OpenRouterError], message: str, cut: int
) -> None:
    """A body that is no event stream is never taken for an empty one."""
    response = http_response(headers={"content-type": "text/plain"}, body=body)
    start = len(response) - len(body) + cut
    script = asked(Send(response[:start]), *SETTLE, Send(response[start:]))
    async with served(script, retry=NEVER) as (_, client):
        with pytest.raises(kind, match=message) as caught:
            await ask(client).final()

    assert type(caught.value) is kind
    assert caught.value.status == 200


async def test_plain_answer_that_is_cut() -> None:
    """A JSON answer to a stream request that breaks off is a lost connection."""
    response = http_response(body={"choices": [{"text": "all"}]})
    script = asked(Send(response[:-5]), Fin())
    async with served(script, retry=NEVER) as (_, client):
        with pytest.raises(APIConnectionError):
            await ask(client).final()


@pytest.mark.parametrize("start", [b"data: ", b": ", b"foo", b"data: x\ndata: "])
async def test_line_without_end_is_bounded(start: bytes) -> None:
    """A line over the limit ends the stream while more of it comes, comments too."""
    flood = [Send(chunk(b"x" * 1000))] * 50
    script = [*begun(events(delta("a")) + start), *flood, Hang()]
    async with served(script, sizes=SizeLimits(event=20_000)) as (server, client):
        stream = ask(client)
        with pytest.raises(ResponseTooLargeError, match="20000 bytes") as caught:
            await collect(stream)

        await server.connections[0].client_closed.wait()

    assert caught.value.partial is stream.snapshot
    assert stream.snapshot.text == "a"
    assert not caught.value.retryable


async def test_chunks_before_an_event_over_the_limit_are_delivered() -> None:
    """Events of the same read come before the error that one of them is."""
    wire = events(delta("a"), delta("b"), delta("x" * 5000), delta("c"))
    async with served(streamed(wire), sizes=SizeLimits(event=4000)) as (_, client):
        texts, error = await read_to_error(ask(client))

    assert texts == ["a", "b"]
    assert type(error) is ResponseTooLargeError


async def test_stale_connection_costs_no_retry() -> None:
    """A pooled connection that died is replaced, also with no retries allowed."""
    first = [*streamed(WHOLE), *asked(Reset())]
    async with served(first, streamed(WHOLE), retry=NEVER) as (server, client):
        await ask(client).final()
        stream = ask(client)
        assert await texts_of(stream) == ["one", " two"]
        assert len(server.connections) == 2

    assert stream.meta.attempts == 2


@pytest.mark.parametrize(
    "quoted",
    [
        events(failed(400, message="key sk-or-v1-test is bad")),
        b"data: sk-or-v1-test is no JSON\n\n",
    ],
    ids=["error", "broken JSON"],
)
async def test_key_is_not_kept(quoted: bytes) -> None:
    """A server that quotes the key does not put it into errors or what they hold."""
    wire = events(delta("a")) + quoted
    async with served(streamed(wire), retry=AT_ONCE) as (_, client):
        with pytest.raises(OpenRouterError) as caught:
            await ask(client).final()

    error = caught.value
    assert error.partial is not None
    kept = repr((str(error), vars(error), error.partial.to_dict(), error.partial.error))
    assert "sk-or-v1-test" not in kept
