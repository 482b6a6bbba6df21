"""A discrete-event simulation of clients that share a server's limit."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from tests.flow.actors import Client, Server
from tests.flow.limits import Limit
from tests.flow.times import Clock, Draw, fixed

_TOGETHER = 0.01  # seconds within which clients begin
_QUICK = fixed(0.05)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """
    Say how a server limits its clients, and what they have to reach.

    Attributes:
        limit: makes the limit.
        prompts: of each client.
        clients: that share the limit and start together.
        latency: seconds of an answer.
        refusal_latency: seconds of a refusal; None for the same.
        mean_latency: seconds that the last answer takes at best.
        max_in_flight: requests of each client at a time.
        most_refused: refused requests per prompt.
        least_ideal: the limit's own time in the time that it took.
    """

    limit: Callable[[], Limit]
    prompts: int = 3_000
    clients: int = 1
    latency: Draw = _QUICK
    refusal_latency: Draw | None = None
    mean_latency: float = 0.05
    max_in_flight: int = 256
    most_refused: float = math.inf
    least_ideal: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """
    Tell how a simulation went.

    Attributes:
        answered: prompts by client.
        refused: requests per prompt.
        ideal: the limit's own time in the time that it took; 0 if it did not end.
        ended_at: when each client had its last answer.
        rates: that each client ended with.
        arrivals: times at which requests came to the server.
        admissions: times of those that were admitted.
    """

    answered: Sequence[int]
    refused: float
    ideal: float
    ended_at: Sequence[float]
    rates: Sequence[float | None]
    arrivals: Sequence[float]
    admissions: Sequence[float]

    def in_window(self, begins: float, ends: float) -> int:
        """Return how many requests came to the server in that time."""
        return sum(begins <= at < ends for at in self.arrivals)


def simulate(shape: Shape, seed: int, until: float = 3_000.0) -> Figures:
    """
    Let the clients of a shape loose on its server.

    Args:
        shape: says how many, on what.
        seed: of all that is random.
        until: seconds after which it ends in any case.
    """
    random, clock = Random(seed), Clock()
    limit = shape.limit()
    server = Server(clock, limit, shape.latency, shape.refusal_latency, random)
    clients = [
        Client(clock, server, shape.prompts, shape.max_in_flight, random)
        for _ in range(shape.clients)
    ]
    for client in clients:
        clock.at(_TOGETHER * random.random(), client.pump)

    clock.run(until, lambda: all(each.ended_at is not None for each in clients))
    ended_at = [
        math.inf if each.ended_at is None else each.ended_at for each in clients
    ]
    prompts = shape.prompts * shape.clients
    return Figures(
        answered=[each.answered for each in clients],
        refused=sum(each.refused for each in clients) / prompts,
        ideal=(limit.ideal(prompts) + shape.mean_latency) / max(ended_at),
        ended_at=ended_at,
        rates=[each.flow.pace.rate for each in clients],
        arrivals=server.arrivals,
        admissions=server.admissions,
    )
