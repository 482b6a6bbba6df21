"""Refusals with a body of any kind, without one, or with a place to go instead."""

from __future__ import annotations

import pytest

from openrouter_async import (
    APIError,
    NotFoundError,
    OpenRouter,
    PaymentRequiredError,
    SizeLimits,
    Timeout,
)
from tests.calling import KEY, client_of, fail, in_turn, refusal
from tests.scripted import (
    Fin,
    ReadBody,
    ReadHead,
    ScriptedServer,
    Send,
    Step,
    exchange,
    http_response,
)

REDIRECTS = [301, 302, 303, 307, 308]


@pytest.mark.parametrize("status", REDIRECTS)
async def test_redirects_are_not_followed(status: int) -> None:
    """Key and prompt go to nobody but the server that was named."""
    async with ScriptedServer() as other:
        location = {"location": f"{other.url}/completions?a=1"}
        async with (
            ScriptedServer([in_turn(http_response(status, location))]) as server,
            client_of(server) as client,
        ):
            error = await fail(client)

        assert (type(error), error.status, error.attempts) == (APIError, status, 1)
        assert f"redirected to {other.url}/completions, which" in str(error)
        assert other.connections == []


@pytest.mark.parametrize("status", [204, 205, 304])
async def test_no_content(status: int) -> None:
    """A success without a body is no answer to a prompt."""
    head = f"HTTP/1.1 {status} Nothing\r\nX-Generation-Id: gen-9\r\n\r\n".encode()
    async with (
        ScriptedServer([exchange(head)]) as server,
        client_of(server) as client,
    ):
        error = await fail(client)

    assert (type(error), error.status, error.attempts) == (APIError, status, 1)
    assert (error.generation_id, error.body) == ("gen-9", b"")


class TestErrorBodies:
    """What is read and kept of a refusal's body."""

    async def test_large(self) -> None:
        """Of a huge body only the beginning is read, and less of it is kept."""
        body = b"<h1>No</h1>" + b"x" * 3_000_000
        async with (
            ScriptedServer([exchange(http_response(404, None, body))]) as server,
            client_of(server) as client,
        ):
            error = await fail(client)

        assert type(error) is NotFoundError
        assert (error.body, len(str(error)) < 1000) == (body[:4096], True)

    async def test_limit(self) -> None:
        """What lies beyond the limit is not even parsed."""
        sizes = SizeLimits(error_body=50)
        async with (
            ScriptedServer(
                [exchange(refusal(404, None, code=429, a="b" * 99))]
            ) as server,
            OpenRouter(KEY, base_url=server.url, sizes=sizes) as client,
        ):
            error = await fail(client)

        assert (type(error), len(error.body)) == (NotFoundError, 50)

    async def test_cut(self) -> None:
        """A body that is cut leaves the status and what arrived."""
        steps: list[Step] = [ReadHead(), ReadBody(), Send(refusal(402)[:-5]), Fin()]
        async with ScriptedServer([steps]) as server, client_of(server) as client:
            error = await fail(client)

        assert type(error) is PaymentRequiredError
        assert error.body == b'{"error":{"message":"'

    async def test_silent(self) -> None:
        """A body that never comes is not waited for beyond the timers."""
        head = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 9\r\n\r\n{"
        steps: list[Step] = [ReadHead(), ReadBody(), Send(head)]
        async with (
            ScriptedServer([steps]) as server,
            client_of(server, timeout=Timeout(transport_idle=0.01)) as client,
        ):
            error = await fail(client)

        assert (error.status, error.body) == (400, b"{")

    async def test_hostile_text(self) -> None:
        """What a terminal would act on is escaped where it is shown."""
        response = refusal(400, None, message="a\x1b]0;b\x07\r\nc")
        async with (
            ScriptedServer([exchange(response)]) as server,
            client_of(server) as client,
        ):
            error = await fail(client)

        assert str(error) == "400: a\\x1b]0;b\\x07\\r\\nc"
