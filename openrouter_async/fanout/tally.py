"""What a run counts."""

from __future__ import annotations

import time

from openrouter_async.errors import NotSentError
from openrouter_async.fanout.limiter import Limiter
from openrouter_async.fanout.outcomes import Outcome
from openrouter_async.fanout.statistics import MapStatistics
from openrouter_async.fanout.work import Receipt
from openrouter_async.types.admission import Scope


class Tally:
    """
    Count what a run does.

    Attributes:
        pulled: items taken from the input.
        in_flight: items whose request is under way.
        waiting: items that wait for their turn, or for what a server asked for.
        requests: requests sent.
        throttled: those that a limit refused, or load.
        replayed: answers that came from the journal.
        scopes: what their limits are counted by.
    """

    def __init__(self, limiter: Limiter) -> None:
        self.pulled: int = 0
        self.in_flight = 0
        self.waiting = 0
        self.requests = 0
        self.throttled = 0
        self.scopes: set[Scope] = set()
        self._limiter = limiter
        self._succeeded = 0
        self._failed = 0
        self._not_sent = 0
        self.replayed: int = 0
        self._tokens = 0
        self._cost = 0.0
        self._began_at: float | None = None
        self._ended_at: float | None = None

    def pull(self) -> int:
        """Count an item, and return its place in the input."""
        if self._began_at is None:
            self._began_at = time.monotonic()

        self.pulled += 1
        return self.pulled - 1

    def spend(self, receipt: Receipt) -> None:
        """Add up what an answer used."""
        self._tokens += receipt.tokens or 0
        self._cost += receipt.cost or 0.0

    def add(self, outcome: Outcome[object]) -> None:
        """Count an outcome."""
        if outcome.ok:
            self._succeeded += 1
            self.replayed += outcome.replayed
        elif isinstance(outcome.error, NotSentError):
            self._not_sent += 1
        else:
            self._failed += 1

    def end(self) -> None:
        """Stop the clock."""
        if self._ended_at is None:
            self._ended_at = time.monotonic()

    def statistics(
        self, *, interrupted: int, input_ended: bool, cause: Exception | None
    ) -> MapStatistics:
        """Return what was counted, with what else there is to tell."""
        now = self._ended_at or time.monotonic()
        return MapStatistics(
            pulled=self.pulled,
            succeeded=self._succeeded,
            failed=self._failed,
            not_sent=self._not_sent,
            replayed=self.replayed,
            in_flight=self.in_flight,
            waiting=self.waiting,
            requests=self.requests,
            throttled=self.throttled,
            interrupted=interrupted,
            tokens=self._tokens,
            cost=self._cost,
            elapsed=0.0 if self._began_at is None else now - self._began_at,
            rate=self._rate(),
            input_ended=input_ended,
            cause=cause,
        )

    def _rate(self) -> float | None:
        lanes = [
            lane
            for each in self.scopes
            for lane in self._limiter.statistics(each).lanes
        ]
        rates = [lane.rate for lane in lanes if lane.rate is not None]
        return sum(rates) if rates else None
