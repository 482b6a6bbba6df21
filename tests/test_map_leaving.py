"""Leaving a map in every way: nothing starts afterwards, and nothing is left behind."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from types import SimpleNamespace

import pytest

from openrouter_async import ConfigError, OpenRouter, Outcomes
from openrouter_async.fanout import journal as journal_module
from openrouter_async.fanout.journal import Journal
from openrouter_async.testing import Fail, Simulator
from openrouter_async.types import Completion
from tests.mapping import (
    Gates,
    Pulled,
    collect,
    service,
    text_of,
    turns,
    until,
)

DROPPED = "dropped before their end"

Taken = Outcomes[Completion]
Way = Callable[[Taken], Awaitable[None]]


async def by_break(outcomes: Taken) -> None:
    """Leave the block after the first outcome."""
    async with outcomes:
        async for _ in outcomes:
            break


async def by_exception(outcomes: Taken) -> None:
    """Raise in the body of the block."""

    async def leave() -> None:
        async with outcomes:
            async for _ in outcomes:
                raise LookupError

    with pytest.raises(LookupError):
        await leave()


async def by_cancel(outcomes: Taken) -> None:
    """Cancel the task that waits for the next outcome."""

    async def consume() -> None:
        async with outcomes:
            await collect(outcomes)

    task = asyncio.create_task(consume())
    await until(lambda: outcomes.statistics().succeeded)
    await turns()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def by_timeout(outcomes: Taken) -> None:
    """Let a timeout around the block run out."""

    async def leave() -> None:
        async with asyncio.timeout(None) as scope, outcomes:
            async for _ in outcomes:
                scope.reschedule(asyncio.get_running_loop().time())

    with pytest.raises(TimeoutError):
        await leave()


async def by_aclose(outcomes: Taken) -> None:
    """Close a bare iterator, twice."""
    await anext(outcomes)
    await outcomes.aclose()
    await outcomes.aclose()


async def by_other_task(outcomes: Taken) -> None:
    """Close the iterator while another task waits for its next outcome."""
    await anext(outcomes)
    waiting = asyncio.create_task(collect(outcomes))
    await turns()
    await outcomes.aclose()
    await waiting


async def by_group(outcomes: Taken) -> None:
    """Let a sibling in a task group fail."""

    async def consume() -> None:
        async with outcomes:
            await collect(outcomes)

    async def fail() -> None:
        await until(lambda: outcomes.statistics().succeeded)
        raise LookupError

    async def both() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(consume())
            group.create_task(fail())

    with pytest.raises(ExceptionGroup):
        await both()


async def by_dropping(outcomes: Taken) -> None:
    """Leave the loop over a bare iterator, and forget it."""
    async for _ in outcomes:
        break


WAYS = {
    "break": by_break,
    "exception": by_exception,
    "cancel": by_cancel,
    "timeout": by_timeout,
    "aclose": by_aclose,
    "other task": by_other_task,
    "task group": by_group,
}


async def check_stopped(
    simulator: Simulator, client: OpenRouter, gates: Gates, inputs: Pulled
) -> None:
    """Check that nothing goes on, and that the client works as before."""
    await turns()  # what had been written arrives
    requests, pulled = len(simulator.journal), inputs.count
    gates.open(*(f"p{number}" for number in range(1000)))
    await turns(50)
    limits = client.limiter.statistics()
    outcomes = [record.outcome for record in simulator.journal]
    tasks = {task.get_name() for task in asyncio.all_tasks()}

    assert (len(simulator.journal), inputs.count) == (requests, pulled)
    assert (limits.in_flight, limits.waiting) == (0, 0)
    assert "in flight" not in outcomes
    assert "openrouter map" not in tasks

    found = await client.completions.gather(["a", "b"], max_in_flight=1)
    assert [text_of(each) for each in found] == ["A", "B"]


@pytest.mark.parametrize("ordered", [False, True], ids=["as completed", "ordered"])
@pytest.mark.parametrize("leave", WAYS.values(), ids=WAYS.keys())
async def test_leaving(
    leave: Callable[[Taken], Awaitable[None]], ordered: bool
) -> None:
    """Requests under way are cancelled, and no more are sent."""
    inputs = Pulled()
    async with service() as (simulator, client):
        gates = Gates(simulator)
        gates.open("p0", "a", "b")
        outcomes = client.completions.map(inputs, max_in_flight=4, ordered=ordered)
        await leave(outcomes)
        rest = await collect(outcomes)
        statistics = outcomes.statistics()
        await check_stopped(simulator, client, gates, inputs)

    assert rest == []
    assert (statistics.in_flight, statistics.waiting) == (0, 0)
    assert statistics.succeeded == 1


async def test_dropped() -> None:
    """A bare iterator that is dropped says so, and stops everything."""
    inputs = Pulled()
    async with service() as (simulator, client):
        gates = Gates(simulator)
        gates.open("p0", "a", "b")
        with pytest.warns(ResourceWarning, match=DROPPED):
            await by_dropping(client.completions.map(inputs, max_in_flight=4))

        await check_stopped(simulator, client, gates, inputs)


async def test_dropped_while_a_journal_is_open(tmp_path: Path) -> None:
    """The journal of an iterator that is dropped is closed and can be gone on with."""
    inputs = Pulled()
    async with service() as (simulator, client):
        gates = Gates(simulator)
        gates.open("p0", "a", "b")
        path = tmp_path / "j"
        outcomes = client.completions.map(inputs, max_in_flight=4, journal=path)
        await anext(outcomes)
        with pytest.warns(ResourceWarning, match=DROPPED):
            del outcomes

        await check_stopped(simulator, client, gates, inputs)
        outcomes = client.completions.map(["p0"], journal=path)
        [outcome] = await collect(outcomes)

    assert outcome.replayed
    assert outcomes.statistics().interrupted in (3, 4)


async def test_dropped_without_being_used() -> None:
    """An iterator that nobody asked for anything is dropped in silence."""
    async with service() as (simulator, client):
        client.completions.map(Pulled())
        gc.collect()
        requests = len(simulator.journal)

    assert requests == 0


def test_dropped_after_its_loop() -> None:
    """An iterator that outlives its event loop can be dropped."""

    async def begin() -> Taken:
        async with service() as (_, client):
            outcomes = client.completions.map(Pulled(), max_in_flight=2)
            await anext(outcomes)
            return outcomes

    held = [asyncio.run(begin())]
    assert held[0].statistics().in_flight == 0

    def drop() -> None:
        held.clear()
        gc.collect()  # newer Pythons keep the result of a run in a cycle

    with pytest.warns(ResourceWarning, match=DROPPED):
        drop()


async def test_left_while_waiting_for_a_limit() -> None:
    """Items that wait for a server's own pause are given up at once."""
    inputs = Pulled()
    async with service() as (simulator, client):
        simulator.script(Fail(429, retry_after=100, times=4))
        gates = Gates(simulator)
        gates.open("a", "b")
        async with client.completions.map(inputs, max_in_flight=2) as outcomes:
            waiting = asyncio.create_task(anext(outcomes))
            await until(lambda: outcomes.statistics().throttled == 4)
            waiting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await waiting

        await check_stopped(simulator, client, gates, inputs)

    assert outcomes.statistics().waiting == 0


async def test_wait_that_is_given_up() -> None:
    """A timeout on one outcome loses none: the next wait gets it."""
    async with service() as (simulator, client):
        gates = Gates(simulator)
        async with client.completions.map(["a", "b"]) as outcomes:
            for _ in range(3):
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(anext(outcomes), 0.002)

            gates.open("a", "b")
            found = await collect(outcomes)

    assert sorted(text_of(each) for each in found) == ["A", "B"]
    assert len(simulator.journal) == 2


async def test_left_while_the_input_waits() -> None:
    """A block that is left ends an input that waits, with a cancellation."""
    ended: list[str] = []

    async def inputs() -> AsyncIterator[str]:
        yield "a"
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    async with service() as (_, client):
        async with client.completions.map(inputs()) as outcomes:
            first = await anext(outcomes)
            await turns()

    assert (text_of(first), ended) == ("A", ["cancelled"])


async def test_input_that_does_not_let_go() -> None:
    """An item that an input gives while the block is left is not sent."""

    class Stubborn:
        """Give an item when it is cancelled."""

        def __init__(self) -> None:
            self.count = 0

        def __aiter__(self) -> Stubborn:
            return self

        async def __anext__(self) -> str:
            self.count += 1
            if self.count > 1:
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.Event().wait()

            return f"p{self.count}"

    inputs = Stubborn()
    async with service() as (simulator, client):
        async with client.completions.map(inputs, max_in_flight=2) as outcomes:
            await anext(outcomes)
            await turns()

        await turns()
        requests = len(simulator.journal)

    assert (requests, inputs.count) == (1, 2)
    assert outcomes.statistics().pulled == 1


async def test_closed_while_it_opens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A map that is closed while its journal is being opened sends nothing."""
    opened = asyncio.Event()
    go_on = asyncio.Event()

    async def open_later(path: Path, parameters: Mapping[str, object]) -> Journal:
        opened.set()
        await go_on.wait()
        return await Journal.open(path, {})

    later = SimpleNamespace(open=open_later)
    monkeypatch.setattr(journal_module, "Journal", later)
    async with service() as (simulator, client):
        outcomes = client.completions.map(["a"], journal=tmp_path / "j")
        waiting = asyncio.create_task(collect(outcomes))
        await opened.wait()
        closing = asyncio.create_task(outcomes.aclose())
        await turns()
        go_on.set()
        with contextlib.suppress(ConfigError):
            await waiting

        await closing
        await turns()
        requests = len(simulator.journal)

    assert (requests, outcomes.statistics().pulled) == (0, 0)


async def test_cancelled_twice() -> None:
    """A consumer that is cancelled again while it leaves still leaves nothing."""
    inputs = Pulled()
    async with service() as (simulator, client):
        gates = Gates(simulator)
        gates.open("p0", "a", "b")
        outcomes = client.completions.map(inputs, max_in_flight=4)

        async def consume() -> None:
            async with outcomes:
                await collect(outcomes)

        task = asyncio.create_task(consume())
        await until(lambda: len(gates.arrived) == 5)
        task.cancel()
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

        await check_stopped(simulator, client, gates, inputs)


async def test_two_consumers() -> None:
    """A second task that waits for outcomes is told that one does already."""
    async with service() as (simulator, client):
        gates = Gates(simulator)
        async with client.completions.map(["a", "b"]) as outcomes:
            first = asyncio.create_task(collect(outcomes))
            await until(lambda: gates.arrived == ["a", "b"])
            with pytest.raises(ConfigError, match="another task"):
                await anext(outcomes)

            gates.open("a", "b")
            found = await first

    assert sorted(text_of(each) for each in found) == ["A", "B"]
