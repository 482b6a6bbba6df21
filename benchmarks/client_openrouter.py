"""The official SDK, with chat completions."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Self

import httpx
from openrouter import OpenRouter
from openrouter.components import ChatMessagesTypedDict

from benchmarks import payloads

_MESSAGES: list[ChatMessagesTypedDict] = [{"role": "user", "content": payloads.PROMPT}]
# With hundreds in flight it needs longer than its 5 s until it sees an answer.
_PATIENCE = 600_000  # milliseconds


class OfficialSDK:
    """Chat completions, as pydantic models."""

    def __init__(self, base_url: str) -> None:
        limits = httpx.Limits(
            max_connections=payloads.CONNECTIONS,
            max_keepalive_connections=payloads.CONNECTIONS,
        )
        self._http = httpx.AsyncClient(follow_redirects=True, limits=limits)
        self._client = OpenRouter(
            api_key=payloads.KEY,
            server_url=base_url,
            async_client=self._http,
            timeout_ms=_PATIENCE,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def call(self) -> int:
        """Create a chat completion."""
        done = await self._client.chat.send_async(
            messages=_MESSAGES, model=payloads.MODEL, max_tokens=256, temperature=0.7
        )
        return 1 if done.choices[0].message.content else 0

    async def stream(self) -> int:
        """Iterate over the chunks."""
        count = 0
        stream = await self._client.chat.send_async(
            messages=_MESSAGES,
            model=payloads.MODEL,
            max_tokens=256,
            temperature=0.7,
            stream=True,
        )
        async with stream:
            async for chunk in stream:
                count += bool(chunk.choices[0].delta.content)

        return count

    @asynccontextmanager
    async def opened(self) -> AsyncGenerator[str]:
        """Open a stream up to its first chunk."""
        stream = await self._client.chat.send_async(
            messages=_MESSAGES, model=payloads.MODEL, max_tokens=256, stream=True
        )
        async with stream:
            chunk = await anext(aiter(stream))
            yield str(chunk.choices[0].delta.content)
