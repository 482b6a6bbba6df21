"""The balance of an account, what the key in use may spend, and other keys."""

from __future__ import annotations

import msgspec

from openrouter_async.types.lenient import Json
from openrouter_async.types.records import Record, RecordList


class Credits(Record, kw_only=True):
    """
    Tell what was bought and used, in US dollars.

    Only management keys may ask (https://openrouter.ai/docs/api-reference/get-credits).
    """

    total_credits: float | None = None
    total_usage: float | None = None

    @property
    def remaining(self) -> float | None:
        """What is left of it; negative for an account that owes."""
        if self.total_credits is None or self.total_usage is None:
            return None

        return self.total_credits - self.total_usage


class DailyRequests(msgspec.Struct, kw_only=True, repr_omit_defaults=True):
    """Count requests to free models since midnight UTC; it may lag behind."""

    limit: int | None = None
    used: int | None = None
    remaining: int | None = None


class EffectiveBudget(msgspec.Struct, kw_only=True, repr_omit_defaults=True):
    """
    Tell which of the budgets above a key is the narrowest, and what is left of it.

    Attributes:
        resets_at: ISO 8601, None where it does not reset.
    """

    scope: str | None = None
    limit_usd: float | None = None
    spend_usd: float | None = None
    remaining_usd: float | None = None
    resets_at: str | None = None


class KeyInfo(Record, kw_only=True):
    """
    Describe the key in use: its limit, its usage and its free-tier counter.

    Amounts are in US dollars (https://openrouter.ai/docs/api-reference/limits).

    Attributes:
        limit: most it may spend; None for any.
        limit_remaining: what is left of that.
        limit_reset: `daily`, `weekly`, `monthly`, or None for never.
        is_free_tier: whether no credits were ever bought.
        free_model_daily_requests: the day's counter of free models.
        effective_budget: the narrowest budget that applies.
        rate_limit: no longer in use; OpenRouter says to ignore it.
    """

    label: str | None = None
    limit: float | None = None
    limit_remaining: float | None = None
    limit_reset: str | None = None
    include_byok_in_limit: bool | None = None
    usage: float | None = None
    usage_daily: float | None = None
    usage_weekly: float | None = None
    usage_monthly: float | None = None
    byok_usage: float | None = None
    byok_usage_daily: float | None = None
    byok_usage_weekly: float | None = None
    byok_usage_monthly: float | None = None
    is_free_tier: bool | None = None
    is_management_key: bool | None = None
    is_provisioning_key: bool | None = None
    creator_user_id: str | None = None
    expires_at: str | None = None
    free_model_daily_requests: DailyRequests | None = None
    effective_budget: EffectiveBudget | None = None
    rate_limit: dict[str, Json] | None = None


class APIKey(Record, kw_only=True):
    """
    Describe a key of the account, without its secret.

    Amounts are in US dollars, times are ISO 8601
    (https://openrouter.ai/docs/api-reference/api-keys/list).

    Attributes:
        hash: what `/keys/{hash}` knows it by.
        label: how its secret begins and ends.
        limit: most it may spend; None for any.
        limit_remaining: what is left of that.
        limit_reset: `daily`, `weekly`, `monthly`, or None for never.
        expires_at: None for never.
    """

    hash: str = ""
    name: str | None = None
    label: str | None = None
    disabled: bool | None = None
    limit: float | None = None
    limit_remaining: float | None = None
    limit_reset: str | None = None
    include_byok_in_limit: bool | None = None
    usage: float | None = None
    usage_daily: float | None = None
    usage_weekly: float | None = None
    usage_monthly: float | None = None
    byok_usage: float | None = None
    byok_usage_daily: float | None = None
    byok_usage_weekly: float | None = None
    byok_usage_monthly: float | None = None
    created_at: str | None = None
    updated_at: str | None = None
    expires_at: str | None = None
    creator_user_id: str | None = None
    workspace_id: str | None = None


class APIKeyResponse(Record, kw_only=True):
    """Hold a key: the answer of `GET` and `PATCH /keys/{hash}`."""

    data: APIKey


class CreatedAPIKey(APIKeyResponse, kw_only=True):
    """
    Hold a new key: the answer of `POST /keys`.

    Attributes:
        key: its secret, which is in no other answer, and not in `repr()`.
    """

    key: str

    def __repr__(self) -> str:
        return f"{type(self).__name__}(data={self.data!r}, key=<hidden>)"


class APIKeyList(RecordList[APIKey], kw_only=True):
    """Hold a page of keys: the answer of `GET /keys`."""
