"""The server of the soak: answers each request by chance, with an answer or a fault."""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import socket
import struct
import sys
from contextlib import suppress

from benchmarks.machine import pin, raise_descriptor_limit
from benchmarks.soak_faults import PLAIN, STREAMED, Answer

_AT_ONCE = struct.pack("ii", 1, 0)  # close without lingering: a reset


class SoakServer:
    """
    Answer requests over raw sockets.

    Args:
        seed: of what each request is answered with, in the order of their arrival.
    """

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)

    async def answer(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Answer the requests of one connection, until a fault closes it."""
        with suppress(OSError, asyncio.IncompleteReadError):
            while await self._answer_one(reader, writer):
                pass

        with suppress(OSError):
            writer.close()
            await writer.wait_closed()

    async def _answer_one(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Return whether the connection can be used again."""
        head = await reader.readuntil(b"\r\n\r\n")
        length = head.lower().partition(b"content-length:")[2].split()[0]
        asked = json.loads(await reader.readexactly(int(length)))
        answer = self._chosen(streamed=bool(asked.get("stream")))
        last = b""
        for step in answer(asked["prompt"]):
            match step:
                case None:
                    _reset(writer)
                    return False
                case bytes():
                    writer.write(step)
                    await writer.drain()
                    last = step or last
                case seconds:
                    if await _has_left(reader, seconds):
                        return False

        return last.endswith((b"0\r\n\r\n", b"}"))

    def _chosen(self, *, streamed: bool) -> Answer:
        choices = STREAMED if streamed else PLAIN
        weights = [weight for weight, _ in choices]
        [(_, answer)] = self._dice.choices(choices, weights)
        return answer


async def _has_left(reader: asyncio.StreamReader, seconds: float) -> bool:
    """Wait, but not for a client that has left meanwhile."""
    try:
        return await asyncio.wait_for(reader.read(1), seconds) == b""
    except TimeoutError:
        return False


def _reset(writer: asyncio.StreamWriter) -> None:
    connection: socket.socket = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
    writer.transport.abort()


async def serve(seed: int) -> None:
    """Print the port, and serve until the parent closes standard input."""
    server = SoakServer(seed)
    listening = await asyncio.start_server(server.answer, "127.0.0.1", 0, backlog=4096)
    print(listening.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    listening.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seed", type=int, help="of the faults")
    parser.add_argument("--core", type=int, help="the core to run on")
    options = parser.parse_args()
    pin(options.core)
    raise_descriptor_limit()
    asyncio.run(serve(options.seed))
