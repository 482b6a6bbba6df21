"""The settings of a client: frozen, keyword-only, in seconds and bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

import msgspec

from openrouter_async.errors import ConfigError


def is_number(value: object, minimum: float) -> bool:
    """Return whether a value is a finite number, at least `minimum`."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False

    return isfinite(value) and value >= minimum


def _check_at_least(
    owner: object, minimum: float, *names: str, nullable: bool = False
) -> None:
    for name in names:
        value = getattr(owner, name)
        absent = value is None and nullable
        if not absent and not is_number(value, minimum):
            raise ConfigError(
                f"{type(owner).__name__}.{name} must be a number >= {minimum:g},"
                f" not {value!r}"
            )


def _check_whole(owner: object, *names: str) -> None:
    for name in names:
        value = getattr(owner, name)
        if value is not None and not isinstance(value, int):
            raise ConfigError(
                f"{type(owner).__name__}.{name} must be a whole number, not {value!r}"
            )


def _codes(name: str, given: object) -> frozenset[int]:
    try:
        return msgspec.convert(given, frozenset[int])
    except msgspec.ValidationError:
        message = f"RetryPolicy.{name} must be a set of status codes, not {given!r}"

    raise ConfigError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeout:
    """
    Set the five timers of a call, in seconds; None turns one off.

    All of them stand still while the consumer of a stream is the slow one.

    Attributes:
        connect: for a new connection: DNS, TCP and TLS.
        first_event: from the first byte written to the first data event of a
            stream, or the first byte of a plain answer that is not padding.
        idle: between data events of a stream. Comments do not count: OpenRouter
            sends `: OPENROUTER PROCESSING` while nothing happens.
        transport_idle: between any two reads, comments and padding included, once
            the response has begun.
        total: the whole call, with all attempts and the waits between them.

    Raises:
        ConfigError: a value is negative or not a number.
    """

    connect: float | None = 10.0
    first_event: float | None = 600.0
    idle: float | None = 300.0
    transport_idle: float | None = 120.0
    total: float | None = None

    def __post_init__(self) -> None:
        _check_at_least(self, 0, "connect", "first_event", "idle", nullable=True)
        _check_at_least(self, 0, "transport_idle", "total", nullable=True)


NO_TIMEOUT = Timeout(
    connect=None, first_event=None, idle=None, transport_idle=None, total=None
)

_RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504, *range(520, 525), 527, 529})


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """
    Say what is tried again, how often, and how long to wait before.

    A wait is `random(0, 1) * min(max_backoff, start * 2 ** n)`, at least `floor`,
    where `start` is `throttle_backoff` when the server is short of capacity and
    `backoff` otherwise. What the server asks for (`Retry-After`) comes first.

    Attributes:
        max_retries: attempts after the first; 0 for none.
        backoff: start of the waits after a fault, seconds.
        throttle_backoff: start of the waits after 429, 529 and the like, seconds.
        max_backoff: upper bound of a wait that the server did not ask for, seconds.
        floor: lower bound of every wait, seconds.
        max_retry_after: longest wait the server may ask for, seconds; above it the
            call fails at once, with `retry_after` on the error.
        retry_after_jitter: share of it that is added at random, so that those told
            the same do not return together.
        retry_ambiguous: also try again when it is unknown whether the request was
            carried out; it may then be billed twice.
        statuses: codes that are tried again.
        statuses_once: codes that are tried again one time.
        budget_ratio: retries per request that a client may spend over all its calls;
            None for no such budget.
        budget_reserve: retries per second on top of it, which a new client has.

    Raises:
        ConfigError: a value is negative or not a number.
    """

    max_retries: int = 2
    backoff: float = 0.5
    throttle_backoff: float = 1.0
    max_backoff: float = 20.0
    floor: float = 0.05
    max_retry_after: float = 60.0
    retry_after_jitter: float = 0.1
    retry_ambiguous: bool = True
    statuses: frozenset[int] = _RETRIED
    statuses_once: frozenset[int] = frozenset({525, 526})
    budget_ratio: float | None = 0.2
    budget_reserve: float = 10.0

    def __post_init__(self) -> None:
        _check_at_least(self, 0, "max_retries", "backoff", "throttle_backoff")
        _check_at_least(self, 0, "max_backoff", "floor", "max_retry_after")
        _check_at_least(self, 0, "retry_after_jitter", "budget_reserve")
        _check_at_least(self, 0, "budget_ratio", nullable=True)
        _check_whole(self, "max_retries")
        for name in ("statuses", "statuses_once"):
            object.__setattr__(self, name, _codes(name, getattr(self, name)))


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolLimits:
    """
    Bound the connections that a client keeps, per event loop.

    Attributes:
        connections: most at once; None for as many as there are calls.
        keepalive: seconds an unused connection is kept; below what common proxies
            allow, so that it is rarely found closed.
        dns_ttl: seconds a resolved address is used.
        max_age: seconds after which a connection is closed behind the request that it
            carries, so that a busy client follows when addresses change; None for any
            age.

    Raises:
        ConfigError: a value is negative or not a number.
    """

    connections: int | None = None
    keepalive: float = 15.0
    dns_ttl: float = 10.0
    max_age: float | None = 600.0

    def __post_init__(self) -> None:
        _check_at_least(self, 1, "connections", nullable=True)
        _check_whole(self, "connections")
        _check_at_least(self, 0, "keepalive", "dns_ttl")
        _check_at_least(self, 0, "max_age", nullable=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeLimits:
    """
    Bound what is read, in bytes after decompression.

    Attributes:
        body: a whole answer.
        event: one event of a stream; images come as one line of base64.
        error_body: what is read of an error's body.

    Raises:
        ConfigError: a value is below 1 or not a number.
    """

    body: int = 64 * 1024 * 1024
    event: int = 16 * 1024 * 1024
    error_body: int = 64 * 1024

    def __post_init__(self) -> None:
        _check_at_least(self, 1, "body", "event", "error_body")
        _check_whole(self, "body", "event", "error_body")


@dataclass(frozen=True, slots=True, kw_only=True)
class AppInfo:
    """
    Name the app to OpenRouter, for its rankings and the activity page.

    Attributes:
        url: sent as `HTTP-Referer`; attribution needs it.
        title: sent as `X-Title`.
        categories: sent as `X-OpenRouter-Categories`, two at most.
        hidden: keep the app out of public lists.
    """

    url: str | None = None
    title: str | None = None
    categories: Sequence[str] = ()
    hidden: bool = False

    def headers(self) -> dict[str, str]:
        """Return the request headers that carry this."""
        named = {
            "HTTP-Referer": self.url,
            "X-Title": self.title,
            "X-OpenRouter-Categories": ",".join(self.categories),
            "X-OpenRouter-App-Visibility": "hidden" if self.hidden else None,
        }
        return {name: value for name, value in named.items() if value}


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimits:
    """
    Name limits that you know of; without them the limiter finds them by itself.

    They hold for each base URL, API key and model, spread evenly over the minute.

    Attributes:
        requests_per_minute: most requests, refused ones included; None for any.
        tokens_per_minute: most tokens, of prompt and answer together: estimated
            before a request (four bytes of its body are one token, `max_tokens` or
            the mean so far for the answer) and settled by the usage that comes back;
            None for any.

    Raises:
        ConfigError: a value is not above 0.
    """

    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None

    def __post_init__(self) -> None:
        for name in ("requests_per_minute", "tokens_per_minute"):
            _check_at_least(self, 0, name, nullable=True)
            if getattr(self, name) == 0:
                raise ConfigError(f"RateLimits.{name} must be above 0, or None")
