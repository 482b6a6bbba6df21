"""
The loopback server: prepared bytes over a raw protocol, in a process of its own.

The first part of the path says how it answers: `/plain`, `/blocks` (a stream as fast
as the socket takes it) or `/paced` (a stream with one write per event). Below `/chat`
answers have the shape of chat completions.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import sys
from collections.abc import Iterator
from typing import TypeAlias, cast

from benchmarks import payloads
from benchmarks.machine import pin

# All streams get one event per round. A round must be longer than the slowest client
# needs for it: else events pile up in the sockets, and a read brings several.
ROUND = 0.015

Prepared: TypeAlias = dict[tuple[bytes, payloads.Shape], bytes]

_SHAPES: tuple[payloads.Shape, ...] = ("text", "chat")
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class Pacer:
    """Write to each open stream one event per round."""

    def __init__(self) -> None:
        self._head = payloads.stream_head()
        self._pieces = {shape: payloads.one_by_one(shape) for shape in _SHAPES}
        self._open: dict[asyncio.Transport, Iterator[bytes]] = {}

    def add(self, transport: asyncio.Transport, shape: payloads.Shape) -> None:
        """Begin a stream with the next round."""
        transport.write(self._head)
        self._open[transport] = iter(self._pieces[shape])

    async def run(self) -> None:
        """Go on for ever."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            due = max(due + ROUND, loop.time())
            await asyncio.sleep(due - loop.time())
            for transport, pieces in list(self._open.items()):
                piece = next(pieces, None)
                if piece is None or transport.is_closing():
                    del self._open[transport]
                else:
                    transport.write(piece)


class Connection(asyncio.Protocol):
    """Answer the requests of one connection, one after another."""

    def __init__(self, prepared: Prepared, pacer: Pacer) -> None:
        self._prepared = prepared
        self._pacer = pacer
        self._received = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Answer when a request is whole; clients do not pipeline."""
        assert self._transport is not None
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if not found or len(body) < int(length[1] if length else 0):
            return

        self._received = b""
        path = head.split(b" ", 2)[1]
        kind = path.split(b"/", 2)[1]
        shape: payloads.Shape = "chat" if b"/chat/" in path else "text"
        if kind == b"paced":
            self._pacer.add(self._transport, shape)
        else:
            self._transport.write(self._prepared[kind, shape])


async def serve() -> None:
    """Print the port, and serve until the parent closes standard input."""
    prepared: Prepared = {}
    for shape in _SHAPES:
        prepared[b"plain", shape] = payloads.plain_answer(shape)
        prepared[b"blocks", shape] = payloads.stream_head() + payloads.blocks(shape)

    loop = asyncio.get_running_loop()
    pacer = Pacer()
    server = await loop.create_server(
        lambda: Connection(prepared, pacer), "127.0.0.1", 0, backlog=4096
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    running = asyncio.create_task(pacer.run())
    await loop.run_in_executor(None, sys.stdin.read)
    running.cancel()
    server.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--core", type=int, help="the core to run on")
    pin(parser.parse_args().core)
    asyncio.run(serve())
