"""A key that a callable gives: what it raises, how long it takes, when it is asked."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest

from openrouter_async import (
    APITimeoutError,
    ConfigError,
    OpenRouter,
    RetryPolicy,
    Timeout,
)
from tests.calling import KEY, answer, ask, fail, in_turn, refusal
from tests.scripted import Fin, ReadBody, ReadHead, ScriptedServer, exchange

WAYS = pytest.mark.parametrize("streams", [False, True], ids=["plain", "stream"])


async def ask_by(client: OpenRouter, streams: bool) -> object:
    """Ask in either way."""
    if not streams:
        return await ask(client)

    async with client.completions.stream(prompt="x") as stream:
        return await stream.final()


@WAYS
async def test_synchronous_callable(streams: bool) -> None:
    """A callable that is not asynchronous is a mistake of the caller's, told as it."""
    told = r"async callable.*returned str.*`async def`"

    def give() -> str:
        return KEY

    wrong: Any = give
    async with ScriptedServer() as server:
        async with OpenRouter(wrong, base_url=server.url) as client:
            with pytest.raises(ConfigError, match=told) as caught:
                await ask_by(client, streams)

        assert server.connections == []

    assert KEY not in str(caught.value)


@WAYS
@pytest.mark.parametrize(
    "failure",
    [
        ConnectionError("vault down"),
        aiohttp.ClientError("vault down"),
        ValueError("vault down"),
        RuntimeError("vault down"),
        TimeoutError("vault down"),
    ],
    ids=lambda failure: type(failure).__name__,
)
async def test_callable_that_fails(failure: Exception, streams: bool) -> None:
    """What it raises reaches the caller as it is, and is not repeated."""
    asked = 0

    async def give() -> str:
        nonlocal asked
        asked += 1
        raise failure

    async with ScriptedServer() as server:
        async with OpenRouter(give, base_url=server.url, retry=2) as client:
            with pytest.raises(type(failure)) as caught:
                await ask_by(client, streams)

        assert server.connections == []

    assert caught.value is failure
    assert asked == 1


@WAYS
async def test_callable_that_hangs(streams: bool) -> None:
    """The time that it takes is the call's."""

    async def give() -> str:
        await asyncio.Event().wait()
        return KEY

    async with ScriptedServer() as server:
        timeout = Timeout(total=0.02)
        async with OpenRouter(give, base_url=server.url, timeout=timeout) as client:
            with pytest.raises(APITimeoutError) as caught:
                await ask_by(client, streams)

        assert server.connections == []

    assert (caught.value.kind, caught.value.maybe_billed) == ("unsent", False)


async def test_new_key_after_a_stale_connection() -> None:
    """A dead connection and an expired key are repeated once each, for free."""
    given = 0

    async def give() -> str:
        nonlocal given
        given += 1
        return f"{KEY}{given}"

    scripts = [
        [*exchange(answer()), ReadHead(), ReadBody(), Fin()],
        in_turn(refusal(401), answer("new")),
    ]
    async with ScriptedServer(scripts) as server:
        none = RetryPolicy(max_retries=0)
        async with OpenRouter(give, base_url=server.url, retry=none) as client:
            await ask(client)
            done = await ask(client)

        keys = [each.headers["authorization"][-1] for each in server.requests]

    assert (done.text, done.meta.attempts) == ("new", 3)
    assert [each.error for each in done.meta.history] == [
        "APIConnectionError",
        "AuthenticationError",
    ]
    assert keys == ["1", "2", "3", "4"]


async def test_new_key_that_is_no_better() -> None:
    """A key that is refused twice is refused."""

    async def give() -> str:
        return KEY

    async with ScriptedServer([in_turn(refusal(401), refusal(401))]) as server:
        async with OpenRouter(give, base_url=server.url) as client:
            error = await fail(client)

    assert (error.status, error.attempts, error.retryable) == (401, 2, False)
