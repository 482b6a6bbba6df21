"""
Whether and when a failed attempt is made again.

All of it but `Attempts.failed` is arithmetic on (failure, attempt, now, random).
"""

from __future__ import annotations

import logging
from asyncio import sleep as asyncio_sleep
from collections.abc import Awaitable, Callable
from math import exp, inf
from random import random as uniform

from msgspec import Struct

from openrouter_async.config import RetryPolicy
from openrouter_async.errors import (
    APIConnectionError,
    APITimeoutError,
    ConfigError,
    Kind,
    OpenRouterError,
    printable,
)
from openrouter_async.transport.timers import Watch
from openrouter_async.types.wire import AttemptFailure

logger: logging.Logger = logging.getLogger("openrouter_async")

_MESSAGE_KEPT = 200
_DESCRIPTOR_WAIT = 0.1  # seconds, in the middle, until one may be free
_SPENT = "The client's retry budget is spent (RetryPolicy.budget_ratio)"


class Verdict(Struct, frozen=True):
    """
    Say what follows a failure.

    Attributes:
        wait: seconds until the next attempt; None when there is none.
        free: whether it counts neither as a retry nor against the budget.
        reason: why there is none, in words for the caller.
    """

    wait: float | None = None
    free: bool = False
    reason: str | None = None


_STOP = Verdict()
# Shared: a set of its own would be a fortieth of what an open stream takes of memory.
_NOTHING_FREED: frozenset[Kind] = frozenset()


def backoff(
    policy: RetryPolicy, retries: int, *, throttled: bool, random: float
) -> float:
    """
    Return how long to wait when the server does not say.

    Args:
        policy: gives the start, the bound and the floor.
        retries: how many there were already.
        throttled: whether the server is short of capacity.
        random: a number in [0, 1).

    Returns:
        Seconds: full jitter below an exponential bound, at least the floor.
    """
    start = policy.throttle_backoff if throttled else policy.backoff
    # 2 ** 64 is far past any bound, and floats overflow not far beyond it.
    bound = min(policy.max_backoff, start * 2.0 ** min(retries, 64))
    return max(policy.floor, random * bound)


def judge(
    error: OpenRouterError,
    policy: RetryPolicy,
    *,
    retries: int,
    freed: bool,
    repeated: bool = False,
    remaining: float = inf,
    random: float,
) -> Verdict:
    """
    Decide what follows a failure.

    Args:
        error: the failure.
        policy: the caller's.
        retries: how many there were already, free ones aside.
        freed: whether the free repetition for this kind is used up.
        repeated: whether an earlier attempt failed with the same code.
        remaining: seconds left of the call's total time.
        random: a number in [0, 1).

    Returns:
        The wait until the next attempt, or why there is none.
    """
    if error.kind in ("stale", "expired") and not freed:
        return Verdict(wait=0.0, free=True)

    if error.kind == "final" or retries >= policy.max_retries or _is_over(error):
        return _STOP

    if error.kind in ("ambiguous", "stale") and not policy.retry_ambiguous:
        return Verdict(reason="It may have been carried out (retry_ambiguous=False)")

    if repeated and not policy.statuses_once.isdisjoint((error.status, error.code)):
        return _STOP

    wait = _wait(error, policy, retries, random)
    if wait is None:
        return Verdict(
            reason=f"The server asks to wait {error.retry_after:g} s, more than"
            f" RetryPolicy.max_retry_after ({policy.max_retry_after:g} s)"
        )

    if wait >= remaining:
        return Verdict(reason=_outlasting(wait, remaining))

    return Verdict(wait=wait)


def _outlasting(wait: float, remaining: float) -> str:
    return (
        f"A wait of {wait:.1f} s would outlast Timeout.total"
        f" ({max(remaining, 0):.1f} s left)"
    )


def _is_over(error: OpenRouterError) -> bool:
    return isinstance(error, APITimeoutError) and error.phase in ("pool", "total")


def _wait(
    error: OpenRouterError, policy: RetryPolicy, retries: int, random: float
) -> float | None:
    asked = error.retry_after
    if asked is None:
        throttled = error.kind == "throttled"
        return backoff(policy, retries, throttled=throttled, random=random)

    if asked > policy.max_retry_after:
        return None

    return max(policy.floor, asked * (1 + policy.retry_after_jitter * random))


def _hinted(error: OpenRouterError, reason: str | None) -> OpenRouterError:
    """Return the error with a reason added to what it hints at already."""
    hints = [hint.rstrip(".") for hint in (error.hint, reason) if hint]
    error.hint = ". ".join(hints) or None
    return error


class RetryBudget:
    """
    Bound the retries of a client to a share of its requests.

    In an outage every call fails, and each would multiply the load by its retries.
    A call earns `ratio` of a retry, which fades over ten seconds; a reserve of
    `per_second` refills all the time and is there from the start.
    """

    __slots__ = ("_earned", "_full", "_per_second", "_ratio", "_reserve", "_updated")

    _FADE = 10.0  # seconds after which earned retries have faded to a third

    def __init__(self, ratio: float | None, per_second: float, now: float) -> None:
        self._ratio = ratio
        self._per_second = per_second
        self._full = max(1.0, per_second) if per_second else 0.0
        self._reserve = self._full
        self._earned = 0.0
        self._updated = now

    def deposit(self, now: float) -> None:
        """Earn for a call that starts."""
        if self._ratio is not None:
            self._roll(now)
            self._earned += self._ratio

    def withdraw(self, now: float) -> bool:
        """Take one retry; False when there is none to take."""
        if self._ratio is None:
            return True

        self._roll(now)
        if self._earned + self._reserve < 1:
            return False

        from_reserve = min(self._reserve, 1.0)
        self._reserve -= from_reserve
        self._earned -= 1.0 - from_reserve
        return True

    def _roll(self, now: float) -> None:
        passed = now - self._updated
        if passed <= 0:
            return

        self._updated = now
        self._earned *= exp(-passed / self._FADE)
        self._reserve = min(self._full, self._reserve + passed * self._per_second)


class Attempts:
    """
    Count the attempts of one call, and wait between them.

    Args:
        policy: the caller's.
        budget: shared by the calls of a client.
        watch: keeps the call's time.
        sleep: waits that many seconds.
        random: gives a number in [0, 1).

    Attributes:
        started: when the call began, on the watch's clock.
        count: attempts so far.
        history: those that failed, oldest first.
        fresh_only: whether the next one needs a new connection.
    """

    __slots__ = (
        "_budget", "_freed", "_policy", "_random", "_retries", "_sleep", "_watch",
        "count", "fresh_only", "history", "started",
    )  # fmt: skip

    def __init__(
        self,
        policy: RetryPolicy,
        budget: RetryBudget,
        watch: Watch,
        *,
        sleep: Callable[[float], Awaitable[object]] = asyncio_sleep,
        random: Callable[[], float] = uniform,
    ) -> None:
        self._policy = policy
        self._budget = budget
        self._watch = watch
        self._sleep = sleep
        self._random = random
        self.started: float = watch.now()
        self.history: tuple[AttemptFailure, ...] = ()
        self._retries = 0
        self._freed = _NOTHING_FREED
        self.count: int = 0
        self.fresh_only: bool = False
        budget.deposit(self.started)

    @property
    def elapsed(self) -> float:
        """Seconds since the call began."""
        return self._watch.now() - self.started

    async def failed(self, error: OpenRouterError) -> None:
        """
        Return when it is time for the next attempt.

        Raises:
            OpenRouterError: `error`, when there is none; it knows the attempts.
        """
        if self._is_passing(error):
            await self.hold(error, _DESCRIPTOR_WAIT * (0.5 + self._random()))
            return

        now = self._watch.now()
        if error.kind == "expired" and "expired" in self._freed:
            error.kind = "final"  # the key that was asked for anew is no better

        verdict = judge(
            error,
            self._policy,
            retries=self._retries,
            freed=error.kind in self._freed,
            repeated=any(
                (past.status, past.code) == (error.status, error.code)
                for past in self.history
            ),
            remaining=self._watch.remaining(now),
            random=self._random(),
        )
        if verdict.wait is None:
            raise self.told(_hinted(error, verdict.reason))

        self.fresh_only = error.kind == "stale" and verdict.free
        if verdict.free:
            self._freed |= {error.kind}
        elif self._budget.withdraw(now):
            self._retries += 1
        else:
            error.budget_exhausted = True
            raise self.told(_hinted(error, _SPENT))

        self._note(error, verdict.wait)
        if verdict.wait:
            await self._sleep(verdict.wait)

    def _is_passing(self, error: OpenRouterError) -> bool:
        """Tell whether this process may soon have what it lacks for a connection."""
        is_local = isinstance(error, APIConnectionError) and error.is_local
        return is_local and self.elapsed < self._watch.connect_seconds

    def told(self, error: OpenRouterError) -> OpenRouterError:
        """Return the error, knowing of the attempts before it."""
        if isinstance(error, ConfigError):
            return error  # nothing was sent

        error.attempts = self.count
        error.history = self.history
        error.elapsed = self.elapsed
        return error

    async def hold(self, error: OpenRouterError, wait: float) -> None:
        """
        Return after a wait that is neither a retry nor taken from the budget.

        Raises:
            OpenRouterError: `error`, when the call's time would be over before.
        """
        remaining = self._watch.remaining(self._watch.now())
        if wait >= remaining:
            raise self.told(_hinted(error, _outlasting(wait, remaining)))

        self._note(error, wait)
        if wait:
            await self._sleep(wait)

    def stopped(self, error: OpenRouterError, reason: str | None) -> OpenRouterError:
        """Return the error of a call that does not go on, and why."""
        return self.told(_hinted(error, reason))

    def _note(self, error: OpenRouterError, wait: float) -> None:
        name = type(error).__name__
        message = printable(error.message)[:_MESSAGE_KEPT]
        failure = AttemptFailure(
            error=name,
            message=message,
            status=error.status,
            code=error.code,
            at=self.elapsed,
            waited=wait,
        )
        self.history += (failure,)
        logger.info(
            "attempt %d failed (%s: %s), next in %.2f s",
            self.count,
            name,
            message,
            wait,
        )
