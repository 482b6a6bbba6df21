"""The pool of connections, in any order of calls, answers, faults and cancellations."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from openrouter_async import OpenRouter, OpenRouterError, PoolLimits, Timeout

T = TypeVar("T")

LIMIT = 3
PATIENCE = 10
"""Seconds for what should happen at once."""


class Gates:
    """
    Answer each request as it is told to, and not before.

    Attributes:
        waiting: what to do about each request that has come, by its prompt.
        open: connections that clients have not closed.
        most: so many of them at a time at most.
    """

    def __init__(self) -> None:
        self.waiting: dict[str, asyncio.Future[str]] = {}
        self.open = self.most = 0

    async def serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Answer the requests of one connection."""
        self.open += 1
        self.most = max(self.most, self.open)
        with suppress(OSError, asyncio.IncompleteReadError):
            while await self.answer(reader, writer):
                pass

        self.open -= 1
        writer.close()

    async def answer(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Return whether the connection can be used again."""
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split()[0])
        asked = json.loads(await reader.readexactly(length))
        told = self.waiting[asked["prompt"]] = asyncio.Future[str]()
        leaving = asyncio.ensure_future(reader.read(1))
        told.add_done_callback(lambda _: leaving.cancel())
        await asyncio.wait([leaving])
        if not told.done():
            del self.waiting[asked["prompt"]]
            return False

        body = whole(asked["prompt"])
        if told.result() == "cut":
            writer.write(body[:-10])
        elif told.result() == "answer":
            writer.write(body)
            await writer.drain()

        return told.result() == "answer"


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something is so."""
    while not condition():  # noqa: ASYNC110  # sockets set no event
        await asyncio.sleep(0.001)


def whole(name: str) -> bytes:
    """Return an answer that says whose it is."""
    choice = {"index": 0, "text": name, "finish_reason": "stop"}
    body = json.dumps({"id": f"gen-{name}", "choices": [choice]}).encode()
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d"
    return head % len(body) + b"\r\n\r\n" + body


class PoolMachine(RuleBasedStateMachine):
    """Make calls on a pool of three connections, and end them in every way."""

    @initialize()
    def begin(self) -> None:
        """Start a server and a client on one loop."""
        self.runner = asyncio.Runner()
        self.calls: dict[str, asyncio.Task[str]] = {}
        self.number = 0
        self.run(self.start())

    def run(self, step: Coroutine[Any, Any, T]) -> T:
        """Do one thing on the loop."""
        return self.runner.run(asyncio.wait_for(step, PATIENCE))

    async def start(self) -> None:
        """Listen, and make the client."""
        self.gates = Gates()
        self.server = await asyncio.start_server(self.gates.serve, "127.0.0.1", 0)
        port = self.server.sockets[0].getsockname()[1]
        self.client = OpenRouter(
            "sk-or-v1-test",
            base_url=f"http://127.0.0.1:{port}/api/v1",
            retry=0,
            timeout=Timeout(total=60),
            pool=PoolLimits(connections=LIMIT),
        )

    @rule(streamed=st.booleans())
    def call(self, streamed: bool) -> None:
        """Start a call; it waits where all connections are taken."""
        self.run(self.begin_call(f"call-{self.number}", streamed))
        self.number += 1

    async def begin_call(self, name: str, streamed: bool) -> None:
        """Start it, and wait until it has come as far as it can."""
        ask = self.stream if streamed else self.create
        self.calls[name] = asyncio.ensure_future(ask(name))
        await self.settle()

    async def create(self, name: str) -> str:
        """Return the text of an answer."""
        return (await self.client.completions.create(prompt=name)).text

    async def stream(self, name: str) -> str:
        """Return the text of an answer that was asked for in chunks."""
        async with self.client.completions.stream(prompt=name) as stream:
            return (await stream.final()).text

    async def settle(self) -> None:
        """Wait until the server has seen as many requests as the pool lets through."""
        expected = min(LIMIT, len(self.calls))
        await until(lambda: len(self.gates.waiting) >= expected)

    @precondition(lambda self: self.calls)
    @rule(data=st.data(), way=st.sampled_from(["answer", "cut", "close"]))
    def end(self, data: st.DataObject, way: str) -> None:
        """Have the server end a request: a whole answer comes to the call it is of."""
        name = data.draw(st.sampled_from(sorted(self.gates.waiting)))
        assert self.run(self.ended(name, way)) == (name if way == "answer" else None)

    async def ended(self, name: str, way: str) -> str | None:
        """Return the text that came, None for an error."""
        call = self.calls[name]
        while not call.done():
            # A request that a used connection loses without a word is sent again.
            self.gates.waiting.pop(name).set_result(way)
            await until(lambda: call.done() or name in self.gates.waiting)

        del self.calls[name]
        try:
            return await call
        except OpenRouterError:
            return None
        finally:
            await self.settle()

    @precondition(lambda self: self.calls)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        """Cancel a call, sent or waiting: the next one gets its connection."""
        self.run(self.cancelled(data.draw(st.sampled_from(sorted(self.calls)))))

    async def cancelled(self, name: str) -> None:
        """Cancel it, and wait until the server knows."""
        task = self.calls.pop(name)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        await until(lambda: name not in self.gates.waiting)

        await self.settle()

    @rule()
    def close(self) -> None:
        """Close the client: what runs fails, and it can be entered again."""
        self.run(self.closed())

    async def closed(self) -> None:
        """Close it, and enter it again."""
        await self.client.aclose()
        for task in self.calls.values():
            try:
                await task
            except OpenRouterError:
                continue

            raise AssertionError("there was no answer")

        self.calls.clear()
        await until(lambda: not self.gates.open)

        await self.client.__aenter__()

    @invariant()
    def keeps_to_the_limit(self) -> None:
        """Expect no more connections than there may be."""
        # One that was closed may not have been seen to be, when the next one comes.
        assert self.gates.most <= LIMIT + 1
        assert len(self.gates.waiting) <= LIMIT

    def teardown(self) -> None:
        """After all this a call gets its own answer, and nothing stays open."""
        try:
            self.run(self.finish())
        finally:
            self.runner.close()

    async def finish(self) -> None:
        """Answer what waits, make one more call, and close."""
        for name in list(self.calls):
            self.calls[name].cancel()

        await asyncio.gather(*self.calls.values(), return_exceptions=True)
        self.calls.clear()
        await self.begin_call("last", streamed=False)
        await until(lambda: "last" in self.gates.waiting)

        assert await self.ended("last", "answer") == "last"
        await self.client.aclose()
        await until(lambda: not self.gates.open)

        self.server.close()
        # This one, and before Python 3.12 the one that waits for it.
        await until(lambda: len(asyncio.all_tasks()) <= 2)


TestPool = PoolMachine.TestCase
TestPool.settings = settings(max_examples=20, stateful_step_count=25, deadline=None)
