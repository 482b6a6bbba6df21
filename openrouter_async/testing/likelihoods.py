"""How likely tokens are: made up, and always the same."""

from __future__ import annotations

from openrouter_async.testing.dice import Dice
from openrouter_async.testing.tokens import decode_tokens


def logprob_of(token: str) -> float:
    """Return the log probability of a token."""
    return round(-2.0 * Dice("logprob", token).fraction() ** 2, 6)


def rivals_of(token: str, wanted: int) -> dict[str, float]:
    """Return the most likely tokens at a place, the one taken among them."""
    dice = Dice("rivals", token)
    value = logprob_of(token)
    rivals = {token: value}
    while len(rivals) < wanted:
        rival = f" {decode_tokens([dice.roll(1 << 16)])}"
        value -= 0.5 + dice.fraction()
        rivals.setdefault(rival, round(value, 6))

    return rivals
