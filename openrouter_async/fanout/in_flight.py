"""How many requests may be in flight when the bound is not known."""

from __future__ import annotations

from math import inf

from openrouter_async.fanout.deliveries import Sent

_PROBE_AFTER = 40  # requests let in at the bound before one more is tried
_SOONEST = 5  # the same after many probes that went well
_LATEST = 640  # the same after many that were refused: each costs a wait
_FIRST_WAIT = 0.5  # seconds, when not even one request is let in
_LONGEST_WAIT = 30.0


class InFlightBound:
    """
    Find how many requests at a time a small balance allows, and follow it.

    OpenRouter reserves credit for each running request and answers 402 while too much
    is reserved (`limit_source` `openrouter_in_flight_budget`). The one that was
    refused tells how many fit; more are tried one by one, the sooner the longer
    nothing is refused.

    Attributes:
        most: requests in flight at a time; infinite until one was refused.
    """

    def __init__(self) -> None:
        self.most: float = inf
        self._let_in = 0
        self._probe_after = _PROBE_AFTER
        self._probing = False  # whether the last change was one more
        self._lowered_at = 0  # number of the last request at the bound before
        self._wait = 0.0
        self._resume_at = -inf

    def ready_at(self) -> float:
        """Return when the next request may go out as far as this bound goes."""
        return self._resume_at

    def accepted(self, sent: Sent) -> None:
        """Take in that a request was let in."""
        self._wait = 0.0
        if sent.in_flight < self.most or sent.index <= self._lowered_at:
            return

        self._let_in += 1
        if self._let_in >= self._probe_after:
            self._let_in = 0
            self._probe_after = max(_SOONEST, self._probe_after * 3 // 4)
            self._probing = True
            self.most += 1

    def refused(self, sent: Sent, last_sent: int, now: float) -> None:
        """
        Take in that a request was refused because too much was in flight.

        Args:
            sent: the request.
            last_sent: number of the last request that went out.
            now: seconds of the clock that `sent` was stamped by.
        """
        if self.most == 1 and sent.index > self._lowered_at:
            # Others use the same balance: asking at once would not end.
            self._wait = min(max(2 * self._wait, _FIRST_WAIT), _LONGEST_WAIT)
            self._resume_at = now + self._wait

        most = max(1, min(self.most, sent.in_flight - 1))
        known = self._probing and most == self.most - 1
        later = min(_LATEST, max(_PROBE_AFTER, 2 * self._probe_after))
        self._probe_after = later if known else _PROBE_AFTER
        self._probing = False
        self._let_in = 0
        self._lowered_at = last_sent
        self.most = most
