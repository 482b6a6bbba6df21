from __future__ import annotations

import pytest

from openrouter_async import (
    APIConnectionError,
    OpenRouterError,
    ResponseDecodeError,
    RetryPolicy,
    ServerError,
)
from tests.operations import AT_ONCE, ok, served
from tests.scripted import (
    ReadBody,
    ReadHead,
    Reset,
    Script,
    Send,
    exchange,
    http_response,
)

LOST: Script = [ReadHead(), ReadBody(), Reset()]
LOST_BODYLESS: Script = [ReadHead(), Reset()]
ANSWERED: Script = exchange(ok(a=1))
ANSWERED_BODYLESS: Script = [ReadHead(), Send(ok(a=1))]


def refused(status: int) -> Script:
    """Refuse a request with a body."""
    error = {"error": {"code": status, "message": "no"}}
    return exchange(http_response(status, body=error))


@pytest.mark.parametrize("method", ["GET", "OPTIONS", "PUT", "DELETE"])
async def test_what_may_be_done_twice_is_repeated(method: str) -> None:
    """A lost connection is followed by another attempt."""
    async with served(LOST_BODYLESS, ANSWERED_BODYLESS) as (server, client):
        await client.request(method, "/x", response_type=None)

    assert [each.method for each in server.requests] == [method] * 2


@pytest.mark.parametrize("method", ["POST", "PATCH"])
async def test_what_may_not_be_done_twice_is_not(method: str) -> None:
    """A lost connection ends the call, which says that it may have been done."""
    async with served(LOST, ANSWERED) as (server, client):
        with pytest.raises(APIConnectionError) as caught:
            await client.request(method, "/keys", body={"name": "a"})

    assert len(server.requests) == 1
    assert caught.value.maybe_billed
    assert caught.value.hint == (
        f"{method} is not repeated; the request may have been carried out."
        f" The operation was {method} /keys"
    )


@pytest.mark.parametrize("status", [500, 502, 504, 408, 524])
async def test_server_error_may_have_done_it(status: int) -> None:
    """A POST that ends with it is not repeated; a PUT is."""
    async with served(refused(status), ANSWERED) as (server, client):
        with pytest.raises(OpenRouterError):
            await client.request("POST", "/keys", body={"name": "a"})

    assert len(server.requests) == 1
    async with served([*refused(status), *ANSWERED]) as (server, client):
        assert await client.request("PUT", "/x", body={"a": 1}) == {"a": 1}

    assert len(server.requests) == 2


@pytest.mark.parametrize("status", [429, 503, 529])
async def test_refusal_is_repeated(status: int) -> None:
    """Nothing was done then: any method goes again."""
    async with served([*refused(status), *ANSWERED]) as (server, client):
        assert await client.request("POST", "/keys", body={"name": "a"}) == {"a": 1}

    assert len(server.requests) == 2


async def test_answer_that_cannot_be_read() -> None:
    """A POST was carried out then, and is not repeated."""
    page = exchange(http_response(body=b"<html>"))
    async with served([*page, *ANSWERED]) as (server, client):
        with pytest.raises(ResponseDecodeError):
            await client.request("POST", "/keys", body={"name": "a"})

        assert len(server.requests) == 1
        assert await client.request("PUT", "/keys", body={"name": "a"}) == {"a": 1}


async def test_policy_of_the_call_decides_for_itself() -> None:
    """A policy is followed as it is."""
    async with served([*refused(502), ReadHead(), ReadBody(), Reset()], ANSWERED) as (
        server,
        client,
    ):
        answer = await client.request(
            "POST", "/responses", body={"a": 1}, retry=AT_ONCE
        )

    assert answer == {"a": 1}
    assert len(server.requests) == 3


async def test_number_of_retries_is_a_number_alone() -> None:
    """It says how often, not what."""
    async with served(LOST, ANSWERED) as (server, client):
        with pytest.raises(APIConnectionError):
            await client.request("POST", "/keys", body={"name": "a"}, retry=5)

    assert len(server.requests) == 1
    async with served(refused(429)) as (server, client):
        with pytest.raises(OpenRouterError):
            await client.request("POST", "/keys", body={"name": "a"}, retry=0)


async def test_error_in_a_success_is_repeated() -> None:
    """What a body reports follows the same rules as a status."""
    busy = exchange(ok(error={"code": 503, "message": "busy"}))
    broken = exchange(ok(error={"code": 500, "message": "broken"}))
    async with served([*busy, *broken]) as (server, client):
        with pytest.raises(ServerError, match="broken") as caught:
            await client.request("POST", "/keys", body={"name": "a"})

    assert caught.value.attempts == 2
    assert len(server.requests) == 2


async def test_policy_that_is_shared() -> None:
    """The client's own numbers stay: how often, and how long to wait."""
    policy = RetryPolicy(max_retries=1, throttle_backoff=0, floor=0)
    async with served([*refused(429), *refused(429)], retry=policy) as (server, client):
        with pytest.raises(OpenRouterError):
            await client.request("POST", "/keys", body={"name": "a"})

    assert len(server.requests) == 2
