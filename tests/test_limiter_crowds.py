"""Many calls through whole lanes, in simulated time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from random import Random

import pytest

from openrouter_async import RateLimitError, ServerError
from tests.flow import virtual
from tests.flow.calls import Caller, Server, lane_of
from tests.flow.limits import Bucket, InFlight, Limit, Outage, Refusal, Window
from tests.flow.virtual import now


class TestCrowds:
    """Thousands of direct calls at once."""

    @pytest.mark.parametrize("seed", range(2), ids="seed {}".format)
    @pytest.mark.parametrize(
        ("limit", "calls", "lanes", "refused", "ideal"),
        [
            (lambda: Bucket(200, 200, "exact"), 3_000, 1, 0.05, 0.95),
            (lambda: Bucket(200, 10), 3_000, 1, 0.05, 0.95),
            (lambda: Bucket(200, 200, "whole"), 10_000, 1, 0.05, 0.90),
            (lambda: Window(100, 2.0), 3_000, 1, 0.10, 0.90),
            (lambda: InFlight(20, 0.05), 10_000, 1, 0.10, 0.90),
            (lambda: Outage(Bucket(200, 200), 5.0, 15.0), 3_000, 1, 0.10, 0.80),
            (lambda: Bucket(200, 200, "exact"), 1_000, 8, 0.15, 0.85),
        ],
        ids=["bucket", "burst", "whole", "window", "in flight", "outage", "eight"],
    )
    def test_all_are_answered(
        self,
        limit: Callable[[], Limit],
        calls: int,
        lanes: int,
        refused: float,
        ideal: float,
        seed: int,
    ) -> None:
        """No call is lost, and all together are nearly as fast as the limit allows."""

        async def main() -> tuple[Server, list[Caller], float]:
            server = Server(limit(), seed=seed)
            callers = [
                Caller(lane_of(seed=lanes * seed + each), server)
                for each in range(lanes)
            ]
            async with asyncio.TaskGroup() as group:
                for name in range(calls):
                    for caller in callers:
                        group.create_task(caller.call(name))

            return server, callers, now()

        server, callers, took = virtual.run(main())
        total = calls * lanes
        statistics = [caller.lane.statistics() for caller in callers]

        assert [len(caller.waits) for caller in callers] == [calls] * lanes
        assert server.refused / total <= refused
        assert (limit().ideal(total) + 0.05) / took >= ideal
        assert sum(each.refused for each in statistics) == server.refused
        assert sum(each.sent for each in statistics) == len(server.arrivals)
        assert [(each.in_flight, each.waiting) for each in statistics] == [
            (0, 0)
        ] * lanes

    def test_first_come_first_served(self) -> None:
        """Calls are answered about in the order in which they were made."""

        async def main() -> list[int]:
            caller = Caller(lane_of(), Server(Bucket(200, 20)))
            async with asyncio.TaskGroup() as group:
                for name in range(1_000):
                    group.create_task(caller.call(name))

            return list(caller.waits)

        order = virtual.run(main())

        assert sorted(order) == list(range(1_000))
        # Out of place by what is in flight while a refused one comes back.
        assert max(abs(place - name) for place, name in enumerate(order)) <= 64


class TestWebApp:
    """Calls that come when users do."""

    def test_burst_after_quiet_hours(self) -> None:
        """After a call a minute for hours, a burst is as fast as the limit allows."""

        async def main() -> dict[int, float]:
            caller = Caller(lane_of(), Server(Bucket(50, 50)))
            for name in range(300):
                await caller.call(name)
                await asyncio.sleep(60)

            async with asyncio.TaskGroup() as group:
                for name in range(1_000, 1_300):
                    group.create_task(caller.call(name))

            return caller.waits

        waits = virtual.run(main())

        assert max(waits[name] for name in range(300)) < 0.1
        assert max(waits[name] for name in range(1_000, 1_300)) < 10

    @pytest.mark.parametrize("seconds", [0.5, 30.0, 600.0])
    def test_refused_now_and_then(self, seconds: float) -> None:
        """Where calls are rare and some are refused, none waits for its turn long."""

        async def main() -> list[float]:
            random = Random(1)
            limit = Bucket(1e6, 10**6)
            server = Server(Sometimes(limit, random))
            caller = Caller(lane_of(), server)
            async with asyncio.TaskGroup() as group:
                for name in range(400):
                    group.create_task(caller.call(name))
                    await asyncio.sleep(random.expovariate(1 / seconds))

            return sorted(caller.waits.values())

        waits = virtual.run(main())

        assert waits[-5] < 5.0

    def test_below_the_limit_nothing_waits(self) -> None:
        """Calls at half of what the limit allows go out at once."""

        async def main() -> list[float]:
            random = Random(2)
            caller = Caller(lane_of(), Server(Bucket(50, 50)))
            async with asyncio.TaskGroup() as group:
                for name in range(2_000):
                    group.create_task(caller.call(name))
                    await asyncio.sleep(random.expovariate(25))

            return sorted(caller.waits.values())

        waits = virtual.run(main())

        assert waits[-20] < 0.06


class Sometimes:
    """Refuse one request in five, whatever their rate."""

    def __init__(self, limit: Limit, random: Random) -> None:
        self._limit = limit
        self._random = random

    def decide(self, now: float, in_flight: int) -> Refusal | None:
        """Admit most requests."""
        if self._random.random() < 0.2:
            return Refusal("rate")

        return self._limit.decide(now, in_flight)

    def ideal(self, prompts: int) -> float:
        """Return what the limit needs."""
        return self._limit.ideal(prompts)


class TestOutages:
    """A server that is short of capacity."""

    def test_load_becomes_a_fault(self) -> None:
        """After half a minute without any success, an outage is one."""

        async def main() -> float:
            caller = Caller(lane_of(), Server(Outage(Bucket(9, 9), 0.0, 1e9)))
            with pytest.raises(ServerError):
                await caller.call(1)

            return now()

        assert 30 < virtual.run(main()) < 90

    def test_rate_becomes_a_fault(self) -> None:
        """Nothing but 429 for longer than `max_pause` is a failure."""

        async def main() -> float:
            caller = Caller(lane_of(), Server(Window(0, 1e9, told=None)), max_pause=10)
            with pytest.raises(RateLimitError):
                await caller.call(1)

            return now()

        assert 10 < virtual.run(main()) < 40

    def test_long_pause(self) -> None:
        """A window that ends after `max_pause` is not waited for."""

        async def main() -> float:
            caller = Caller(lane_of(), Server(Window(1, 3_600.0)))
            await caller.call(1)
            with pytest.raises(RateLimitError):
                await caller.call(2)

            return now()

        assert virtual.run(main()) < 1

    def test_any_pause(self) -> None:
        """Who wants to wait for a daily limit does, and gets through."""

        async def main() -> float:
            limit = Window(1, 86_400.0)
            caller = Caller(lane_of(), Server(limit), max_pause=None)
            for name in range(3):
                await caller.call(name)

            return now()

        assert 2 * 86_400 <= virtual.run(main()) < 2 * 86_400 + 10
