"""Runs that are cut across: scopes in inputs, cancelled tasks, ends given up."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace

import pytest

from openrouter_async import (
    AuthenticationError,
    ConfigError,
    NotSentError,
    OpenRouter,
    RateLimitError,
)
from openrouter_async.fanout import journal as journal_module
from openrouter_async.fanout.journal import Journal
from openrouter_async.testing import Fail, FailInside
from openrouter_async.types.lenient import Json
from tests.mapping import (
    Gates,
    Pulled,
    collect,
    collect_until,
    service,
    text_of,
    told,
    turns,
    until,
)

ORDERS = pytest.mark.parametrize("ordered", [False, True], ids=["done", "ordered"])


class Boom(BaseException):
    """What no handler of exceptions catches."""


@ORDERS
@pytest.mark.parametrize("asking", [True, False], ids=["asked", "not asked"])
async def test_input_in_a_timeout(ordered: bool, asking: bool) -> None:
    """A timeout inside of the input ends the input, and no item of the others."""
    scopes: list[asyncio.Timeout] = []

    async def inputs() -> AsyncIterator[str]:
        async with asyncio.timeout(None) as scope:
            scopes.append(scope)
            for number in range(4):
                yield f"p{number}"

            if asking:
                await asyncio.Event().wait()

            yield "p4"
            yield "p5"

    async with service() as (simulator, client):
        gates = Gates(simulator)
        most = 8 if asking else 4
        outcomes = client.completions.map(inputs(), max_in_flight=most, ordered=ordered)
        async with outcomes:
            finishing = asyncio.create_task(collect_until(outcomes, TimeoutError))
            await until(lambda: len(gates.arrived) == 4)
            scopes[0].reschedule(asyncio.get_running_loop().time())
            await turns()
            gates.open(*(f"p{number}" for number in range(6)))
            found, error = await finishing

    assert sorted(told(found)) == [(n, f"P{n}") for n in range(4)]
    assert outcomes.statistics().cause is error


async def test_input_in_a_task_group() -> None:
    """A task group that spans the items of an input is entered and left by one task."""
    tasks: set[object] = set()

    async def inputs() -> AsyncIterator[str]:
        async with asyncio.TaskGroup() as group:
            for number in range(20):
                tasks.add(asyncio.current_task())
                made = group.create_task(asyncio.sleep(0, f"p{number}"))
                yield await made

        tasks.add(asyncio.current_task())

    async with service() as (_, client):
        found = await collect(client.completions.map(inputs(), max_in_flight=3))

    assert sorted(told(found)) == [(n, f"P{n}") for n in range(20)]
    assert len(tasks) == 1


@ORDERS
async def test_tasks_cancelled_by_others(ordered: bool) -> None:
    """Tasks of a run that somebody else cancels leave an outcome of each item."""
    async with service() as (simulator, client):
        gates = Gates(simulator)
        outcomes = client.completions.map(Pulled(), max_in_flight=3, ordered=ordered)
        async with outcomes:
            finishing = asyncio.create_task(collect_until(outcomes, RuntimeError))
            await until(lambda: len(gates.arrived) == 3)
            for task in asyncio.all_tasks():
                if task.get_name() == "openrouter map":
                    task.cancel()

            found, error = await finishing

    assert sorted(each.index for each in found) == [0, 1, 2]
    assert not any(each.ok for each in found)
    assert isinstance(error.__cause__, asyncio.CancelledError)


def giving(exc: BaseException) -> Iterator[str]:
    """Give some prompts and raise."""
    yield from ("p0", "p1", "p2")
    raise exc


async def giving_async(exc: BaseException) -> AsyncIterator[str]:
    """Give some prompts and raise, asynchronously."""
    for prompt in giving(exc):
        yield prompt


RAISED: dict[str, tuple[BaseException, type[BaseException]]] = {
    "cancelled": (asyncio.CancelledError(), RuntimeError),
    "other": (Boom("boom"), Boom),
    "interrupt": (KeyboardInterrupt(), KeyboardInterrupt),
    "exit": (SystemExit(3), SystemExit),
}


@ORDERS
@pytest.mark.parametrize(("exc", "kind"), RAISED.values(), ids=RAISED.keys())
@pytest.mark.parametrize("make", [giving, giving_async], ids=["sync", "async"])
async def test_input_that_raises_no_exception(
    make: Callable[[BaseException], Iterator[str] | AsyncIterator[str]],
    exc: BaseException,
    kind: type[BaseException],
    ordered: bool,
) -> None:
    """Whatever an input raises, each item has its outcome and the run says so."""
    found: list[int] = []
    async with service() as (_, client):
        outcomes = client.completions.map(make(exc), ordered=ordered)

        async def take() -> None:
            async with outcomes:
                async for outcome in outcomes:
                    found.append(outcome.index)  # noqa: PERF401  # it raises

        with pytest.raises(kind):
            await take()

    assert sorted(found) == [0, 1, 2]
    assert outcomes.statistics().cause is not None


@pytest.mark.parametrize("verb", ["map", "gather"])
@pytest.mark.parametrize(
    "options",
    [{"prompt": "x"}, {"extra_body": {"prompt": "x"}}],
    ids=["prompt", "extra_body"],
)
async def test_prompt_for_all(options: dict[str, object], verb: str) -> None:
    """A prompt that would take the place of every item's is refused."""
    call = getattr(OpenRouter("sk-or-v1-x").completions, verb)
    with pytest.raises(ConfigError, match="`prompt`"):
        await call(["a"], **options)


async def test_sent_before_the_stop() -> None:
    """An item that was sent ends with what became of that, when the run stops."""

    async def inputs() -> AsyncIterator[str]:
        yield "a"
        await until(lambda: outcomes.statistics().throttled == 2)
        yield "b"

    async with service() as (simulator, client):
        simulator.script(
            Fail(429, retry_after=0.001),
            Fail(429, "busy", retry_after=60),
            when=lambda record: record.params["prompt"] == "a",
        )
        simulator.script(Fail(401), when=lambda record: record.params["prompt"] == "b")
        outcomes = client.completions.map(inputs(), max_in_flight=2, ordered=True)
        first, second = await collect(outcomes)

    assert isinstance(first.error, RateLimitError)
    assert isinstance(second.error, AuthenticationError)
    assert "busy" in str(first.error)
    assert "The run had stopped" in str(first.error)
    assert (first.attempts, first.error.attempts) == (2, 2)
    assert [failure.status for failure in first.error.history] == [429]


Ending = Callable[[Journal], Awaitable[None]]


def ending(monkeypatch: pytest.MonkeyPatch, end: Ending) -> None:
    """Have journals end in a way of their own."""

    async def open_one(path: Path, parameters: Mapping[str, Json]) -> Journal:
        journal = await Journal.open(path, parameters)
        aclose = journal.aclose

        async def end_it() -> None:
            await aclose()
            await end(journal)

        monkeypatch.setattr(journal, "aclose", end_it)
        return journal

    monkeypatch.setattr(journal_module, "Journal", SimpleNamespace(open=open_one))


async def test_end_that_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What broke a run is raised once, by the call that gets to it."""
    release = asyncio.Event()

    async def wait(_: Journal) -> None:
        await release.wait()

    ending(monkeypatch, wait)
    async with service() as (_, client):
        inputs = giving(LookupError("row 3"))
        outcomes = client.completions.map(inputs, journal=tmp_path / "j")
        for _ in range(3):
            await anext(outcomes)

        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(outcomes), 0.005)

        release.set()
        with pytest.raises(LookupError, match="row 3"):
            await anext(outcomes)

        assert await collect(outcomes) == []


async def test_end_that_breaks_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A journal that cannot be closed does not hide what broke the run."""

    async def fail(_: Journal) -> None:
        raise OSError("disk full")

    ending(monkeypatch, fail)
    async with service() as (_, client):
        inputs = giving(LookupError("row 3"))
        outcomes = client.completions.map(inputs, journal=tmp_path / "j")
        _, error = await collect_until(outcomes, LookupError)

        assert "disk full" in error.__notes__[0]
        assert await collect(outcomes) == []


async def test_replays_cost_nothing(tmp_path: Path) -> None:
    """What a journal has comes whatever there is to spend."""
    path = tmp_path / "j"
    async with service() as (simulator, client):
        await client.completions.gather(Pulled(20), journal=path)
        outcomes = client.completions.map(Pulled(20), journal=path, max_cost=0)
        found = await collect(outcomes)
        requests = len(simulator.journal)

    assert [each.replayed for each in found] == [True] * 20
    assert (requests, outcomes.statistics().cause) == (20, None)


@pytest.mark.parametrize("most", [1, 2, 64], ids="max_in_flight={}".format)
@ORDERS
async def test_replays_behind_what_is_too_dear(
    tmp_path: Path, most: int, ordered: bool
) -> None:
    """Items that there is no money for keep none from the journal back."""
    path = tmp_path / "j"
    new = ["n0", "n1", "n2"]
    async with service() as (_, client):
        single = await client.completions.create(prompt="n0")
        assert single.usage is not None
        assert single.usage.cost is not None
        await client.completions.gather(Pulled(20), journal=path)
        outcomes = client.completions.map(
            [*new, *Pulled(20), *(f"m{number}" for number in range(1000))],
            journal=path,
            max_cost=single.usage.cost * 1.5,
            max_in_flight=most,
            ordered=ordered,
        )
        found = await collect(outcomes)
        statistics = outcomes.statistics()

    assert (statistics.succeeded, statistics.replayed) == (21, 20)
    assert [each.input for each in found if each.ok and not each.replayed] == ["n0"]
    assert {type(each.error) for each in found if not each.ok} == {NotSentError}
    assert sorted(each.index for each in found) == list(range(statistics.pulled))
    assert statistics.pulled <= 23 + 4 * most
    assert "max_cost" in str(statistics.cause)


async def test_left_while_there_is_no_money(tmp_path: Path) -> None:
    """Items that wait for money are given up when the block is left."""
    path = tmp_path / "j"
    async with service() as (simulator, client):
        gates = Gates(simulator)
        gates.open("p0")
        await client.completions.gather(["p0"], journal=path)
        inputs = ["p1", "p2", "p0"]
        async with client.completions.map(inputs, journal=path, max_cost=1) as outcomes:
            replayed = await anext(outcomes)
            await until(lambda: gates.arrived == ["p0", "p1"])

        statistics = outcomes.statistics()

    assert (replayed.input, replayed.replayed) == ("p0", True)
    assert (statistics.in_flight, statistics.waiting) == (0, 0)


async def test_exactly_enough() -> None:
    """Money that was enough for all items is no reason to stop."""
    async with service() as (_, client):
        single = await client.completions.create(prompt="p")
        assert single.usage is not None
        assert single.usage.cost is not None
        outcomes = client.completions.map(["p"] * 4, max_cost=single.usage.cost * 4)
        found = await collect(outcomes)
        statistics = outcomes.statistics()

    assert [text_of(each) for each in found] == ["P"] * 4
    assert (statistics.cause, statistics.input_ended) == (None, True)


async def test_many_held_back() -> None:
    """Items that a server told to wait leave their tasks' number to the others."""
    async with service() as (simulator, client):
        simulator.script(
            Fail(429, retry_after=100, times=None),
            when=lambda record: record.params["prompt"] in ("p0", "p1", "p2", "p3"),
        )
        async with client.completions.map(Pulled(), max_in_flight=2) as outcomes:
            found = [await anext(outcomes) for _ in range(10)]
            waiting = outcomes.statistics().waiting

    assert all(each.ok for each in found)
    assert waiting >= 4


async def test_cost_of_repeated_attempts() -> None:
    """What an attempt cost that was repeated is among what was spent."""
    async with service() as (simulator, client):
        simulator.script(FailInside(502, at="choice"))
        outcomes = client.completions.map(["the prompt"], max_cost=1)
        [outcome] = await collect(outcomes)
        statistics = outcomes.statistics()

    assert outcome.error is None
    usage = outcome.value.usage
    assert usage is not None
    assert usage.cost is not None
    assert outcome.attempts == 2
    assert statistics.cost > usage.cost
    assert statistics.tokens > (usage.total_tokens or 0)


async def test_refusals_that_count_as_faults() -> None:
    """A limit's refusals are counted, also when they are not waited out any more."""
    async with service(retry=0) as (simulator, client):
        simulator.script(Fail(429, times=None))
        outcomes = client.completions.map(["a"], max_pause=0)
        [outcome] = await collect(outcomes)
        statistics = outcomes.statistics()

    assert not outcome.ok
    assert statistics.throttled == statistics.requests > 0


async def test_member_of_the_name_url(tmp_path: Path) -> None:
    """A member of the request that is named `url` does not stand for the endpoint."""
    path = tmp_path / "j"
    async with service() as (_, client):
        extra = {"url": "https://example.invalid"}
        await client.completions.gather(["a"], journal=path, extra_body=extra)
        header = json.loads(path.read_bytes().splitlines()[0])
        with pytest.raises(ConfigError, match="url"):
            await client.completions.gather(["a"], journal=path)

    assert header["parameters"]["url"].endswith("/completions")
    assert header["parameters"]["body.url"] == "https://example.invalid"
