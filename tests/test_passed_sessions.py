"""An aiohttp session that was passed in: the client's own rules hold on it too."""

from __future__ import annotations

import asyncio
import socket

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from openrouter_async import (
    APITimeoutError,
    ConfigError,
    OpenRouter,
    RateLimitError,
    Timeout,
)
from tests.calling import KEY, answer, ask, fail, in_turn, refusal
from tests.scripted import ScriptedServer


class SilentResolver(AbstractResolver):
    """Never answer."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Wait for ever."""
        await asyncio.Event().wait()
        return []

    async def close(self) -> None:
        """Do nothing."""


async def test_connect_timer() -> None:
    """`Timeout.connect` runs on connections of a session that was passed in."""
    connector = aiohttp.TCPConnector(resolver=SilentResolver())
    async with aiohttp.ClientSession(connector=connector) as session:
        client = OpenRouter(
            KEY,
            base_url="http://silent.localhost",
            session=session,
            timeout=Timeout(connect=0.02, first_event=5),
            retry=0,
        )
        error = await fail(client)

    assert isinstance(error, APITimeoutError)
    assert (error.phase, error.kind, error.maybe_billed) == ("connect", "unsent", False)
    assert "Timeout.connect" in error.message


async def make_session() -> aiohttp.ClientSession:
    """Make a session on the running loop."""
    return aiohttp.ClientSession()


def test_session_of_another_loop() -> None:
    """A session works on the loop that it was made on."""
    with asyncio.Runner() as owner:
        session = owner.run(make_session())
        with pytest.raises(ConfigError, match="belongs to another event loop"):
            asyncio.run(ask(OpenRouter(KEY, session=session)))

        owner.run(session.close())


async def test_session_with_a_header_for_credentials() -> None:
    """The key wins over an `Authorization` header that the session adds."""
    async with (
        ScriptedServer([in_turn(answer())]) as server,
        aiohttp.ClientSession(headers={"Authorization": "Basic x"}) as session,
    ):
        await ask(OpenRouter(KEY, base_url=server.url, session=session))
        sent = server.requests[0].headers["authorization"]

    assert sent == f"Bearer {KEY}"


async def test_session_that_raises_for_status() -> None:
    """Errors are read from the answer, whatever the session does with statuses."""
    script = in_turn(refusal(429, {"retry-after": "7"}, code=429), answer())
    async with (
        ScriptedServer([script]) as server,
        aiohttp.ClientSession(raise_for_status=True) as session,
    ):
        client = OpenRouter(KEY, base_url=server.url, session=session, retry=0)
        error = await fail(client)
        done = await ask(client)

    assert isinstance(error, RateLimitError)
    assert (error.message, error.code, error.retry_after) == ("no", 429, 7)
    assert done.text == "Hi"
