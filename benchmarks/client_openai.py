"""The OpenAI client, on httpx and on aiohttp."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Self

from openai import (
    DEFAULT_CONNECTION_LIMITS,
    AsyncOpenAI,
    DefaultAioHttpClient,
    DefaultAsyncHttpxClient,
)

from benchmarks import payloads

# Its default keeps 100 connections: with more in flight the others are opened anew.
_LIMITS = type(DEFAULT_CONNECTION_LIMITS)(
    max_connections=payloads.CONNECTIONS,
    max_keepalive_connections=payloads.CONNECTIONS,
)


class OpenAI:
    """Text completions, as pydantic models."""

    transport: type[DefaultAsyncHttpxClient] | type[DefaultAioHttpClient] = (
        DefaultAsyncHttpxClient
    )

    def __init__(self, base_url: str) -> None:
        self._client = AsyncOpenAI(
            api_key=payloads.KEY,
            base_url=base_url,
            http_client=self.transport(limits=_LIMITS),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.close()

    async def call(self) -> int:
        """Create a completion."""
        done = await self._client.completions.create(
            prompt=payloads.PROMPT,
            model=payloads.MODEL,
            max_tokens=256,
            temperature=0.7,
        )
        return 1 if done.choices[0].text else 0

    async def stream(self) -> int:
        """Iterate over the chunks."""
        count = 0
        async with await self._client.completions.create(
            prompt=payloads.PROMPT,
            model=payloads.MODEL,
            max_tokens=256,
            temperature=0.7,
            stream=True,
        ) as stream:
            async for chunk in stream:
                count += bool(chunk.choices[0].text)

        return count

    @asynccontextmanager
    async def opened(self) -> AsyncGenerator[str]:
        """Open a stream up to its first chunk."""
        async with await self._client.completions.create(
            prompt=payloads.PROMPT, model=payloads.MODEL, max_tokens=256, stream=True
        ) as stream:
            chunk = await anext(aiter(stream))
            yield chunk.choices[0].text


class OpenAIOnAiohttp(OpenAI):
    """The same with its extra `aiohttp`."""

    transport = DefaultAioHttpClient
