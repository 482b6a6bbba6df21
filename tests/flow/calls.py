"""Calls through a whole lane, against a server that exists in time alone."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from random import Random

from openrouter_async import (
    OpenRouterError,
    PaymentRequiredError,
    RateLimitError,
    RateLimits,
    ServerError,
)
from openrouter_async.fanout.lane import Lane, LaneTurn
from openrouter_async.types.admission import Scope
from tests.flow.limits import Limit, Refusal
from tests.flow.times import Draw, fixed
from tests.flow.virtual import now

SCOPE = Scope("https://api.test/v1", "key", "model")
MAX_PAUSE = 120.0

_QUICK = fixed(0.05)
_NO_LIMITS = RateLimits()


def error_for(refusal: Refusal, at: float) -> OpenRouterError:
    """Return the error that a refusal arrives as."""
    wait = refusal.retry_after
    if refusal.kind == "in flight":
        return PaymentRequiredError(
            "no", status=402, code=402, retry_after=wait, kind="throttled"
        )

    if refusal.kind == "load":
        return ServerError("no", status=503, code=503, kind="refused")

    resets_in = None if refusal.resets_at is None else refusal.resets_at - at
    return RateLimitError(
        "no",
        status=429,
        code=429,
        retry_after=wait or resets_in,
        limit_resets_in=resets_in,
        kind="throttled",
    )


class Server:
    """
    Answer requests after a while, if its limit admits them.

    Args:
        limit: decides.
        latency: of an answer.
        random: draws it.

    Attributes:
        arrivals: time and name of each request.
        refused: how many were refused.
    """

    def __init__(self, limit: Limit, latency: Draw = _QUICK, seed: int = 0) -> None:
        self.arrivals: list[tuple[float, int]] = []
        self.refused = 0
        self._limit = limit
        self._latency = latency
        self._random = Random(seed)
        self._in_flight = 0

    async def answer(self, name: int) -> Refusal | None:
        """Return a refusal, or None for an answer, when it would arrive."""
        self.arrivals.append((now(), name))
        refusal = self._limit.decide(now(), self._in_flight)
        admitted = refusal is None
        self._in_flight += admitted
        self.refused += not admitted
        try:
            await asyncio.sleep(self._latency(self._random))
        finally:
            self._in_flight -= admitted

        return refusal


def lane_of(limits: RateLimits = _NO_LIMITS, seed: int = 0) -> Lane:
    """Make a lane on the time of the running loop."""
    clock = asyncio.get_running_loop().time
    return Lane(SCOPE, limits, clock=clock, random=Random(seed).random)


@dataclass(slots=True)
class Caller:
    """
    Make calls through one lane, as a client's transport does.

    Attributes:
        lane: of its calls.
        server: takes them.
        max_pause: longest pause that is waited out, seconds.
        waits: seconds from each call to its answer, by name.
    """

    lane: Lane
    server: Server
    max_pause: float | None = MAX_PAUSE
    waits: dict[int, float] = field(default_factory=dict[int, float])

    async def call(self, name: int) -> None:
        """
        Make a call, however many attempts it takes.

        Raises:
            OpenRouterError: the lane says that it is of no use.
        """
        began = now()
        turn = LaneTurn(self.lane, name, 10, None, self.max_pause)
        try:
            while (error := await self._attempt(turn, name)) is not None:
                hold = turn.refused(error)
                if hold.verdict != "again":
                    raise error

                await asyncio.sleep(hold.seconds)
        finally:
            turn.leave(None)

        self.waits[name] = now() - began

    async def _attempt(self, turn: LaneTurn, name: int) -> OpenRouterError | None:
        if not turn.try_now():
            await turn.wait()

        refusal = await self.server.answer(name)
        if refusal is not None:
            return error_for(refusal, now())

        turn.accepted()
        return None
