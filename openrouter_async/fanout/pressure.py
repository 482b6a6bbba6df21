"""Which failures are back-pressure, and how long they stay that."""

from __future__ import annotations

from enum import Enum, auto
from math import inf

from openrouter_async.errors import (
    OpenRouterError,
    PaymentRequiredError,
    ServerError,
)
from openrouter_async.types.admission import Hold

_LOAD_PATIENCE = 30.0  # seconds without a success after which load is an outage
_HOLD_JITTER = 0.1  # share of Retry-After that is added at random
# A few 503s that have nothing to do with the rate would be paid with a pace that comes
# down until the probe explains them: at 3 % of them, to a tenth of what goes through.
_MUCH_LOAD = 0.1  # share of the requests above which the pace comes down
_LOAD_WEIGHT = 0.02  # of one request in that share
_LOAD = frozenset({503, 529})


class Signal(Enum):
    """What a refusal is about."""

    RATE = auto()
    """Too many requests in a time: 429."""

    IN_FLIGHT = auto()
    """Too many requests at a time for the balance: 402 that will pass."""

    LOAD = auto()
    """The provider, or OpenRouter, is short of capacity: 503, 529."""


def signal_of(error: OpenRouterError) -> Signal | None:
    """Return what a refusal is about, None for a failure of another kind."""
    if error.kind not in ("throttled", "refused") or error.partial is not None:
        return None

    codes = {error.code, error.status}
    if not _LOAD.isdisjoint(codes):
        return Signal.LOAD

    if error.kind != "throttled":
        return None

    if isinstance(error, ServerError):
        return Signal.LOAD  # overload under another name

    in_flight = isinstance(error, PaymentRequiredError)
    return Signal.IN_FLIGHT if in_flight else Signal.RATE


class Pressure:
    """
    Tell refusals that pass from those that do not.

    Attributes:
        refused: how many requests were refused.
    """

    def __init__(self) -> None:
        self.refused: int = 0
        self._since: float | None = None  # first refusal after the last success
        self._last = -inf
        self._load = 0.0  # share of requests refused for load, of late

    @property
    def overloaded(self) -> bool:
        """Whether the server is short of capacity, and not just now and then."""
        return self._load > _MUCH_LOAD

    def relieve(self) -> None:
        """Take in a success."""
        self._since = None
        self._load -= self._load * _LOAD_WEIGHT

    def judge(
        self,
        error: OpenRouterError,
        signal: Signal,
        now: float,
        *,
        max_pause: float | None,
        random: float,
    ) -> Hold:
        """
        Say what follows a refusal.

        Args:
            error: the refusal.
            signal: what it is about.
            now: seconds of a monotonic clock.
            max_pause: longest wait, and longest time without a success, in seconds;
                None for any.
            random: a number in [0, 1).
        """
        self.refused += 1
        if signal is Signal.LOAD:
            self._load += (1 - self._load) * _LOAD_WEIGHT

        forgotten = inf if max_pause is None else max(max_pause, _LOAD_PATIENCE)
        if self._since is None or now - self._last > forgotten:
            self._since = now

        self._last = now

        asked = max(error.retry_after or 0.0, error.limit_resets_in or 0.0)
        if max_pause is not None and asked > max_pause:
            return Hold("stop", reason=too_long(asked, max_pause))

        patience = max_pause
        if signal is Signal.LOAD:
            patience = min(_LOAD_PATIENCE, inf if max_pause is None else max_pause)

        if patience is not None and now - self._since > patience:
            return Hold("fault")

        return Hold("again", _own_wait(error) * (1 + _HOLD_JITTER * random))


def _own_wait(error: OpenRouterError) -> float:
    """Return the seconds that are asked of this call alone."""
    asked, resets_in = error.retry_after or 0.0, error.limit_resets_in
    # The end of the window holds back everybody; `Retry-After` often says the same,
    # in whole seconds.
    return 0.0 if resets_in is not None and asked < resets_in + 1 else asked


def too_long(asked: float, max_pause: float) -> str:
    """Say why nobody waits for what a server asks for."""
    return (
        f"The server asks to wait {asked:,.0f} s, more than max_pause"
        f" ({max_pause:g} s); None waits however long it takes"
    )
