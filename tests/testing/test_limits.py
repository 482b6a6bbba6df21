"""Limits, by a clock that stands still until it is moved."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from openrouter_async.testing import (
    Fail,
    InFlightLimit,
    Limit,
    Moment,
    RateLimit,
    Refusal,
    Simulator,
    Stall,
    WindowLimit,
)
from tests.testing.api import Api

EPOCH = 1_700_000_000.0


@dataclass
class Clock:
    """Time that passes when it is told to."""

    now: float = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Stop the clock."""
    return Clock()


@pytest.fixture
async def limited(clock: Clock, session: aiohttp.ClientSession) -> AsyncIterator[Api]:
    """Run a simulator by the clock."""
    wall_clock: Callable[[], float] = lambda: EPOCH + clock.now  # noqa: E731
    async with Simulator(clock=clock, wall_clock=wall_clock) as simulator:
        yield Api(simulator, session)


async def statuses(api: Api, count: int) -> list[int]:
    """Send requests one after the other."""
    return [(await api.post()).status for _ in range(count)]


async def test_a_bucket_holds_its_burst(limited: Api, clock: Clock) -> None:
    """So many requests pass at once, then one for each interval."""
    limited.simulator.rate_limit = RateLimit(10, burst=3)

    assert await statuses(limited, 4) == [200, 200, 200, 429]
    clock.now += 0.1
    assert await statuses(limited, 2) == [200, 429]
    clock.now += 100
    assert await statuses(limited, 4) == [200, 200, 200, 429]


async def test_refusals_are_the_services(limited: Api) -> None:
    """A 429 has the envelope, the source of the limit and how long to wait."""
    limited.simulator.rate_limit = RateLimit(0.5, burst=1)
    await limited.post()
    reply = await limited.post()

    assert reply.status == 429
    assert reply.headers["Retry-After"] == "2"
    assert reply.headers["X-Generation-Id"].startswith("gen-")
    assert reply.json == {
        "error": {
            "code": 429,
            "message": "Rate limit exceeded: simulator",
            "metadata": {
                "limit_source": "openrouter_shared_capacity",
                "error_type": "rate_limit_exceeded",
                "headers": {"Retry-After": "2"},
                "retry_after_seconds": 2,
                "retry_after_seconds_raw": 2.0,
            },
        },
        "user_id": "user_simulator",
    }


@pytest.mark.parametrize(
    ("form", "headers"),
    [
        ("seconds", {"Retry-After": "1"}),
        ("exact", {"Retry-After": "0.334"}),
        ("milliseconds", {"retry-after-ms": "334"}),
        (None, {}),
    ],
)
async def test_forms_of_retry_after(
    limited: Api, clock: Clock, form: Any, headers: dict[str, str]
) -> None:
    """The wait is told in the form that is wanted, or not at all."""
    limited.simulator.rate_limit = RateLimit(3, burst=1, retry_after=form)
    await limited.post()
    reply = await limited.post()
    metadata = reply.error["metadata"]

    assert {
        name: value for name, value in reply.headers.items() if "etry" in name
    } == headers
    assert metadata.get("headers", {}) == headers
    assert ("retry_after_seconds" in metadata) == (form is not None)
    clock.now += 0.334
    assert await statuses(limited, 2) == [200, 429]


async def test_who_waits_exactly_is_admitted(limited: Api, clock: Clock) -> None:
    """Rounding never refuses a client that did as it was told."""
    limited.simulator.rate_limit = RateLimit(7, burst=1, retry_after="exact")
    refused = 0
    for _ in range(50):
        reply = await limited.post()
        while reply.status == 429:
            refused += 1
            clock.now += float(reply.headers["Retry-After"])
            reply = await limited.post()

    assert refused == 49


async def test_the_rate_can_be_changed(limited: Api, clock: Clock) -> None:
    """A new limit holds from the next request on; None lifts it."""
    limit = RateLimit(1, burst=1)
    limited.simulator.rate_limit = limit
    assert await statuses(limited, 2) == [200, 429]
    assert limited.simulator.rate_limit is limit
    limited.simulator.rate_limit = RateLimit(2, burst=2)
    assert await statuses(limited, 3) == [200, 200, 429]
    limited.simulator.rate_limit = None
    assert await statuses(limited, 3) == [200, 200, 200]


async def test_a_window(limited: Api, clock: Clock) -> None:
    """So many requests pass in a window; the headers say when the next begins."""
    limited.simulator.rate_limit = WindowLimit(2, 60)
    assert await statuses(limited, 2) == [200, 200]
    clock.now += 20
    reply = await limited.post()

    limits = {
        "X-RateLimit-Limit": "2",
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": str(int((EPOCH + clock.now + 40) * 1000)),
    }
    assert reply.status == 429
    assert {name: reply.headers[name] for name in limits} == limits
    assert reply.error["metadata"]["headers"] == limits
    assert "Retry-After" not in reply.headers
    clock.now += 39.9
    assert await statuses(limited, 1) == [429]
    clock.now += 0.1
    assert await statuses(limited, 3) == [200, 200, 429]


async def test_a_window_can_name_the_wait(limited: Api) -> None:
    """Retry-After is optional."""
    limited.simulator.rate_limit = WindowLimit(1, 30, retry_after="seconds")
    await limited.post()

    assert (await limited.post()).headers["Retry-After"] == "30"


async def test_requests_in_flight(limited: Api) -> None:
    """As many as the limit are answered at a time; the others get the 402."""
    limited.simulator.rate_limit = InFlightLimit(2, retry_after=0.5)
    release = asyncio.Event()
    limited.simulator.script(Stall("head", release=release, times=2))
    held = [asyncio.create_task(limited.post()) for _ in range(2)]
    await limited.arrived(2)

    refused = await limited.post()
    release.set()
    await asyncio.gather(*held)

    assert refused.status == 402
    assert refused.headers["Retry-After"] == "0.500"
    assert refused.error["code"] == 402
    assert refused.error["metadata"] == {
        "limit_source": "openrouter_in_flight_budget",
        "reason": "in_flight_budget_exceeded",
        "error_type": "payment_required",
        "retry_after_seconds": 0.5,
    }
    assert await statuses(limited, 2) == [200, 200]


async def test_several_limits(limited: Api) -> None:
    """The first limit that says no is reported."""
    limits = (WindowLimit(3, 60), RateLimit(1, burst=2))
    limited.simulator.rate_limit = limits
    replies = [await limited.post() for _ in range(4)]

    assert [reply.status for reply in replies] == [200, 200, 429, 429]
    assert "X-RateLimit-Reset" not in replies[2].headers
    assert "X-RateLimit-Reset" in replies[3].headers
    assert limited.simulator.rate_limit is limits


async def test_a_limit_of_ones_own(limited: Api) -> None:
    """Anything that decides can be a limit."""

    class Curfew:
        def decide(self, moment: Moment) -> Refusal | None:
            return Refusal(status=403, message=f"closed at {moment.monotonic}")

        def reset(self) -> None: ...

    curfew: Limit = Curfew()
    limited.simulator.rate_limit = curfew
    reply = await limited.post()

    assert reply.status == 403
    assert reply.error == {"code": 403, "message": "closed at 1000.0"}
    assert limited.simulator.journal[0].outcome == "refused"
    assert limited.simulator.statistics().refused == 1


async def test_refused_requests_do_not_meet_a_script(limited: Api) -> None:
    """A script waits for requests that get past the limits."""
    limited.simulator.rate_limit = RateLimit(1, burst=1)
    limited.simulator.script(Fail(500))

    assert await statuses(limited, 2) == [500, 429]


async def test_a_reset_fills_the_limits(limited: Api) -> None:
    """After a reset limits are as they were in the beginning."""
    for limit in (RateLimit(1, burst=2), WindowLimit(2, 60), InFlightLimit(1)):
        limited.simulator.rate_limit = limit
        await statuses(limited, 2)
        limited.simulator.reset()
        assert await statuses(limited, 2) == [200, 200]


@pytest.mark.parametrize(
    ("make", "shown"),
    [
        (lambda: RateLimit(5), "RateLimit(rate=5, burst=5.0, retry_after='seconds')"),
        (lambda: RateLimit(0.5).burst, "1.0"),
        (lambda: WindowLimit(2, 60), "WindowLimit(2, 60, retry_after=None)"),
        (lambda: InFlightLimit(3), "InFlightLimit(3, retry_after=1.0)"),
    ],
    ids=["rate", "burst", "window", "in-flight"],
)
def test_representations(make: Callable[[], object], shown: str) -> None:
    """A limit shows its settings."""
    assert repr(make()) == shown


@pytest.mark.parametrize(
    "make",
    [
        lambda: RateLimit(0),
        lambda: RateLimit(1, burst=0.5),
        lambda: WindowLimit(0, 1),
        lambda: WindowLimit(1, 0),
        lambda: InFlightLimit(0),
    ],
    ids=["rate", "burst", "requests", "seconds", "in-flight"],
)
def test_settings_have_bounds(make: Callable[[], object]) -> None:
    """A limit that admits nothing at all is a mistake."""
    with pytest.raises(ValueError, match="must be"):
        make()
