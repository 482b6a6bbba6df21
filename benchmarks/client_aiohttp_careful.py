"""aiohttp with what a careful user writes around it, and no other library."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Self, TypedDict

import aiohttp

from benchmarks import payloads

_TIMEOUT = aiohttp.ClientTimeout(total=600, sock_connect=10, sock_read=300)
_ATTEMPTS = 3
_AGAIN = {429, 500, 502, 503, 504}
_FIRST_WAIT = 0.5  # seconds


class _Choice(TypedDict):
    text: str


class _Answer(TypedDict):
    choices: list[_Choice]


class CarefulAiohttp:
    """Timeouts, statuses, retries; JSON and events decoded into dictionaries."""

    def __init__(self, base_url: str) -> None:
        self._url = f"{base_url}/completions"
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0, keepalive_timeout=payloads.KEEPALIVE
            ),
            headers={"Authorization": f"Bearer {payloads.KEY}"},
            timeout=_TIMEOUT,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._session is not None
        await self._session.close()

    async def call(self) -> int:
        """Post, and decode the answer."""
        async with self._post(stream=False) as response:
            answer: _Answer = await response.json()
            return 1 if answer["choices"][0]["text"] else 0

    async def stream(self) -> int:
        """Decode the events, and put the text together."""
        texts = list[str]()
        count = 0
        async with self._post(stream=True) as response:
            async for text in _texts(response):
                count += 1
                texts.append(text)

        assert "".join(texts), "there was text"
        return count

    @asynccontextmanager
    async def opened(self) -> AsyncGenerator[str]:
        """Open a stream up to its first chunk."""
        async with self._post(stream=True) as response:
            texts = _texts(response)
            yield await anext(texts)
            await texts.aclose()

    @asynccontextmanager
    async def _post(self, *, stream: bool) -> AsyncGenerator[aiohttp.ClientResponse]:
        body: dict[str, object] = {
            "prompt": payloads.PROMPT,
            "model": payloads.MODEL,
            **payloads.PARAMS,
        }
        if stream:
            body["stream"] = True

        response = await self._attempt(body)
        async with response:
            yield response

    async def _attempt(self, body: dict[str, object]) -> aiohttp.ClientResponse:
        assert self._session is not None
        for attempt in range(_ATTEMPTS):
            last = attempt == _ATTEMPTS - 1
            try:
                response = await self._session.post(self._url, json=body)
                if last or response.status not in _AGAIN:
                    response.raise_for_status()
                    return response

                response.release()
            except (aiohttp.ClientConnectionError, TimeoutError):
                if last:
                    raise

            await asyncio.sleep(_FIRST_WAIT * 2**attempt)

        raise AssertionError("the last attempt returns or raises")


async def _texts(response: aiohttp.ClientResponse) -> AsyncGenerator[str]:
    """Yield the text of each event."""
    tail = b""
    async for block in response.content.iter_any():
        lines = (tail + block).split(b"\n")
        tail = lines.pop()
        for line in lines:
            if not line.startswith(b"data:"):
                continue

            data = line[5:].strip()
            if data == b"[DONE]":
                return

            chunk: _Answer = json.loads(data)
            yield chunk["choices"][0]["text"]

    raise ConnectionError("the stream was cut")
