"""`openrouter-async key`: what the key in use may spend, and what is left of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Annotated, TypeAlias

import typer

from openrouter_async.cli.connecting import PLACES, Connection, naming_base_url
from openrouter_async.cli.consoles import cost
from openrouter_async.cli.output import Output
from openrouter_async.cli.request_options import AllowHTTP, BaseURL, Retries, Timeout
from openrouter_async.cli.running import exit_codes
from openrouter_async.errors import PermissionDeniedError
from openrouter_async.types.account import Credits, EffectiveBudget, KeyInfo

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
            balance = b"null" if credits is None else credits.raw
            output.json(b'{"key":%b,"credits":%b}' % (info.raw, balance))
        else:
            for label, value in _rows(info, credits):
                output.text(f"{label:<{_LABEL}}{value}\n")


async def _ask(connection: Connection) -> tuple[KeyInfo, Credits | None]:
    async with connection.client() as opened:
        with naming_base_url(opened, *PLACES):
            info = await opened.key.get()
            try:
                return info, await opened.credits.get()
            except PermissionDeniedError:  # only management keys may ask
                return info, None


def _rows(info: KeyInfo, credits: Credits | None) -> Iterator[_Row]:
    if info.label:
        yield "key", info.label

    yield from _limits(info)
    yield from _usage(info)
    if info.is_free_tier is not None:
        bought = "no credits were ever bought" if info.is_free_tier else "no"
        yield "free tier", f"yes, {bought}" if info.is_free_tier else bought

    daily = info.free_model_daily_requests
    if daily is not None:
        left, limit = _count(daily.remaining), _count(daily.limit)
        yield "free models", f"{left} of {limit} requests left today (UTC)"

    yield "credits", _balance(credits)


def _limits(info: KeyInfo) -> Iterator[_Row]:
    if info.limit is None:
        yield "limit", "none"
    else:
        reset = f", resets {info.limit_reset}" if info.limit_reset else ""
        left = _amount(info.limit_remaining)
        yield "limit", f"{left} left of {cost(info.limit)}{reset}"

    if info.effective_budget is not None:
        yield "budget", _budget(info.effective_budget)

    if info.expires_at:
        yield "expires", info.expires_at


def _budget(budget: EffectiveBudget) -> str:
    left, limit = _amount(budget.remaining_usd), _amount(budget.limit_usd)
    scope = f" ({budget.scope})" if budget.scope else ""
    resets = f", resets {budget.resets_at}" if budget.resets_at else ""
    return f"{left} left of {limit}{scope}{resets}"


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


def _balance(credits: Credits | None) -> str:
    if credits is None:
        return "only a management key may ask"

    return f"{_amount(credits.remaining)} left of {_amount(credits.total_credits)}"


def _amount(dollars: float | None) -> str:
    return _UNKNOWN if dollars is None else cost(dollars)


def _count(number: int | None) -> str:
    return _UNKNOWN if number is None else f"{number:,}"
