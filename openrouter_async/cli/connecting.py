"""The client of a command."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

from msgspec import UNSET

from openrouter_async.client import OpenRouter
from openrouter_async.config import RateLimits, RetryPolicy
from openrouter_async.errors import (
    APIConnectionError,
    APITimeoutError,
    ConfigError,
    NotFoundError,
    OpenRouterError,
    StreamInterruptedError,
)

PLACES = ("OPENROUTER_BASE_URL", "--base-url")
"""Where a command that has the option takes the base URL from."""

_NOT_FOUND = 404
_OPERATION = "The operation was "  # so begins the hint that names nothing else


def client(
    *,
    base_url: str | None = None,
    allow_http: bool = False,
    timeout: float | None = None,
    retry: RetryPolicy | int | None = None,
    rate_limits: RateLimits | None = None,
) -> OpenRouter:
    """
    Return a client with the environment's key.

    Args:
        base_url: of the API; None for the environment's, or the live service.
        allow_http: whether that may be without TLS.
        timeout: seconds for each whole call; None for the usual timers.
        retry: what is tried again; None for the usual policy.
        rate_limits: that are known; None where the limiter is to find them.

    Raises:
        ConfigError: there is no key, or a setting cannot be used.
    """
    if not os.environ.get("OPENROUTER_API_KEY"):
        raise ConfigError(
            "there is no API key",
            hint="set OPENROUTER_API_KEY; `openrouter-async demo` and"
            " `openrouter-async simulate` need none",
        )

    return OpenRouter(
        base_url=UNSET if base_url is None else base_url,
        timeout=UNSET if timeout is None else timeout,
        retry=UNSET if retry is None else retry,
        rate_limits=rate_limits,
        allow_http=allow_http,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """
    Hold how a command reaches the API.

    Attributes:
        timeout: seconds for each whole call; None for the usual timers.
        retries: attempts after the first; None for the usual number.
        base_url: of the API; None for the environment's.
        allow_http: whether that may be without TLS.
    """

    timeout: float | None
    retries: int | None
    base_url: str | None
    allow_http: bool

    def client(self, rate_limits: RateLimits | None = None) -> OpenRouter:
        """
        Return the client that sends.

        Args:
            rate_limits: that are known.

        Raises:
            ConfigError: there is no key, or a setting cannot be used.
        """
        return client(
            base_url=self.base_url,
            allow_http=self.allow_http,
            timeout=self.timeout,
            retry=self.retries,
            rate_limits=rate_limits,
        )


@contextmanager
def naming_base_url(client: OpenRouter, *places: str) -> Generator[None]:
    """
    Let an error that comes of a wrong base URL say which one it was.

    Args:
        client: that asks within the block.
        places: where a user can set it.
    """
    try:
        yield
    except OpenRouterError as error:
        name_base_url(error, client, *places)
        raise


def name_base_url(error: OpenRouterError, client: OpenRouter, *places: str) -> None:
    """Let an error say which base URL was asked, if it may come of a wrong one."""
    if not _is_elsewhere(error):
        return

    hint = f"the base URL is {client.base_url}; see {' and '.join(places)}"
    if error.hint is None or isinstance(error, NotFoundError):
        error.hint = hint
    elif _is_about_else(error) and not error.hint.startswith(hint):
        error.hint = f"{hint}. {error.hint}"


def _is_about_else(error: OpenRouterError) -> bool:
    """Tell whether the hint of an error leaves room for another one before it."""
    return error.budget_exhausted or (error.hint or "").startswith(_OPERATION)


def _is_elsewhere(error: OpenRouterError) -> bool:
    """Tell whether it may not have been the API that was asked."""
    if isinstance(error, NotFoundError):
        return error.status == _NOT_FOUND and error.code is None

    if isinstance(error, APITimeoutError):
        return error.phase == "connect"

    lost = isinstance(error, APIConnectionError)
    return lost and not isinstance(error, StreamInterruptedError)
