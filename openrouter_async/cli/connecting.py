"""The client of a command."""

from __future__ import annotations

import os

from msgspec import UNSET

from openrouter_async.client import OpenRouter
from openrouter_async.config import RetryPolicy
from openrouter_async.errors import ConfigError


def client(
    *,
    base_url: str | None = None,
    timeout: float | None = None,
    retry: RetryPolicy | int | None = None,
) -> OpenRouter:
    """
    Return a client with the environment's key.

    Args:
        base_url: of the API; None for the environment's, or the live service.
        timeout: seconds for each whole call; None for the usual timers.
        retry: what is tried again; None for the usual policy.

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
    )
