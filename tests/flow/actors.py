"""A simulated server, and clients that share its limit."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from random import Random

from openrouter_async.fanout.deliveries import Sent
from openrouter_async.fanout.in_flight import InFlightBound
from openrouter_async.fanout.pace import Pace
from tests.flow.limits import Limit, Refusal
from tests.flow.times import Clock, Draw

_UPLINK = 0.0002  # seconds to the server, at least
_JITTER = 0.0005  # seconds more, at most
_HOLD_JITTER = 0.1  # share of Retry-After that a client adds at random
_NOW = 1e-9  # seconds that are no time


class Server:
    """
    Admit or refuse requests, and answer them later.

    Args:
        clock: whose time it is.
        limit: decides.
        latency: of an answer.
        refusal_latency: of a refusal; None for the same as an answer.
        random: draws the latencies.

    Attributes:
        arrivals: times of all requests.
        admissions: times of those that were admitted.
    """

    def __init__(
        self,
        clock: Clock,
        limit: Limit,
        latency: Draw,
        refusal_latency: Draw | None,
        random: Random,
    ) -> None:
        self.arrivals: list[float] = []
        self.admissions: list[float] = []
        self._clock = clock
        self._limit = limit
        self._latency = latency
        self._refusal_latency = refusal_latency or latency
        self._random = random
        self._in_flight = 0

    def send(self, answer: Callable[[Refusal | None], None]) -> None:
        """Take a request; `answer` is called with what became of it."""
        uplink = _UPLINK + _JITTER * self._random.random()
        self._clock.after(uplink, lambda: self._arrive(answer))

    def _arrive(self, answer: Callable[[Refusal | None], None]) -> None:
        now = self._clock.now
        self.arrivals.append(now)
        refusal = self._limit.decide(now, self._in_flight)
        if refusal is not None:
            seconds = self._refusal_latency(self._random)
            self._clock.after(seconds, lambda: answer(refusal))
            return

        self.admissions.append(now)
        self._in_flight += 1
        self._clock.after(self._latency(self._random), lambda: self._finish(answer))

    def _finish(self, answer: Callable[[Refusal | None], None]) -> None:
        self._in_flight -= 1
        answer(None)


class Flow:
    """Let requests out as a lane does: by the pace and by the bound in flight."""

    def __init__(self, now: float, random: Random) -> None:
        self.pace = Pace(now)
        self.bound = InFlightBound()
        self._random = random

    def ready_at(self, now: float) -> float:
        """Return when the next request may go out."""
        if self.pace.in_flight >= self.bound.most:
            return math.inf

        return max(self.bound.ready_at(), self.pace.ready_at(now))

    def settle(self, sent: Sent, refusal: Refusal | None, now: float) -> None:
        """Take in what became of a request."""
        self.pace.ended()
        if refusal is None:
            self.pace.accepted(sent, now)
            self.bound.accepted(sent)
        elif refusal.kind == "in flight":
            self.bound.refused(sent, self.pace.last_index, now)
        else:
            until = refusal.resets_at
            if until is not None:
                until += self._random.random() / max(self.pace.rate or 10, 1.0)

            self.pace.refused_at(sent, now, until=until)


class Client:
    """
    Send prompts, each as often as it takes.

    Args:
        clock: whose time it is.
        server: to send them to.
        prompts: how many.
        max_in_flight: at a time.
        random: draws what it waits longer than asked.

    Attributes:
        flow: lets requests out.
        answered: prompts that are done.
        refused: requests that were refused.
        ended_at: when the last prompt was answered.
    """

    def __init__(
        self,
        clock: Clock,
        server: Server,
        prompts: int,
        max_in_flight: int,
        random: Random,
    ) -> None:
        self.flow = Flow(clock.now, random)
        self.answered = 0
        self.refused = 0
        self.ended_at: float | None = None
        self._clock = clock
        self._server = server
        self._prompts = prompts
        self._max_in_flight = max_in_flight
        self._random = random
        self._queue = deque(range(prompts))
        self._in_flight = 0
        self._wakes_at = math.inf

    def pump(self) -> None:
        """Send what may go out, and come back when more may."""
        now = self._clock.now
        while self._queue and self._in_flight < self._max_in_flight:
            at = self.flow.ready_at(now)
            if at > now + _NOW:
                self._wake(at)
                return

            self._send(self._queue.popleft())

    def _wake(self, at: float) -> None:
        if at < self._wakes_at:
            self._wakes_at = at
            self._clock.at(at, self._woken)

    def _woken(self) -> None:
        self._wakes_at = math.inf
        self.pump()

    def _send(self, prompt: int) -> None:
        self._in_flight += 1
        sent = self.flow.pace.sent(self._clock.now)
        self._server.send(lambda refusal: self._settle(prompt, sent, refusal))

    def _settle(self, prompt: int, sent: Sent, refusal: Refusal | None) -> None:
        now = self._clock.now
        self._in_flight -= 1
        self.flow.settle(sent, refusal, now)
        if refusal is None:
            self.answered += 1
            if self.answered == self._prompts:
                self.ended_at = now
        else:
            self.refused += 1
            longer = 1 + _HOLD_JITTER * self._random.random()
            wait = (refusal.retry_after or 0.0) * longer
            self._clock.after(wait, lambda: self._return(prompt))

        self.pump()

    def _return(self, prompt: int) -> None:
        self._queue.appendleft(prompt)
        self.pump()
