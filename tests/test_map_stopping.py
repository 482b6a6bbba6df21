"""What no retry cures stops a map: what waits is not sent, what is under way ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from openrouter_async import (
    APIError,
    AuthenticationError,
    Failure,
    NotSentError,
    OpenRouterError,
    PaymentRequiredError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
)
from openrouter_async.testing import (
    Behaviour,
    Fail,
    JournalRecord,
    RateLimit,
    Simulator,
)
from tests.calling import in_turn, refusal
from tests.mapping import (
    Gates,
    Pulled,
    bytes_service,
    collect,
    held,
    prompts_of,
    service,
    text_of,
    told,
    turns,
    until,
)

DAILY = {"X-RateLimit-Reset": "32503680000000"}

FATAL: dict[str, tuple[Behaviour, type[OpenRouterError]]] = {
    "401": (Fail(401), AuthenticationError),
    "402 no credits": (Fail(402), PaymentRequiredError),
    "402 by its source": (
        Fail(402, metadata={"limit_source": "openrouter_credits"}),
        PaymentRequiredError,
    ),
    "403 limit of the key": (
        Fail(403, metadata={"limit_source": "openrouter_key_limit"}),
        PermissionDeniedError,
    ),
    "403 guardrail": (
        Fail(403, metadata={"limit_source": "openrouter_guardrail_budget"}),
        PermissionDeniedError,
    ),
    "429 for hours": (Fail(429, retry_after=3600), RateLimitError),
    "429 until tomorrow": (Fail(429, headers=DAILY), RateLimitError),
    "503 for hours": (Fail(503, retry_after=3600), ServerError),
}
NOT_FATAL: dict[str, Behaviour] = {
    "403 moderation": Fail(403),
    "404": Fail(404),
    "400": Fail(400),
}


def only(prompt: str) -> Callable[[JournalRecord], bool]:
    """Tell the requests of one prompt."""
    return lambda record: record.params.get("prompt") == prompt


@pytest.mark.parametrize("ordered", [False, True], ids=["as completed", "ordered"])
@pytest.mark.parametrize(("fault", "kind"), FATAL.values(), ids=FATAL.keys())
async def test_fatal_error(
    fault: Behaviour, kind: type[OpenRouterError], ordered: bool
) -> None:
    """Nothing is sent after it, what is under way keeps its answer, and it is told."""
    inputs = Pulled()
    async with service() as (simulator, client):
        gates = Gates(simulator)
        gates.open("p0")
        simulator.script(fault, when=only("p1"))
        outcomes = client.completions.map(inputs, max_in_flight=3, ordered=ordered)
        async with outcomes:
            finishing = asyncio.create_task(collect(outcomes))
            await until(lambda: outcomes.statistics().cause is not None)
            await turns()
            sent = len(simulator.journal)
            gates.open(*(f"p{number}" for number in range(10)))
            found = await finishing

        await turns()
        cause = outcomes.statistics().cause

    found.sort(key=lambda outcome: outcome.index)
    assert isinstance(cause, kind)
    assert [each.index for each in found] == list(range(inputs.count))
    assert [each.error for each in found if each.error is cause] == [cause]
    assert len(simulator.journal) == sent <= 4
    assert {type(each.error) for each in found if each.error not in (None, cause)} <= {
        NotSentError
    }
    assert [text_of(each) for each in found if each.ok] == [
        f"P{each.index}" for each in found if each.ok
    ]
    assert sum(each.ok for each in found) == sent - 1


@pytest.mark.parametrize("fault", NOT_FATAL.values(), ids=NOT_FATAL.keys())
async def test_error_of_one_item(fault: Behaviour) -> None:
    """What another item need not meet does not stop the run."""
    async with service() as (simulator, client):
        simulator.script(fault, when=only("p0"))
        outcomes = client.completions.map(Pulled(5), max_in_flight=1)
        found = await collect(outcomes)

    assert [each.ok for each in found] == [False, True, True, True, True]
    assert outcomes.statistics().cause is None


async def test_items_that_wait() -> None:
    """Items that a server told to wait end at once with what it told them, and why."""
    async with service() as (simulator, client):
        simulator.script(
            Fail(429, retry_after=60, times=None),
            when=lambda record: record.params["prompt"] in ("p0", "p1"),
        )
        simulator.script(Fail(401), when=only("p2"))
        gates = Gates(simulator)
        outcomes = client.completions.map(Pulled(), max_in_flight=2)
        found = await collect(outcomes)
        statistics = outcomes.statistics()

    assert gates.arrived == []
    kinds = {each.index: type(each.error) for each in found}
    assert [kinds[index] for index in range(3)] == [
        RateLimitError,
        RateLimitError,
        AuthenticationError,
    ]
    assert set(list(kinds.values())[3:]) <= {NotSentError, RateLimitError}
    assert statistics.not_sent == list(kinds.values()).count(NotSentError)
    waiting = next(each for each in found if each.index == 0)
    assert "had stopped" in str(waiting.error)
    assert (waiting.attempts, waiting.ok) == (1, False)


RETRIED: dict[str, bytes] = {
    "429": refusal(429),
    "429 with Retry-After": refusal(429, {"Retry-After": "1"}),
    "503": refusal(503),
    "500": refusal(500),
}


@pytest.mark.parametrize("response", RETRIED.values(), ids=RETRIED.keys())
async def test_refused_after_the_stop(response: bytes) -> None:
    """A request that is refused when the run has stopped is not sent again."""
    release = asyncio.Event()
    scripts = (held(release, response), in_turn(refusal(401)))
    async with bytes_service(*scripts) as (server, client):
        outcomes = client.completions.map(["slow", "bad"], max_in_flight=2)
        async with outcomes:
            bad = await anext(outcomes)
            release.set()
            rest = await collect(outcomes)
            statistics = outcomes.statistics()

    [slow] = rest
    assert isinstance(bad.error, AuthenticationError)
    assert isinstance(slow, Failure)
    assert isinstance(slow.error, APIError)
    assert slow.error.status == int(response[9:12])
    assert "had stopped" in str(slow.error)
    assert {bad.index, slow.index} == {0, 1}
    assert (slow.attempts, len(server.requests)) == (1, 2)
    assert (statistics.in_flight, statistics.waiting, statistics.failed) == (0, 0, 2)


async def endless(*prompts: str) -> AsyncIterator[str]:
    """Give prompts, and then wait for ever."""
    for prompt in prompts:
        yield prompt

    await asyncio.Event().wait()


async def test_stopped_while_the_input_waits() -> None:
    """A run that has stopped does not wait for an input that has nothing to give."""
    async with service() as (simulator, client):
        simulator.script(Fail(401))
        inputs = endless("a")
        outcomes = client.completions.map(inputs, max_in_flight=4)
        async with asyncio.timeout(5):
            found = await collect(outcomes)

    assert told(found) == [(0, "AuthenticationError")]
    assert isinstance(outcomes.statistics().cause, AuthenticationError)


async def test_pulled_while_the_run_stops() -> None:
    """An item that arrives from the input as the run stops has an outcome as well."""
    given: list[str] = []

    class Slow:
        """Give the second item when the run has stopped, cancelled or not."""

        def __aiter__(self) -> Slow:
            return self

        async def __anext__(self) -> str:
            if given:
                try:
                    await asyncio.Event().wait()
                except asyncio.CancelledError:
                    task = asyncio.current_task()
                    assert task is not None
                    task.uncancel()

            given.append(f"p{len(given)}")
            return given[-1]

    async with service() as (simulator, client):
        simulator.script(Fail(401))
        found = await collect(client.completions.map(Slow(), max_in_flight=2))

    assert told(found) == [(0, "AuthenticationError"), (1, "NotSentError")]
    assert [each.input for each in found] == given
    assert prompts_of(simulator) == ["p0"]


async def test_first_cause_is_kept() -> None:
    """When several requests under way meet something fatal, the first one is told."""
    async with service() as (simulator, client):
        simulator.script(Fail(401), Fail(402), Fail(401))
        outcomes = client.completions.map(Pulled(), max_in_flight=3)
        found = await collect(outcomes)
        cause = outcomes.statistics().cause

    first = next(each for each in found if not isinstance(each.error, NotSentError))
    assert first.error is cause
    assert {type(each.error) for each in found} <= {
        AuthenticationError,
        PaymentRequiredError,
        NotSentError,
    }


async def test_same_client_goes_on() -> None:
    """A run that stopped leaves a client that works."""
    async with service() as (simulator, client):
        simulator.script(Fail(402))
        stopped = await collect(client.completions.map(Pulled(), max_in_flight=1))
        found = await collect(client.completions.map(Pulled(3), max_in_flight=1))
        limits = client.limiter.statistics()

    assert not stopped[0].ok
    assert [text_of(each) for each in found] == ["P0", "P1", "P2"]
    assert (limits.in_flight, limits.waiting) == (0, 0)


@pytest.mark.parametrize("max_pause", [None, 3600.0], ids=["None", "enough"])
async def test_chosen_to_wait(max_pause: float | None) -> None:
    """A long wait that the caller chose to take is taken."""
    async with service() as (simulator, client):
        simulator.script(Fail(429, retry_after=1800), when=only("p0"))
        outcomes = client.completions.map(
            Pulled(4), max_in_flight=1, max_pause=max_pause
        )
        async with outcomes:
            found = [await anext(outcomes) for _ in range(3)]
            statistics = outcomes.statistics()

    assert [text_of(each) for each in found] == ["P1", "P2", "P3"]
    assert (statistics.waiting, statistics.cause) == (1, None)


async def test_stops_while_paced() -> None:
    """Items that wait for the pace are not sent any more either."""
    async with Simulator(rate_limit=RateLimit(5, 2, retry_after=None)) as simulator:
        async with simulator.client() as client:
            outcomes = client.completions.map(Pulled(), max_in_flight=8)
            first = await anext(outcomes)
            simulator.script(Fail(401, times=None))
            rest = await collect(outcomes)
            limits = client.limiter.statistics()

    stopped = [each for each in rest if isinstance(each, Failure)]
    assert first.ok
    kinds = {type(each.error) for each in stopped}
    assert AuthenticationError in kinds
    assert kinds <= {AuthenticationError, NotSentError, RateLimitError}
    assert (limits.in_flight, limits.waiting) == (0, 0)
