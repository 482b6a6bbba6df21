"""The limits that the pace was searched in, and what it has to reach on each."""

from __future__ import annotations

from tests.flow.limits import Bucket, InFlight, Outage, Rates, Window
from tests.flow.simulation import Shape
from tests.flow.times import between, exponential, fixed

SECOND = fixed(1.0)
QUICK = fixed(0.05)
ANSWERS = exponential(5.0, 0.5)
"""Seconds that answers of a language model take."""

PROMISED: dict[str, Shape] = {
    "bucket": Shape(
        limit=lambda: Bucket(200, 200, "exact"), most_refused=0.05, least_ideal=0.95
    ),
    "burst 10": Shape(
        limit=lambda: Bucket(200, 10, "exact"), most_refused=0.05, least_ideal=0.95
    ),
    "no Retry-After": Shape(
        limit=lambda: Bucket(200, 200), most_refused=0.05, least_ideal=0.95
    ),
    "no Retry-After, burst 10": Shape(
        limit=lambda: Bucket(200, 10), most_refused=0.05, least_ideal=0.95
    ),
    "whole seconds": Shape(
        limit=lambda: Bucket(200, 200, "whole"),
        prompts=10_000,
        most_refused=0.05,
        least_ideal=0.90,
    ),
    "whole seconds, burst 10": Shape(
        limit=lambda: Bucket(200, 10, "whole"),
        prompts=10_000,
        most_refused=0.05,
        least_ideal=0.90,
    ),
    "window": Shape(
        limit=lambda: Window(100, 2.0), most_refused=0.10, least_ideal=0.90
    ),
    "halved and doubled": Shape(
        limit=lambda: Bucket(Rates((0, 200), (5, 100), (10, 200)), 200, "exact"),
        most_refused=0.05,
        least_ideal=0.90,
    ),
    "halved and doubled, burst 10": Shape(
        limit=lambda: Bucket(Rates((0, 200), (5, 100), (10, 200)), 10),
        most_refused=0.05,
        least_ideal=0.90,
    ),
    "doubled and halved": Shape(
        limit=lambda: Bucket(Rates((0, 200), (5, 400), (8, 200)), 200, "exact"),
        most_refused=0.05,
        least_ideal=0.90,
    ),
    "in flight": Shape(
        limit=lambda: InFlight(20, 0.05),
        prompts=10_000,
        most_refused=0.10,
        least_ideal=0.90,
    ),
    "latency of a second": Shape(
        limit=lambda: Bucket(200, 200, "exact"),
        prompts=10_000,
        latency=SECOND,
        mean_latency=1.0,
        most_refused=0.05,
        least_ideal=0.90,
    ),
    "slow answers, quick refusals": Shape(
        limit=lambda: Bucket(200, 200, "exact"),
        prompts=10_000,
        latency=SECOND,
        refusal_latency=QUICK,
        mean_latency=1.0,
        most_refused=0.05,
        least_ideal=0.90,
    ),
    "eight clients": Shape(
        limit=lambda: Bucket(200, 200, "exact"),
        prompts=1_000,
        clients=8,
        most_refused=0.15,
        least_ideal=0.85,
    ),
    "eight clients, burst 10": Shape(
        limit=lambda: Bucket(200, 10),
        prompts=1_000,
        clients=8,
        most_refused=0.15,
        least_ideal=0.85,
    ),
    "eight clients, whole seconds": Shape(
        limit=lambda: Bucket(200, 200, "whole"),
        prompts=1_000,
        clients=8,
        most_refused=0.15,
        least_ideal=0.85,
    ),
}
"""What the library promises to reach: a few percent more would be noticed by users."""

ROUGH: dict[str, Shape] = {
    "jittered latencies": Shape(
        limit=lambda: Bucket(200, 200),
        latency=between(0.02, 0.3),
        refusal_latency=QUICK,
        mean_latency=0.16,
        most_refused=0.06,
        least_ideal=0.93,
    ),
    "jittered latencies, burst 10": Shape(
        limit=lambda: Bucket(200, 10),
        latency=between(0.02, 0.3),
        mean_latency=0.16,
        most_refused=0.15,
        least_ideal=0.85,
    ),
    "language model": Shape(
        limit=lambda: Bucket(20, 20),
        latency=ANSWERS,
        refusal_latency=QUICK,
        mean_latency=5.5,
        most_refused=0.15,
        least_ideal=0.70,
    ),
    "language model, in flight": Shape(
        limit=lambda: InFlight(20, 5.5),
        prompts=1_000,
        latency=ANSWERS,
        refusal_latency=QUICK,
        mean_latency=5.5,
        most_refused=0.10,
        least_ideal=0.80,
    ),
    "latency of a second, burst 10": Shape(
        limit=lambda: Bucket(200, 10),
        prompts=10_000,
        latency=SECOND,
        mean_latency=1.0,
        most_refused=0.06,
        least_ideal=0.82,
    ),
    "latency of a millisecond": Shape(
        limit=lambda: Bucket(200, 10),
        latency=fixed(0.001),
        mean_latency=0.001,
        most_refused=0.05,
        least_ideal=0.93,
    ),
    "two thousand a second": Shape(
        limit=lambda: Bucket(2_000, 200),
        prompts=20_000,
        most_refused=0.05,
        least_ideal=0.90,
    ),
    "20 a minute, window": Shape(
        limit=lambda: Window(20, 60.0, first_end=37.0),
        prompts=200,
        latency=fixed(2.0),
        refusal_latency=QUICK,
        mean_latency=2.0,
        most_refused=0.2,
        least_ideal=0.90,
    ),
    "20 a minute, bucket": Shape(
        limit=lambda: Bucket(20 / 60, 20),
        prompts=200,
        latency=fixed(2.0),
        refusal_latency=QUICK,
        mean_latency=2.0,
        most_refused=0.5,
        least_ideal=0.85,
    ),
    "one a second": Shape(
        limit=lambda: Bucket(1, 1),
        prompts=100,
        latency=fixed(0.5),
        refusal_latency=QUICK,
        mean_latency=0.5,
        most_refused=1.5,
        least_ideal=0.65,
    ),
    "ten a second": Shape(
        limit=lambda: Bucket(10, 10),
        prompts=500,
        latency=fixed(0.5),
        refusal_latency=QUICK,
        mean_latency=0.5,
        most_refused=0.3,
        least_ideal=0.90,
    ),
    "window that is not told": Shape(
        limit=lambda: Window(100, 2.0, told=None), most_refused=0.3, least_ideal=0.85
    ),
    "window told by Retry-After": Shape(
        limit=lambda: Window(100, 2.0, told="retry after"),
        most_refused=0.3,
        least_ideal=0.85,
    ),
    "outage of 10 s": Shape(
        limit=lambda: Outage(Bucket(200, 200), 5.0, 15.0),
        most_refused=0.1,
        least_ideal=0.80,
    ),
    "down to 5 a second and back": Shape(
        limit=lambda: Bucket(Rates((0, 200), (5, 5), (20, 200)), 20),
        most_refused=0.15,
        least_ideal=0.70,
    ),
    "eight clients, latency of a second": Shape(
        limit=lambda: Bucket(200, 200),
        prompts=1_000,
        clients=8,
        latency=SECOND,
        mean_latency=1.0,
        most_refused=0.25,
        least_ideal=0.70,
    ),
    "eight clients, window": Shape(
        limit=lambda: Window(100, 2.0),
        prompts=400,
        clients=8,
        most_refused=0.25,
        least_ideal=0.75,
    ),
    "forty clients": Shape(
        limit=lambda: Bucket(200, 200),
        prompts=200,
        clients=40,
        most_refused=0.6,
        least_ideal=0.35,
    ),
    "eight clients at two a second": Shape(
        limit=lambda: Bucket(2, 10),
        prompts=40,
        clients=8,
        latency=fixed(0.5),
        refusal_latency=QUICK,
        mean_latency=0.5,
        most_refused=2.0,
        least_ideal=0.55,
    ),
}
"""Where no figure is promised: nothing may stall, and nothing may flood."""
