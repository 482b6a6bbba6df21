"""Limits that a simulated account has, and what is said to those who exceed them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias, runtime_checkable

from openrouter_async.testing.checks import check_arguments
from openrouter_async.testing.refusals import Refusal

RetryAfterForm: TypeAlias = Literal["seconds", "exact", "milliseconds"]

# Sums of floats fall short by this much for a client that waits exactly as told.
_ROUNDING = 1e-9


@dataclass(frozen=True, kw_only=True, slots=True)
class Moment:
    """
    When a request asks for admission.

    Attributes:
        monotonic: Seconds of the simulator's monotonic clock.
        wall: Seconds since the epoch.
        in_flight: Admitted requests that have not been answered yet.
    """

    monotonic: float
    wall: float
    in_flight: int


@runtime_checkable
class Limit(Protocol):
    """What decides whether a request is admitted."""

    def decide(self, moment: Moment) -> Refusal | None:
        """Admit a request with None, or refuse it."""
        ...

    def reset(self) -> None:
        """Forget all requests seen so far."""
        ...


class RateLimit:
    """
    A token bucket: `rate` requests a second, `burst` of them at once.

    Args:
        rate: Requests a second that flow into the bucket, above 0.
        burst: Size of the bucket, at least 1; by default the rate.
        retry_after: How a refusal says when the next request is admitted:
            `"seconds"` a whole number of seconds, rounded up; `"exact"` a
            fraction of a second; `"milliseconds"` the header `retry-after-ms`;
            None not at all.

    Raises:
        TypeError: If an argument is of a wrong type.
        ValueError: If it is out of range.
    """

    def __init__(
        self,
        rate: float,
        burst: float | None = None,
        *,
        retry_after: RetryAfterForm | None = "seconds",
    ) -> None:
        check_arguments(
            RateLimit.__init__, rate=rate, burst=burst, retry_after=retry_after
        )
        self.rate = rate
        self.burst: float = float(max(1.0, rate) if burst is None else burst)
        if rate <= 0 or self.burst < 1:
            message = "rate must be above 0, burst at least 1"
            raise ValueError(message)

        self.retry_after: RetryAfterForm | None = retry_after
        self._tokens = self.burst
        self._filled_at = -math.inf

    def __repr__(self) -> str:
        return (
            f"RateLimit(rate={self.rate}, burst={self.burst}, "
            f"retry_after={self.retry_after!r})"
        )

    def decide(self, moment: Moment) -> Refusal | None:
        """Take a token out of the bucket, or say when there will be one."""
        elapsed = moment.monotonic - self._filled_at
        self._tokens = min(self.burst, self._tokens + elapsed * self.rate)
        self._filled_at = moment.monotonic
        if self._tokens >= 1 - _ROUNDING:
            self._tokens -= 1
            return None

        return _too_many((1 - self._tokens) / self.rate, self.retry_after)

    def reset(self) -> None:
        """Fill the bucket."""
        self._tokens = self.burst
        self._filled_at = -math.inf


class WindowLimit:
    """
    A fixed window: so many requests, then none until the window ends.

    Refusals carry `X-RateLimit-Limit`, `X-RateLimit-Remaining` and
    `X-RateLimit-Reset`, the last in milliseconds since the epoch, as OpenRouter's
    own limits do.

    Args:
        requests: Requests in one window, at least 1.
        seconds: Length of a window, above 0.
        retry_after: As for `RateLimit`.

    Raises:
        TypeError: If an argument is of a wrong type.
        ValueError: If it is out of range.
    """

    def __init__(
        self,
        requests: int,
        seconds: float,
        *,
        retry_after: RetryAfterForm | None = None,
    ) -> None:
        check_arguments(
            WindowLimit.__init__,
            requests=requests,
            seconds=seconds,
            retry_after=retry_after,
        )
        if seconds == 0:
            message = "seconds must be above 0"
            raise ValueError(message)

        self.requests = requests
        self.seconds = seconds
        self.retry_after: RetryAfterForm | None = retry_after
        self._used = 0
        self._ends_at = -math.inf

    def __repr__(self) -> str:
        return (
            f"WindowLimit({self.requests}, {self.seconds}, "
            f"retry_after={self.retry_after!r})"
        )

    def decide(self, moment: Moment) -> Refusal | None:
        """Count a request, or refuse it until the window ends."""
        if moment.monotonic >= self._ends_at:
            self._used = 0
            self._ends_at = moment.monotonic + self.seconds

        if self._used < self.requests:
            self._used += 1
            return None

        left = self._ends_at - moment.monotonic
        headers = {
            "X-RateLimit-Limit": str(self.requests),
            "X-RateLimit-Remaining": "0",
            "X-RateLimit-Reset": str(math.ceil((moment.wall + left) * 1000)),
        }
        return _too_many(left, self.retry_after, headers)

    def reset(self) -> None:
        """Open a new window with the next request."""
        self._used = 0
        self._ends_at = -math.inf


class InFlightLimit:
    """
    So many requests at a time, by the credit that each of them reserves.

    The refusal is the only 402 that is worth a retry: its `limit_source` is
    `openrouter_in_flight_budget` and it carries Retry-After.

    Args:
        requests: Requests in flight at a time, at least 1.
        retry_after: Seconds that a refusal names.

    Raises:
        TypeError: If an argument is of a wrong type.
        ValueError: If it is out of range.
    """

    def __init__(self, requests: int, *, retry_after: float = 1.0) -> None:
        check_arguments(
            InFlightLimit.__init__, requests=requests, retry_after=retry_after
        )
        self.requests = requests
        self.retry_after = retry_after

    def __repr__(self) -> str:
        return f"InFlightLimit({self.requests}, retry_after={self.retry_after})"

    def decide(self, moment: Moment) -> Refusal | None:
        """Admit a request if fewer than the limit are in flight."""
        if moment.in_flight < self.requests:
            return None

        return Refusal(
            status=402,
            message="Too many requests in flight for the balance of this account. "
            "Retry later, or lower max_tokens.",
            metadata={
                "limit_source": "openrouter_in_flight_budget",
                "reason": "in_flight_budget_exceeded",
                "error_type": "payment_required",
                "retry_after_seconds": self.retry_after,
            },
            headers={"Retry-After": format_seconds(self.retry_after)},
        )

    def reset(self) -> None:
        """Do nothing: requests in flight are counted by the simulator."""


def format_seconds(seconds: float) -> str:
    """Return seconds as a header has them: `2` rather than `2.0`."""
    return str(int(seconds)) if seconds == int(seconds) else f"{seconds:.3f}"


def _too_many(
    wait: float,
    form: RetryAfterForm | None,
    limit_headers: Mapping[str, str] | None = None,
) -> Refusal:
    headers = {**(limit_headers or {}), **_retry_after(wait, form)}
    metadata: dict[str, object] = {
        "limit_source": "openrouter_shared_capacity",
        "error_type": "rate_limit_exceeded",
    }
    if headers:
        metadata["headers"] = headers

    if form is not None:
        metadata["retry_after_seconds"] = math.ceil(wait)
        metadata["retry_after_seconds_raw"] = wait

    return Refusal(
        status=429,
        message="Rate limit exceeded: simulator",
        metadata=metadata,
        headers=headers,
    )


def _retry_after(wait: float, form: RetryAfterForm | None) -> dict[str, str]:
    if form == "seconds":
        return {"Retry-After": str(math.ceil(wait))}

    if form == "exact":
        # Rounded up: who waits exactly as long as told must be admitted.
        return {"Retry-After": f"{math.ceil(wait * 1000) / 1000:.3f}"}

    if form == "milliseconds":
        return {"retry-after-ms": str(math.ceil(wait * 1000))}

    return {}
