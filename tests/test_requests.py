"""The two ways of a request: the short one, and that of every user of aiohttp."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

import aiohttp
import pytest
from aiohttp.connector import Connection

from openrouter_async import RetryPolicy
from openrouter_async.transport import requests
from openrouter_async.transport.session import AlertHandler, ObservedConnector
from openrouter_async.types import Record
from tests.calling import answer, ask, client_of, in_turn
from tests.scripted import (
    ReadBody,
    ReadHead,
    Reset,
    ScriptedServer,
    Send,
    http_response,
)
from tests.scripted.journal import Request


async def sent(method: str, body: object) -> Request:
    """Return what the server sees of an operation."""
    reading = [ReadHead()] if body is None else [ReadHead(), ReadBody()]
    response = http_response(body=b"" if method == "HEAD" else {})
    async with (
        ScriptedServer([[*reading, Send(response)]]) as server,
        client_of(server) as client,
    ):
        params = {"a": "b c", "d": "\N{SNOWMAN}"}
        await client.request(method, "/keys", body=cast("Any", body), params=params)
        return server.requests[0]


OPERATIONS: dict[str, tuple[str, object]] = {
    "GET": ("GET", None),
    "HEAD": ("HEAD", None),
    "POST": ("POST", {"name": "n"}),
    "POST without a body": ("POST", None),
    "POST of bytes": ("POST", b"\x00\xff"),
    "PATCH": ("PATCH", {"a": "\N{SNOWMAN}"}),
    "PUT of much": ("PUT", {"a": "x" * 60_000}),
    "DELETE": ("DELETE", None),
}


@pytest.mark.parametrize(("method", "body"), OPERATIONS.values(), ids=OPERATIONS.keys())
async def test_both_ways_send_the_same(
    method: str, body: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Line, headers and body are those that aiohttp sends, `Host` first."""
    monkeypatch.setattr(requests, "_FITS", True)
    short = await sent(method, body)
    monkeypatch.setattr(requests, "_FITS", False)
    long = await sent(method, body)
    for each in (short, long):
        assert each.head.split(b"\r\n")[1].startswith(b"Host: 127.0.0.1:")
        del each.headers["host"]  # each server has a port of its own
        if body is None:  # aiohttp names a type even for nothing
            each.headers.pop("content-type", None)

    assert (short.method, short.path) == (long.method, long.path)
    assert short.headers == long.headers
    assert short.body == long.body


def _agent(monkeypatch: pytest.MonkeyPatch, seen: list[str]) -> None:
    """Watch requests as tracing agents do: in place of aiohttp's inner part."""
    inner: Callable[..., Any] = aiohttp.ClientSession._request  # pyright: ignore[reportPrivateUsage]  # as agents do

    async def watched(self: object, method: str, *args: object, **more: object) -> Any:
        seen.append(method)
        return await inner(self, method, *args, **more)

    monkeypatch.setattr(aiohttp.ClientSession, "_request", watched)


def _traces(monkeypatch: pytest.MonkeyPatch, seen: list[str]) -> None:
    """Watch requests as OpenTelemetry does: with a trace config in every session."""
    begin = aiohttp.ClientSession.__init__

    async def started(
        _session: object, _context: object, params: aiohttp.TraceRequestStartParams
    ) -> None:
        seen.append(params.method)

    def watched(self: aiohttp.ClientSession, *args: Any, **more: Any) -> None:
        config = aiohttp.TraceConfig()
        config.on_request_start.append(started)
        begin(self, *args, trace_configs=[config], **more)

    monkeypatch.setattr(aiohttp.ClientSession, "__init__", watched)


@pytest.mark.parametrize("watch", [_agent, _traces])
async def test_whoever_watches_sees_every_request(
    watch: Callable[[pytest.MonkeyPatch, list[str]], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Agents for tracing, and mocks, miss nothing."""
    seen: list[str] = []
    async with (
        ScriptedServer([in_turn(answer("one"), answer("two"))]) as server,
        client_of(server) as client,
    ):
        watch(monkeypatch, seen)
        texts = [(await ask(client)).text, (await ask(client)).text]

    assert (texts, seen) == (["one", "two"], ["POST", "POST"])


@pytest.mark.parametrize("way", ["short", "long"])
@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_every_repetition_is_counted(
    method: str, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dead connection is replaced by this library, not unseen by aiohttp."""
    monkeypatch.setattr(requests, "_FITS", way == "short")
    one, two = (http_response(body={"n": number}) for number in (1, 2))
    scripts = [[ReadHead(), Send(one), ReadHead(), Reset()], [ReadHead(), Send(two)]]
    async with ScriptedServer(scripts) as server, client_of(server, retry=0) as client:
        await client.request(method, "/keys")
        done = await client.request(method, "/keys", response_type=Record)

    assert (done.meta.attempts, len(server.requests)) == (2, 3)


async def test_connection_that_closes_before_it_is_written_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing was sent: the call is repeated, and was not carried out."""
    connect = ObservedConnector.connect
    given: list[Connection] = []

    async def closing(self: ObservedConnector, *args: Any, **more: Any) -> Connection:
        given.append(await connect(self, *args, **more))
        transport = given[-1].transport
        if len(given) == 1 and transport is not None:
            transport.abort()

        return given[-1]

    monkeypatch.setattr(ObservedConnector, "connect", closing)
    policy = RetryPolicy(floor=0, backoff=0, retry_ambiguous=False)
    async with (
        ScriptedServer([[ReadHead()], in_turn(answer("one"))]) as server,
        client_of(server, retry=policy) as client,
    ):
        done = await ask(client)

    [failure] = done.meta.history
    assert (done.text, failure.error) == ("one", "APIConnectionError")
    assert len(server.requests) == 1


class Clogged(asyncio.Transport):
    """Be a transport that cannot write all it has."""

    def __init__(self, unsent: int) -> None:
        super().__init__()
        self._unsent = unsent

    def get_write_buffer_size(self) -> int:
        """Tell how many bytes wait."""
        return self._unsent


@pytest.mark.parametrize(("unsent", "closes"), [(0, False), (5, True)])
async def test_connection_with_unsent_bytes(unsent: int, closes: bool) -> None:
    """Answered before the request was written whole, a connection is not used again."""
    connection = AlertHandler(asyncio.get_running_loop(), max_age=600)
    connection.connection_made(Clogged(unsent))

    assert connection.should_close is closes
