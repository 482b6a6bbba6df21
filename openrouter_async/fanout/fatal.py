"""Which errors stop a run: those that every other item would end with as well."""

from __future__ import annotations

from openrouter_async.errors import (
    AuthenticationError,
    OpenRouterError,
    PaymentRequiredError,
    PermissionDeniedError,
    RateLimitError,
)
from openrouter_async.fanout.pressure import signal_of

# https://openrouter.ai/docs/api-reference/limits
_SPENT = frozenset(
    {
        "openrouter_credits",
        "openrouter_key_limit",
        "openrouter_guardrail_budget",
        "openrouter_workspace_budget",
    }
)
_ONE_TOO_DEAR = "weight_exceeds_budget"


def stops_the_run(error: OpenRouterError, max_pause: float | None) -> bool:
    """
    Tell whether an error would hit every item that is sent from now on.

    Args:
        error: of one item.
        max_pause: longest wait that a server may ask for, seconds; None for any.
    """
    if isinstance(error, AuthenticationError):
        return True

    if isinstance(error, PaymentRequiredError) and error.kind == "final":
        return (error.metadata or {}).get("reason") != _ONE_TOO_DEAR

    if isinstance(error, PermissionDeniedError):
        return error.limit_source in _SPENT

    limits = isinstance(error, RateLimitError | PaymentRequiredError)
    if limits or signal_of(error) is not None:
        asked = max(error.retry_after or 0.0, error.limit_resets_in or 0.0)
        return max_pause is not None and asked > max_pause

    return False
