"""What a map does about items that fail: an outcome each, and the others go on."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import pytest

from openrouter_async import (
    APIConnectionError,
    APITimeoutError,
    BadRequestError,
    Failure,
    NotFoundError,
    OpenRouter,
    OpenRouterError,
    PaymentRequiredError,
    ResponseDecodeError,
    RetryPolicy,
    ServerError,
    Timeout,
)
from openrouter_async.testing import (
    Behaviour,
    Cut,
    Disconnect,
    Fail,
    FailInside,
    Hang,
    HtmlPage,
    JournalRecord,
    Malformed,
)
from tests.calling import KEY, NO_RETRY, answer, in_turn, refusal
from tests.mapping import (
    SkippingClock,
    bytes_service,
    collect,
    service,
    text_of,
    told,
)
from tests.streams import AT_ONCE


def is_bad(record: JournalRecord) -> bool:
    """Tell the request that is to fail."""
    return record.params.get("prompt") == "bad"


FAULTS: dict[str, tuple[Behaviour, type[OpenRouterError], int]] = {
    "400": (Fail(400, times=None), BadRequestError, 1),
    "404": (Fail(404, times=None), NotFoundError, 1),
    "402 for one that is too dear": (
        Fail(402, metadata={"reason": "weight_exceeds_budget"}, times=None),
        PaymentRequiredError,
        1,
    ),
    "500 again and again": (Fail(500, times=None), ServerError, 3),
    "502 inside": (FailInside(502, times=None), ServerError, 3),
    "400 inside": (FailInside(400, times=None), BadRequestError, 1),
    "page": (HtmlPage(200, times=None), ResponseDecodeError, 3),
    "no JSON": (Malformed(times=None), ResponseDecodeError, 3),
    "cut": (Cut(times=None), APIConnectionError, 3),
    "reset": (Disconnect("reset", times=None), APIConnectionError, 3),
}


@pytest.mark.parametrize("ordered", [False, True], ids=["as completed", "ordered"])
@pytest.mark.parametrize(
    ("fault", "kind", "attempts"), FAULTS.values(), ids=FAULTS.keys()
)
async def test_item_that_fails(
    fault: Behaviour, kind: type[OpenRouterError], attempts: int, ordered: bool
) -> None:
    """Its error is in its outcome, after the retries it is worth; others go on."""
    items = ["a", "bad", "b", "c"]
    policy = RetryPolicy(backoff=0, throttle_backoff=0, floor=0, budget_ratio=None)
    async with service(retry=policy) as (simulator, client):
        simulator.script(fault, when=is_bad)
        outcomes = client.completions.map(items, ordered=ordered)
        found = await collect(outcomes)
        requests = sum(map(is_bad, simulator.journal))

    found.sort(key=lambda outcome: outcome.index)
    [failure] = [each for each in found if isinstance(each, Failure)]
    texts = [text_of(each) for each in found if each.ok]
    assert isinstance(failure.error, kind)
    assert (failure.index, failure.input) == (1, "bad")
    assert failure.attempts == failure.error.attempts >= attempts
    assert requests == failure.attempts
    assert texts == ["A", "B", "C"]
    assert outcomes.statistics().cause is None


async def test_failure_holds_what_came() -> None:
    """Text before an error inside an answer is in the error of the outcome."""
    async with service(retry=NO_RETRY) as (simulator, client):
        simulator.script(FailInside(502, at="choice", after_tokens=2))
        outcomes = client.completions.map(["one two three"])
        [outcome] = await collect(outcomes)
        statistics = outcomes.statistics()

    assert isinstance(outcome, Failure)
    assert outcome.error.partial is not None
    usage = outcome.error.partial.usage
    assert outcome.error.partial.text == "ONE TWO"
    assert usage is not None
    assert (statistics.tokens, statistics.cost) == (usage.total_tokens, usage.cost)


TIMERS = {
    "first_event": Timeout(first_event=60),
    "total": Timeout(total=60),
    "seconds": 60.0,
}


@pytest.mark.parametrize("timeout", TIMERS.values(), ids=TIMERS.keys())
async def test_item_that_times_out(
    timeout: Timeout | float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A timer ends the item that it ran out for, and no other."""
    async with service(clock=SkippingClock(monkeypatch)) as (simulator, client):
        simulator.script(Hang(times=None), when=is_bad)
        found = await collect(
            client.completions.map(
                ["bad", "a"], timeout=timeout, retry=0, max_in_flight=2
            )
        )

    [failure] = [each for each in found if isinstance(each, Failure)]
    assert (failure.index, type(failure.error)) == (0, APITimeoutError)
    assert [text_of(each) for each in found if each.ok] == ["A"]


async def test_options_of_the_map() -> None:
    """Timers and policy of the map win over those of the client."""
    async with service(retry=RetryPolicy(max_retries=9)) as (simulator, client):
        simulator.script(Fail(500, times=None))
        [outcome] = await collect(client.completions.map(["a"], retry=0))
        requests = len(simulator.journal)

    assert (outcome.attempts, requests) == (1, 1)


async def test_retried_and_answered() -> None:
    """A fault that passes costs an attempt, and nothing else."""
    async with service() as (simulator, client):
        simulator.script(Fail(500), HtmlPage())
        [outcome] = await collect(client.completions.map(["a"]))

    assert (text_of(outcome), outcome.attempts) == ("A", 3)


@pytest.mark.parametrize("reason", ["closed", "callable"])
async def test_error_of_the_client(reason: str) -> None:
    """What is wrong with the client itself stops the run instead of every item."""
    keys = iter([KEY])

    async def key() -> str:
        return next(keys, "")

    async with bytes_service(in_turn(*[answer()] * 50)) as (server, _):
        client = OpenRouter(
            key if reason == "callable" else KEY, base_url=server.url, retry=AT_ONCE
        )
        inputs: Iterable[str] = (f"p{number}" for number in range(50))
        async with client:
            outcomes = client.completions.map(inputs, max_in_flight=1)
            first = await anext(outcomes)
            if reason == "closed":
                await client.aclose()

            rest = await collect(outcomes)

    assert first.ok
    assert len(rest) < 5
    assert outcomes.statistics().cause is not None


async def test_key_callable_that_raises() -> None:
    """The caller's own exception ends the run, after the outcomes of all others."""
    keys = iter([KEY, KEY])

    async def key() -> str:
        found = next(keys, None)
        if found is None:
            raise LookupError("no key is left")

        return found

    async with bytes_service(in_turn(*[answer()] * 5)) as (server, _):
        async with OpenRouter(key, base_url=server.url) as client:
            outcomes = client.completions.map(["a", "b", "c", "d"], max_in_flight=1)
            found = [await anext(outcomes) for _ in range(3)]
            with pytest.raises(LookupError, match="no key is left"):
                await collect(outcomes)

    assert [outcome.ok for outcome in found] == [True, True, False]
    assert isinstance(outcomes.statistics().cause, LookupError)


@pytest.mark.parametrize("ordered", [False, True], ids=["as completed", "ordered"])
async def test_key_callable_whose_own_task_is_cancelled(ordered: bool) -> None:
    """A cancellation that nobody asked this run for does not lose an item."""
    calls = 0

    async def key() -> str:
        nonlocal calls
        calls += 1
        if calls == 1:
            refresh = asyncio.get_running_loop().create_future()
            refresh.cancel()
            await refresh

        return KEY

    async with bytes_service(in_turn(*[answer()] * 5)) as (server, _):
        async with OpenRouter(key, base_url=server.url) as client:
            outcomes = client.completions.map(
                ["a", "b"], max_in_flight=1, ordered=ordered
            )
            first = await anext(outcomes)
            with pytest.raises(RuntimeError, match="cancelled"):
                await collect(outcomes)

    assert (first.index, first.ok) == (0, False)
    assert outcomes.statistics().finished == outcomes.statistics().pulled


async def test_refusal_that_is_about_one_item() -> None:
    """A 402 that asks for a smaller request does not stop the others."""
    dear = refusal(402, metadata={"reason": "weight_exceeds_budget"})
    async with bytes_service(in_turn(dear, answer("A"))) as (_, client):
        found = await collect(client.completions.map(["x", "a"], max_in_flight=1))

    assert told(found) == [(0, "PaymentRequiredError"), (1, "A")]
