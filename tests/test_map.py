"""`completions.map`: what goes in, when it is pulled, and what comes out."""

from __future__ import annotations

import asyncio
import json
from collections.abc import (
    AsyncIterable,
    AsyncIterator,
    Callable,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from types import MappingProxyType
from typing import cast

import pytest
from msgspec import UNSET

from openrouter_async import (
    ConfigError,
    PoolLimits,
    Success,
)
from openrouter_async.types.completion_params import CompletionItem, Prompt
from tests.mapping import (
    Gates,
    Pulled,
    collect,
    prompts_of,
    service,
    told,
    turns,
    until,
)


def generator() -> Iterator[str]:
    """Give two prompts from a generator."""
    yield "a"
    yield "b"


async def async_generator() -> AsyncIterator[str]:
    """Give two prompts from an asynchronous generator."""
    yield "a"
    await asyncio.sleep(0)
    yield "b"


class Container:
    """An asynchronous iterable that is no iterator."""

    def __aiter__(self) -> AsyncIterator[str]:
        return async_generator()


class Readable:
    """Both kinds of iterable at once, as some database cursors are."""

    def __iter__(self) -> Iterator[str]:
        raise AssertionError("it would block the loop")

    def __aiter__(self) -> AsyncIterator[str]:
        return async_generator()


Inputs = Iterable[str] | AsyncIterable[str]
INPUTS: dict[str, Callable[[], Inputs]] = {
    "list": lambda: ["a", "b"],
    "tuple": lambda: ("a", "b"),
    "iterator": lambda: iter(["a", "b"]),
    "generator": generator,
    "dict's keys": lambda: {"a": 1, "b": 2}.keys(),
    "map": lambda: map(str, "ab"),
    "async generator": async_generator,
    "async iterable": Container,
    "both kinds": Readable,
}


@pytest.mark.parametrize("ordered", [False, True], ids=["as completed", "ordered"])
@pytest.mark.parametrize("make", INPUTS.values(), ids=INPUTS.keys())
async def test_inputs_of_all_kinds(make: Callable[[], Inputs], ordered: bool) -> None:
    """Each item has one outcome, whatever the iterable is."""
    async with service() as (_, client):
        outcomes = await collect(client.completions.map(make(), ordered=ordered))

    assert sorted(told(outcomes)) == [(0, "A"), (1, "B")]
    assert {each.index: each.input for each in outcomes} == {0: "a", 1: "b"}


async def test_no_items() -> None:
    """Over nothing there is nothing, and nothing is sent."""
    async with service() as (simulator, client):
        outcomes = client.completions.map([])
        found = await collect(outcomes)

    assert (found, simulator.journal) == ([], [])
    assert outcomes.statistics().input_ended


async def test_one_outcome() -> None:
    """An outcome tells what there is to know about an item and its answer."""
    async with service() as (_, client):
        [outcome] = await collect(client.completions.map(["a"]))

    assert isinstance(outcome, Success)
    assert (outcome.ok, outcome.error, outcome.replayed) == (True, None, False)
    assert (outcome.index, outcome.input, outcome.attempts) == (0, "a", 1)
    assert outcome.value.text == "A"
    assert outcome.value.meta.attempts == 1
    assert outcome.elapsed >= outcome.value.meta.elapsed > 0


PROMPTS: dict[str, Prompt] = {
    "text": "Hi",
    "empty text": "",
    "texts": ["Hi", "Ho"],
    "token ids": [1, 2, 3],
    "lists of token ids": [[1, 2], [3]],
    "tuple": ("Hi", "Ho"),
}


@pytest.mark.parametrize("prompt", PROMPTS.values(), ids=PROMPTS.keys())
async def test_prompts_of_all_forms(prompt: Prompt) -> None:
    """An item can be any prompt that `create` takes, and is sent as one request."""
    async with service() as (simulator, client):
        [outcome] = await collect(client.completions.map([prompt], model="a/b"))
        [record] = simulator.journal

    assert outcome.ok
    assert outcome.input is prompt
    assert record.params == {
        "prompt": json.loads(json.dumps(prompt)),
        "model": "a/b",
    }


async def test_items_with_parameters() -> None:
    """What an item says wins over what all items share."""
    items: list[Mapping[str, object]] = [
        {"prompt": "a"},
        {"prompt": "b", "model": "c/d", "max_tokens": 5},
        MappingProxyType({"stop": None, "prompt": ["c"], "new_field": {"x": [1]}}),
        {"prompt": "d", "temperature": UNSET, "user": None},
    ]
    async with service() as (simulator, client):
        outcomes = client.completions.map(
            cast("list[str]", items),
            model="a/b",
            temperature=0.5,
            user="u",
            max_in_flight=1,
        )
        found = await collect(outcomes)
        sent = [json.loads(record.body) for record in simulator.journal]

    shared = {"model": "a/b", "temperature": 0.5, "user": "u"}
    assert [outcome.ok for outcome in found] == [True] * 4
    assert [outcome.input for outcome in found] == items
    assert sent == [
        {"prompt": "a", **shared},
        {"prompt": "b", **shared, "model": "c/d", "max_tokens": 5},
        {"prompt": ["c"], **shared, "stop": None, "new_field": {"x": [1]}},
        {"prompt": "d", "model": "a/b"},
    ]


async def test_extra_body_and_headers() -> None:
    """Every request gets them; they win over what is typed and over items."""
    items: list[CompletionItem] = [{"prompt": "a", "top_k": 1}, {"prompt": "b"}]
    async with service() as (simulator, client):
        found = await collect(
            client.completions.map(
                items,
                top_k=2,
                extra_body={"top_k": 3, "x": 1},
                extra_headers={"X-Run": "7"},
            )
        )
        records = simulator.journal

    assert [outcome.ok for outcome in found] == [True, True]
    assert [(r.params["top_k"], r.params["x"]) for r in records] == [(3, 1)] * 2
    assert [record.headers["x-run"] for record in records] == ["7", "7"]


async def test_nothing_starts_by_itself() -> None:
    """Nothing is pulled or sent before the first outcome is asked for."""
    inputs = Pulled()
    async with service() as (simulator, client):
        async with client.completions.map(inputs) as outcomes:
            await turns()
            told_so_far = outcomes.statistics()

        unused = client.completions.map(inputs)
        await turns()

    assert (inputs.count, simulator.journal, told_so_far.pulled) == (0, [], 0)
    assert unused.statistics().pulled == 0


@pytest.mark.parametrize("ordered", [False, True], ids=["as completed", "ordered"])
@pytest.mark.parametrize("most", [1, 2, 7], ids="max_in_flight={}".format)
async def test_pulled_when_there_is_room(most: int, ordered: bool) -> None:
    """As many items are pulled as may be under way, and one more for each that ends."""
    inputs = Pulled()
    async with service() as (simulator, client):
        gates = Gates(simulator)
        outcomes = client.completions.map(inputs, max_in_flight=most, ordered=ordered)
        async with outcomes:
            waiting = asyncio.create_task(anext(outcomes))
            await until(lambda: len(gates.arrived) == most)
            await turns()
            before = inputs.count
            gates.open("p0")
            first = await waiting
            await until(lambda: len(gates.arrived) == most + 1)
            await turns()
            after = inputs.count

    assert (before, after, first.input) == (most, most + 1, "p0")
    assert simulator.statistics().peak_in_flight == most


@pytest.mark.parametrize("ordered", [False, True], ids=["as completed", "ordered"])
async def test_outcomes_that_nobody_takes(ordered: bool) -> None:
    """Who does not take outcomes is not sent more than a window of them."""
    inputs = Pulled(100)
    async with service() as (_, client):
        outcomes = client.completions.map(inputs, max_in_flight=3, ordered=ordered)
        async with outcomes:
            first = await anext(outcomes)
            await until(lambda: outcomes.statistics().succeeded == 13)
            await turns()
            pulled = inputs.count
            rest = await collect(outcomes)

    assert (first.ok, pulled) == (True, 13)
    assert sorted(each.index for each in [first, *rest]) == list(range(100))


async def test_ordered_window() -> None:
    """An item that takes long holds up those behind it, within a bound."""
    inputs = Pulled(50)
    async with service() as (simulator, client):
        gates = Gates(simulator)
        gates.open(*(f"p{number}" for number in range(1, 50)))
        outcomes = client.completions.map(inputs, max_in_flight=2, ordered=True)
        async with outcomes:
            waiting = asyncio.create_task(anext(outcomes))
            await until(lambda: outcomes.statistics().succeeded == 7)
            await turns()
            pulled, early = inputs.count, waiting.done()
            gates.open("p0")
            found = [await waiting, *await collect(outcomes)]

    assert (pulled, early) == (8, False)
    assert [outcome.index for outcome in found] == list(range(50))


async def test_as_completed() -> None:
    """Outcomes come as they finish."""
    async with service() as (simulator, client):
        gates = Gates(simulator)
        async with client.completions.map(["a", "b", "c"]) as outcomes:
            found: list[int] = []
            for prompt in "cab":
                gates.open(prompt)
                found.append((await anext(outcomes)).index)

    assert found == [2, 0, 1]


async def test_default_max_in_flight() -> None:
    """By default no more are under way than the pool has connections."""
    inputs = Pulled()
    async with service(pool=PoolLimits(connections=4)) as (simulator, client):
        gates = Gates(simulator)
        async with client.completions.map(inputs) as outcomes:
            waiting = asyncio.create_task(anext(outcomes))
            await until(lambda: len(gates.arrived) == 4)
            await turns()
            gates.open("p3")
            first = await waiting

    assert (first.input, inputs.count) == ("p3", 5)


async def test_each_prompt_is_sent_once() -> None:
    """Of many items each is sent once and comes out once, with its own answer."""
    async with service() as (simulator, client):
        found = await collect(client.completions.map(Pulled(1000), max_in_flight=32))
        sent = prompts_of(simulator)

    assert sorted(told(found)) == [(n, f"P{n}") for n in range(1000)]
    assert len(sent) == len(set(map(str, sent))) == 1000


async def test_repr() -> None:
    """An iterator shows how far it has come, and no more."""
    async with service() as (_, client):
        outcomes = client.completions.map(["a", "b"])
        shown = [repr(outcomes)]
        await collect(outcomes)
        shown.append(repr(outcomes))

    assert shown == [
        "<Outcomes open, 0 of 0 items finished>",
        "<Outcomes closed, 2 of 2 items finished>",
    ]


async def test_after_the_end() -> None:
    """An iterator that has ended gives nothing more, however often it is asked."""
    async with service() as (simulator, client):
        outcomes = client.completions.map(["a"])
        found = [len(await collect(outcomes)) for _ in range(3)]
        async with outcomes:
            again = await collect(outcomes)

    assert (found, again, len(simulator.journal)) == ([1, 0, 0], [], 1)


async def test_closed_before_it_began() -> None:
    """An iterator that was closed before its start sends nothing and says why."""
    async with service() as (simulator, client):
        outcomes = client.completions.map(["a"])
        await outcomes.aclose()
        found = await collect(outcomes)
        with pytest.raises(ConfigError, match="closed"):
            await outcomes.__aenter__()

    assert (found, simulator.journal) == ([], [])


async def test_rest_stays_with_the_caller() -> None:
    """What was not pulled can still be had from the caller's own iterator."""
    inputs = Pulled(20)
    async with service() as (_, client):
        async with client.completions.map(inputs, max_in_flight=2) as outcomes:
            await anext(outcomes)

        pulled = outcomes.statistics().pulled
        rest: Sequence[str] = list(inputs)

    assert rest == [f"p{number}" for number in range(pulled, 20)]
