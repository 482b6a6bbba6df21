"""Back-pressure that direct calls meet, against the simulator."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from openrouter_async import (
    Limiter,
    OpenRouterError,
    PaymentRequiredError,
    RateLimitError,
    ServerError,
)
from openrouter_async.testing import (
    ErrorEvent,
    Fail,
    FailInside,
    InFlightLimit,
    Simulator,
    WindowLimit,
)
from openrouter_async.testing.behaviours import Behaviour
from tests.flow.direct import NOTHING_TO_RETRY, Gate, ask, stream_of, waiting

IN_FLIGHT = {"limit_source": "openrouter_in_flight_budget"}


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    """Run a simulator."""
    async with Simulator() as running:
        yield running


class TestRefusals:
    """Back-pressure that direct calls meet."""

    @pytest.mark.parametrize(
        "behaviour",
        [
            Fail(429, times=2),
            Fail(429, retry_after=0.01, times=2),
            Fail(503, times=2),
            Fail(529, times=2),
            Fail(402, metadata=IN_FLIGHT),
            FailInside(429, times=2),
            FailInside(503, at="choice", after_tokens=0, times=2),
        ],
        ids=[
            "429",
            "Retry-After",
            "503",
            "529",
            "402",
            "429 inside",
            "503 in a choice",
        ],
    )
    async def test_are_no_retries(
        self, simulator: Simulator, behaviour: Behaviour
    ) -> None:
        """Refusals go again with no retries and no budget, and show in the history."""
        simulator.script(behaviour)
        async with simulator.client(
            retry=NOTHING_TO_RETRY, limiter=Limiter()
        ) as client:
            done = await ask(client)
            told = client.limiter.statistics()

        refused = behaviour.times or 0
        assert (done.meta.attempts, len(done.meta.history)) == (refused + 1, refused)
        assert (told.sent, told.refused, told.in_flight) == (refused + 1, refused, 0)

    async def test_streams(self, simulator: Simulator) -> None:
        """A stream that is refused, by its head or its first event, opens again."""
        simulator.script(Fail(429), ErrorEvent(after_tokens=0, code=429))
        async with simulator.client(
            retry=NOTHING_TO_RETRY, limiter=Limiter()
        ) as client:
            done = await client.completions.stream(model="m", prompt="p").final()
            told = client.limiter.statistics()

        assert (done.meta.attempts, told.refused, told.in_flight) == (3, 2, 0)

    @pytest.mark.parametrize(
        ("behaviour", "kind"),
        [
            (Fail(500), ServerError),
            (Fail(402), PaymentRequiredError),
            (FailInside(502), ServerError),
        ],
        ids=["500", "402 credits", "502 inside"],
    )
    async def test_faults_are_for_the_retry_policy(
        self, simulator: Simulator, behaviour: Behaviour, kind: type[OpenRouterError]
    ) -> None:
        """What is no back-pressure fails as without a limiter, its place given back."""
        simulator.script(behaviour)
        async with simulator.client(retry=0, limiter=Limiter()) as client:
            with pytest.raises(kind) as caught:
                await ask(client)

            told = client.limiter.statistics()

        assert (caught.value.attempts, told.refused, told.in_flight) == (1, 0, 0)

    @pytest.mark.parametrize("streamed", [False, True], ids=["plain", "streamed"])
    async def test_pause_that_is_too_long(
        self, simulator: Simulator, streamed: bool
    ) -> None:
        """Above `max_pause` the call fails at once, and says what can be done."""
        simulator.script(Fail(429, retry_after=61))
        limiter = Limiter(max_pause=60)
        async with simulator.client(limiter=limiter) as client:
            call = stream_of(client).final() if streamed else ask(client)
            with pytest.raises(RateLimitError) as caught:
                await call

        error = caught.value
        assert (error.attempts, error.retry_after) == (1, 61)
        assert "asks to wait 61 s, more than max_pause (60 s)" in (error.hint or "")
        assert limiter.statistics().in_flight == 0

    async def test_pause_that_outlasts_the_call(self, simulator: Simulator) -> None:
        """A wait that `Timeout.total` would cut short is not begun."""
        simulator.script(Fail(429, retry_after=30))
        async with simulator.client(limiter=Limiter(), timeout=5) as client:
            with pytest.raises(RateLimitError) as caught:
                await ask(client)

            assert client.limiter.statistics().in_flight == 0

        assert "would outlast Timeout.total" in (caught.value.hint or "")

    async def test_no_patience(self, simulator: Simulator) -> None:
        """With nothing but refusals for longer than `max_pause`, the policy decides."""
        simulator.script(Fail(429, times=None))
        limiter = Limiter(max_pause=0)
        async with simulator.client(limiter=limiter, retry=0) as client:
            with pytest.raises(RateLimitError) as caught:
                await ask(client)

        assert caught.value.attempts == 2

    async def test_window(self, simulator: Simulator) -> None:
        """What a window refuses comes through in the next one; nothing is lost."""
        simulator.rate_limit = WindowLimit(20, 0.2)
        async with simulator.client(
            retry=NOTHING_TO_RETRY, limiter=Limiter()
        ) as client:
            answers = await asyncio.gather(*(ask(client) for _ in range(50)))
            told = client.limiter.statistics()

        assert len(answers) == told.lanes[0].accepted == 50
        assert told.refused == simulator.statistics().refused > 0
        assert (told.in_flight, told.waiting) == (0, 0)

    async def test_in_flight(self, simulator: Simulator) -> None:
        """The bound of a small balance is found, and held by direct calls."""
        simulator.rate_limit = InFlightLimit(3, retry_after=0.01)
        gate = Gate(simulator)
        async with simulator.client(
            retry=NOTHING_TO_RETRY, limiter=Limiter()
        ) as client:
            tasks = [asyncio.create_task(ask(client)) for _ in range(10)]
            await waiting(client.limiter, 7)
            [lane] = client.limiter.statistics().lanes
            gate.open()
            answers = await asyncio.gather(*tasks)

        assert (lane.max_in_flight, lane.in_flight) == (3, 3)
        assert len(answers) == 10
