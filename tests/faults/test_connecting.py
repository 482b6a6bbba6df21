"""Faults on the way to a server: names, addresses, handshakes."""

from __future__ import annotations

import asyncio
import datetime
import socket
import ssl
from collections.abc import Awaitable, Callable

import pytest
import trustme

from openrouter_async import APIConnectionError, APITimeoutError, OpenRouter, Timeout
from tests.calling import KEY, answer, ask, fail
from tests.conftest import TlsContexts
from tests.operations import AT_ONCE
from tests.scripted import Fin, Reset, ScriptedServer, Send, Step, exchange

Address = tuple[str, int]
Resolve = Callable[[str], Awaitable[list[Address]]]


def resolve_by(monkeypatch: pytest.MonkeyPatch, resolve: Resolve) -> list[str]:
    """Have names resolved like this, and return the list that they go into."""
    asked: list[str] = []

    async def getaddrinfo(
        host: str, port: int, **_: object
    ) -> list[tuple[int, int, int, str, Address]]:
        asked.append(host)
        stream = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "")
        return [(*stream, address) for address in await resolve(host)]

    loop = asyncio.get_running_loop()
    monkeypatch.setattr(loop, "getaddrinfo", getaddrinfo, raising=False)
    return asked


async def test_002_name_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is looked up anew for each attempt, as resolvers fail now and then."""

    async def unknown(_host: str) -> list[Address]:
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    asked = resolve_by(monkeypatch, unknown)
    url = "https://no.such.host/api/v1"
    async with OpenRouter(KEY, base_url=url, retry=AT_ONCE) as client:
        error = await fail(client)

    assert isinstance(error, APIConnectionError)
    assert (error.kind, error.attempts) == ("unsent", 3)
    assert "no.such.host" in str(error)
    assert asked == ["no.such.host"] * 3


async def test_003_resolver_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The connect timer covers it, and twenty calls share one look-up."""

    async def hang(_host: str) -> list[Address]:
        await asyncio.Event().wait()
        return []

    asked = resolve_by(monkeypatch, hang)
    url = "https://slow.host/api/v1"
    timeout = Timeout(connect=0.05)
    async with OpenRouter(KEY, base_url=url, retry=0, timeout=timeout) as client:
        errors = await asyncio.gather(*(fail(client) for _ in range(20)))

    assert {type(error) for error in errors} == {APITimeoutError}
    assert {error.kind for error in errors} == {"unsent"}
    assert len(asked) == 1


PAST = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
TLS_FLAWS: dict[str, tuple[str, datetime.datetime | None, str]] = {
    "expired": ("127.0.0.1", PAST, "expired"),
    "wrong name": ("other.example", None, "127.0.0.1"),
}


@pytest.mark.parametrize(
    ("name", "ends", "word"), TLS_FLAWS.values(), ids=TLS_FLAWS.keys()
)
async def test_005_certificate(
    name: str, ends: datetime.datetime | None, word: str
) -> None:
    """It does not get better; the error says which check failed, not how to skip it."""
    authority = trustme.CA()
    certificate = authority.issue_cert(name, not_after=ends)
    server_side = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    with certificate.private_key_and_cert_chain_pem.tempfile() as path:
        server_side.load_cert_chain(path)

    trusting = ssl.create_default_context(cadata=authority.cert_pem.bytes().decode())
    async with (
        ScriptedServer([[]], ssl=server_side) as server,
        OpenRouter(KEY, base_url=server.url, ssl=trusting) as client,
    ):
        error = await fail(client)

    assert (error.kind, error.attempts) == ("final", 1)
    assert word in str(error)
    assert "ssl=False" not in str(error)


@pytest.mark.parametrize(
    "said", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x93\x07" * 99]
)
async def test_006_no_tls(said: bytes) -> None:
    """A server that speaks no TLS is not asked again, and the error says so."""
    async with (
        ScriptedServer([[Send(said)]]) as server,
        OpenRouter(KEY, base_url=server.url.replace("http", "https")) as client,
    ):
        error = await fail(client)

    assert (error.kind, error.attempts) == ("final", 1)
    assert "no TLS" in str(error)


@pytest.mark.parametrize("end", [Reset(), Fin()], ids=["reset", "closed"])
async def test_009_end_of_the_handshake(end: Step, tls_contexts: TlsContexts) -> None:
    """Nothing was sent, so it is tried again; the error says what happened."""
    async with (
        ScriptedServer([[end]] * 3) as server,
        OpenRouter(
            KEY,
            base_url=server.url.replace("http", "https"),
            ssl=tls_contexts.client,
            retry=AT_ONCE,
        ) as client,
    ):
        error = await fail(client)
        told = str(error).partition(f":{server.port}: ")[2]

    assert (error.kind, error.attempts) == ("unsent", 3)
    assert not error.maybe_billed
    assert told.strip()
    assert not told.startswith("(")


@pytest.mark.parametrize("end", [Reset(), Fin()], ids=["reset", "closed"])
async def test_009_end_after_the_accept(end: Step) -> None:
    """Without TLS nobody knows whether the request was read."""
    async with (
        ScriptedServer([[end]] * 3) as server,
        OpenRouter(KEY, base_url=server.url, retry=AT_ONCE) as client,
    ):
        error = await fail(client)

    assert (error.kind, error.attempts) == ("ambiguous", 3)


async def test_010_first_address_is_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next one is taken, in the same attempt."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        dead: Address = unused.getsockname()
        async with ScriptedServer([exchange(answer())]) as server:

            async def two(_host: str) -> list[Address]:
                return [dead, ("127.0.0.1", server.port)]

            resolve_by(monkeypatch, two)
            url = "http://two.localhost/api/v1"
            async with OpenRouter(KEY, base_url=url, retry=0) as client:
                done = await ask(client)

    assert done.text == "Hi"
    assert done.meta.attempts == 1
