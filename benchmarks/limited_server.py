"""
A loopback server with a limit, in a process of its own: a raw protocol, no parser.

A request is `POST .../completions` whose prompt says `item N`; the answer says it
too. Each line on standard input is a question: `read` is answered with the ledger as
a line of JSON, `reset` begins a new ledger and a new limit.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from http import HTTPStatus
from typing import cast

import msgspec

from benchmarks.fan_out_shapes import ALL_SHAPES, Shape
from benchmarks.ledger import Counts, Ledger
from benchmarks.limits import Refusal
from benchmarks.machine import pin

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_RUN = re.compile(rb"\r\nx-run: *([\w-]+)", re.IGNORECASE)
_ITEM = re.compile(rb"\bitem (\d+)")

_USAGE = {
    "prompt_tokens": 17,
    "completion_tokens": 9,
    "total_tokens": 26,
    "cost": 6.5e-06,
}
_TEXT = "This is the answer to item %d."
_CHOICE = {"index": 0, "finish_reason": "stop", "logprobs": None}
_ANSWER = {
    "id": "gen-1763916271-%d",
    "provider": "Mistral",
    "model": "mistralai/mistral-small-3.2-24b-instruct",
    "created": 1763916271,
    "usage": _USAGE,
}


class Service:
    """
    Decide over requests and count them; one for all connections.

    Args:
        shape: limit and latencies.
        clock: monotonic, of the whole machine.
    """

    def __init__(
        self, shape: Shape, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._shape = shape
        self._clock = clock
        self._limit = shape.limit()
        self._in_flight = 0
        self.ledger = Ledger()

    def reset(self) -> None:
        """Begin anew, as if nothing had been asked."""
        self._limit = self._shape.limit()
        self._in_flight = 0
        self.ledger = Ledger()

    def decide(self, run: str, item: int) -> Refusal | None:
        """Admit a request, or refuse it."""
        ledger = self.ledger
        elapsed = ledger.elapsed(self._clock())
        refusal = self._limit.decide(elapsed, self._in_flight)
        ledger.add(elapsed, refusal is not None)
        counts = ledger.runs[run]
        counts.sent[item] += 1
        if refusal is not None:
            counts.refused[item] += 1
            return refusal

        self._in_flight += 1
        ledger.most_in_flight = max(ledger.most_in_flight, self._in_flight)
        return None

    def latency(self, refusal: Refusal | None) -> float:
        """Return the seconds after which this response is sent."""
        if refusal is None or self._shape.refusal_latency is None:
            return self._shape.latency

        return self._shape.refusal_latency

    def finish(self, counts: Counts, item: int, delivered: bool) -> None:
        """End an admitted request."""
        self._in_flight -= 1
        if delivered:
            counts.answered[item] += 1


class LimitedConnection(asyncio.Protocol):
    """
    Answer the requests of one connection, one after another.

    Args:
        service: of the server.
        later: the event loop's `call_later`.
    """

    def __init__(
        self, service: Service, later: Callable[[float, Callable[[], object]], object]
    ) -> None:
        self._service = service
        self._later = later
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
        self._answer(head, body)

    def _answer(self, head: bytes, body: bytes) -> None:
        asked = _ITEM.search(body)
        if asked is None:
            raise ValueError(f"a request without an item: {body!r}")

        item = int(asked[1])
        run = _RUN.search(head)
        name = run[1].decode() if run else ""
        service = self._service
        refusal = service.decide(name, item)
        if refusal is None:
            counts = service.ledger.runs[name]
            chat = b"/chat/completions " in head.split(b"\r\n", 1)[0]
            response = answer(item, chat)
            done: Callable[[], object] = partial(self._deliver, counts, item, response)
        else:
            done = partial(self._write, refuse(refusal))

        latency = service.latency(refusal)
        if latency:
            self._later(latency, done)
        else:
            done()

    def _deliver(self, counts: Counts, item: int, response: bytes) -> None:
        self._service.finish(counts, item, self._write(response))

    def _write(self, response: bytes) -> bool:
        assert self._transport is not None
        if self._transport.is_closing():
            return False

        self._transport.write(response)
        return True


def answer(item: int, chat: bool) -> bytes:
    """Return a response with a completion that names the item."""
    # By template: encoding JSON for each answer would cost more than all the rest.
    template = _CHAT if chat else _PLAIN
    body = template % (item, item)
    return b"HTTP/1.1 200 OK\r\n%b%d\r\n\r\n%b" % (_HEAD, len(body), body)


def refuse(refusal: Refusal) -> bytes:
    """Return a response with an error."""
    error = {
        "code": refusal.status,
        "message": refusal.message,
        "metadata": refusal.metadata,
    }
    body = json.dumps({"error": error, "user_id": "user_benchmark"}).encode()
    lines = "".join(f"{name}: {value}\r\n" for name, value in refusal.headers.items())
    phrase = HTTPStatus(refusal.status).phrase
    return b"HTTP/1.1 %d %b\r\n%b%b%d\r\n\r\n%b" % (
        refusal.status,
        phrase.encode(),
        lines.encode(),
        _HEAD,
        len(body),
        body,
    )


def _template(kind: str, said: Mapping[str, object]) -> bytes:
    choice = {**_CHOICE, **said}
    return json.dumps({**_ANSWER, "object": kind, "choices": [choice]}).encode()


_HEAD = b"Content-Type: application/json\r\nServer: cloudflare\r\nContent-Length: "
_PLAIN = _template("text_completion", {"text": _TEXT})
_CHAT = _template(
    "chat.completion", {"message": {"role": "assistant", "content": _TEXT}}
)


async def serve(shape: Shape) -> None:
    """Print the port, and answer questions until standard input is closed."""
    loop = asyncio.get_running_loop()
    service = Service(shape)
    server = await loop.create_server(
        lambda: LimitedConnection(service, loop.call_later),
        "127.0.0.1",
        0,
        backlog=4096,
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        if line.strip() == "reset":
            service.reset()

        print(msgspec.json.encode(service.ledger).decode(), flush=True)

    server.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shape", choices=[each.name for each in ALL_SHAPES])
    parser.add_argument("--core", type=int, help="the core to run on")
    args = parser.parse_args()
    pin(args.core)
    asyncio.run(serve(next(each for each in ALL_SHAPES if each.name == args.shape)))
