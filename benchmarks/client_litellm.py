"""litellm, with chat completions."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol, Self, cast

import litellm

from benchmarks import payloads

_MESSAGES = [{"role": "user", "content": payloads.PROMPT}]


class _Text(Protocol):
    content: str | None


class _Choice(Protocol):
    message: _Text
    delta: _Text


class _Answer(Protocol):
    choices: list[_Choice]


class LiteLLM:
    """Chat completions through its provider for OpenRouter."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Leave the connections: it keeps them for the whole process."""

    async def call(self) -> int:
        """Create a chat completion."""
        done = cast("_Answer", await self._complete(stream=False))
        return 1 if done.choices[0].message.content else 0

    async def stream(self) -> int:
        """Iterate over the chunks."""
        stream = cast("AsyncIterator[_Answer]", await self._complete(stream=True))
        count = 0
        async for chunk in stream:
            count += bool(chunk.choices[0].delta.content)

        return count

    @asynccontextmanager
    async def opened(self) -> AsyncGenerator[str]:
        """Open a stream up to its first chunk."""
        stream = cast("AsyncIterator[_Answer]", await self._complete(stream=True))
        chunk = await anext(stream)
        yield chunk.choices[0].delta.content or ""

    async def _complete(self, *, stream: bool) -> object:
        return await litellm.acompletion(
            model=f"openrouter/{payloads.MODEL}",
            messages=_MESSAGES,
            api_key=payloads.KEY,
            base_url=self._base_url,
            max_tokens=256,
            temperature=0.7,
            stream=stream,
        )
