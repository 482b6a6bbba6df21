"""`completions.gather`: all outcomes at once, in the order of the inputs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import count

import pytest

from openrouter_async import NotSentError, PaymentRequiredError
from openrouter_async.testing import Fail
from tests.calling import KEY, answer, in_turn
from tests.mapping import (
    Gates,
    Pulled,
    bytes_service,
    prompts_of,
    service,
    text_of,
    told,
    turns,
    until,
)


async def test_order() -> None:
    """Outcomes stand where their items stood, whichever finished first."""
    async with service() as (simulator, client):
        gates = Gates(simulator)
        gathering = asyncio.create_task(
            client.completions.gather(Pulled(5), max_in_flight=5)
        )
        for number in (3, 0, 4, 1, 2):
            await until(lambda: len(gates.arrived) == 5)
            gates.open(f"p{number}")
            await turns(2)

        found = await gathering

    assert told(found) == [(n, f"P{n}") for n in range(5)]


async def test_nothing() -> None:
    """Over nothing it returns an empty list."""
    async with service() as (_, client):
        assert await client.completions.gather([]) == []


async def test_asynchronous_inputs() -> None:
    """All of the input is pulled before the first item is sent."""
    sent: list[int] = []

    async with service() as (simulator, client):

        async def inputs() -> AsyncIterator[str]:
            for number in range(20):
                await asyncio.sleep(0)
                sent.append(len(simulator.journal))
                yield f"p{number}"

        found = await client.completions.gather(inputs(), max_in_flight=2)

    assert told(found) == [(n, f"P{n}") for n in range(20)]
    assert sent == [0] * 20


async def test_options() -> None:
    """What goes for a map goes for it as well."""
    async with service() as (simulator, client):
        simulator.script(Fail(500, times=None), when=lambda r: r.params["n"] == 2)
        found = await client.completions.gather(
            ["a", {"prompt": "b", "n": 2}, {"model": "x/y"}],
            max_in_flight=1,
            max_pause=5,
            timeout=9,
            retry=0,
            extra_body={"x": 1},
            extra_headers={"X-Run": "7"},
            model="a/b",
            n=1,
        )
        records = simulator.journal

    assert told(found) == [(0, "A"), (1, "ServerError"), (2, "ConfigError")]
    assert [record.params["n"] for record in records] == [1, 2]
    assert {record.headers["x-run"] for record in records} == {"7"}
    assert {record.params["x"] for record in records} == {1}


async def test_cancelled() -> None:
    """One that is cancelled leaves nothing behind."""
    async with service() as (simulator, client):
        gates = Gates(simulator)
        gathering = asyncio.create_task(
            client.completions.gather(Pulled(100), max_in_flight=4)
        )
        await until(lambda: len(gates.arrived) == 4)
        gathering.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gathering

        gates.open(*(f"p{number}" for number in range(100)))
        await turns(50)
        requests = len(simulator.journal)
        limits = client.limiter.statistics()

    assert requests == 4
    assert (limits.in_flight, limits.waiting) == (0, 0)


async def test_gather_fills_every_place() -> None:
    """All items have their place in the list, sent or not."""
    async with service() as (simulator, client):
        simulator.script(Fail(402), when=lambda r: r.params["prompt"] == "p2")
        found = await client.completions.gather(Pulled(50), max_in_flight=1)

    assert [each.index for each in found] == list(range(50))
    assert [each.input for each in found] == [f"p{n}" for n in range(50)]
    assert [text_of(each) for each in found[:2]] == ["P0", "P1"]
    assert isinstance(found[2].error, PaymentRequiredError)
    assert {type(each.error) for each in found[3:]} == {NotSentError}
    assert all("402" in str(each.error) for each in found[3:])
    assert len(simulator.journal) == 3


async def test_broken_by_the_key() -> None:
    """Answers that came are returned, though the caller's own code broke the run."""
    numbers = count()

    async def key() -> str:
        if next(numbers) == 2:
            raise LookupError("no key is left")

        return KEY

    async with bytes_service(in_turn(answer(), answer())) as (server, client):
        keyed = client.with_options(api_key=key)
        found = await keyed.completions.gather(Pulled(5), max_in_flight=1)

    assert [each.ok for each in found] == [True, True, False, False, False]
    assert all("no key is left" in str(each.error) for each in found[2:])
    assert len(server.requests) == 2


async def test_broken_before_any_answer() -> None:
    """With nothing to return the caller's own exception comes."""

    async def key() -> str:
        raise LookupError("no key is left")

    async with bytes_service() as (_, client):
        keyed = client.with_options(api_key=key)
        with pytest.raises(LookupError, match="no key is left"):
            await keyed.completions.gather(["a", "b"])


async def test_two_at_once() -> None:
    """Two of them on one client do not mix."""
    async with service() as (simulator, client):
        both = await asyncio.gather(
            client.completions.gather([f"a{n}" for n in range(50)]),
            client.completions.gather([f"b{n}" for n in range(50)]),
        )
        sent = prompts_of(simulator)

    for name, found in zip("AB", both, strict=True):
        assert [text_of(each) for each in found] == [f"{name}{n}" for n in range(50)]

    assert len(sent) == 100
