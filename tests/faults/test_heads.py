"""Faults of response heads, and of what follows an answer."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from openrouter_async import (
    APIConnectionError,
    APIError,
    APITimeoutError,
    OpenRouter,
    OpenRouterError,
    Timeout,
)
from tests.calling import COMPLETION, KEY, answer, ask, fail
from tests.conftest import TlsContexts
from tests.operations import AT_ONCE
from tests.scripted import (
    Fin,
    Pause,
    ReadBody,
    ReadHead,
    Script,
    ScriptedServer,
    Send,
    Step,
    exchange,
    http_response,
)

OK = b"HTTP/1.1 200 OK\r\n"
ASKED: list[Step] = [ReadHead(), ReadBody()]
PAGE = b"<html><title>cf</title></html>"


async def failed(server: ScriptedServer, **timers: float) -> OpenRouterError:
    """Return the error of a call that is repeated at once."""
    timeout = Timeout(first_event=2, transport_idle=2, **timers)
    async with OpenRouter(
        KEY, base_url=server.url, retry=AT_ONCE, timeout=timeout
    ) as client:
        return await fail(client)


STATUSES = {
    **dict.fromkeys((414, 415, 431), 1),
    **dict.fromkeys((520, 521, 522, 523, 527), 3),
    526: 2,
}
"""How many requests there are."""

IDS = {414: "20", 431: "20", 415: "39"}


@pytest.mark.parametrize(
    ("status", "count"),
    STATUSES.items(),
    ids=[f"{IDS.get(status, '58')} status {status}" for status in STATUSES],
)
async def test_statuses(status: int, count: int) -> None:
    """Those that may pass are asked again; a page of a proxy is told by its title."""
    page = http_response(status, {"content-type": "text/html"}, PAGE)
    async with ScriptedServer([exchange(page) * 3]) as server:
        error = await failed(server)

    assert isinstance(error, APIError)
    assert (error.status, error.attempts) == (status, count)
    assert "cf" in str(error)
    assert "<html>" not in str(error)


@pytest.mark.parametrize(
    "before",
    [
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\n\r\n" * 5_000,
    ],
    ids=["100", "103", "many"],
)
async def test_026_heads_before_the_answer(before: bytes) -> None:
    """They are passed over."""
    async with (
        ScriptedServer([[*ASKED, Send(before + answer())]]) as server,
        OpenRouter(KEY, base_url=server.url, retry=0) as client,
    ):
        assert (await ask(client)).text == "Hi"


async def test_026_heads_without_end() -> None:
    """They are no sign of life: the timer of the first event runs on."""
    hints: Script = [Send(b"HTTP/1.1 103 Early Hints\r\n\r\n"), Pause(0.01)] * 200
    async with (
        ScriptedServer([[*ASKED, *hints]]) as server,
        OpenRouter(
            KEY, base_url=server.url, retry=0, timeout=Timeout(first_event=0.2)
        ) as client,
    ):
        error = await fail(client)

    assert isinstance(error, APITimeoutError)
    assert error.phase == "first_event"


NONSENSE = {
    "27 another protocol": (
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n"
        b"connection: upgrade\r\n\r\nhi"
    ),
    "28 length and chunks": (
        OK
        + b"content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
    ),
}


@pytest.mark.parametrize("head", NONSENSE.values(), ids=NONSENSE.keys())
async def test_heads_that_make_no_sense(head: bytes) -> None:
    """Who answers like that is no server of HTTP: the connection is of no use."""
    scripts: list[Script] = [[*ASKED, Send(head)]] * 3
    async with ScriptedServer([*scripts, exchange(answer())]) as server:
        async with OpenRouter(KEY, base_url=server.url, retry=AT_ONCE) as client:
            error = await fail(client)
            assert (await ask(client)).text == "Hi"

    assert type(error) is APIConnectionError
    assert (error.kind, error.attempts) == ("ambiguous", 3)
    assert "\x01" not in str(error)


async def test_024_status_of_two_digits() -> None:
    """It is none: what was said with it is no answer."""
    head = b"HTTP/1.1 099 What\r\ncontent-length: 0\r\n\r\n"
    async with ScriptedServer([[*ASKED, Send(head)] * 3]) as server:
        error = await failed(server)

    assert type(error) is APIConnectionError
    assert (error.kind, error.attempts) == ("ambiguous", 3)
    assert "99" in str(error)


async def test_024_no_reason() -> None:
    """A status needs none."""
    bare = b"HTTP/1.1 200\r\ncontent-length: %d\r\n\r\n" % len(COMPLETION)
    async with (
        ScriptedServer([[*ASKED, Send(bare + COMPLETION)]]) as server,
        OpenRouter(KEY, base_url=server.url, retry=0) as client,
    ):
        assert (await ask(client)).text == "Hi"


LOCATIONS = {
    "31 itself by 307": (307, "/completions"),
    "31 itself by 308": (308, "/completions"),
    "34 nowhere": (302, None),
    "34 a path like a host": (302, "http:/x"),
    "34 a file": (302, "file:///etc/passwd"),
    "34 no URL": (302, "http://[::1"),
}


@pytest.mark.parametrize(
    ("status", "location"), LOCATIONS.values(), ids=LOCATIONS.keys()
)
async def test_redirects(status: int, location: str | None) -> None:
    """None is followed, wherever it leads: the prompt goes where it was sent."""
    headers = {} if location is None else {"location": location}
    answers = exchange(http_response(status, headers)) + exchange(answer())
    async with ScriptedServer([answers]) as server:
        error = await failed(server)

    assert isinstance(error, APIError)
    assert (error.status, error.attempts) == (status, 1)
    assert len(server.requests) == 1


async def test_033_redirect_out_of_tls(tls_contexts: TlsContexts) -> None:
    """Nothing goes out in the clear."""
    async with ScriptedServer() as other:
        away = exchange(http_response(302, {"location": f"{other.url}/completions"}))
        async with (
            ScriptedServer([away], ssl=tls_contexts.server) as server,
            OpenRouter(KEY, base_url=server.url, ssl=tls_contexts.client) as client,
        ):
            error = await fail(client)

        assert other.connections == []

    assert error.status == 302


@pytest.mark.parametrize(
    "trailers",
    [b"x: a\r\n" * 20_000, b"x: " + b"a" * 3_000_000],
    ids=["many", "long"],
)
async def test_036_trailers_without_end(trailers: bytes) -> None:
    """They are bounded by what reads them."""
    chunked = OK + b"transfer-encoding: chunked\r\n\r\n"
    body = b"%x\r\n%b\r\n0\r\n" % (len(COMPLETION), COMPLETION)
    steps: Script = [*ASKED, Send(chunked + body + trailers), Fin()]
    async with ScriptedServer([steps] * 3) as server:
        error = await failed(server)

    assert isinstance(error, OpenRouterError)
    assert len(str(error)) < 2_000


SURPLUS = {
    "38 bytes": [Send(answer() + b"surplus bytes")],
    "38 bytes later": [Send(answer()), Pause(0.01), Send(b"surplus bytes")],
    "38 another answer": [Send(answer() + answer("of nobody"))],
    "68 a length too small": [
        Send(OK + b"content-length: 40\r\n\r\n" + COMPLETION),
    ],
}


@pytest.mark.parametrize("steps", SURPLUS.values(), ids=SURPLUS.keys())
async def test_surplus_poisons_nothing(steps: list[Step]) -> None:
    """What stands behind an answer reaches no other call."""
    async with ScriptedServer([[*ASKED, *steps], exchange(answer("own"))]) as server:
        async with OpenRouter(KEY, base_url=server.url, retry=0) as client:
            with suppress(OpenRouterError):
                assert (await ask(client)).text == "Hi"

            await asyncio.sleep(0.05)
            assert (await ask(client)).text == "own"

    assert len(server.connections) == 2
