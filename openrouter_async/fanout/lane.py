"""One queue of calls under one limit, and the clock that lets them in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from heapq import heappop, heappush
from math import inf
from typing import TYPE_CHECKING

from openrouter_async.config import RateLimits
from openrouter_async.errors import OpenRouterError, RateLimitError
from openrouter_async.fanout.allowance import Allowance
from openrouter_async.fanout.deliveries import Sent
from openrouter_async.fanout.in_flight import InFlightBound
from openrouter_async.fanout.pace import Pace
from openrouter_async.fanout.pressure import Pressure, Signal, signal_of, too_long
from openrouter_async.types.admission import Hold, Scope

if TYPE_CHECKING:
    from openrouter_async.fanout.statistics import LaneStatistics

_FINISHED_TOKENS = 256.0  # of an answer, before any answer is known


class Lane:
    """
    Let the calls of one scope in, first come, first served.

    Args:
        scope: what the limit is counted by.
        limits: those that are known.
        clock: monotonic time in seconds.
        random: gives a number in [0, 1).
    """

    def __init__(
        self,
        scope: Scope,
        limits: RateLimits,
        *,
        clock: Callable[[], float],
        random: Callable[[], float],
    ) -> None:
        now = clock()
        self.scope = scope
        self.clock = clock
        self.random = random
        self.pace: Pace = Pace(now)
        self.bound: InFlightBound = InFlightBound()
        self.pressure: Pressure = Pressure()
        self._requests = _allowance(limits.requests_per_minute, now)
        self._tokens = _allowance(limits.tokens_per_minute, now)
        self._answer_tokens = _FINISHED_TOKENS
        self._queue: list[tuple[int, LaneTurn]] = []
        self._waiting = 0
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self.turns = 0  # calls that have come and not left
        self._before_loop = 0  # number of the last request of loops that have ended

    @property
    def idle(self) -> bool:
        """Whether no call is in it, and a new lane would let in as many."""
        now = self.clock()
        return (
            not self.turns
            and self.pace.held_until <= now
            and all(
                allowance is None or allowance.full(now)
                for allowance in (self._requests, self._tokens)
            )
        )

    def statistics(self) -> LaneStatistics:
        """Return what there is to know about it now."""
        from openrouter_async.fanout.statistics import LaneStatistics

        now, most = self.clock(), self.bound.most
        return LaneStatistics(
            scope=self.scope,
            rate=self.pace.rate,
            max_in_flight=None if most == inf else int(most),
            in_flight=self.pace.in_flight,
            waiting=self._waiting,
            sent=self.pace.last_index,
            accepted=self.pace.accepted_count,
            refused=self.pressure.refused,
            paused=max(0.0, self.pace.held_until - now),
        )

    # Calls on their way in

    def expected_tokens(self, asked: int, most: int | None) -> float:
        """Return how many tokens a call will use, as far as one can tell."""
        return asked + (self._answer_tokens if most is None else most)

    def enter(self, turn: LaneTurn) -> bool:
        """Let the turn in at once, if it is not too early and nobody waits."""
        self._adopt_loop()
        if self._waiting or self._ready_at(turn.tokens) > self.clock():
            return False

        turn.sent = self._admit(turn.tokens)
        return True

    def queue(self, turn: LaneTurn) -> asyncio.Future[None]:
        """Return what becomes done when it is the turn's time."""
        self._adopt_loop()
        assert self._loop is not None
        turn.ready = self._loop.create_future()
        self._waiting += 1
        heappush(self._queue, (turn.order, turn))
        self.pump()
        return turn.ready

    def withdraw(self, turn: LaneTurn) -> None:
        """Take out a turn that does not wait any more."""
        ready, turn.ready = turn.ready, None
        if ready is None or ready.get_loop() is not self._loop:
            return

        # One that was let in and left at once, by another task, does not count either.
        if ready.cancelled() or not ready.done():
            self._waiting -= 1
            self.pump()

    def pump(self) -> None:
        """Let in whom there is room for, and set the timer for the next."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

        while self._queue:
            turn = self._queue[0][1]
            if turn.ready is None or turn.ready.done():
                heappop(self._queue)  # withdrawn
                continue

            at, now = self._ready_at(turn.tokens), self.clock()
            if at > now:
                self._set_timer(at - now)
                return

            heappop(self._queue)
            self._waiting -= 1
            turn.sent = self._admit(turn.tokens)
            turn.ready.set_result(None)

    def _set_timer(self, seconds: float) -> None:
        if seconds < inf:
            assert self._loop is not None
            self._timer = self._loop.call_later(seconds, self.pump)

    def _ready_at(self, tokens: float) -> float:
        if self.pace.in_flight >= self.bound.most:
            return inf  # until one of them ends

        now = self.clock()
        at = max(self.pace.ready_at(now), self.bound.ready_at())
        if self._requests is not None:
            at = max(at, self._requests.ready_at(1, now))

        return (
            at if self._tokens is None else max(at, self._tokens.ready_at(tokens, now))
        )

    def _admit(self, tokens: float) -> Sent:
        now = self.clock()
        if self._requests is not None:
            self._requests.take(1, now)

        if self._tokens is not None:
            self._tokens.take(tokens, now)

        return self.pace.sent(now)

    def _adopt_loop(self) -> None:
        """Forget the calls of another event loop: it has ended, and they with it."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop = loop
            self._timer = None
            self._queue.clear()
            self._waiting = 0
            self._before_loop = self.pace.last_index
            self.pace.in_flight = 0

    # What became of them

    def accepted(self, sent: Sent) -> None:
        """Take in that a request was let in."""
        self.pressure.relieve()
        self._passed(sent)

    def _passed(self, sent: Sent) -> None:
        """Take in that no limit refused a request, whatever became of it."""
        self.pace.accepted(sent, self.clock())
        self.bound.accepted(sent)
        if self._queue:
            self.pump()  # a stream that was let in makes room long before it ends

    def refused(
        self, sent: Sent, error: OpenRouterError, max_pause: float | None
    ) -> Hold:
        """Take in how a request failed, and say what follows for its call."""
        signal = signal_of(error)
        if signal is None:
            if error.status is not None:
                self._passed(sent)

            return Hold("fault")

        now = self.clock()
        hold = self.pressure.judge(
            error, signal, now, max_pause=max_pause, random=self.random()
        )
        if signal is Signal.IN_FLIGHT:
            self.bound.refused(sent, self.pace.last_index, now)
        elif signal is Signal.LOAD and hold.verdict == "fault":
            # An outage is no limit: calls fail at the speed they had, not one by one.
            self._passed(sent)
        elif signal is Signal.RATE or self.pressure.overloaded:
            self.pace.refused_at(sent, now, until=self._window_end(error, hold, now))
            self._dismiss_impatient()

        return hold

    def _dismiss_impatient(self) -> None:
        """Fail those who would wait longer than they want for the window's end."""
        for _, turn in self._queue:
            error = self.refusal_for(turn)
            if error is not None and turn.ready is not None and not turn.ready.done():
                self._waiting -= 1
                turn.ready.set_exception(error)

    def refusal_for(self, turn: LaneTurn) -> OpenRouterError | None:
        """Return what ends a call that does not want to wait so long, if one does."""
        seconds = self.pace.held_until - self.clock()
        if turn.max_pause is None or seconds <= turn.max_pause:
            return None

        return RateLimitError(
            "a limit was reached, and nobody is let in before its window ends",
            limit_resets_in=seconds,
            hint=too_long(seconds, turn.max_pause),
            kind="throttled",
        )

    def _window_end(
        self, error: OpenRouterError, hold: Hold, now: float
    ) -> float | None:
        if error.limit_resets_in is None or hold.verdict == "stop":
            return None

        # Who is told the same moment must not return in one: each waits for a part
        # of the distance that its own requests have.
        spread = (
            self.random() / self.pace.rate if self.pace.rate else self.random() / 10
        )
        return now + error.limit_resets_in + min(spread, 1.0)

    def ended(self, sent: Sent, taken: float, used: float | None) -> None:
        """Take in that a request is over."""
        if sent.index > self._before_loop:
            self.pace.ended()

        if self._tokens is not None and used is not None:
            self._tokens.settle(taken, used)

        self.pump()

    def answered(self, prompt: float, used: float) -> None:
        """Learn from an answer how long answers are."""
        self._answer_tokens += 0.1 * (max(0.0, used - prompt) - self._answer_tokens)


class LaneTurn:
    """
    Hold one call's place in a lane.

    Args:
        lane: the lane.
        order: who came earlier has the lower number.
        prompt: about how many tokens the prompt has.
        most: how many the answer may have, if that is known.
        max_pause: longest time without a success that is waited out, seconds; None
            for any.
    """

    __slots__ = (
        "_lane", "_left", "_prompt", "max_pause", "order", "ready", "sent", "tokens",
    )  # fmt: skip

    def __init__(
        self,
        lane: Lane,
        order: int,
        prompt: int,
        most: int | None,
        max_pause: float | None,
    ) -> None:
        self._lane = lane
        self._prompt = prompt
        self.max_pause: float | None = max_pause
        self._left = False
        lane.turns += 1
        self.order: int = order
        self.tokens: float = lane.expected_tokens(prompt, most)
        self.ready: asyncio.Future[None] | None = None
        self.sent: Sent | None = None

    def try_now(self) -> bool:
        """Go ahead if nobody is to be waited for."""
        return self._lane.enter(self)

    async def wait(self) -> None:
        """
        Return when it is this call's turn; a cancelled one gives its turn up.

        Raises:
            RateLimitError: nobody is let in for longer than the call wants to wait.
        """
        if self._lane.enter(self):
            return

        error = self._lane.refusal_for(self)
        if error is not None:
            raise error

        try:
            await self._lane.queue(self)
        except asyncio.CancelledError:
            self._lane.withdraw(self)
            self._end(0)  # nothing went out
            raise

        self.ready = None

    def accepted(self) -> None:
        """Take in that the server let the request in."""
        if self.sent is not None:
            self._lane.accepted(self.sent)

    def refused(self, error: OpenRouterError) -> Hold:
        """Take in how an attempt failed, and say what follows."""
        if self.sent is None:
            return Hold("fault")

        hold = self._lane.refused(self.sent, error, self.max_pause)
        unused = error.kind == "throttled" or hold.verdict != "fault"
        self._end(0 if unused else None)
        return hold

    def leave(self, tokens: int | None) -> None:
        """Leave for good; `tokens` were used, if that is known."""
        if tokens is not None:
            self._lane.answered(self._prompt, tokens)

        if not self._left:
            self._left = True
            self._lane.turns -= 1

        self._end(tokens)

    def _end(self, used: float | None) -> None:
        sent, self.sent = self.sent, None
        if sent is not None:
            self._lane.ended(sent, self.tokens, used)


def _allowance(per_minute: float | None, now: float) -> Allowance | None:
    return None if per_minute is None else Allowance(per_minute, now)
