"""The clients: each makes a plain call, or reads a stream and counts its chunks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Protocol, Self, cast

import aiohttp
import msgspec

from benchmarks import payloads
from benchmarks.workloads import BARE, CHAT, FLOOR, LEAN, OURS
from openrouter_async import OpenRouter, PoolLimits
from openrouter_async.types import Message

# Connections must outlive the time in which the other clients are measured.
_KEEPALIVE = 600.0
_HEADERS = {
    "Authorization": f"Bearer {payloads.KEY}",
    "Content-Type": "application/json",
}
_MESSAGES: list[Message] = [{"role": "user", "content": payloads.PROMPT}]


class Client(Protocol):
    """Make calls; several at a time."""

    async def __aenter__(self) -> Self:
        """Get ready."""
        ...

    async def __aexit__(self, *_: object) -> None:
        """Close the connections."""
        ...

    async def call(self) -> int:
        """Make a plain call; return 1 when there was an answer."""
        ...

    async def stream(self) -> int:
        """Read a stream; return how many chunks it had, 0 where that is not seen."""
        ...


class Ours:
    """This library: typed answers, chunks folded into a completion."""

    def __init__(self, base_url: str) -> None:
        pool = PoolLimits(keepalive=_KEEPALIVE)
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


class OursChat(Ours):
    """This library: chat completions in place of text."""

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


class BareAiohttp:
    """Only the HTTP: bytes out, bytes in, nothing decoded; aiohttp's own settings."""

    def __init__(self, base_url: str) -> None:
        self._url = f"{base_url}/completions"
        self._stack = AsyncExitStack()
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = await self._stack.enter_async_context(self._open())
        return self

    def _open(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(connector=_connector(), headers=_HEADERS)

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def call(self) -> int:
        """Post bytes and read bytes."""
        assert self._session is not None
        async with self._session.post(self._url, data=payloads.PLAIN_BODY) as response:
            return 1 if await response.read() else 0

    async def stream(self) -> int:
        """Read whatever bytes come; the number of chunks is not seen."""
        assert self._session is not None
        size = 0
        async with self._session.post(self._url, data=payloads.STREAM_BODY) as response:
            async for block in response.content.iter_any():
                size += len(block)

        assert size, "the stream had a body"
        return 0


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
    return aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEPALIVE)


class _Choice(msgspec.Struct):
    index: int
    text: str
    finish_reason: str | None


class _Chunk(msgspec.Struct):
    id: str
    created: int
    model: str
    choices: list[_Choice]


class _FloorConnection(asyncio.Protocol):
    """Find the `data:` lines, whatever is around them, and decode each."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.ended: asyncio.Future[int] | None = None
        self._decode = msgspec.json.Decoder(_Chunk).decode
        self._tail = b""
        self._count = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Decode the events; the heads and sizes of HTTP are lines like others."""
        lines = (self._tail + data).split(b"\n")
        self._tail = lines.pop()
        for line in lines:
            if line.startswith(b"data: "):
                if line == b"data: [DONE]":
                    self._end()
                else:
                    self._decode(line[6:])
                    self._count += 1

    def _end(self) -> None:
        assert self.ended is not None
        self.ended.set_result(self._count)
        self._count = 0


class Floor:
    """The least that Python can do: a protocol on the socket, and msgspec."""

    def __init__(self, base_url: str) -> None:
        _, _, self._host, path = base_url.split("/", 3)
        self._request = (
            f"POST /{path}/completions HTTP/1.1\r\nHost: {self._host}\r\n"
            f"Authorization: Bearer {payloads.KEY}\r\n"
            f"Content-Length: {len(payloads.STREAM_BODY)}\r\n\r\n"
        ).encode() + payloads.STREAM_BODY
        self._idle: list[_FloorConnection] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for connection in self._idle:
            assert connection.transport is not None
            connection.transport.close()

    async def call(self) -> int:
        """Be no reference for plain calls."""
        raise NotImplementedError("the floor is for streams")

    async def stream(self) -> int:
        """Read a stream to `[DONE]`."""
        loop = asyncio.get_running_loop()
        if self._idle:
            connection = self._idle.pop()
        else:
            host, _, port = self._host.partition(":")
            _, connection = await loop.create_connection(
                _FloorConnection, host, int(port)
            )

        assert connection.transport is not None
        connection.ended = loop.create_future()
        connection.transport.write(self._request)
        count = await connection.ended
        self._idle.append(connection)
        return count


def make_client(name: str, base_url: str) -> Client:
    """Return the client of that name."""
    kinds: dict[str, Callable[[str], Client]] = {
        OURS: Ours,
        CHAT: OursChat,
        BARE: BareAiohttp,
        LEAN: LeanAiohttp,
        FLOOR: Floor,
    }
    return kinds[name](base_url)
