"""The scripted server does what its steps say, and its journal tells what it saw."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from typing import TYPE_CHECKING

import aiohttp
import pytest

from tests.scripted import (
    Drip,
    Fin,
    Hang,
    Pause,
    ReadBody,
    ReadBytes,
    ReadHead,
    Reset,
    Script,
    ScriptedServer,
    ScriptError,
    Send,
    Step,
    Wait,
    chunk,
    event_stream_head,
    events,
    exchange,
    http_response,
)

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncGenerator

    from tests.conftest import TlsContexts

POST = b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n"


@contextlib.asynccontextmanager
async def connected(
    server: ScriptedServer, context: ssl.SSLContext | None = None
) -> AsyncGenerator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Connect to the server as a client that speaks bytes."""
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", server.port, ssl=context
    )
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def converse(server: ScriptedServer, sent: bytes = POST) -> bytes:
    """Send bytes on a connection of its own and read until the server ends it."""
    async with connected(server) as (reader, writer):
        writer.write(sent)
        return await reader.read()


async def test_a_request_is_answered_and_written_down() -> None:
    """The journal holds the head, its parts, the body and rising times."""
    before = time.monotonic()
    async with (
        ScriptedServer([exchange(http_response(201, body={"a": 1}))]) as server,
        aiohttp.ClientSession(headers={"X-Twice": "1"}) as session,
    ):
        response = await session.post(server.url + "/b?c=d", data=b"body")
        status, answer = response.status, await response.json()
        [request] = server.requests
        [connection] = server.connections

    assert (status, answer) == (201, {"a": 1})
    assert (request.method, request.path, request.body) == ("POST", "/b?c=d", b"body")
    assert request.headers["x-twice"] == "1"
    assert request.head.startswith(b"POST /b?c=d HTTP/1.1\r\n")
    assert request.head.endswith(b"\r\n\r\n")
    assert request.body_at is not None
    times = [before, connection.opened_at, request.head_at, request.body_at]
    assert times == sorted(times)
    assert (connection.number, connection.outcome) == (0, "played")


async def test_one_connection_serves_several_requests() -> None:
    """Steps simply go on after an answer, so keep-alive is a longer script."""
    script = [*exchange(http_response(body=b"1")), *exchange(http_response(body=b"2"))]
    async with ScriptedServer([script]) as server, aiohttp.ClientSession() as session:
        bodies: list[bytes] = []
        for _ in range(2):
            async with session.post(server.url) as response:
                bodies.append(await response.read())

        assert len(server.connections) == 1

    assert bodies == [b"1", b"2"]


async def test_scripts_go_by_connection_number() -> None:
    """The first connection plays the first script, the second the second."""
    scripts = [[Send(b"one"), Fin()], [Send(b"two"), Fin()]]
    async with ScriptedServer(scripts) as server:
        received = [await converse(server, b""), await converse(server, b"")]

    assert received == [b"one", b"two"]


async def test_scripts_may_be_endless() -> None:
    """A repeated script answers any number of connections."""
    async with ScriptedServer(itertools.repeat([Send(b"x"), Fin()])) as server:
        received = [await converse(server, b"") for _ in range(5)]

    assert received == [b"x"] * 5


async def test_a_connection_past_the_last_script_is_refused() -> None:
    """It is reset, and the journal says so."""
    async with ScriptedServer() as server:
        with pytest.raises(ConnectionResetError):
            await converse(server)

        assert [c.outcome for c in server.connections] == ["refused"]


async def test_drip_sends_pieces() -> None:
    """The bytes arrive in several reads and are the same in sum."""
    pieces: list[bytes] = []
    async with ScriptedServer([[Drip(b"abcdefg", 2, 0.002), Fin()]]) as server:
        async with connected(server) as (reader, _):
            while piece := await reader.read(100):
                pieces.append(piece)

    assert b"".join(pieces) == b"abcdefg"
    assert len(pieces) > 1


async def test_wait_and_pause_hold_the_script() -> None:
    """What follows a Wait comes only once the test lets it."""
    event = asyncio.Event()
    script = [Send(b"a"), Wait(event), Pause(0.001), Send(b"b"), Fin()]
    async with ScriptedServer([script]) as server, connected(server) as (reader, _):
        first = await reader.read(100)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(100), 0.005)

        event.set()
        rest = await reader.read()

    assert (first, rest) == (b"a", b"b")


async def test_fin_lets_an_early_answer_through() -> None:
    """Unread bytes of the request do not turn the end into a reset."""
    async with ScriptedServer([[ReadHead(), Send(b"early"), Fin()]]) as server:
        received = await converse(server, POST + b"body")

    assert received == b"early"


async def test_reset_is_seen_as_reset_after_what_was_sent() -> None:
    """The client reads what came before, then fails."""
    async with ScriptedServer([[ReadHead(), Send(b"part"), Reset()]]) as server:
        async with connected(server) as (reader, writer):
            writer.write(POST)
            received = await reader.read(100)
            with pytest.raises(ConnectionResetError):
                await reader.read(100)

    assert received == b"part"


async def test_reset_in_mid_upload_keeps_what_was_read() -> None:
    """A body is read in part, and the journal holds that part."""
    async with ScriptedServer([[ReadHead(), ReadBytes(2), Reset()]]) as server:
        with pytest.raises(ConnectionResetError):
            await converse(server, POST + b"body")

        [request] = server.requests

    assert request.body == b"bo"


async def test_a_body_may_be_read_in_two_steps() -> None:
    """ReadBody reads what ReadBytes left."""
    async with ScriptedServer(
        [[ReadHead(), ReadBytes(1), ReadBody(), Fin()]]
    ) as server:
        await converse(server, POST + b"body")
        [request] = server.requests

    assert request.body == b"body"


async def test_a_client_that_leaves_is_noticed_while_the_script_hangs() -> None:
    """The journal says when the client closed, though no step was reading."""
    async with ScriptedServer([[ReadHead(), Send(b"."), Hang()]]) as server:
        async with connected(server) as (reader, writer):
            writer.write(POST)
            await reader.readexactly(1)

        connection = await server.connection()
        await connection.client_closed.wait()
        assert connection.client_closed_at is not None
        assert connection.client_closed_at > server.requests[0].head_at


async def test_a_client_that_leaves_in_mid_body_is_written_down() -> None:
    """The part that came is kept, and the outcome tells who ended it."""
    async with ScriptedServer([[ReadHead(), ReadBody()]]) as server:
        async with connected(server) as (_, writer):
            writer.write(POST + b"bo")

        connection = await server.connection()
        await connection.ended.wait()

    assert connection.outcome == "client left"
    assert connection.requests[0].body == b"bo"


async def test_a_client_that_leaves_while_it_is_sent_to_is_written_down() -> None:
    """Writing to nobody ends the script."""
    script = itertools.repeat(Send(bytes(65536)))
    async with ScriptedServer([script]) as server:
        async with connected(server) as (reader, writer):
            await reader.read(1)
            writer.transport.abort()

        connection = await server.connection()
        await connection.ended.wait()

    assert connection.outcome == "client left"
    assert connection.client_closed.is_set()


async def test_bytes_past_the_script_are_kept_and_end_the_connection() -> None:
    """A second request that no step foresaw gets no answer."""
    async with ScriptedServer([exchange(b"answer")]) as server:
        async with connected(server) as (reader, writer):
            writer.write(POST + b"body")
            await reader.readexactly(6)
            writer.write(b"more")
            with contextlib.suppress(ConnectionResetError):
                assert await reader.read() == b""

        connection = await server.connection()
        await connection.ended.wait()

    assert (connection.outcome, connection.surplus) == ("surplus", b"more")


@pytest.mark.parametrize(
    "script",
    [
        pytest.param([Hang()], id="hang"),
        pytest.param([Wait(asyncio.Event())], id="wait"),
        pytest.param([Pause(60)], id="pause"),
        pytest.param([ReadHead()], id="read"),
        pytest.param([Send(bytes(50_000_000))], id="send"),
    ],
)
async def test_leaving_the_server_ends_every_connection(script: Script) -> None:
    """Whatever a script is doing, the client sees the end and the exit is prompt."""
    async with contextlib.AsyncExitStack() as client:
        async with ScriptedServer([script]) as server:
            reader, _ = await client.enter_async_context(connected(server))
            await server.connection()

        with contextlib.suppress(ConnectionResetError):
            while await reader.read(1_000_000):
                pass

    assert server.connections[0].outcome == "closed"


async def test_leaving_the_server_at_once_leaves_nothing_open() -> None:
    """A connection that was just accepted, or not yet, is closed as well."""
    for turns in range(4):
        async with contextlib.AsyncExitStack() as client:
            async with ScriptedServer([[Hang()]]) as server:
                await client.enter_async_context(connected(server))
                for _ in range(turns):
                    await asyncio.sleep(0)

        assert all(connection.ended.is_set() for connection in server.connections)


async def test_tls_twin_speaks_the_same_script(tls_contexts: TlsContexts) -> None:
    """With a context the bytes go over TLS."""
    script = exchange(http_response(body=b"safe"))
    async with (
        ScriptedServer([script], ssl=tls_contexts.server) as server,
        aiohttp.ClientSession() as session,
        session.post(server.url, ssl=tls_contexts.client) as response,
    ):
        body = await response.read()
        assert response.url.scheme == "https"

    assert body == b"safe"


async def test_tls_client_without_trust_is_written_down(
    tls_contexts: TlsContexts,
) -> None:
    """A refused certificate is a connection whose handshake failed."""
    async with (
        ScriptedServer([[Hang()]], ssl=tls_contexts.server) as server,
        aiohttp.ClientSession() as session,
    ):
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await session.post(server.url)

        connection = await server.connection()
        await connection.ended.wait()

    assert connection.outcome == "handshake failed"


async def test_leaving_the_server_ends_a_handshake(tls_contexts: TlsContexts) -> None:
    """A client that never says hello does not hold the exit."""
    async with contextlib.AsyncExitStack() as client:
        async with ScriptedServer([[Hang()]], ssl=tls_contexts.server) as server:
            await client.enter_async_context(connected(server))
            await server.connection()

    assert server.connections[0].outcome == "closed"


@pytest.mark.parametrize("close_notify", [True, False], ids=["clean", "cut"])
async def test_tls_ends_clean_or_cut(
    tls_contexts: TlsContexts, close_notify: bool
) -> None:
    """Both ends deliver what was sent before."""
    script = [Send(b"all"), Fin(close_notify)]
    async with ScriptedServer([script], ssl=tls_contexts.server) as server:
        async with connected(server, tls_contexts.client) as (reader, _):
            received = await reader.read()

    assert received == b"all"


@pytest.mark.parametrize(
    ("script", "sent"),
    [
        pytest.param([ReadBody()], b"", id="body without head"),
        pytest.param([Step()], b"", id="no step"),
        pytest.param([ReadHead(), ReadBody()], b"GET / HTTP/1.1\r\n\r\n", id="length"),
    ],
)
async def test_a_wrong_script_fails_the_test(script: Script, sent: bytes) -> None:
    """What a script cannot do is raised where the server is left."""
    with pytest.raises(ScriptError):
        async with ScriptedServer([script]) as server:
            await converse(server, sent)


async def test_a_wrong_script_does_not_hide_the_failure_of_the_test() -> None:
    """An exception of the body comes first."""

    async def fail() -> None:
        async with ScriptedServer([[ReadBody()]]) as server:
            await converse(server, b"")
            raise LookupError

    with pytest.raises(LookupError):
        await fail()


def test_builders_make_exact_bytes() -> None:
    """Responses, stream heads, chunks and events are what the wire shows."""
    assert http_response(429, {"Retry-After": "1"}, b"no") == (
        b"HTTP/1.1 429 Too Many Requests\r\ncontent-type: application/json\r\n"
        b"content-length: 2\r\nretry-after: 1\r\n\r\nno"
    )
    assert http_response(599, {"Content-Length": "9"}) == (
        b"HTTP/1.1 599 Unknown\r\ncontent-type: application/json\r\n"
        b"content-length: 9\r\n\r\n"
    )
    assert event_stream_head() == (
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
        b"connection: close\r\n\r\n"
    )
    assert event_stream_head(chunked=True).endswith(
        b"\r\ntransfer-encoding: chunked\r\n\r\n"
    )
    assert chunk(b"x" * 26) + chunk(b"") == b"1a\r\n" + b"x" * 26 + b"\r\n0\r\n\r\n"
    assert (
        events({"a": "é"}, "[DONE]") == 'data: {"a":"é"}\n\ndata: [DONE]\n\n'.encode()
    )
