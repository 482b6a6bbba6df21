"""Direct calls of a client, and ways to hold them up."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from openrouter_async import (
    Completion,
    CompletionStream,
    Limiter,
    OpenRouter,
    RateLimits,
    RetryPolicy,
)
from openrouter_async.testing import Simulator

NOTHING_TO_RETRY = RetryPolicy(max_retries=0, budget_ratio=0, budget_reserve=0)
ONE_A_MINUTE = RateLimits(requests_per_minute=1)


async def ask(
    client: OpenRouter, prompt: str = "p", model: str = "m", max_tokens: int = 1
) -> Completion:
    """Make a direct call."""
    return await client.completions.create(
        model=model, prompt=prompt, max_tokens=max_tokens
    )


async def waiting(limiter: Limiter, count: int) -> None:
    """Let other tasks run until so many calls wait."""
    async with asyncio.timeout(5):
        while limiter.statistics().waiting != count:  # noqa: ASYNC110  # it sets no event
            await asyncio.sleep(0)


class Gate:
    """Hold all answers back until it is opened."""

    def __init__(self, simulator: Simulator) -> None:
        self._open = asyncio.Event()
        self.order: list[object] = []
        simulator.answer_with(self._answer)

    async def _answer(self, params: Mapping[str, object]) -> str:
        self.order.append(params["prompt"])
        await self._open.wait()
        return "done"

    def open(self) -> None:
        """Let all answers out, those to come as well."""
        self._open.set()


def stream_of(client: OpenRouter) -> CompletionStream:
    """Start a stream."""
    return client.completions.stream(model="m", prompt="p")
