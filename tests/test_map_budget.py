"""`max_cost`: a run stops before it costs more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from itertools import count

import pytest

from openrouter_async import NotSentError
from openrouter_async.testing import FailInside
from tests.calling import MEMBERS, in_turn
from tests.mapping import (
    Done,
    Gates,
    Pulled,
    bytes_service,
    collect,
    service,
    text_of,
    told,
    turns,
    until,
)
from tests.scripted import http_response
from tests.streams import AT_ONCE


def cost_of(outcomes: list[Done]) -> float:
    """Add up what the answers cost."""
    usages = [each.value.usage for each in outcomes if each.error is None]
    return sum(usage.cost or 0.0 for usage in usages if usage is not None)


def priced(cost: object, text: str = "Hi") -> bytes:
    """Build the response of an answer that costs so much; None for no usage."""
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    members = {**MEMBERS, "choices": [{"index": 0, "text": text}]}
    members["usage"] = None if cost is None else {**usage, "cost": cost}
    return http_response(body=members)


@pytest.mark.parametrize("most", [1, 4, 64], ids="max_in_flight={}".format)
@pytest.mark.parametrize("ordered", [False, True], ids=["as completed", "ordered"])
async def test_spend_stays_under(most: int, ordered: bool) -> None:
    """Of an endless input so much is sent as the money is enough for."""
    async with service() as (simulator, client):
        prompts = (f"the prompt {number % 7}" for number in count())
        outcomes = client.completions.map(
            prompts, max_cost=0.001, max_in_flight=most, ordered=ordered
        )
        found = await collect(outcomes)
        statistics = outcomes.statistics()

    unsent = [each for each in found if each.error is not None]
    assert [type(each.error) for each in unsent] == [NotSentError]
    assert 0.0009 < cost_of(found) <= 0.001
    assert statistics.cost == pytest.approx(cost_of(found))
    assert isinstance(statistics.cause, NotSentError)
    assert "max_cost=$0.001" in str(statistics.cause)
    assert not statistics.input_ended
    assert len(simulator.journal) == len(found) - 1 == statistics.succeeded
    assert statistics.pulled == len(found)


async def test_first_item_goes_alone() -> None:
    """As long as no cost is known only one request is under way."""
    async with service() as (simulator, client):
        gates = Gates(simulator)
        gates.open(*(f"p{number}" for number in range(1, 30)))
        outcomes = client.completions.map(Pulled(30), max_cost=1, max_in_flight=8)
        async with outcomes:
            waiting = asyncio.create_task(collect(outcomes))
            await until(lambda: gates.arrived)
            await turns()
            alone = list(gates.arrived)
            gates.open("p0")
            found = await waiting

    assert alone == ["p0"]
    assert len(found) == 30
    assert simulator.statistics().connections > 1


async def test_budget_with_an_input_that_waits() -> None:
    """Items that are yet to come from a slow input count as if they were under way."""
    go_on = asyncio.Event()

    async def inputs() -> AsyncIterator[str]:
        yield "p"
        await go_on.wait()
        for _ in range(50):
            yield "p"

    async with service() as (simulator, client):
        single = await client.completions.create(prompt="p")
        assert single.usage is not None
        assert single.usage.cost is not None
        most = single.usage.cost * 3.5
        gates = Gates(simulator)
        gates.open("p")
        outcomes = client.completions.map(inputs(), max_cost=most, max_in_flight=20)
        async with outcomes:
            first = await anext(outcomes)
            for _ in range(10):
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(anext(outcomes), 0.001)

            go_on.set()
            found = [first, *await collect(outcomes)]

    assert cost_of(found) <= most
    assert isinstance(outcomes.statistics().cause, NotSentError)


@pytest.mark.parametrize("most", [0, 0.0], ids=["int", "float"])
async def test_nothing_to_spend(most: float) -> None:
    """With no money nothing is sent, and the reason is told in plain figures."""
    async with service() as (simulator, client):
        inputs = Pulled()
        outcomes = client.completions.map(inputs, max_cost=most)
        found = await collect(outcomes)
        cause = outcomes.statistics().cause

    assert told(found) == [(0, "NotSentError")]
    assert (simulator.journal, inputs.count) == ([], 1)
    assert isinstance(cause, NotSentError)
    assert "max_cost=$0" in str(cause)
    assert "inf" not in str(cause)


async def test_gather_with_nothing_to_spend() -> None:
    """Every place says that its item was not sent."""
    async with service() as (simulator, client):
        found = await client.completions.gather(["a", "b"], max_cost=0)

    assert told(found) == [(0, "NotSentError"), (1, "NotSentError")]
    assert [(each.input, each.attempts) for each in found] == [("a", 0), ("b", 0)]
    assert all("max_cost" in str(each.error) for each in found)
    assert simulator.journal == []


async def test_gather_fills_places() -> None:
    """What the money was enough for is answered, the rest has its place."""
    async with service() as (simulator, client):
        single = await client.completions.create(prompt="p")
        assert single.usage is not None
        assert single.usage.cost is not None
        found = await client.completions.gather(
            ["p"] * 20, max_cost=single.usage.cost * 4.5
        )

    assert [each.index for each in found] == list(range(20))
    assert [text_of(each) for each in found if each.ok] == ["P"] * 4
    assert {type(each.error) for each in found if not each.ok} == {NotSentError}
    assert len(simulator.journal) == 5


async def test_enough_money() -> None:
    """A budget that all items fit into stops nothing."""
    async with service() as (_, client):
        outcomes = client.completions.map(Pulled(50), max_cost=100)
        found = await collect(outcomes)
        statistics = outcomes.statistics()

    assert len(found) == 50
    assert (statistics.cause, statistics.input_ended) == (None, True)


@pytest.mark.parametrize("costs", [[None], [0.001, 0.001, None]], ids=["1st", "3rd"])
async def test_answers_without_cost(costs: list[float | None]) -> None:
    """An answer that does not say what it cost stops a run that is to keep count."""
    script = in_turn(*map(priced, costs))
    async with bytes_service(script) as (_, client):
        outcomes = client.completions.map(Pulled(20), max_cost=0.1, max_in_flight=1)
        found = await collect(outcomes)

    assert [each.ok for each in found] == [*[True] * len(costs), False]
    assert isinstance(outcomes.statistics().cause, NotSentError)
    assert "usage.cost" in str(outcomes.statistics().cause)


async def test_free_answers() -> None:
    """Answers that cost nothing are no reason to stop."""
    script = in_turn(*[priced(0)] * 20)
    async with bytes_service(script) as (_, client):
        found = await collect(
            client.completions.map(Pulled(20), max_cost=0.01, max_in_flight=1)
        )

    assert [each.ok for each in found] == [True] * 20


COSTS: dict[str, Callable[[int], float]] = {
    "same": lambda _: 0.001,
    "growing": lambda number: 0.0001 * (number + 1),
    "one in ten is dear": lambda number: 0.004 if number % 10 == 9 else 0.0005,
}


@pytest.mark.parametrize("cost", COSTS.values(), ids=COSTS.keys())
async def test_costs_that_differ(cost: Callable[[int], float]) -> None:
    """A margin for costs that differ keeps the sum below the budget."""
    script = in_turn(*[priced(cost(number)) for number in range(100)])
    async with bytes_service(script) as (_, client):
        outcomes = client.completions.map(Pulled(100), max_cost=0.03, max_in_flight=1)
        found = await collect(outcomes)

    assert 0.02 < cost_of(found) < 0.030001
    assert outcomes.statistics().cost == pytest.approx(cost_of(found))


async def test_failures_that_cost() -> None:
    """What an answer cost that failed half-way is spent as well."""
    async with service(retry=0) as (simulator, client):
        simulator.script(FailInside(502, at="choice", times=None))
        outcomes = client.completions.map(
            ("the prompt" for _ in count()), max_cost=0.001, max_in_flight=1
        )
        found = await collect(outcomes)
        statistics = outcomes.statistics()

    assert {each.ok for each in found} == {False}
    assert 0.0005 < statistics.cost <= 0.001
    assert "max_cost" in str(statistics.cause)


async def test_budget_and_retries() -> None:
    """Attempts that fail do not cost, and do not end the run."""
    async with service(retry=AT_ONCE) as (simulator, client):
        simulator.script(*[FailInside(502)] * 3)
        found = await collect(
            client.completions.map(Pulled(10), max_cost=1, max_in_flight=1)
        )

    assert len([each for each in found if each.ok]) >= 9
