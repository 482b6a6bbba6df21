"""What tests of calls share: answers, clients, and waits that take no time."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from functools import partial

import msgspec
import pytest

from openrouter_async import Completion, OpenRouter, OpenRouterError, RetryPolicy
from openrouter_async.config import Timeout
from openrouter_async.transport import calls
from openrouter_async.transport.retry import Attempts
from tests.scripted import ScriptedServer, Step, exchange, http_response

KEY = "sk-or-v1-0123456789abcdef0123456789abcdef"
MEMBERS: dict[str, object] = {
    "id": "gen-1",
    "object": "text_completion",
    "created": 1,
    "model": "m",
    "choices": [{"index": 0, "text": "Hi", "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3},
}
COMPLETION = msgspec.json.encode(MEMBERS)
NO_RETRY = RetryPolicy(max_retries=0)


def answer(text: str = "Hi") -> bytes:
    """Build the response that brings a completion."""
    return http_response(body={**MEMBERS, "choices": [{"index": 0, "text": text}]})


def refusal(
    status: int, headers: dict[str, str] | None = None, **error: object
) -> bytes:
    """Build the response that refuses a request, with members of its `error`."""
    return http_response(status, headers, {"error": {"message": "no", **error}})


def in_turn(*answers: bytes) -> list[Step]:
    """Build the script of one connection that answers request after request."""
    return [step for each in answers for step in exchange(each)]


def client_of(
    server: ScriptedServer,
    *,
    retry: RetryPolicy | int = RetryPolicy(),
    timeout: Timeout | float | None = Timeout(),
) -> OpenRouter:
    """Make a client that talks to the server."""
    return OpenRouter(KEY, base_url=server.url, retry=retry, timeout=timeout)


async def ask(client: OpenRouter) -> Completion:
    """Ask for a completion."""
    return await client.completions.create(model="m", prompt="Say hi")


async def fail(client: OpenRouter) -> OpenRouterError:
    """Ask for a completion, and return the error there must be."""
    with pytest.raises(OpenRouterError) as caught:
        await ask(client)

    return caught.value


def record_waits(monkeypatch: pytest.MonkeyPatch, random: float = 0.5) -> list[float]:
    """Let waits between attempts take no time, and return the list they go into."""
    waits: list[float] = []

    async def note(seconds: float) -> None:
        waits.append(seconds)
        await asyncio.sleep(0)

    attempts = partial(Attempts, sleep=note, random=lambda: random)
    monkeypatch.setattr(calls, "Attempts", attempts)
    return waits


async def request_arrived(server: ScriptedServer) -> None:
    """Wait until the first request has been read."""
    await server.connection()
    for _ in range(1000):
        if server.requests and server.requests[0].body_at is not None:
            return

        await asyncio.sleep(0.001)

    pytest.fail("no request has arrived")


@contextmanager
def not_caught() -> Generator[None]:
    """Fail if an error of the library passes: somebody else's has to win."""
    try:
        yield
    except OpenRouterError as error:
        pytest.fail(f"the library's own error came instead: {error!r}")
