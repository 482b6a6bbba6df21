"""The server that plays the scripts."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl as tls
import struct
import time
from collections.abc import Iterable
from functools import partial
from types import TracebackType
from typing import Self

from tests.scripted.journal import Connection, Request, ScriptError
from tests.scripted.steps import (
    Drip,
    Fin,
    Hang,
    Pause,
    ReadBody,
    ReadBytes,
    ReadHead,
    Reset,
    Script,
    Send,
    Step,
    Wait,
)


class _Protocol(asyncio.StreamReaderProtocol):
    """Note when the client goes away, also while no step is reading."""

    def __init__(self, reader: asyncio.StreamReader, seen: Connection) -> None:
        super().__init__(reader)
        self._seen = seen

    def eof_received(self) -> bool | None:
        self._note()
        return super().eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is not None:
            self._note()
        super().connection_lost(exc)

    def _note(self) -> None:
        if not self._seen.client_closed.is_set():
            self._seen.client_closed_at = time.monotonic()
            self._seen.client_closed.set()


class ScriptedServer:
    """
    Listen on a free port of 127.0.0.1 and play one script per connection.

    Args:
        scripts: One script per connection, in the order of arrival.
        ssl: A server's context, to speak TLS.
    """

    def __init__(
        self, scripts: Iterable[Script] = (), *, ssl: tls.SSLContext | None = None
    ) -> None:
        self.connections: list[Connection] = []
        self._scripts = iter(scripts)
        self._ssl = ssl
        # The protocol by name: asyncio sets TCP_NODELAY only where it is known.
        self._listener = socket.socket(proto=socket.IPPROTO_TCP)
        self._players: set[asyncio.Task[None]] = set()
        self._failures: list[Exception] = []
        self._accepted = asyncio.Condition()

    async def __aenter__(self) -> Self:
        self._listener.setblocking(False)
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(1024)
        self._acceptor = asyncio.create_task(self._accept())
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        tasks = [self._acceptor, *self._players]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._listener.close()
        if exc is None and self._failures:
            raise self._failures[0]

    @property
    def port(self) -> int:
        """Give the port that the server listens on."""
        return int(self._listener.getsockname()[1])

    @property
    def url(self) -> str:
        """Give the server's URL, without a path and without a slash at the end."""
        return f"{'https' if self._ssl else 'http'}://127.0.0.1:{self.port}"

    @property
    def requests(self) -> list[Request]:
        """Give the requests of all connections, in the order their heads came."""
        every = [r for connection in self.connections for r in connection.requests]
        return sorted(every, key=lambda request: request.head_at)

    async def connection(self, number: int = 0) -> Connection:
        """Wait until connection `number` was accepted, and give its journal."""
        async with self._accepted:
            await self._accepted.wait_for(lambda: len(self.connections) > number)
            return self.connections[number]

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                client, _ = await loop.sock_accept(self._listener)
            except OSError:
                # Out of descriptors: the client waits in the backlog for a free one.
                await asyncio.sleep(0.005)
                continue

            seen = Connection(len(self.connections), time.monotonic())
            script = next(self._scripts, None)
            player = asyncio.create_task(self._serve(client, seen, script))
            self._players.add(player)
            player.add_done_callback(partial(self._end, client, seen))
            async with self._accepted:
                self.connections.append(seen)
                self._accepted.notify_all()

    def _end(
        self, client: socket.socket, seen: Connection, player: asyncio.Task[None]
    ) -> None:
        # A callback, since a task that is cancelled before it starts runs no finally.
        client.close()
        self._players.discard(player)
        seen.closed_at = time.monotonic()
        if seen.outcome == "open":
            seen.outcome = "closed"

        seen.ended.set()

    async def _serve(
        self, client: socket.socket, seen: Connection, script: Script | None
    ) -> None:
        if script is None:
            seen.outcome = "refused"
            _linger_zero(client)
            return

        try:
            await self._converse(client, seen, script)
        except Exception as error:
            self._failures.append(error)

    async def _converse(
        self, client: socket.socket, seen: Connection, script: Script
    ) -> None:
        reader = asyncio.StreamReader()
        protocol = _Protocol(reader, seen)
        loop = asyncio.get_running_loop()
        try:
            transport, _ = await loop.connect_accepted_socket(
                lambda: protocol, client, ssl=self._ssl
            )
        except OSError:
            seen.outcome = "handshake failed"
            return

        writer = asyncio.StreamWriter(transport, protocol, reader, loop)
        try:
            await _Player(reader, writer, seen).play(script)
        except (ConnectionError, asyncio.IncompleteReadError):
            seen.outcome = "client left"
        finally:
            transport.abort()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


class _Player:
    """Carry out the steps of one script on one connection."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        seen: Connection,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._seen = seen

    async def play(self, script: Script) -> None:
        for step in script:
            await self._step(step)

        self._seen.outcome = "played"
        with contextlib.suppress(ConnectionError):
            self._seen.surplus = await self._reader.read(65536)

        if self._seen.surplus:
            self._seen.outcome = "surplus"

    async def _step(self, step: Step) -> None:
        match step:
            case ReadHead() | ReadBody() | ReadBytes():
                await self._read(step)
            case Send(data):
                await self._write(data)
            case Drip(data, size, interval):
                for start in range(0, len(data), size):
                    await self._write(data[start : start + size])
                    await asyncio.sleep(interval)
            case Wait(event):
                await event.wait()
            case Pause(seconds):
                await asyncio.sleep(seconds)
            case Hang():
                await self._seen.client_closed.wait()
            case Fin() | Reset():
                await self._end(step)
            case _:
                message = f"not a step: {step!r}"
                raise ScriptError(message)

    async def _read(self, step: ReadHead | ReadBody | ReadBytes) -> None:
        if isinstance(step, ReadHead):
            head = await self._reader.readuntil(b"\r\n\r\n")
            self._seen.requests.append(Request.parse(head))
            return

        if not self._seen.requests:
            message = "a body is read after its head"
            raise ScriptError(message)

        request = self._seen.requests[-1]
        length = step.n if isinstance(step, ReadBytes) else request.missing
        try:
            request.body += await self._reader.readexactly(length)
        except asyncio.IncompleteReadError as error:
            request.body += error.partial
            raise

        request.body_at = time.monotonic()

    async def _write(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def _end(self, step: Fin | Reset) -> None:
        connection: socket.socket = self._writer.get_extra_info("socket")
        if isinstance(step, Reset):
            _linger_zero(connection)
            self._writer.transport.abort()
        elif self._writer.can_write_eof():
            self._writer.write_eof()
        elif step.close_notify:
            self._writer.close()
        else:
            connection.shutdown(socket.SHUT_WR)


def _linger_zero(connection: socket.socket) -> None:
    """Make the next close of the socket send RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
