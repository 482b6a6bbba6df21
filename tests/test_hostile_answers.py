"""Answers that are broken, stalled, misleading, or that quote the key."""

from __future__ import annotations

import pickle
import time
from email.utils import parsedate_to_datetime

import msgspec
import pytest

from openrouter_async import (
    APIConnectionError,
    APITimeoutError,
    OpenRouter,
    OpenRouterError,
    RateLimitError,
    ResponseDecodeError,
    SizeLimits,
    StreamInterruptedError,
    Timeout,
)
from openrouter_async.transport import exchange as exchanges
from tests.calling import (
    COMPLETION,
    KEY,
    NO_RETRY,
    answer,
    ask,
    client_of,
    fail,
    in_turn,
    record_waits,
    refusal,
)
from tests.scripted import (
    Fin,
    Hang,
    Pause,
    ReadBody,
    ReadHead,
    ScriptedServer,
    Send,
    Step,
    chunk,
    event_stream_head,
    events,
    exchange,
    http_response,
)

ASKED: list[Step] = [ReadHead(), ReadBody()]
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: %b\r\ntransfer-encoding: chunked\r\n\r\n"
STALLED = http_response(429, {"retry-after": "7", "content-length": "500"}, b"{")
AHEAD = {"x-ratelimit-reset": str(round((time.time() + 7200) * 1000))}
FAULT: dict[str, object] = {"error": {"code": 502, "message": "bad gateway"}}
WAYS = pytest.mark.parametrize("streams", [False, True], ids=["plain", "stream"])


async def error_of(client: OpenRouter, streams: bool) -> OpenRouterError:
    """Ask in either way, and return the error there must be."""
    if not streams:
        return await fail(client)

    with pytest.raises(OpenRouterError) as caught:
        async with client.completions.stream(prompt="x") as stream:
            await stream.final()

    return caught.value


async def told(
    *steps: Step, streams: bool = False, sizes: SizeLimits = SizeLimits()
) -> OpenRouterError:
    """Return the error that one request ends with."""
    async with (
        ScriptedServer([[*ASKED, *steps]]) as server,
        OpenRouter(KEY, base_url=server.url, retry=0, sizes=sizes) as client,
    ):
        return await error_of(client, streams)


NO_ANSWERS: dict[str, dict[str, object]] = {
    "validation": {"detail": [{"loc": ["body", "choices"]}]},
    "choices elsewhere": {"data": {"choices": [{"text": "lost"}]}},
    "choices by name": {"choices": {"0": {}}},
    "null": {"choices": None},
    "empty": {},
}


@WAYS
@pytest.mark.parametrize("body", NO_ANSWERS.values(), ids=NO_ANSWERS.keys())
async def test_body_without_an_answer(body: dict[str, object], streams: bool) -> None:
    """An object without a list of choices is no empty answer."""
    error = await told(Send(http_response(body=body)), streams=streams)

    assert isinstance(error, ResponseDecodeError)
    assert "holds no choices" in error.message


async def test_empty_list_of_choices() -> None:
    """An answer that has no choices is returned as it came."""
    body = msgspec.json.encode({"choices": []})
    async with (
        ScriptedServer([in_turn(http_response(body=body))]) as server,
        client_of(server, retry=0) as client,
    ):
        done = await ask(client)

    assert (done.choices, done.text, done.raw) == ([], "", body)


async def test_plain_answer_to_a_stream_in_two_packets() -> None:
    """White space is left in place where the second packet begins with it."""
    wire = answer("Hello  world")
    cut = wire.index(b"  world")
    steps = [Send(wire[:cut]), Pause(0.005), Send(wire[cut:])]
    async with (
        ScriptedServer([[*ASKED, *steps]]) as server,
        client_of(server, retry=0) as client,
        client.completions.stream(prompt="x") as stream,
    ):
        assert (await stream.final()).text == "Hello  world"


PLAIN = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nconnection: close\r\n\r\n"
QUOTE = f"Bearer {KEY}".encode()


def check(error: OpenRouterError) -> None:
    """Fail where the key, or more of it than all keys share, is in an error."""
    pickled = pickle.dumps(error)
    assert [n for n in range(16, len(KEY) + 1) if KEY[:n].encode() in pickled] == []


@pytest.mark.parametrize("size", range(150, 210, 7))
async def test_key_across_the_end_of_what_is_shown(size: int) -> None:
    """A body that is no event stream is shortened without a piece of the key in it."""
    body = b"u" * size + QUOTE
    check(await told(Send(PLAIN + body), Fin(), streams=True))


@pytest.mark.parametrize("size", [150, 172, 184, 199])
@pytest.mark.parametrize("cut", [17, 31], ids=["early", "late"])
async def test_key_across_two_packets(size: int, cut: int) -> None:
    """Nor where the key arrived in two pieces."""
    body = b"u" * size + QUOTE
    there = size + len("Bearer ") + cut
    steps = [Send(PLAIN + body[:there]), Pause(0.005), Send(body[there:]), Fin()]
    check(await told(*steps, streams=True))


@pytest.mark.parametrize("limit", [20, 30, 60])
async def test_key_across_the_end_of_an_error_body(limit: int) -> None:
    """A limit on error bodies cuts after the key has been blotted out."""
    body = b"u" * 10 + QUOTE
    sizes = SizeLimits(error_body=limit)
    check(await told(Send(http_response(500, None, body)), sizes=sizes))


@pytest.mark.parametrize("missing", [1, 9, 20])
async def test_error_body_that_ends_in_the_key(missing: int) -> None:
    """A connection that is lost within the key leaves no piece of it."""
    body = http_response(500, None, b"u" * 10 + QUOTE)
    check(await told(Send(body[:-missing]), Fin()))


@WAYS
async def test_key_in_headers_beside_a_partial_answer(streams: bool) -> None:
    """Headers that echo the request are kept with what came, without the key."""
    parts: dict[str, object] = {
        "choices": [{"index": 0, "text": "abc", "finish_reason": "error"}],
        **FAULT,
    }
    echo = {"x-echo": f"Bearer {KEY}", "x-generation-id": "gen-1"}
    plain = http_response(200, echo, parts)
    stream = event_stream_head(headers=echo) + events(
        {"choices": [{"index": 0, "text": "abc"}]}, parts
    )
    error = await told(Send(stream if streams else plain), Fin(), streams=streams)

    assert error.partial is not None
    assert error.partial.text.startswith("abc")
    assert error.partial.meta.headers["x-echo"] == "Bearer [key]"
    check(error)


@pytest.mark.parametrize("status", [502, 200], ids=["status", "inside a 200"])
async def test_limit_that_ends_hours_ahead_beside_a_fault(
    status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When a limit ends says nothing about how long a fault lasts."""
    waits = record_waits(monkeypatch)
    bad = http_response(status, AHEAD, FAULT)
    async with (
        ScriptedServer([in_turn(bad, bad, answer())]) as server,
        client_of(server) as client,
    ):
        done = await ask(client)

    assert (done.text, done.meta.attempts, waits) == ("Hi", 3, [0.25, 0.5])


async def test_limit_that_ends_hours_ahead() -> None:
    """After a 429 it says when to come back, which is too late to wait for."""
    bad = refusal(429, AHEAD)
    async with ScriptedServer([in_turn(bad)]) as server, client_of(server) as client:
        error = await fail(client)

    assert isinstance(error, RateLimitError)
    assert error.attempts == 1
    assert error.retry_after is not None
    assert 5000 < error.retry_after <= 7200


@WAYS
async def test_bad_chunk_size_behind_the_head(streams: bool) -> None:
    """A body whose framing breaks in its middle fails at once, not by a timer."""
    kind = b"text/event-stream" if streams else b"application/json"
    piece = events({"choices": [{"text": "a"}]}) if streams else COMPLETION[:9]
    steps = [Send(HEAD % kind + chunk(piece)), Pause(0.01), Send(b"ZZ\r\n"), Hang()]
    async with (
        ScriptedServer([[*ASKED, *steps]]) as server,
        client_of(server, retry=0, timeout=Timeout(transport_idle=10)) as client,
    ):
        started = time.monotonic()
        error = await error_of(client, streams)
        took = time.monotonic() - started

    expected = StreamInterruptedError if streams else APIConnectionError
    assert (type(error), error.kind) == (expected, "ambiguous")
    assert took < 2


async def test_timer_behind_the_head_of_a_plain_call() -> None:
    """A body that stalls is told with what its head said, to find the bill by."""
    head = http_response(200, {"x-generation-id": "gen-77", "content-length": "500"})
    async with (
        ScriptedServer([[*ASKED, Send(head + b'{"a"'), Hang()]]) as server,
        client_of(server, retry=0, timeout=Timeout(transport_idle=0.02)) as client,
    ):
        error = await fail(client)

    assert isinstance(error, APITimeoutError)
    assert error.phase == "transport_idle"
    assert (error.status, error.generation_id) == (200, "gen-77")


async def test_error_body_that_stalls(monkeypatch: pytest.MonkeyPatch) -> None:
    """A refusal whose body stalls is told soon, by what its head says."""
    monkeypatch.setattr(exchanges, "_ERROR_BODY_TIME", 0.02)
    started = time.monotonic()
    error = await told(Send(STALLED), Hang())
    took = time.monotonic() - started

    assert isinstance(error, RateLimitError)
    assert (error.retry_after, error.status) == (7, 429)
    assert took < 2


IMF = "Sun, 06 Nov 2033 08:49:37 GMT"


@pytest.mark.parametrize(
    "value",
    [
        "2033-11-06T08:49:37Z", "5 Jan 2033", "Jan 5 2033 10:00", "Mon 5",
        "1 2 2033 3:4:5", "06 Nov 33 08:49", "Sun, 06 Nov 99999 08:49:37 GMT",
        "Sun, 06 Nov 2033 08:49:37 +0500", "Sun, 06 Nov 2033 08:49:37", "soon",
    ],
)  # fmt: skip
async def test_dates_that_are_no_http_dates(value: str) -> None:
    """What a lenient parser would make a date of is not obeyed."""
    error = await told(Send(refusal(429, {"retry-after": value})))

    assert error.retry_after is None


@pytest.mark.parametrize(
    "value",
    [IMF, "Sunday, 06-Nov-33 08:49:37 GMT", "Sun Nov  6 08:49:37 2033"],
    ids=["IMF", "RFC 850", "asctime"],
)
async def test_http_dates(value: str) -> None:
    """The three forms of HTTP are."""
    error = await told(Send(refusal(429, {"retry-after": value})))
    until = parsedate_to_datetime(IMF).timestamp() - time.time()

    assert error.retry_after == pytest.approx(until, abs=5)


async def test_dead_pooled_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pooled connection that is lost late was alive: the request may be billed."""
    monkeypatch.setattr(exchanges, "_DEAD_WITHIN", 0.0)
    steps = [*exchange(answer()), *ASKED, Fin()]
    async with (
        ScriptedServer([steps]) as server,
        client_of(server, retry=NO_RETRY) as client,
    ):
        await ask(client)
        error = await fail(client)

    assert (error.kind, error.maybe_billed, error.attempts) == ("ambiguous", True, 1)
