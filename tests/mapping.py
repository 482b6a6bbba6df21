"""What tests of maps share: a service to map over, gates, and ways to look on."""

from __future__ import annotations

import asyncio
import contextlib
import selectors
import time
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    Awaitable,
    Callable,
    Iterator,
    Mapping,
)
from types import SimpleNamespace
from typing import TypeAlias, cast

import pytest

from openrouter_async import Completion, OpenRouter, Outcome, RetryPolicy
from openrouter_async.fanout import item, limiter, tally
from openrouter_async.testing import Limit, Simulator
from openrouter_async.transport import failures
from tests.calling import KEY
from tests.scripted import ReadBody, ReadHead, Script, ScriptedServer, Send, Wait
from tests.streams import AT_ONCE

Done: TypeAlias = Outcome[Completion]
Answers: TypeAlias = AsyncIterable[Done]

_IDLE = 0.002  # seconds


@contextlib.asynccontextmanager
async def service(
    retry: RetryPolicy | int = AT_ONCE,
    *,
    limit: Limit | None = None,
    latency: float = 0.0,
    clock: SkippingClock | None = None,
    **options: object,
) -> AsyncGenerator[tuple[Simulator, OpenRouter]]:
    """Run a simulator whose answers repeat the prompt, and a client of it."""
    async with Simulator(
        journal_size=None,
        rate_limit=limit,
        latency=latency,
        clock=time.monotonic if clock is None else clock.monotonic,
        wall_clock=time.time if clock is None else clock.wall,
    ) as simulator:
        simulator.answer_with(echo)
        async with simulator.client(retry=retry, **options) as client:
            yield simulator, client


def echo(params: Mapping[str, object]) -> str:
    """Answer with the prompt in capitals."""
    return str(params["prompt"]).upper()


@contextlib.asynccontextmanager
async def bytes_service(
    *scripts: Script, retry: RetryPolicy | int = AT_ONCE
) -> AsyncGenerator[tuple[ScriptedServer, OpenRouter]]:
    """Run a server that plays bytes, one script per connection, and a client."""
    async with (
        ScriptedServer(scripts) as server,
        OpenRouter(KEY, base_url=server.url, retry=retry) as client,
    ):
        yield server, client


def held(event: asyncio.Event, response: bytes) -> Script:
    """Build the script that reads a request and answers when the event is set."""
    return [ReadHead(), ReadBody(), Wait(event), Send(response)]


class Gates:
    """Hold answers back, prompt by prompt."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self.arrived: list[str] = []
        self._open: dict[str, asyncio.Event] = {}
        simulator.answer_with(self._answer)

    def open(self, *prompts: str) -> None:
        """Let these prompts be answered, now and later."""
        for prompt in prompts:
            self._gate(prompt).set()

    def _gate(self, prompt: str) -> asyncio.Event:
        return self._open.setdefault(prompt, asyncio.Event())

    async def _answer(self, params: Mapping[str, object]) -> str:
        prompt = str(params["prompt"])
        self.arrived.append(prompt)
        await self._gate(prompt).wait()
        return prompt.upper()


class Pulled(Iterator[str]):
    """Give prompts `p0`, `p1` ..., and count how many were asked for."""

    def __init__(self, most: int = 1000) -> None:
        self.count = 0
        self._most = most

    def __next__(self) -> str:
        if self.count == self._most:
            raise StopIteration

        self.count += 1
        return f"p{self.count - 1}"


class SkippingClock:
    """
    Let waits that only time can end take none: they are skipped.

    It makes a loop that has had nothing to do for two milliseconds believe that the
    next timer is due, and the library with it. Sockets are as real as ever.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.skipped = 0.0
        self._monotonic, self._wall = time.monotonic, time.time
        loop = asyncio.get_running_loop()
        selector = cast("selectors.BaseSelector", vars(loop)["_selector"])
        self._select = selector.select
        monkeypatch.setattr(selector, "select", self._skip)
        monkeypatch.setattr(loop, "time", self.monotonic)
        clock = SimpleNamespace(monotonic=self.monotonic, time=self.wall)
        for module in (limiter, item, tally, failures):
            monkeypatch.setattr(module, "time", clock)

    def monotonic(self) -> float:
        """Return the seconds that have passed or were skipped."""
        return self._monotonic() + self.skipped

    def wall(self) -> float:
        """Return the time of day, as much later."""
        return self._wall() + self.skipped

    def _skip(
        self, timeout: float | None = None
    ) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or timeout <= _IDLE:
            return self._select(timeout)

        found = self._select(_IDLE)
        if not found:
            self.skipped += timeout

        return found


async def collect(outcomes: Answers) -> list[Done]:
    """Return all outcomes, as they come."""
    return [outcome async for outcome in outcomes]


async def collect_until(
    outcomes: Answers, kind: type[BaseException]
) -> tuple[list[Done], BaseException]:
    """Return the outcomes that come before an exception of that kind, and it."""
    found: list[Done] = []
    try:
        async for outcome in outcomes:
            found.append(outcome)  # noqa: PERF401  # kept when the exception comes
    except kind as exc:
        return found, exc

    pytest.fail(f"no {kind.__name__} has come")


async def finish(run: Answers | Awaitable[list[Done]]) -> list[Done]:
    """Return the outcomes of a map or of a gathering."""
    return await (collect(run) if isinstance(run, AsyncIterable) else run)


def replayed(outcomes: list[Done]) -> list[int]:
    """Return the indices of the outcomes that come from the journal."""
    return sorted(each.index for each in outcomes if each.replayed)


def text_of(outcome: Done) -> str:
    """Return the text of an outcome that must be a success."""
    assert outcome.error is None, outcome.error
    return outcome.value.text


def told(outcomes: list[Done]) -> list[tuple[int, str]]:
    """Return each outcome by its index: the text, or the name of the error."""
    return [
        (each.index, each.value.text if each.value else type(each.error).__name__)
        for each in outcomes
    ]


async def until(condition: Callable[[], object]) -> None:
    """Let other tasks and the loopback run until something is so."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110  # of what sets no event
            await asyncio.sleep(0.001)


async def turns(count: int = 20) -> None:
    """Let everything run that is not waiting for something."""
    for _ in range(count):
        await asyncio.sleep(0.0005)


def prompts_of(simulator: Simulator) -> list[object]:
    """Return the prompts of all requests, in the order of their arrival."""
    return [record.params.get("prompt") for record in simulator.journal]
