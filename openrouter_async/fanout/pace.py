"""
How fast requests may go out when the limit is not known.

A state machine over (event, now): it sleeps nowhere and draws no random numbers. Its
numbers were searched in a simulation of clients and servers, which the tests keep:
token buckets, fixed windows, changing rates, slow answers, many clients on one limit.

It goes through four phases:

opening    a window of requests in flight, which doubles every 0.3 s (every round trip
           where that is longer) until the first refusal.
climbing   a pace of half of what was delivered, which doubles at the same speed: the
           first refusal only tells that a burst was used up, not what flows in after.
settling   the climb was refused: it comes down and goes on at half the speed, until
           enough was delivered between two refusals to measure.
following  between two refusals the server's bucket went from empty to empty, so what
           was delivered between them is what flowed in. The pace is that, plus a
           probe of a few percent; with nothing refused for longer than the probe
           explains, it grows ever faster.
"""

from __future__ import annotations

from math import inf, pow
from typing import Literal, TypeAlias

from openrouter_async.fanout.deliveries import Deliveries, Sent

_OPENING = 16.0  # requests in flight that a cold start begins with
_DOUBLING = 0.3  # seconds in which the opening and the climb double
_UNTOLD = 1.0  # seconds after which silence counts as consent in the opening
_CLIMB_FROM = 0.5  # of what was delivered before the first refusal
_LEAST_CLIMB = 1.0  # requests a second, however few were sent before
_CUT = 0.8  # a pace that was refused after a quiet time comes down to this share
_QUIET = 2.0  # times the expected distance of refusals that may pass without growth
_GROWTH = 0.1  # a round trip for each further such distance
_GROWTH_DOUBLING = 0.7  # seconds in which growth may double the pace
_MOST_GROWTH = 0.5  # a round trip, however long that is
_PATIENCE = 15.0  # seconds that count as one distance where requests are rare
_BLOCKED = 4  # refusals in a row after which nothing is getting through
_BACK_OFF = 2.0  # the pace comes down by this, once a round trip, while that lasts
_LONGEST_WAIT = 30.0  # seconds between two tries, however long that lasts
_SETTLING = 2.0  # times as long as a climb takes to double
_CATCH_UP = 0.02  # seconds by which a late timer may be made up for
_IDLE = 1.0  # seconds late, and twice its distance, that a request is when few are sent

_Phase: TypeAlias = Literal["opening", "climbing", "settling", "following"]


def probe(pace: float) -> float:
    """
    Return the share by which a pace goes beyond what was delivered.

    Refusals are how a limit is known. At a fixed share of the requests, a slow client
    would learn of a change minutes after a fast one; at a fixed number a second, it
    would have most of its requests refused. Between the two, the slower of two
    clients on one limit probes harder and gains on the faster, until they are equal.

    Args:
        pace: requests a second.
    """
    # Refused requests count for the daily limits of free models, which are slow
    # (https://openrouter.ai/docs/api-reference/limits).
    most = 0.2 if pace > 1 else 0.1
    return min(most, max(0.01, 0.015 * pow(200 / max(pace, 1e-9), 0.75)))


class Pace:
    """
    Find the rate that a server takes, and follow it.

    Each request is told of by `sent()`, by `accepted()` or `refused_at()` if a limit
    decided on it, and by `ended()`.

    Args:
        now: seconds of any monotonic clock; so are all times here.

    Attributes:
        rate: requests a second; None as long as nothing was refused.
        in_flight: requests that have not ended.
        refused: how many were refused.
    """

    def __init__(self, now: float) -> None:
        self.rate: float | None = None
        self.in_flight: int = 0
        self.refused: int = 0
        self._started = now
        self._before_start = 0  # number of the last request before that
        self._accepted_before = 0
        self._idle = False  # since the last refusal, now and then
        self._window = _OPENING
        self._widened = now
        self._window_full_at = -inf
        self._phase: _Phase = "opening"
        self._sent = 0
        self._accepted = 0
        self._next = now
        self._hold = -inf
        self._round_trip: float | None = None
        self._deliveries = Deliveries()
        self._last_refused = 0
        self._last_refused_at = now
        self._opening_ends = 0  # number of its last request
        self._cut_at = 0  # number of the last request at the pace before a cut
        self._run = 0
        self._before_block: float | None = None

    # What may go out

    def ready_at(self, now: float) -> float:
        """Return when the next request may go out; `now` or before: at once."""
        if self.rate is not None:
            return max(self._hold, self._next)

        if self.in_flight < int(self._window):
            return self._hold

        if now >= self._widened + _UNTOLD:
            self._window *= 2
            self._widened = now
            return self._hold

        return self._widened + _UNTOLD

    @property
    def held_until(self) -> float:
        """The time before which the server lets nobody in."""
        return self._hold

    @property
    def last_index(self) -> int:
        """Number of the last request that went out."""
        return self._sent

    def sent(self, now: float) -> Sent:
        """Count a request that goes out now."""
        rate, held_back = self.rate, True
        if rate is None and not self.in_flight:
            # What flowed in before a quiet time is long forgotten by the server.
            self._started, self._before_start = now, self._sent
            self._accepted_before = self._accepted

        self._sent += 1
        self.in_flight += 1
        if rate is None:
            if self.in_flight >= int(self._window):
                self._window_full_at = self._sent
                self._widened = now  # silence begins when there is something to say
        else:
            late = now - self._next
            held_back = late < 1 / rate
            self._idle = self._idle or late > max(_IDLE, 2 / rate)
            self._next = max(self._next, now - _CATCH_UP) + 1 / rate

        return Sent(self._sent, now, rate, self.in_flight, held_back=held_back)

    def ended(self) -> None:
        """Count a request that is not in flight any more."""
        # Those of an event loop that has ended are not counted any more.
        self.in_flight = max(0, self.in_flight - 1)

    # What became of it

    def accepted(self, sent: Sent, now: float) -> None:
        """Take in that a request was let in."""
        self._answered(sent, now)
        self._accepted += 1
        if self.rate is None:
            self._widen(sent, now)
            return

        if sent.index > self._last_refused:
            self._unblock(now)
            if sent.pace is not None and sent.held_back:
                self._grow(sent, sent.pace)

    def refused_at(self, sent: Sent, now: float, *, until: float | None = None) -> None:
        """
        Take in that a request was refused for its rate.

        Args:
            sent: the request.
            now: the time.
            until: when the server's window ends for everybody, if it said so.
        """
        self._answered(sent, now)
        self.refused += 1
        at = sent.at
        if until is not None:
            # Nothing flows until then: it is part of the time that was measured.
            at = until
            self._hold = max(self._hold, until)
            self._next = max(self._next, self._hold)

        if sent.index < self._last_refused:
            return  # overtaken by a later one

        distance = sent.index - self._last_refused
        self._last_refused, self._last_refused_at = sent.index, sent.at
        if self.rate is None:
            self._end_opening(sent, now)
            self._deliveries.restart(sent.index, at, self.refused)
        elif sent.index <= self._opening_ends:
            self._deliveries.restart(sent.index, at, self.refused)
        else:
            self._follow(sent, now, at, distance, told=until is not None)

    @property
    def accepted_count(self) -> int:
        """How many were let in."""
        return self._accepted

    def _answered(self, sent: Sent, now: float) -> None:
        took = now - sent.at
        known = self._round_trip
        self._round_trip = took if known is None else known + 0.1 * (took - known)

    def _widen(self, sent: Sent, now: float) -> None:
        self._widened = now
        # Who sends little learns little about what could be sent.
        if sent.index - self._window_full_at <= self._window:
            assert self._round_trip is not None
            self._window += _added(self._round_trip, _DOUBLING)

    def _end_opening(self, sent: Sent, now: float) -> None:
        assert self._round_trip is not None
        accepted = self._accepted - self._accepted_before
        delivered = max(accepted, sent.index - self._before_start - 1, 1)
        took = max(sent.at - self._started, self._round_trip, 0.05)
        self.rate = max(delivered / took * _CLIMB_FROM, _LEAST_CLIMB)
        self._phase = "climbing"
        self._opening_ends = self._sent
        # What is in flight now will mostly be refused: its answers come first.
        self._next = max(now + min(self._round_trip, _UNTOLD), self._hold)

    def _follow(
        self, sent: Sent, now: float, at: float, distance: int, *, told: bool
    ) -> None:
        assert self.rate is not None
        pace = sent.pace or self.rate
        self._run = 0 if distance > 1 else self._run + 1
        idle, self._idle = self._idle, False
        if self._run >= _BLOCKED and not told:
            self._back_off(sent, now)
        elif idle:
            # Time in which nothing was sent says nothing about what flows in.
            self._deliveries.restart(sent.index, at, self.refused)
        elif self._phase == "settling":
            self._settle(sent, at, pace)
        elif self._phase == "climbing" or distance * probe(pace) > _QUIET:
            # The bucket had filled meanwhile: what was delivered says nothing.
            self._deliveries.restart(sent.index, at, self.refused)
            self._cut(sent, pace * _CUT)
            if self._phase == "climbing":
                self._phase = "settling"
        elif self._run == 0:
            self._measure(sent, at, pace)

    def _settle(self, sent: Sent, at: float, pace: float) -> None:
        assert self.rate is not None
        if self._run == 0 and self._measure(sent, at, pace):
            self._phase = "following"
        else:
            self._cut(sent, self.rate * _CUT)

    def _measure(self, sent: Sent, at: float, pace: float) -> bool:
        """Set the pace to what was delivered; tell whether that is known."""
        assert self.rate is not None
        enough = 1.5 / probe(self.rate)
        self._deliveries.add(sent.index, at, self.refused, enough)
        rate = self._deliveries.rate(self.rate)
        if rate is None:
            delivered, refused = self._deliveries.counts()
            if refused > 3 * (delivered + 1):
                self._cut(sent, self.rate / 1.5)

            return False

        if rate < self.rate * 1.5:
            self.rate = min(pace, rate * (1 + probe(rate)))

        return True

    def _cut(self, sent: Sent, rate: float) -> None:
        """Lower the pace, once for all that was sent at the old one."""
        if sent.index > self._cut_at:
            self.rate = rate
            self._cut_at = self._sent

    def _back_off(self, sent: Sent, now: float) -> None:
        assert self.rate is not None
        if sent.index <= self._cut_at:
            return

        if self._before_block is None:
            self._before_block = self.rate

        least = min(self._before_block, 1 / _LONGEST_WAIT)
        self._cut(sent, max(self.rate / _BACK_OFF, least))
        self._next = max(self._next, now + 1 / self.rate)

    def _unblock(self, now: float) -> None:
        self._run = 0
        if self._before_block is not None:
            assert self.rate is not None
            self.rate = max(self.rate, self._before_block)
            self._before_block = None
            self._next = min(self._next, now)

    def _grow(self, sent: Sent, pace: float) -> None:
        assert self.rate is not None
        if self._phase != "following":
            if sent.index > self._cut_at:
                slower = _SETTLING if self._phase == "settling" else 1.0
                growth = _added(self._step(pace), _DOUBLING * slower)
                self.rate = max(self.rate, pace * (1 + growth))

            return

        quiet = max(
            (sent.index - self._last_refused) * probe(pace),
            (sent.at - self._last_refused_at) / _PATIENCE,
        )
        if quiet > _QUIET:
            fastest = _added(self._step(pace), _GROWTH_DOUBLING)
            growth = min(_MOST_GROWTH, fastest, _GROWTH * (quiet - _QUIET + 1))
            self.rate = max(self.rate, pace * (1 + growth))

    def _step(self, pace: float) -> float:
        """Return the seconds from one change of the pace to the next."""
        assert self._round_trip is not None
        return max(self._round_trip, 1 / pace)


def _added(seconds: float, doubling: float) -> float:
    """Return the share that is added in a time, at most once as much again."""
    # An answer can take so many doublings that the power is no float.
    return 2 ** min(1.0, seconds / doubling) - 1
