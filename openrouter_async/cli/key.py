"""`openrouter-async key`: what the key in use may spend, and what is left of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Annotated, TypeAlias

import typer

from openrouter_async.cli.amounts import cost
from openrouter_async.cli.connecting import PLACES, Connection, naming_base_url
from openrouter_async.cli.consoles import bare_message_of
from openrouter_async.cli.output import Output
from openrouter_async.cli.request_options import AllowHTTP, BaseURL, Retries, Timeout
from openrouter_async.cli.running import exit_codes
from openrouter_async.errors import OpenRouterError, PermissionDeniedError
from openrouter_async.types.account import Credits, EffectiveBudget, KeyInfo
from openrouter_async.types.lenient import is_object, json_value

_LABEL = 14
_UNKNOWN = "unknown"
_Row: TypeAlias = tuple[str, str]


def key(
    as_json: Annotated[
        bool, typer.Option("--json", help="Print what was received, in one line.")
    ] = False,
    timeout: Timeout = None,
    retries: Retries = None,
    base_url: BaseURL = None,
    allow_http: AllowHTTP = False,
) -> None:
    """Show what the key may spend, and what it has used."""
    with exit_codes():
        connection = Connection(
            timeout=timeout, retries=retries, base_url=base_url, allow_http=allow_http
        )
        info, credits = asyncio.run(_ask(connection))
        output = Output()
        if as_json:
            balance = credits.raw if isinstance(credits, Credits) else b"null"
            output.json(b'{"key":%b,"credits":%b}' % (info.raw, balance))
        else:
            for label, value in _rows(info, credits):
                output.text(f"{label:<{_LABEL}}{value}\n")

        # That a key may not ask for the credits is usual; all else is a failure.
        if isinstance(credits, OpenRouterError) and not _is_forbidden(credits):
            raise credits


def _is_forbidden(error: OpenRouterError) -> bool:
    return isinstance(error, PermissionDeniedError)


async def _ask(connection: Connection) -> tuple[KeyInfo, Credits | OpenRouterError]:
    """Return what is known of the key, and the credits or why they are not known."""
    async with connection.client() as opened:
        with naming_base_url(opened, *PLACES):
            info = await opened.key.get()

        try:
            return info, await opened.credits.get()
        except OpenRouterError as error:
            return info, error


def _rows(info: KeyInfo, credits: Credits | OpenRouterError) -> Iterator[_Row]:
    if info.label:
        yield "key", info.label

    yield from _limits(info)
    yield from _usage(info)
    if info.is_free_tier:
        yield "free tier", "yes, no credits were ever bought"
    elif info.is_free_tier is not None:
        yield "free tier", "no"

    daily = info.free_model_daily_requests
    if daily is not None:
        left, limit = _count(daily.remaining), _count(daily.limit)
        yield "free models", f"{left} of {limit} requests left today (UTC)"

    yield "credits", _balance(credits)


def _limits(info: KeyInfo) -> Iterator[_Row]:
    if _has_no_limit(info):
        yield "limit", "none"
    else:
        reset = f", resets {info.limit_reset}" if info.limit_reset else ""
        yield "limit", f"{_left_of(info.limit_remaining, info.limit)}{reset}"

    if info.effective_budget is not None:
        yield "budget", _budget(info.effective_budget)

    if info.expires_at:
        yield "expires", info.expires_at


def _has_no_limit(info: KeyInfo) -> bool:
    """Tell whether a key says that it has none; it may also say nothing of limits."""
    members = json_value(info.raw)
    return is_object(members) and members.get("limit", _UNKNOWN) is None


def _budget(budget: EffectiveBudget) -> str:
    left = _left_of(budget.remaining_usd, budget.limit_usd)
    scope = f" ({budget.scope})" if budget.scope else ""
    resets = f", resets {budget.resets_at}" if budget.resets_at else ""
    return f"{left}{scope}{resets}"


def _usage(info: KeyInfo) -> Iterator[_Row]:
    yield "used", _amount(info.usage)
    for label, used in (
        ("  today", info.usage_daily),
        ("  this week", info.usage_weekly),
        ("  this month", info.usage_monthly),
    ):
        if used is not None:
            yield label, cost(used)

    if info.byok_usage:
        yield "own keys", f"{cost(info.byok_usage)} at providers"


def _balance(credits: Credits | OpenRouterError) -> str:
    if isinstance(credits, OpenRouterError):
        label = credits.status if credits.code is None else credits.code
        told = "" if label is None else f"{label}: "
        return f"{_UNKNOWN} ({told}{bare_message_of(credits)})"

    return _left_of(credits.remaining, credits.total_credits)


def _left_of(left: float | None, limit: float | None) -> str:
    """Say what is left of an amount, as far as either is known."""
    if limit is None:
        return _UNKNOWN if left is None else f"{cost(left)} left"

    if left is None:
        return f"{cost(limit)}, what is left of it is {_UNKNOWN}"

    return f"{cost(left)} left of {cost(limit)}"


def _amount(dollars: float | None) -> str:
    return _UNKNOWN if dollars is None else cost(dollars)


def _count(number: int | None) -> str:
    return _UNKNOWN if number is None else f"{number:,}"
