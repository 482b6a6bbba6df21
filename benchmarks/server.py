"""
The loopback server: prepared bytes over a raw protocol, in a process of its own.

The first part of the path says how it answers, with numbers after dashes; what they
mean stands in `answers.py`. Below `/chat` answers have the shape of chat completions.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import sys
from typing import cast

from benchmarks import payloads
from benchmarks.answers import Asked, Paces, Volleys, prepared
from benchmarks.machine import pin, raise_descriptor_limit

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_STREAM = re.compile(rb'"stream": ?true')


class Connection(asyncio.Protocol):
    """Answer the requests of one connection, one after another."""

    def __init__(self, paces: Paces, volleys: Volleys) -> None:
        self._paces = paces
        self._volleys = volleys
        self._received = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Answer when a request is whole; clients do not pipeline."""
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if not found or len(body) < int(length[1] if length else 0):
            return

        self._received = b""
        self._answer(head.split(b" ", 2)[1], _STREAM.search(body) is not None)

    def _answer(self, path: bytes, streamed: bool) -> None:
        assert self._transport is not None
        kind, *numbers = path.split(b"/", 2)[1].decode().split("-")
        asked = Asked(
            kind=kind,
            numbers=tuple(map(int, numbers)),
            shape="chat" if b"/chat/" in path else "text",
            streamed=streamed,
        )
        if not streamed or kind not in ("paced", "first"):
            self._transport.write(prepared(asked))
            return

        self._transport.write(payloads.stream_head())
        if kind == "paced":
            self._paces.add(self._transport, asked)
        else:
            self._volleys.add(self._transport, asked)


async def serve() -> None:
    """Print the port, and serve until the parent closes standard input."""
    loop = asyncio.get_running_loop()
    async with asyncio.TaskGroup() as group:
        paces, volleys = Paces(group), Volleys(loop)
        server = await loop.create_server(
            lambda: Connection(paces, volleys), "127.0.0.1", 0, backlog=4096
        )
        print(server.sockets[0].getsockname()[1], flush=True)
        await loop.run_in_executor(None, sys.stdin.read)
        paces.stop()
        server.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--core", type=int, help="the core to run on")
    pin(parser.parse_args().core)
    raise_descriptor_limit()
    asyncio.run(serve())
