"""`openrouter-async models`: which models there are, and what they cost."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Annotated

import typer

from openrouter_async.cli.connecting import PLACES, Connection, naming_base_url
from openrouter_async.cli.consoles import show_notes
from openrouter_async.cli.output import Output
from openrouter_async.cli.request_options import AllowHTTP, BaseURL, Retries, Timeout
from openrouter_async.cli.running import exit_codes
from openrouter_async.errors import printable
from openrouter_async.types.models import Model, ModelList, ModelPricing

_MILLION = 1_000_000
_HEAD = ("id", "context", "$/M prompt", "$/M completion")
_UNKNOWN = "-"


def models(
    search: Annotated[
        str | None, typer.Argument(help="What to look for, such as a name.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print what was received, a line per model.")
    ] = False,
    timeout: Timeout = None,
    retries: Retries = None,
    base_url: BaseURL = None,
    allow_http: AllowHTTP = False,
) -> None:
    """List models with their prices per million tokens."""
    with exit_codes():
        connection = Connection(
            timeout=timeout, retries=retries, base_url=base_url, allow_http=allow_http
        )
        found = asyncio.run(_list(connection, search))
        output = Output()
        if as_json:
            for model in found:
                output.json(model.raw)
        elif found.data:
            for line in _table([_HEAD, *map(_row, found)]):
                output.text(f"{line}\n")
        else:
            sought = "" if search is None else printable(f" for {search}")
            show_notes([f"there are no models{sought}"])


async def _list(connection: Connection, search: str | None) -> ModelList:
    async with connection.client() as opened:
        with naming_base_url(opened, *PLACES):
            if search is None:
                return await opened.models.list()

            return await opened.models.list(q=search)


def _row(model: Model) -> tuple[str, str, str, str]:
    context, pricing = model.context_length, model.pricing or ModelPricing()
    return (
        model.id,
        _UNKNOWN if context is None else f"{context:,}",
        price_of_million(pricing.prompt),
        price_of_million(pricing.completion),
    )


def price_of_million(price: Decimal | None) -> str:
    """
    Write the price of a million tokens, exactly.

    Args:
        price: of one token; negative where it depends on what a router chooses.
    """
    if price is None:
        return _UNKNOWN

    if price < 0:
        return "varies"

    return f"{(price * _MILLION).normalize():f}"


def _table(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """Align columns: the first to the left, figures to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for first, *others in rows:
        figures = zip(others, widths[1:], strict=True)
        yield "  ".join(
            [first.ljust(widths[0]), *(text.rjust(width) for text, width in figures)]
        )
