"""Amounts of money, as the commands write them."""

from __future__ import annotations

from decimal import Decimal

_LEAST = 1e-6  # what six decimals tell from nothing


def cost(credits: float) -> str:
    """Write a cost in dollars, with the digits that tell it from nothing."""
    if credits < 0:
        return f"-{cost(-credits)}"

    if credits == 0:
        return "$0"

    if credits < _LEAST:
        return f"${Decimal(f'{credits:.2g}'):f}"

    return f"${credits:,.2f}" if credits >= 1 else f"${credits:.6f}"
