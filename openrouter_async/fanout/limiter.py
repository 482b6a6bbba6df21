"""The limiter that calls and runs of a client share."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from itertools import count
from random import random as uniform
from threading import Lock
from typing import TYPE_CHECKING, TypeAlias

from openrouter_async.config import RateLimits, is_number
from openrouter_async.errors import ConfigError
from openrouter_async.fanout.lane import Lane, LaneTurn
from openrouter_async.types.admission import Scope

if TYPE_CHECKING:
    from openrouter_async.fanout.statistics import LimiterStatistics

_LANES_KEPT = 256

MAX_PAUSE = 120.0

_Place: TypeAlias = tuple[Scope, asyncio.AbstractEventLoop]


class Limiter:
    """
    Let requests out at the rate that the API takes, which it finds by itself.

    It knows one limit for each base URL, API key and model (and for each event loop,
    where several run in threads). 429, 402 for what is in
    flight, and 503 and 529 while others succeed, lower the flow; the call they hit
    goes again, without using up its retries. Calls are let in in the order in which
    they were made.

    A client has one for its maps. Attach one to a client (`OpenRouter(limiter=...)`)
    and its direct calls share it; several clients may share one.

    Args:
        limits: limits that you know of; they hold for each scope.
        max_pause: longest wait that a server may ask for, and longest time with
            nothing but refusals before they count as failures, in seconds; None for
            any. A per-minute window is waited out by the default.

    Raises:
        ConfigError: an argument cannot be used.
    """

    def __init__(
        self,
        limits: RateLimits | None = None,
        *,
        max_pause: float | None = MAX_PAUSE,
    ) -> None:
        if limits is not None and not isinstance(limits, RateLimits):  # pyright: ignore[reportUnnecessaryIsInstance]  # callers may be untyped
            raise ConfigError("Limiter.limits must be of type RateLimits")

        check_max_pause("Limiter.max_pause", max_pause)
        self._limits = limits or RateLimits()
        self._max_pause = max_pause
        # One for each event loop: loops of several threads do not wait for each other.
        self._lanes: OrderedDict[_Place, Lane] = OrderedDict()
        self._lock = Lock()
        self._order = count()

    def enter(
        self, scope: Scope, prompt_tokens: int, max_tokens: int | None
    ) -> LaneTurn:
        """
        Queue up for a call.

        Args:
            scope: what the limit is counted by.
            prompt_tokens: about how many tokens the prompt has.
            max_tokens: how many the answer may have, if that is known.
        """
        return self.enter_patiently(scope, prompt_tokens, max_tokens, self._max_pause)

    @property
    def max_pause(self) -> float | None:
        """Longest pause that is waited out, seconds; None for any."""
        return self._max_pause

    def enter_patiently(
        self,
        scope: Scope,
        prompt_tokens: int,
        max_tokens: int | None,
        max_pause: float | None,
    ) -> LaneTurn:
        """Queue up for a call that has a `max_pause` of its own."""
        lane = self._lane(scope)
        order = next(self._order)
        return LaneTurn(lane, order, prompt_tokens, max_tokens, max_pause)

    def _lane(self, scope: Scope) -> Lane:
        place = (scope, asyncio.get_running_loop())
        with self._lock:
            lane = self._lanes.get(place)
            if lane is None:
                lane = self._inherited(scope) or self._new(scope)
                self._forget_idle()
                self._lanes[place] = lane
            else:
                self._lanes.move_to_end(place)

        return lane

    def _new(self, scope: Scope) -> Lane:
        return Lane(scope, self._limits, clock=time.monotonic, random=uniform)

    def _inherited(self, scope: Scope) -> Lane | None:
        """Return the lane of a loop that has ended: it knows the rate."""
        for place in self._lanes:
            if place[0] == scope and place[1].is_closed():
                return self._lanes.pop(place)

        return None

    def _forget_idle(self) -> None:
        """Keep lanes in bounds: a service may use a key for each of its users."""
        spare = len(self._lanes) + 1 - _LANES_KEPT
        if spare <= 0:
            return

        unused = [
            place
            for place, lane in self._lanes.items()
            if lane.idle or place[1].is_closed()
        ]
        for place in unused[:spare]:
            del self._lanes[place]

    def statistics(self, scope: Scope | None = None) -> LimiterStatistics:
        """
        Return how things stand at this moment.

        Args:
            scope: only this one.
        """
        from openrouter_async.fanout.statistics import LimiterStatistics

        lanes = [
            lane.statistics()
            for lane in tuple(self._lanes.values())
            if scope is None or lane.scope == scope
        ]
        return LimiterStatistics(lanes=tuple(lanes))

    def __repr__(self) -> str:
        return f"Limiter({self._limits!r}, max_pause={self._max_pause!r})"

    def __reduce__(self) -> tuple[object, ...]:
        # What it has found out belongs to the process that did.
        return _restore, (type(self), self._limits, self._max_pause)


def _restore(
    kind: type[Limiter], limits: RateLimits, max_pause: float | None
) -> Limiter:
    return kind(limits, max_pause=max_pause)


def check_max_pause(name: str, value: object) -> None:
    """
    Refuse what is no time to wait.

    Raises:
        ConfigError: it names the setting.
    """
    if value is not None and not is_number(value, 0):
        raise ConfigError(f"{name} must be seconds >= 0, or None; not {value!r}")
