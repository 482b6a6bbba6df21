"""The prompts of a fan-out, and a count of what became of them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator

import msgspec


class Sample(msgspec.Struct, kw_only=True):
    """
    Hold what a limiter says of itself.

    Attributes:
        at: on the machine's monotonic clock.
        rate: requests per second that it lets through.
        in_flight: requests under way.
    """

    at: float
    rate: float | None
    in_flight: int


class Tally(msgspec.Struct, kw_only=True):
    """
    Count what became of the prompts of one process.

    Attributes:
        began: when the run began, on the machine's monotonic clock.
        ended: when the last prompt was over.
        answered: the items that were answered.
        failures: prompts that ended without an answer, by the error's name.
        samples: of the limiter, where the client has one.
    """

    began: float = 0.0
    ended: float = 0.0
    answered: set[int] = set()
    failures: dict[str, int] = msgspec.field(default_factory=Counter[str])
    samples: list[Sample] = []

    def answer(self, item: int, text: str) -> None:
        """
        Count an answer.

        Raises:
            ValueError: it is another prompt's, or came before.
        """
        if not text.endswith(f" item {item}.") or item in self.answered:
            raise ValueError(f"not the answer to item {item}: {text!r}")

        self.answered.add(item)
        self.ended = time.monotonic()

    def fail(self, error: BaseException | str) -> None:
        """Count a prompt that has no answer."""
        name = error if isinstance(error, str) else type(error).__name__
        self.failures[name] += 1
        self.ended = time.monotonic()


def prompt(item: int) -> str:
    """Return the text of an item."""
    return f"item {item}: say in two sentences why the sky is blue."


def prompts(items: Iterable[int]) -> Iterator[str]:
    """Return the texts of items, one by one."""
    return map(prompt, items)
