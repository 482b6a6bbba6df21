"""The calls of a soak: made, read, cancelled and left by chance."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Self

from benchmarks.soak_faults import TOKENS
from openrouter_async import (
    Completion,
    CompletionStream,
    OpenRouter,
    OpenRouterError,
    RetryPolicy,
    Timeout,
)

_RETRY = RetryPolicy(
    max_retries=3, backoff=0.001, throttle_backoff=0.001, floor=0, budget_ratio=None
)
_TIMEOUT = Timeout(total=5, first_event=0.5, idle=0.5, transport_idle=0.5)
_SOON = 0.02  # seconds in which a call is cancelled


class Caller:
    """
    Make calls whose answers have to carry their own ids.

    Args:
        base_url: of the server.
        seed: of what is done with each call.
    """

    def __init__(self, base_url: str, seed: int) -> None:
        self._client = OpenRouter(
            "sk-or-v1-soak", base_url=base_url, retry=_RETRY, timeout=_TIMEOUT
        )
        self._dice = random.Random(seed)
        ways: dict[Callable[[str], Awaitable[str]], int] = {
            self._create: 55,
            self._stream: 30,
            self._create_cancelled: 5,
            self._stream_cancelled: 5,
            self._stream_left: 5,
        }
        self._ways, self._weights = list(ways), list(ways.values())

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def call(self, number: int) -> str:
        """Make a call, and return how it ended."""
        name = f"request-{number}"
        [way] = self._dice.choices(self._ways, self._weights)
        try:
            return await way(name)
        except OpenRouterError as error:
            if error.partial is not None and not _begins(error.partial.text, name):
                return "crossed"

            return type(error).__name__

    async def _create(self, name: str) -> str:
        return _answered(await self._client.completions.create(prompt=name), name)

    def _streaming(self, name: str) -> CompletionStream:
        return self._client.completions.stream(prompt=name)

    async def _stream(self, name: str) -> str:
        async with self._streaming(name) as stream:
            async for chunk in stream:
                if chunk.id != f"gen-{name}":
                    return "crossed"

        return _answered(await stream.final(), name)

    async def _create_cancelled(self, name: str) -> str:
        return await self._cancelled(self._create(name))

    async def _stream_cancelled(self, name: str) -> str:
        return await self._cancelled(self._stream(name))

    async def _cancelled(self, making: Awaitable[str]) -> str:
        task = asyncio.ensure_future(making)
        await asyncio.wait([task], timeout=self._dice.random() * _SOON)
        task.cancel()
        try:
            return await task
        except asyncio.CancelledError:
            return "cancelled"

    async def _stream_left(self, name: str) -> str:
        most = self._dice.randrange(TOKENS)
        async with self._streaming(name) as stream:
            async for _ in stream:
                most -= 1
                if most < 0:
                    break

        return "left" if _begins(stream.snapshot.text, name) else "crossed"


def _answered(answer: Completion, name: str) -> str:
    return "answered" if _begins(answer.text, name) else "crossed"


def _begins(text: str, name: str) -> bool:
    """Tell whether a text, which may be cut, is that of a request."""
    return not text or text.split(" ")[0] == name
