"""A clock that does what is due, and seconds drawn at random."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import TypeAlias

Draw: TypeAlias = Callable[[Random], float]
"""Draws seconds."""


def fixed(seconds: float) -> Draw:
    """Draw always the same."""
    return lambda _: seconds


def between(least: float, most: float) -> Draw:
    """Draw evenly."""
    return lambda random: random.uniform(least, most)


def exponential(mean: float, least: float) -> Draw:
    """Draw what language models take: many short answers, few long ones."""
    return lambda random: least + random.expovariate(1 / mean)


class Clock:
    """
    Do what is due, in the order of time.

    Attributes:
        now: seconds.
    """

    def __init__(self) -> None:
        self.now = 0.0
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()

    def at(self, when: float, action: Callable[[], None]) -> None:
        """Do something at a time, or now if that is over."""
        heappush(self._due, (max(when, self.now), next(self._numbers), action))

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Do something in so many seconds."""
        self.at(self.now + seconds, action)

    def run(self, until: float, over: Callable[[], bool]) -> None:
        """Let time pass until that second, or until it is over."""
        while self._due and not over():
            when, _, action = heappop(self._due)
            if when > until:
                return

            self.now = when
            action()
