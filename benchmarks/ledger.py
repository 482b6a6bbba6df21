"""What a limited server has seen: each prompt's requests, and how many came when."""

from __future__ import annotations

from collections import Counter, defaultdict

import msgspec

SLOT = 0.1  # seconds of one entry in the timelines


class Counts(msgspec.Struct, kw_only=True):
    """
    Count the requests of one run, by prompt.

    Attributes:
        sent: all of them.
        refused: those above the limit.
        answered: those whose answer was written to the client.
    """

    sent: dict[int, int] = msgspec.field(default_factory=Counter[int])
    refused: dict[int, int] = msgspec.field(default_factory=Counter[int])
    answered: dict[int, int] = msgspec.field(default_factory=Counter[int])


class Ledger(msgspec.Struct, kw_only=True):
    """
    Hold what a server has seen.

    Attributes:
        began: when the first request came, on the machine's monotonic clock.
        admitted: requests per slot of 0.1 s since then.
        turned_away: refused ones, likewise.
        most_in_flight: admitted ones at a time.
        runs: counts by the name that the client gave its run, "" without one.
    """

    began: float | None = None
    admitted: list[int] = []
    turned_away: list[int] = []
    most_in_flight: int = 0
    runs: dict[str, Counts] = msgspec.field(default_factory=lambda: defaultdict(Counts))

    def elapsed(self, now: float) -> float:
        """Return the seconds since the first request; this may be it."""
        if self.began is None:
            self.began = now

        return now - self.began

    def add(self, elapsed: float, refused: bool) -> None:
        """Count a request in its timeline."""
        line = self.turned_away if refused else self.admitted
        slot = int(elapsed / SLOT)
        if slot >= len(line):
            line.extend([0] * (slot + 1 - len(line)))

        line[slot] += 1

    @property
    def refused(self) -> int:
        """Requests that were refused."""
        return sum(sum(each.refused.values()) for each in self.runs.values())

    @property
    def answered_twice(self) -> int:
        """Answers beyond the first of each prompt."""
        answered = Counter[int]()
        for each in self.runs.values():
            answered.update(each.answered)

        return answered.total() - len(answered)
