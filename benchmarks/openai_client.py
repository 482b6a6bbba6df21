"""The official OpenAI client, for comparison where it is installed."""

from __future__ import annotations

from typing import Self

import httpx
import openai

from benchmarks import payloads


class OpenAI:
    """Text completions of `openai`, with as many connections as it wants."""

    def __init__(self, base_url: str) -> None:
        self._client = openai.AsyncOpenAI(
            api_key=payloads.KEY,
            base_url=base_url,
            http_client=openai.DefaultAsyncHttpxClient(
                limits=httpx.Limits(
                    max_connections=None, max_keepalive_connections=None
                )
            ),
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
        stream = await self._client.completions.create(
            prompt=payloads.PROMPT,
            model=payloads.MODEL,
            max_tokens=256,
            temperature=0.7,
            stream=True,
        )
        count = 0
        async for _ in stream:
            count += 1

        return count
