"""This library, as text completions and as chat."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Self

from benchmarks import payloads
from openrouter_async import OpenRouter, PoolLimits
from openrouter_async.types import Message

_MESSAGES: list[Message] = [{"role": "user", "content": payloads.PROMPT}]


class Ours:
    """Typed answers, chunks folded into a completion, all timers on."""

    def __init__(self, base_url: str) -> None:
        pool = PoolLimits(keepalive=payloads.KEEPALIVE)
        self._client = OpenRouter(payloads.KEY, base_url=base_url, pool=pool)

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def call(self) -> int:
        """Create a completion."""
        done = await self._client.completions.create(
            prompt=payloads.PROMPT,
            model=payloads.MODEL,
            max_tokens=256,
            temperature=0.7,
        )
        return 1 if done.text else 0

    async def stream(self) -> int:
        """Iterate over the chunks, and have the completion put together."""
        count = 0
        async with self._client.completions.stream(
            prompt=payloads.PROMPT,
            model=payloads.MODEL,
            max_tokens=256,
            temperature=0.7,
        ) as stream:
            async for _ in stream:
                count += 1

        final = await stream.final()
        assert final.text, "the chunks were folded"
        return count

    @asynccontextmanager
    async def opened(self) -> AsyncGenerator[str]:
        """Open a stream up to its first chunk."""
        async with self._client.completions.stream(
            prompt=payloads.PROMPT, model=payloads.MODEL, max_tokens=256
        ) as stream:
            chunk = await anext(stream)
            yield chunk.choices[0].text


class OursChat(Ours):
    """Chat completions in place of text."""

    async def call(self) -> int:
        """Create a chat completion."""
        done = await self._client.chat.completions.create(
            messages=_MESSAGES,
            model=payloads.MODEL,
            max_tokens=256,
            temperature=0.7,
        )
        return 1 if done.text else 0

    async def stream(self) -> int:
        """Iterate over the chunks, and have the completion put together."""
        count = 0
        async with self._client.chat.completions.stream(
            messages=_MESSAGES,
            model=payloads.MODEL,
            max_tokens=256,
            temperature=0.7,
        ) as stream:
            async for _ in stream:
                count += 1

        final = await stream.final()
        assert final.text, "the chunks were folded"
        return count

    @asynccontextmanager
    async def opened(self) -> AsyncGenerator[str]:
        """Open a stream up to its first chunk."""
        async with self._client.chat.completions.stream(
            messages=_MESSAGES, model=payloads.MODEL, max_tokens=256
        ) as stream:
            chunk = await anext(stream)
            yield chunk.choices[0].delta.content or ""
