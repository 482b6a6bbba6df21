"""aiohttp alone, which decodes nothing."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Self

import aiohttp

from benchmarks import payloads

_HEADERS = {
    "Authorization": f"Bearer {payloads.KEY}",
    "Content-Type": "application/json",
}


class BareAiohttp:
    """Only the HTTP: bytes out, bytes in, nothing decoded; aiohttp's own settings."""

    def __init__(self, base_url: str) -> None:
        self._url = f"{base_url}/completions"
        self._entered: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._entered = self._open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    def _open(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(connector=_connector(), headers=_HEADERS)

    @property
    def _session(self) -> aiohttp.ClientSession:
        assert self._entered is not None
        return self._entered

    async def call(self) -> int:
        """Post bytes and read bytes."""
        async with self._session.post(self._url, data=payloads.PLAIN_BODY) as response:
            return 1 if await response.read() else 0

    async def stream(self) -> int:
        """Read whatever bytes come; the number of chunks is not seen."""
        size = 0
        async with self._session.post(self._url, data=payloads.STREAM_BODY) as response:
            async for block in response.content.iter_any():
                size += len(block)

        # That it is whole is checked by aiohttp.
        assert size, "the stream had a body"
        return 0

    @asynccontextmanager
    async def opened(self) -> AsyncGenerator[bytes]:
        """Open a stream up to its first bytes."""
        async with self._session.post(self._url, data=payloads.STREAM_BODY) as response:
            yield await response.content.readany()


class LeanAiohttp(BareAiohttp):
    """The same without cookies and without timers: the least that aiohttp can do."""

    def _open(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=_connector(),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=_HEADERS,
            timeout=aiohttp.ClientTimeout(
                total=None, connect=None, sock_connect=None, sock_read=None
            ),
        )


def _connector() -> aiohttp.TCPConnector:
    return aiohttp.TCPConnector(limit=0, keepalive_timeout=payloads.KEEPALIVE)
