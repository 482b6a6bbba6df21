"""Limits of a server that is called too often: what each admits, and how it refuses."""

from __future__ import annotations

import math
import time
from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal, Protocol, TypeAlias

RetryAfter: TypeAlias = Literal["none", "exact", "whole"]

# A sum of floats must not refuse whoever came back exactly when told to.
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """
    Say no in OpenRouter's words.

    Attributes:
        status: of the response, and the error's code.
        message: for people.
        metadata: the error's.
        headers: of the response.
    """

    status: int
    message: str
    metadata: Mapping[str, object]
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


class Limit(Protocol):
    """Admit requests, or refuse them; time runs from the first request."""

    def decide(self, elapsed: float, in_flight: int) -> Refusal | None:
        """Admit a request with None; `in_flight` are admitted and not answered."""
        ...

    def ideal(self, prompts: int, latency: float) -> float:
        """Return the seconds in which so many can be answered at best."""
        ...

    def rate(self, elapsed: float, latency: float) -> float:
        """Return how many requests a second are admitted in the long run."""
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

    def at(self, elapsed: float) -> float:
        """Return the rate at that second."""
        return self._rates[bisect_right(self._starts, elapsed) - 1]

    def total(self, elapsed: float) -> float:
        """Return the integral of the rate from 0 to that second."""
        step = bisect_right(self._starts, elapsed) - 1
        return self._totals[step] + (elapsed - self._starts[step]) * self._rates[step]

    def reached(self, total: float) -> float:
        """Return the second at which the integral is that much."""
        step = bisect_right(self._totals, total) - 1
        return self._starts[step] + (total - self._totals[step]) / self._rates[step]


class Bucket:
    """
    A token bucket, full at the first request.

    The ideal: the last of N prompts is admitted when the integral of the rate is
    N - burst, and answered one latency later.

    Args:
        rates: at which it fills.
        burst: its size.
        retry_after: exact, in whole seconds (rounded up), or not said.
    """

    def __init__(self, rates: Rates, burst: int, retry_after: RetryAfter) -> None:
        self._rates = rates
        self._burst = burst
        self._retry_after: RetryAfter = retry_after
        self._tokens = float(burst)
        self._filled = 0.0  # the integral up to which the bucket was filled

    def decide(self, elapsed: float, in_flight: int) -> Refusal | None:
        """Take a token, or say when there will be one."""
        total = self._rates.total(elapsed)
        self._tokens = min(self._burst, self._tokens + total - self._filled)
        self._filled = total
        if self._tokens >= 1 - _ROUNDING:
            self._tokens -= 1
            return None

        wait = self._rates.reached(total + 1 - self._tokens) - elapsed
        return _too_many(_wait_headers(wait, self._retry_after))

    def ideal(self, prompts: int, latency: float) -> float:
        """Return the seconds; see the class."""
        return self._rates.reached(max(0, prompts - self._burst)) + latency

    def rate(self, elapsed: float, latency: float) -> float:
        """Return the rate at which the bucket fills."""
        return self._rates.at(elapsed)


class Window:
    """
    So many requests, then none until the window ends; the next request opens one.

    Refusals say when in `X-RateLimit-Reset`, in milliseconds since the epoch.

    The ideal: all windows but the last pass, ceil(N / requests) - 1 of them, and the
    last request is answered one latency later.

    Args:
        requests: in one window.
        seconds: its length.
        epoch: the wall clock.
    """

    def __init__(
        self,
        requests: int,
        seconds: float,
        epoch: Callable[[], float] = time.time,
    ) -> None:
        self._requests = requests
        self._seconds = seconds
        self._epoch = epoch
        self._ends = -math.inf
        self._used = 0

    def decide(self, elapsed: float, in_flight: int) -> Refusal | None:
        """Count a request, or refuse it until the window ends."""
        if elapsed >= self._ends:
            self._used = 0
            self._ends = elapsed + self._seconds

        if self._used < self._requests:
            self._used += 1
            return None

        reset = math.ceil((self._epoch() + self._ends - elapsed) * 1000)
        headers = {
            "X-RateLimit-Limit": str(self._requests),
            "X-RateLimit-Remaining": "0",
            "X-RateLimit-Reset": str(reset),
        }
        return _too_many(headers)

    def ideal(self, prompts: int, latency: float) -> float:
        """Return the seconds; see the class."""
        windows = math.ceil(prompts / self._requests)
        return (windows - 1) * self._seconds + latency

    def rate(self, elapsed: float, latency: float) -> float:
        """Return the requests of a window, spread over it."""
        return self._requests / self._seconds


class InFlight:
    """
    So many requests at a time; more are the one 402 that passes by itself.

    The ideal: ceil(N / requests) rounds of one latency each.

    Args:
        requests: at a time.
        retry_after: seconds that a refusal names.
    """

    def __init__(self, requests: int, retry_after: int) -> None:
        self._requests = requests
        self._retry_after = retry_after

    def decide(self, elapsed: float, in_flight: int) -> Refusal | None:
        """Admit a request while there is room."""
        if in_flight < self._requests:
            return None

        return Refusal(
            status=402,
            message="Too many requests in flight for the balance of this account.",
            metadata={
                "limit_source": "openrouter_in_flight_budget",
                "error_type": "payment_required",
                "retry_after_seconds": self._retry_after,
            },
            headers={"Retry-After": str(self._retry_after)},
        )

    def ideal(self, prompts: int, latency: float) -> float:
        """Return the seconds; see the class."""
        return math.ceil(prompts / self._requests) * latency

    def rate(self, elapsed: float, latency: float) -> float:
        """Return what so many at a time come to."""
        return self._requests / latency


class Unlimited:
    """Admit everything."""

    def decide(self, elapsed: float, in_flight: int) -> Refusal | None:
        """Admit the request."""
        return None

    def ideal(self, prompts: int, latency: float) -> float:
        """Return one latency: all can be sent at once."""
        return latency

    def rate(self, elapsed: float, latency: float) -> float:
        """Return infinity."""
        return math.inf


def _wait_headers(wait: float, form: RetryAfter) -> dict[str, str]:
    if form == "none":
        return {}

    if form == "whole":
        return {"Retry-After": str(math.ceil(wait))}

    # Rounded up: who comes back as told must be admitted.
    return {"Retry-After": f"{math.ceil(wait * 1000) / 1000:.3f}"}


def _too_many(headers: Mapping[str, str]) -> Refusal:
    metadata: dict[str, object] = {
        "limit_source": "openrouter_shared_capacity",
        "error_type": "rate_limit_exceeded",
    }
    if headers:
        metadata["headers"] = headers

    return Refusal(
        status=429, message="Rate limit exceeded", metadata=metadata, headers=headers
    )
