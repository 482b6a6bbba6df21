"""What a simulated model costs."""

from __future__ import annotations

from typing import NamedTuple

_TOKENS_PER_PRICE = 1_000_000


class Price(NamedTuple):
    """What a model costs, in credits for a million tokens."""

    prompt: float
    completion: float

    def of_prompt(self, tokens: int) -> float:
        """Return what prompt tokens cost, in credits."""
        return tokens * self.prompt / _TOKENS_PER_PRICE

    def of_completion(self, tokens: int) -> float:
        """Return what completion tokens cost, in credits."""
        return tokens * self.completion / _TOKENS_PER_PRICE


_FREE = Price(0.0, 0.0)
_USUAL = Price(0.5, 1.5)

# Made up: the right order of magnitude is all that a test of a budget needs.
_BY_AUTHOR = {
    "anthropic": Price(3.0, 15.0),
    "deepseek": Price(0.25, 1.0),
    "google": Price(0.3, 2.5),
    "meta-llama": Price(0.1, 0.3),
    "mistralai": Price(0.4, 2.0),
    "openai": Price(2.5, 10.0),
    "qwen": Price(0.2, 0.8),
}


def price_of(model: str) -> Price:
    """
    Return the price of a model.

    Args:
        model: A model's name; those that end in `:free` cost nothing.

    Returns:
        The price by the author part of the name, or a usual one.
    """
    if model.endswith(":free"):
        return _FREE

    author, _, _ = model.partition("/")
    return _BY_AUTHOR.get(author, _USUAL)
