"""Inputs that raise, that wait, and that depend on what comes out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from typing import cast

import pytest

from openrouter_async import Success
from openrouter_async.testing import Fail
from tests.mapping import (
    Gates,
    SkippingClock,
    collect,
    collect_until,
    prompts_of,
    service,
    text_of,
    told,
    turns,
    until,
)

Breaking = Callable[[int], Iterator[str] | AsyncIterator[str]]


def breaking(count: int) -> Iterator[str]:
    """Give so many prompts and raise."""
    for number in range(count):
        yield f"p{number}"

    raise LookupError(f"row {count} is gone")


async def breaking_async(count: int) -> AsyncIterator[str]:
    """Give so many prompts and raise, with waits in between."""
    for prompt in map(str, range(count)):
        await asyncio.sleep(0)
        yield f"p{prompt}"

    raise LookupError(f"row {count} is gone")


@pytest.mark.parametrize("ordered", [False, True], ids=["as completed", "ordered"])
@pytest.mark.parametrize("count", [0, 1, 5], ids="after {}".format)
@pytest.mark.parametrize("make", [breaking, breaking_async], ids=["sync", "async"])
async def test_input_that_raises(make: Breaking, count: int, ordered: bool) -> None:
    """All that was pulled is finished first; then its exception comes."""
    async with service() as (_, client):
        outcomes = client.completions.map(make(count), max_in_flight=2, ordered=ordered)
        found, error = await collect_until(outcomes, LookupError)
        statistics = outcomes.statistics()
        after = await collect(outcomes)

    assert sorted(told(found)) == [(n, f"P{n}") for n in range(count)]
    assert str(error) == f"row {count} is gone"
    assert (statistics.cause, statistics.input_ended) == (error, True)
    assert after == []


@pytest.mark.parametrize("make", [breaking, breaking_async], ids=["sync", "async"])
async def test_under_way_when_the_input_raises(make: Breaking) -> None:
    """Requests under way, and items that wait, have their answers before the error."""
    async with service() as (simulator, client):
        gates = Gates(simulator)
        simulator.script(Fail(429, retry_after=0.005), Fail(500))
        outcomes = client.completions.map(make(3), max_in_flight=5)
        async with outcomes:
            waiting = asyncio.create_task(collect_until(outcomes, LookupError))
            await until(lambda: len(gates.arrived) == 3)
            await turns()
            early = waiting.done()
            gates.open("p0", "p1", "p2")
            found, _ = await waiting

    assert not early
    assert sorted(told(found)) == [(0, "P0"), (1, "P1"), (2, "P2")]


@pytest.mark.parametrize("make", [breaking, breaking_async], ids=["sync", "async"])
async def test_gather_over_an_input_that_raises(make: Breaking) -> None:
    """Its exception comes before anything is sent."""
    async with service() as (simulator, client):
        with pytest.raises(LookupError, match="row 3"):
            await client.completions.gather(make(3))

        requests = len(simulator.journal)

    assert requests == 0


class Raising:
    """An iterator that raises something odd at the second item."""

    def __init__(self, exc: BaseException) -> None:
        self._exc = exc
        self._given = False

    def __iter__(self) -> Raising:
        return self

    def __next__(self) -> str:
        if self._given:
            raise self._exc

        self._given = True
        return "a"


class RaisingAsync(Raising):
    """The same, asynchronous."""

    def __aiter__(self) -> RaisingAsync:
        return self

    async def __anext__(self) -> str:
        return next(self)


@pytest.mark.parametrize("ordered", [False, True], ids=["as completed", "ordered"])
async def test_input_that_is_cancelled_by_others(ordered: bool) -> None:
    """A cancellation inside of the input does not pass for its end."""
    async with service() as (_, client):
        inputs = RaisingAsync(asyncio.CancelledError())
        outcomes = client.completions.map(inputs, ordered=ordered)
        found, error = await collect_until(outcomes, RuntimeError)

    assert told(found) == [(0, "A")]
    assert isinstance(error.__cause__, asyncio.CancelledError)
    assert outcomes.statistics().cause is error


async def test_input_that_raises_what_ends_iterations() -> None:
    """An exception that would end the caller's loop in silence is wrapped."""
    async with service() as (_, client):
        outcomes = client.completions.map(Raising(StopAsyncIteration("odd")))
        found, error = await collect_until(outcomes, RuntimeError)

    assert told(found) == [(0, "A")]
    assert isinstance(error.__cause__, StopAsyncIteration)


async def test_input_that_waits() -> None:
    """Outcomes come while the input has nothing to give."""
    more = asyncio.Event()

    async def inputs() -> AsyncIterator[str]:
        yield "a"
        yield "b"
        await more.wait()
        yield "c"

    async with service() as (_, client):
        async with client.completions.map(inputs(), ordered=True) as outcomes:
            first = [await anext(outcomes), await anext(outcomes)]
            statistics = outcomes.statistics()
            more.set()
            rest = await collect(outcomes)

    assert [text_of(each) for each in [*first, *rest]] == ["A", "B", "C"]
    assert (statistics.pulled, statistics.input_ended) == (2, False)


@pytest.mark.parametrize("most", [1, 2], ids="max_in_flight={}".format)
@pytest.mark.parametrize("ordered", [False, True], ids=["as completed", "ordered"])
async def test_feedback(most: int, ordered: bool) -> None:
    """Items may be made of outcomes that came before."""
    texts: asyncio.Queue[str] = asyncio.Queue()

    async def inputs() -> AsyncIterator[str]:
        yield "x"
        for _ in range(5):
            yield await texts.get() + "y"

    async with service() as (_, client):
        found: list[str] = []
        async with client.completions.map(
            inputs(), max_in_flight=most, ordered=ordered
        ) as outcomes:
            async for outcome in outcomes:
                found.append(text_of(outcome))
                texts.put_nowait(found[-1])

    assert found == ["X" + "Y" * number for number in range(6)]


@pytest.mark.parametrize("most", [1, 2, 3], ids="max_in_flight={}".format)
@pytest.mark.parametrize("ordered", [False, True], ids=["as completed", "ordered"])
async def test_held_back_items(
    most: int, ordered: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Items that a server told to wait stop neither themselves nor the others."""
    async with service(clock=SkippingClock(monkeypatch)) as (simulator, client):
        simulator.script(
            *[Fail(429, retry_after=5)] * 9,
            when=lambda record: record.params["prompt"] in ("p0", "p1", "p5"),
        )
        prompts = [f"p{number}" for number in range(12)]
        outcomes = client.completions.map(prompts, max_in_flight=most, ordered=ordered)
        found = await collect(outcomes)

    assert sorted(told(found)) == [(n, f"P{n}") for n in range(12)]
    assert not ordered or [each.index for each in found] == list(range(12))
    assert simulator.statistics().peak_in_flight <= most
    assert outcomes.statistics().throttled == 9


async def test_slot_of_a_held_back_item() -> None:
    """While a server holds one item back its place is another's."""
    async with service() as (simulator, client):
        simulator.script(
            Fail(429, retry_after=100), when=lambda r: r.params["prompt"] == "a"
        )
        async with client.completions.map(["a", "b", "c"], max_in_flight=1) as outcomes:
            found = [await anext(outcomes), await anext(outcomes)]
            statistics = outcomes.statistics()

    assert [text_of(each) for each in found] == ["B", "C"]
    assert (statistics.waiting, statistics.in_flight) == (1, 0)


async def test_map_inside_of_a_map() -> None:
    """The body of one map can hold another on the same client."""
    async with service() as (_, client):
        found: list[tuple[str, list[str]]] = []
        prompts = ["a", "b", "c"]
        async with client.completions.map(prompts, max_in_flight=1) as outer:
            async for outcome in outer:
                text = text_of(outcome)
                inner = client.completions.map([f"{text}1", f"{text}2"], ordered=True)
                async with inner:
                    found.append((text, [text_of(each) async for each in inner]))

    assert found == [(x, [f"{x}1", f"{x}2"]) for x in "ABC"]


async def test_map_over_a_map() -> None:
    """The outcomes of one map can be the items of another."""
    async with service() as (simulator, client):

        async def drafts() -> AsyncIterator[str]:
            prompts = (f"p{number}" for number in range(30))
            async with client.completions.map(prompts, max_in_flight=2) as outcomes:
                async for outcome in outcomes:
                    yield text_of(outcome) + "!"

        outcomes = client.completions.map(drafts(), max_in_flight=3)
        found = await collect(outcomes)

    assert {text_of(each) for each in found} == {f"P{n}!" for n in range(30)}
    assert len(simulator.journal) == 60


async def test_map_over_a_map_that_is_left() -> None:
    """Leaving the later of two maps in a row ends the earlier one as well."""
    async with service() as (simulator, client):
        first = client.completions.map((f"p{n}" for n in range(1000)), max_in_flight=2)

        async def drafts() -> AsyncGenerator[str]:
            async with first:
                async for outcome in first:
                    yield text_of(outcome) + "!"

        inputs = drafts()
        async with client.completions.map(inputs, max_in_flight=2) as outcomes:
            await anext(outcomes)

        await inputs.aclose()
        requests = len(simulator.journal)
        await turns(50)
        after = len(simulator.journal)

    assert requests == after < 50


async def test_outcomes_as_items() -> None:
    """Outcomes themselves are no prompts, and each of them is told so."""
    async with service() as (_, client):
        inner = client.completions.map(["a"])
        mistaken = cast("AsyncIterator[str]", inner)
        found = await collect(client.completions.map(mistaken))

    assert told(found) == [(0, "ConfigError")]
    assert isinstance(found[0].input, Success)


async def test_two_maps_at_once() -> None:
    """Two maps of a client share its limiter, and each gets its own answers."""
    async with service() as (simulator, client):
        maps = [
            client.completions.map([f"{x}{n}" for n in range(100)], max_in_flight=8)
            for x in "ab"
        ]
        found = await asyncio.gather(*map(collect, maps))
        [lane] = client.limiter.statistics().lanes

    for name, outcomes in zip("AB", found, strict=True):
        assert {text_of(each) for each in outcomes} == {
            f"{name}{n}" for n in range(100)
        }

    assert lane.sent == len(prompts_of(simulator)) == 200
    assert [each.statistics().requests for each in maps] == [100, 100]
