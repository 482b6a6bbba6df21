"""A lane of the limiter, in any order of calls, answers, refusals and pauses."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from random import Random
from typing import Any, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
)

from openrouter_async import RateLimits
from openrouter_async.fanout.lane import Lane, LaneTurn
from tests.flow.calls import SCOPE, error_for
from tests.flow.limits import Refusal
from tests.flow.virtual import VirtualTimeLoop

T = TypeVar("T")

KNOWN = [RateLimits(), RateLimits(requests_per_minute=120)]
REFUSALS = [
    Refusal("rate", retry_after=1.0),
    Refusal("rate"),
    Refusal("in flight", retry_after=0.5),
    Refusal("load"),
]


class Call:
    """One call: in the queue, sent, or gone."""

    def __init__(self, lane: Lane, order: int) -> None:
        self.turn = LaneTurn(lane, order, 10, None, None)
        self.waiting: asyncio.Task[None] | None = None

    @property
    def is_in(self) -> bool:
        """Whether it may send: it need not wait, or waits no more."""
        return self.waiting is None or self.waiting.done()


class LaneMachine(RuleBasedStateMachine):
    """Let calls in and out, on a clock that passes when asked to."""

    calls = Bundle("calls")

    @initialize(limits=st.sampled_from(KNOWN), seed=st.integers(0, 99))
    def begin(self, limits: RateLimits, seed: int) -> None:
        """Make a lane."""
        self.loop = VirtualTimeLoop()
        self.live: list[Call] = []
        self.orders = 0
        self.lane = self.run(self.make_lane(limits, seed))

    async def make_lane(self, limits: RateLimits, seed: int) -> Lane:
        """Make it on the loop."""
        clock = asyncio.get_running_loop().time
        return Lane(SCOPE, limits, clock=clock, random=Random(seed).random)

    def run(self, step: Coroutine[Any, Any, T]) -> T:
        """Do one thing on the loop, and what follows from it at once."""

        async def main() -> T:
            done = await step
            for _ in range(5):
                await asyncio.sleep(0)

            return done

        return self.loop.run_until_complete(main())

    @rule(target=calls, count=st.integers(1, 12))
    def call(self, count: int) -> Any:
        """Start calls."""
        return multiple(*(self.run(self.start()) for _ in range(count)))

    async def start(self) -> Call:
        """Go ahead, or wait in the queue."""
        call = Call(self.lane, self.orders)
        self.orders += 1
        if not call.turn.try_now():
            call.waiting = asyncio.ensure_future(call.turn.wait())

        self.live.append(call)
        return call

    @rule(call=consumes(calls))
    def answer(self, call: Call) -> None:
        """End a call that was let in with an answer; one that waits is cancelled."""
        self.run(self.end(call, answered=True))

    @rule(call=consumes(calls))
    def give_up(self, call: Call) -> None:
        """Cancel a call, wherever it is."""
        self.run(self.end(call, answered=False))

    async def end(self, call: Call, *, answered: bool) -> None:
        """Take a call out of the lane."""
        if call.waiting is not None and not call.waiting.done():
            call.waiting.cancel()
        elif answered:
            call.turn.accepted()

        call.turn.leave(20 if answered else None)
        self.live.remove(call)

    @rule(call=calls, refusal=st.sampled_from(REFUSALS))
    def refuse(self, call: Call, refusal: Refusal) -> None:
        """Refuse a call that was let in, which queues again where it may."""
        if call in self.live and call.is_in:
            self.run(self.again(call, refusal))

    async def again(self, call: Call, refusal: Refusal) -> None:
        """Take in the refusal, and wait for the next turn."""
        hold = call.turn.refused(error_for(refusal, self.loop.time()))
        assert hold.seconds >= 0
        call.waiting = asyncio.ensure_future(call.turn.wait())

    @rule(seconds=st.floats(0.001, 30))
    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.run(asyncio.sleep(seconds))

    @invariant()
    def counts_its_turns(self) -> None:
        """Expect the lane to know how many calls have not left."""
        assert self.lane.turns == len(self.live)

    @invariant()
    def sends_nobody_away(self) -> None:
        """Expect no error for those who wait for as long as it takes."""
        for call in self.live:
            if call.waiting is not None and call.waiting.done():
                assert call.waiting.exception() is None

    def teardown(self) -> None:
        """Everybody gets in, if those before leave: nobody is forgotten."""
        for _ in range(4 * len(self.live)):
            inside = [call for call in self.live if call.is_in]
            for call in inside:
                self.run(self.end(call, answered=True))

            if not self.live:
                break

            self.run(asyncio.sleep(60))

        assert not self.live, "a call waits for ever"
        self.run(asyncio.sleep(0))
        self.loop.close()


TestLane = LaneMachine.TestCase
TestLane.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
