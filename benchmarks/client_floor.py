"""The least that Python can do: a protocol on the socket, and msgspec."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Self, TypeAlias, cast

import msgspec

from benchmarks import payloads

_LENGTH = b"\r\nContent-Length: "


class _Choice(msgspec.Struct):
    index: int
    text: str
    finish_reason: str | None


class _Answer(msgspec.Struct):
    id: str
    created: int
    model: str
    choices: list[_Choice]


class _Plain(asyncio.Protocol):
    """Take the body by its Content-Length, and decode it."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.ended: asyncio.Future[str] | None = None
        self._decode = msgspec.json.Decoder(_Answer).decode
        self._received = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """End the call when the body is whole."""
        received = self._received
        received += data
        body = received.find(b"\r\n\r\n") + 4
        if body < 4:
            return

        at = received.find(_LENGTH) + len(_LENGTH)
        length = int(received[at : received.find(b"\r", at)])
        if len(received) == body + length:
            assert self.ended is not None
            answer = self._decode(memoryview(received)[body:])
            self._received = bytearray()
            self.ended.set_result(answer.choices[0].text)


class _Events(asyncio.Protocol):
    """Find the `data:` lines, whatever is around them, and decode each."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.ended: asyncio.Future[int] | None = None
        self.first: asyncio.Future[str] | None = None
        self._decode = msgspec.json.Decoder(_Answer).decode
        self._parts = list[bytes]()
        self._count = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Decode the events; the heads and sizes of HTTP are lines like others."""
        self._parts.append(data)
        if b"\n" not in data:
            return

        lines = b"".join(self._parts).split(b"\n")
        self._parts = [lines.pop()]
        for line in lines:
            if line.startswith(b"data: "):
                if line == b"data: [DONE]":
                    self._end()
                else:
                    chunk = self._decode(line[6:])
                    self._count += 1
                    if self._count == 1 and self.first is not None:
                        self.first.set_result(chunk.choices[0].text)

    def _end(self) -> None:
        assert self.ended is not None
        self.ended.set_result(self._count)
        self._count = 0


_Connection: TypeAlias = _Plain | _Events


class Floor:
    """No HTTP library, no parser of HTTP: prepared bytes out, Structs in."""

    def __init__(self, base_url: str) -> None:
        _, _, host, path = base_url.split("/", 3)
        name, _, port = host.partition(":")
        self._address = name, int(port)
        head = (
            f"POST /{path}/completions HTTP/1.1\r\nHost: {host}\r\n"
            f"Authorization: Bearer {payloads.KEY}\r\nContent-Length: "
        ).encode()
        plain, stream = payloads.PLAIN_BODY, payloads.STREAM_BODY
        self._plain_request = head + b"%d\r\n\r\n%b" % (len(plain), plain)
        self._stream_request = head + b"%d\r\n\r\n%b" % (len(stream), stream)
        self._idle_plain: list[_Plain] = []
        self._idle_events: list[_Events] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        idle: list[_Connection] = [*self._idle_plain, *self._idle_events]
        for connection in idle:
            _transport(connection).close()

    async def call(self) -> int:
        """Write a request, and wait for the decoded answer."""
        loop = asyncio.get_running_loop()
        if self._idle_plain:
            connection = self._idle_plain.pop()
        else:
            _, connection = await loop.create_connection(_Plain, *self._address)

        connection.ended = loop.create_future()
        _transport(connection).write(self._plain_request)
        text = await connection.ended
        self._idle_plain.append(connection)
        return 1 if text else 0

    async def stream(self) -> int:
        """Read a stream to `[DONE]`."""
        loop = asyncio.get_running_loop()
        if self._idle_events:
            connection = self._idle_events.pop()
        else:
            _, connection = await loop.create_connection(_Events, *self._address)

        connection.ended = loop.create_future()
        _transport(connection).write(self._stream_request)
        count = await connection.ended
        self._idle_events.append(connection)
        return count

    @asynccontextmanager
    async def opened(self) -> AsyncGenerator[str]:
        """Open a stream up to its first chunk."""
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(_Events, *self._address)
        connection.first = loop.create_future()
        connection.ended = loop.create_future()
        transport = _transport(connection)
        transport.write(self._stream_request)
        try:
            yield await connection.first
        finally:
            transport.close()


def _transport(connection: _Connection) -> asyncio.Transport:
    assert connection.transport is not None
    return connection.transport
