"""What the loopback server answers, and when."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from benchmarks import payloads

# The head of a response has been out for so long when the first event is written.
_HEAD_START = 0.010


@dataclass(frozen=True, slots=True)
class Asked:
    """
    Say what a client asked for.

    Attributes:
        kind: first word of the path. A call that is not streamed gets a plain answer
            whatever the kind, so that it can warm up the connections of any client.
        numbers: that follow it.
        shape: of the answer.
        streamed: whether the body asked for a stream.
    """

    kind: str
    numbers: tuple[int, ...]
    shape: payloads.Shape
    streamed: bool


@cache
def prepared(asked: Asked) -> bytes:
    """
    Return the whole response, made when it is first asked for.

    `answer-N`: text of N bytes. `blocks-N`: N chunks as fast as the socket takes them.
    `small-N`: N chunks as short as can be. `event-N`: one event of N bytes and two
    more. `open`: a head and one event, and nothing more.
    """
    shape = asked.shape
    if not asked.streamed:
        sized = asked.numbers if asked.kind == "answer" else ()
        return payloads.plain_answer(shape, *sized)

    head = payloads.stream_head()
    match asked.kind:
        case "blocks":
            return head + payloads.blocks(shape, *asked.numbers)
        case "small":
            return head + payloads.small_blocks(shape, *asked.numbers)
        case "event":
            return head + payloads.one_event(shape, *asked.numbers)
        case "open":
            return head + payloads.stamped(shape, 0)
        case other:
            raise ValueError(f"no such kind: {other}")


@cache
def _pieces(shape: payloads.Shape, count: int) -> list[bytes]:
    return payloads.one_by_one(shape, count)


class Paces:
    """`paced-N-MS`: write to each open stream one event every so many milliseconds."""

    def __init__(self, group: asyncio.TaskGroup) -> None:
        self._group = group
        self._open: dict[int, dict[asyncio.Transport, Iterator[bytes]]] = {}
        self._tasks = list[asyncio.Task[None]]()

    def add(self, transport: asyncio.Transport, asked: Asked) -> None:
        """Begin a stream with the next round."""
        count, milliseconds = asked.numbers
        if milliseconds not in self._open:
            self._open[milliseconds] = {}
            task = self._group.create_task(self._run(milliseconds))
            self._tasks.append(task)

        self._open[milliseconds][transport] = iter(_pieces(asked.shape, count))

    def stop(self) -> None:
        """End all of them."""
        for task in self._tasks:
            task.cancel()

    async def _run(self, milliseconds: int) -> None:
        loop = asyncio.get_running_loop()
        streams = self._open[milliseconds]
        due = loop.time()
        while True:
            due = max(due + milliseconds / 1000, loop.time())
            await asyncio.sleep(due - loop.time())
            for transport, pieces in list(streams.items()):
                piece = next(pieces, None)
                if piece is None or transport.is_closing():
                    del streams[transport]
                else:
                    transport.write(piece)


class Volleys:
    """`first-N`: write to N streams at once, a while after the head of the last."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: defaultdict[Asked, list[asyncio.Transport]] = defaultdict(list)

    def add(self, transport: asyncio.Transport, asked: Asked) -> None:
        """Let a stream wait for the others."""
        waiting = self._waiting[asked]
        waiting.append(transport)
        if len(waiting) == asked.numbers[0]:
            self._waiting[asked] = []
            self._loop.call_later(_HEAD_START, _fire, waiting, asked.shape)


def _fire(transports: list[asyncio.Transport], shape: payloads.Shape) -> None:
    for transport in transports:
        transport.write(payloads.stamped(shape, time.monotonic_ns()))
