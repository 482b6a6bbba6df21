"""One lane with its queue and timers, on a clock that does not wait."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from itertools import pairwise
from random import Random

import pytest

from openrouter_async import (
    APIConnectionError,
    OpenRouterError,
    RateLimits,
)
from openrouter_async.fanout.lane import Lane, LaneTurn
from tests.flow import virtual
from tests.flow.calls import MAX_PAUSE, SCOPE, Caller, Server, error_for, lane_of
from tests.flow.limits import Bucket, Outage, Refusal
from tests.flow.times import fixed
from tests.flow.virtual import now

OPENING = 16
REFUSED = error_for(Refusal("rate"), 0.0)


def turn_of(lane: Lane, order: int, most: int | None = None) -> LaneTurn:
    """Make a turn."""
    return LaneTurn(lane, order, 10, most, MAX_PAUSE)


def go(lane: Lane, count: int = OPENING) -> list[LaneTurn]:
    """Let so many turns in."""
    turns = [turn_of(lane, order) for order in range(count)]
    assert all(turn.try_now() for turn in turns)
    return turns


def wait_for(turns: list[LaneTurn]) -> tuple[list[asyncio.Task[None]], list[int]]:
    """Let turns wait in tasks; return these, and the order in which they got in."""
    order: list[int] = []

    async def wait(turn: LaneTurn) -> None:
        await turn.wait()
        order.append(turn.order)

    return [asyncio.create_task(wait(turn)) for turn in turns], order


class TestQueue:
    """Who goes next."""

    def test_refused_goes_before_later_ones(self) -> None:
        """An early call that was refused goes again before calls that came later."""

        async def main() -> list[int]:
            lane = lane_of()
            running = go(lane)
            tasks, order = wait_for([turn_of(lane, each) for each in (20, 21)])
            await asyncio.sleep(0.05)
            assert running[3].refused(REFUSED).verdict == "again"
            again, first = wait_for([running[3]])
            await asyncio.gather(*again)
            assert order == []
            await asyncio.gather(*tasks)
            return first + order

        assert virtual.run(main()) == [3, 20, 21]

    def test_nobody_overtakes(self) -> None:
        """Who could go now does not while somebody waits."""

        async def main() -> tuple[bool, int]:
            lane = lane_of()
            running = go(lane)
            tasks, _ = wait_for([turn_of(lane, 20)])
            await asyncio.sleep(0)
            running[0].leave(None)
            went = turn_of(lane, 21).try_now()
            await asyncio.gather(*tasks)
            return went, lane.statistics().in_flight

        assert virtual.run(main()) == (False, OPENING)

    @pytest.mark.parametrize("granted", [False, True], ids=["waiting", "granted"])
    def test_cancelled_gives_its_turn_up(self, granted: bool) -> None:
        """A call that is cancelled as it waits lets the next one in."""

        async def main() -> tuple[list[int], int, int]:
            lane = lane_of()
            running = go(lane)
            tasks, order = wait_for([turn_of(lane, each) for each in (20, 21)])
            await asyncio.sleep(0)
            if granted:
                running[0].leave(None)

            tasks[0].cancel()
            await asyncio.wait(tasks[:1])
            if not granted:
                running[0].leave(None)

            await tasks[1]
            statistics = lane.statistics()
            return order, statistics.in_flight, statistics.waiting

        assert virtual.run(main()) == ([21], OPENING, 0)

    def test_left_as_it_is_let_in(self) -> None:
        """A call that another task ends just as it is let in leaves nothing behind."""

        async def main() -> tuple[int, int, bool]:
            lane = lane_of()
            running = go(lane)
            turn = turn_of(lane, 20)
            [task], _ = wait_for([turn])
            await asyncio.sleep(0)
            running[0].leave(None)
            task.cancel()
            turn.leave(None)
            await asyncio.wait([task])
            statistics = lane.statistics()
            return statistics.in_flight, statistics.waiting, turn_of(lane, 21).try_now()

        assert virtual.run(main()) == (OPENING - 1, 0, True)

    def test_wait_of_one_that_could_go(self) -> None:
        """Waiting takes no time when there is nobody to wait for."""

        async def main() -> tuple[float, int]:
            lane = lane_of()
            await turn_of(lane, 0).wait()
            return now(), lane.statistics().in_flight

        assert virtual.run(main()) == (0.0, 1)

    def test_failures_of_other_kinds(self) -> None:
        """What no limit decided gives its place back, and is for the retry policy."""

        async def main() -> tuple[str, int, int, float | None]:
            lane = lane_of()
            [turn] = go(lane, 1)
            hold = turn.refused(APIConnectionError("lost"))
            statistics = lane.statistics()
            return (
                hold.verdict,
                statistics.in_flight,
                statistics.refused,
                statistics.rate,
            )

        assert virtual.run(main()) == ("fault", 0, 0, None)

    def test_not_let_in(self) -> None:
        """A call that fails before its turn is for the retry policy."""

        async def main() -> str:
            turn = turn_of(lane_of(), 0)
            turn.accepted()
            hold = turn.refused(REFUSED)
            turn.leave(5)
            return hold.verdict

        assert virtual.run(main()) == "fault"

    def test_leaving_twice(self) -> None:
        """The second end of a call changes nothing."""

        async def main() -> int:
            lane = lane_of()
            running = go(lane, 3)
            running[0].leave(None)
            running[0].leave(None)
            running[1].refused(OpenRouterError("broken"))
            running[1].leave(None)
            return lane.statistics().in_flight

        assert virtual.run(main()) == 1


class TestInFlightBound:
    """402 for what is in flight."""

    def test_waits_for_one_to_end(self) -> None:
        """At the bound a call waits until another one ends, however long."""

        async def main() -> tuple[int | None, float]:
            lane = lane_of()
            running = go(lane, 6)
            refused = error_for(Refusal("in flight", 1.0), 0.0)
            assert running[5].refused(refused).seconds >= 1.0
            [task], _ = wait_for([turn_of(lane, 20)])
            await asyncio.sleep(1_000)
            assert not task.done()
            running[0].leave(None)
            await task
            return lane.statistics().max_in_flight, now()

        assert virtual.run(main()) == (5, 1_000)


class TestAllowances:
    """Limits that are known."""

    def test_requests(self) -> None:
        """Requests go out evenly, refused ones included."""

        async def main() -> list[float]:
            server = Server(Outage(Bucket(1e6, 10**6), 0.0, 2.0), fixed(0.01))
            caller = Caller(lane_of(RateLimits(requests_per_minute=60)), server)
            async with asyncio.TaskGroup() as group:
                for name in range(20):
                    group.create_task(caller.call(name))

            return [at for at, _ in server.arrivals]

        arrivals = virtual.run(main())
        gaps = [later - at for at, later in pairwise(arrivals)]

        assert len(arrivals) > 20
        assert min(gaps) >= 1 - 1e-6

    @pytest.mark.parametrize(
        ("used", "seconds"), [(None, 19.0), (100, 19.0), (50, 9.0)], ids=repr
    )
    def test_tokens(self, used: int | None, seconds: float) -> None:
        """What calls may use is set aside, and settled with what they did use."""

        async def main() -> float:
            lane = lane_of(RateLimits(tokens_per_minute=6_000))
            for order in range(20):
                turn = turn_of(lane, order, most=90)
                await turn.wait()
                turn.accepted()
                turn.leave(used)

            return now()

        # The bucket holds a little, which goes at once.
        assert virtual.run(main()) == pytest.approx(seconds, abs=0.6)

    @pytest.mark.parametrize(
        "refusal",
        [Refusal("rate"), Refusal("load"), Refusal("in flight")],
        ids=lambda refusal: str(refusal.kind),
    )
    def test_refusals_use_no_tokens(self, refusal: Refusal) -> None:
        """What was set aside for a refused request is there for the next one."""

        async def main() -> float:
            lane = lane_of(RateLimits(tokens_per_minute=60))
            [turn] = go(lane, 1)
            turn.refused(error_for(refusal, now()))
            began = now()
            await turn.wait()
            return now() - began

        assert virtual.run(main()) < 10

    def test_cancelled_calls_use_no_tokens(self) -> None:
        """What was set aside for a call that was cancelled as it waited comes back."""

        async def main() -> float:
            lane = lane_of(RateLimits(tokens_per_minute=60))
            running = go(lane, 1)
            running[0].leave(0)
            lane.pace.in_flight = OPENING
            [task], _ = wait_for([turn_of(lane, 1)])
            await asyncio.sleep(0)
            lane.pace.ended()
            lane.pump()  # lets it in
            task.cancel()
            await asyncio.wait([task])
            await turn_of(lane, 2).wait()
            return now()

        assert virtual.run(main()) < 10

    def test_learns_how_long_answers_are(self) -> None:
        """Without `max_tokens` the mean of the answers so far is expected."""

        async def main() -> tuple[float, float]:
            lane = lane_of()
            before = lane.expected_tokens(10, None)
            for order in range(100):
                turn = turn_of(lane, order)
                turn.try_now()
                turn.leave(1_010)

            return before, lane.expected_tokens(10, None)

        before, after = virtual.run(main())

        assert before == 266
        assert after == pytest.approx(1_010, rel=0.01)


class TestLoops:
    """One event loop after another."""

    def test_calls_of_a_loop_that_has_ended(self) -> None:
        """What an ended loop left behind neither blocks nor frees places."""
        first, second = virtual.VirtualTimeLoop(), virtual.VirtualTimeLoop()
        lane = Lane(
            SCOPE, RateLimits(), clock=lambda: max(first.time(), second.time()),
            random=Random(0).random,
        )  # fmt: skip

        async def leave_behind() -> tuple[list[LaneTurn], list[asyncio.Task[None]]]:
            running = go(lane)
            tasks, _ = wait_for([turn_of(lane, 20), turn_of(lane, 21)])
            await asyncio.sleep(0)
            assert lane.statistics().waiting == 2
            return running, tasks

        async def go_on(running: list[LaneTurn]) -> tuple[int, int, list[int]]:
            new = go(lane)
            for turn in running:
                turn.leave(None)

            tasks, order = wait_for([turn_of(lane, 30)])
            await asyncio.sleep(0)
            waiting, in_flight = lane.statistics().waiting, lane.statistics().in_flight
            new[0].leave(None)
            await asyncio.gather(*tasks)
            return waiting, in_flight, order

        running, tasks = first.run_until_complete(leave_behind())
        found = second.run_until_complete(go_on(running))
        for task in tasks:
            task.cancel()

        ends: Awaitable[list[BaseException | None]] = asyncio.gather(
            *tasks, return_exceptions=True
        )
        first.run_until_complete(ends)
        first.close()
        second.close()

        assert found == (1, OPENING, [30])
        assert (lane.statistics().waiting, lane.idle) == (0, False)


def test_statistics() -> None:
    """The numbers of a lane tell how its calls stand, of one moment."""

    async def main() -> None:
        lane = lane_of()
        assert (lane.idle, lane.statistics().rate) == (True, None)
        running = go(lane)
        running[0].accepted()
        running[0].leave(3)
        running[1].refused(error_for(Refusal("rate", resets_at=now() + 20), now()))
        told = lane.statistics()

        assert (told.scope, told.max_in_flight) == (SCOPE, None)
        assert (told.in_flight, told.waiting, told.sent) == (OPENING - 2, 0, OPENING)
        assert (told.accepted, told.refused) == (1, 1)
        assert told.rate is not None
        assert 20 <= told.paused <= 21
        assert not lane.idle

    virtual.run(main())
