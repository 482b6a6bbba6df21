"""The limits that a fan-out is measured against, and what it has to reach."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.limits import (
    Bucket,
    InFlight,
    Limit,
    Rates,
    RetryAfter,
    Unlimited,
    Window,
)

IN_FLIGHT = 256  # allowed to each client process
CUTOFF = 60.0  # seconds after which a rival is stopped


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """
    Say how a server limits its clients.

    The ideal time is that of the limit itself, from its first request to the last
    answer; each limit's docstring has the formula.

    Attributes:
        name: for the command line.
        title: for the table.
        limit: makes the limit.
        prompts: that are sent, by all processes together.
        processes: clients that share the limit and start together.
        latency: seconds of an answer.
        refusal_latency: seconds of a refusal; None for the same.
        most_refused: target: refused requests per prompt.
        least_ideal: target: ideal time in wall time.
        rivals: whether other clients are measured with it.
    """

    name: str
    title: str
    limit: Callable[[], Limit]
    prompts: int = 3_000
    processes: int = 1
    latency: float = 0.05
    refusal_latency: float | None = None
    most_refused: float = 0.05
    least_ideal: float = 0.90
    rivals: bool = False


def _bucket(
    *steps: tuple[float, float], burst: int = 200, retry_after: RetryAfter = "exact"
) -> Callable[[], Limit]:
    return lambda: Bucket(Rates(*(steps or ((0, 200),))), burst, retry_after)


SHAPES = (
    Shape(
        name="bucket",
        title="bucket of 200, 200/s, exact Retry-After",
        limit=_bucket(),
        rivals=True,
    ),
    Shape(
        name="burst-10",
        title="bucket of 10, 200/s, exact Retry-After",
        limit=_bucket(burst=10),
    ),
    Shape(
        name="no-retry-after",
        title="bucket of 200, 200/s, no Retry-After",
        limit=_bucket(retry_after="none"),
        least_ideal=0.95,
        rivals=True,
    ),
    Shape(
        name="whole-seconds",
        title="bucket of 200, 200/s, Retry-After in whole seconds",
        limit=_bucket(retry_after="whole"),
        prompts=10_000,
    ),
    Shape(
        name="window",
        title="window of 100 in 2 s, X-RateLimit-Reset",
        limit=lambda: Window(100, 2.0),
        most_refused=0.10,
        rivals=True,
    ),
    Shape(
        name="changing",
        title="bucket of 200, 200/s, from 5 s 100/s, from 10 s 200/s",
        limit=_bucket((0, 200), (5, 100), (10, 200)),
    ),
    Shape(
        name="rising",
        title="bucket of 200, 200/s, from 5 s 400/s",
        limit=_bucket((0, 200), (5, 400)),
    ),
    Shape(
        name="in-flight",
        title="402 above 20 in flight, Retry-After 1",
        limit=lambda: InFlight(20, retry_after=1),
        # A Retry-After of a second: the tail must not decide.
        prompts=10_000,
        most_refused=0.10,
    ),
    Shape(
        name="slow",
        title="bucket of 200, 200/s, latency 1 s",
        limit=_bucket(),
        prompts=10_000,
        latency=1.0,
    ),
    Shape(
        name="slow-answers",
        title="bucket of 200, 200/s, answers 1 s, refusals 50 ms",
        limit=_bucket(),
        prompts=10_000,
        latency=1.0,
        refusal_latency=0.05,
    ),
    Shape(
        name="eight",
        title="8 processes on one bucket of 200, 200/s",
        limit=_bucket(),
        prompts=8_000,
        processes=8,
        most_refused=0.15,
        least_ideal=0.85,
    ),
)

# For what is not about limits: costs, journals.
AT_ONCE = Shape(name="at-once", title="no limit", limit=Unlimited, latency=0.0)
BRISK = Shape(name="brisk", title="no limit, 5 ms", limit=Unlimited, latency=0.005)
STEADY = Shape(name="steady", title="no limit, 50 ms", limit=Unlimited)
ALL_SHAPES = (*SHAPES, AT_ONCE, BRISK, STEADY)
