"""What simulated servers admit requests by, and how they refuse them."""

from __future__ import annotations

import math
from bisect import bisect_right
from itertools import pairwise
from typing import Literal, NamedTuple, Protocol, TypeAlias

Kind: TypeAlias = Literal["rate", "in flight", "load"]
RetryAfter: TypeAlias = Literal["exact", "whole"] | None

# A sum of floats must not refuse whoever came back exactly when told to.
_ROUNDING = 1e-9


class Refusal(NamedTuple):
    """
    Say no.

    Attributes:
        kind: what it is about.
        retry_after: seconds that this client is asked to wait.
        resets_at: time at which the window ends for everybody.
    """

    kind: Kind
    retry_after: float | None = None
    resets_at: float | None = None


class Limit(Protocol):
    """Admit requests, or refuse them; time runs from 0."""

    def decide(self, now: float, in_flight: int) -> Refusal | None:
        """Admit a request with None; `in_flight` are admitted and not answered."""
        ...

    def ideal(self, prompts: int) -> float:
        """Return when the last of so many is admitted at the earliest."""
        ...


class Rates:
    """
    Hold a rate that changes at known times.

    Args:
        steps: pairs of the second from which it holds, the first 0, and the rate
            in requests per second.
    """

    def __init__(self, *steps: tuple[float, float]) -> None:
        self._starts = [start for start, _ in steps]
        self._rates = [rate for _, rate in steps]
        self._totals = [0.0]
        for (begin, rate), (end, _) in pairwise(steps):
            self._totals.append(self._totals[-1] + (end - begin) * rate)

    def total(self, now: float) -> float:
        """Return the integral of the rate from 0 to now."""
        step = bisect_right(self._starts, now) - 1
        return self._totals[step] + (now - self._starts[step]) * self._rates[step]

    def reached(self, total: float) -> float:
        """Return when the integral is that much."""
        step = bisect_right(self._totals, total) - 1
        return self._starts[step] + (total - self._totals[step]) / self._rates[step]


class Bucket:
    """
    A token bucket, full at first.

    Args:
        rates: at which it fills; a number for one that does not change.
        burst: its size.
        retry_after: exact, in whole seconds (rounded up), or not said.
    """

    def __init__(
        self, rates: Rates | float, burst: int, retry_after: RetryAfter = None
    ) -> None:
        self._rates = rates if isinstance(rates, Rates) else Rates((0.0, rates))
        self._burst = burst
        self._retry_after = retry_after
        self._tokens = float(burst)
        self._filled = 0.0  # the integral up to which it was filled

    def decide(self, now: float, in_flight: int) -> Refusal | None:
        """Take a token, or say when there will be one."""
        total = self._rates.total(now)
        self._tokens = min(self._burst, self._tokens + total - self._filled)
        self._filled = total
        if self._tokens >= 1 - _ROUNDING:
            self._tokens -= 1
            return None

        if self._retry_after is None:
            return Refusal("rate")

        wait = self._rates.reached(total + 1 - self._tokens) - now
        return Refusal(
            "rate", math.ceil(wait) if self._retry_after == "whole" else wait
        )

    def ideal(self, prompts: int) -> float:
        """Return when the integral of the rate is what the burst does not hold."""
        return self._rates.reached(max(0, prompts - self._burst))


class Window:
    """
    So many requests, then none until the window ends.

    Args:
        requests: in one window.
        seconds: its length.
        told: how a refusal says when it ends: to everybody (X-RateLimit-Reset), to
            this client (Retry-After), or not.
        first_end: end of the first window; by default it begins with a request.
    """

    def __init__(
        self,
        requests: int,
        seconds: float,
        told: Literal["reset", "retry after"] | None = "reset",
        first_end: float | None = None,
    ) -> None:
        self._requests = requests
        self._seconds = seconds
        self._told = told
        self._first_end = first_end
        self._ends = first_end
        self._used = 0

    def decide(self, now: float, in_flight: int) -> Refusal | None:
        """Count a request, or refuse it until the window ends."""
        if self._ends is None:
            self._ends = now + self._seconds

        if now >= self._ends:
            passed = math.floor((now - self._ends) / self._seconds) + 1
            self._ends += passed * self._seconds
            self._used = 0

        if self._used < self._requests:
            self._used += 1
            return None

        return Refusal(
            "rate",
            self._ends - now if self._told == "retry after" else None,
            self._ends if self._told == "reset" else None,
        )

    def ideal(self, prompts: int) -> float:
        """Return when the last window that is needed begins."""
        passed = math.ceil(prompts / self._requests) - 1
        if self._first_end is None or passed == 0:
            return passed * self._seconds

        return self._first_end + (passed - 1) * self._seconds


class InFlight:
    """
    So many requests at a time; more are the one 402 that passes by itself.

    Args:
        most: at a time.
        latency: mean seconds of an answer.
        retry_after: seconds that a refusal names.
    """

    def __init__(self, most: int, latency: float, retry_after: float = 1.0) -> None:
        self._most = most
        self._latency = latency
        self._retry_after = retry_after

    def decide(self, now: float, in_flight: int) -> Refusal | None:
        """Admit a request while there is room."""
        return (
            None if in_flight < self._most else Refusal("in flight", self._retry_after)
        )

    def ideal(self, prompts: int) -> float:
        """Return when the last round of so many at a time begins."""
        return (prompts / self._most - 1) * self._latency


class Outage:
    """
    A server that is short of capacity for a while, and limited as usual otherwise.

    Args:
        limit: the usual one.
        begins: second from which every request is refused.
        ends: second from which they are not any more.
    """

    def __init__(self, limit: Limit, begins: float, ends: float) -> None:
        self._limit = limit
        self._begins = begins
        self._ends = ends

    def decide(self, now: float, in_flight: int) -> Refusal | None:
        """Refuse everything in the outage."""
        if self._begins <= now < self._ends:
            return Refusal("load")

        return self._limit.decide(now, in_flight)

    def ideal(self, prompts: int) -> float:
        """Return the usual time, and the outage if it falls into it."""
        usual = self._limit.ideal(prompts)
        return usual if usual < self._begins else usual + self._ends - self._begins
