"""From tallies and ledgers to figures and verdicts, as Markdown and JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.fan_out_shapes import Shape
from benchmarks.fan_out_tally import Tally
from benchmarks.ledger import SLOT, Ledger

HEAD = (
    "| shape | client | prompts | answered | failed | unfinished | twice"
    " | refused per prompt | wall s | ideal s | ideal / wall | targets |\n"
    "|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---|"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """
    Hold what one client did with one shape.

    Attributes:
        shape: that was measured.
        client: its name.
        prompts: that were to be answered.
        tallies: one of each client process.
        ledger: the server's.
        judged: whether the targets are this client's.
    """

    shape: Shape
    client: str
    prompts: int
    tallies: Sequence[Tally]
    ledger: Ledger
    judged: bool

    @property
    def answered(self) -> int:
        """Prompts with an answer."""
        return len(set[int]().union(*(tally.answered for tally in self.tallies)))

    @property
    def failures(self) -> Counter[str]:
        """Prompts that ended without an answer, by the error's name."""
        return sum((Counter(tally.failures) for tally in self.tallies), Counter[str]())

    @property
    def unfinished(self) -> int:
        """Prompts that were neither answered nor failed when the time was up."""
        return self.prompts - self.answered - self.failures.total()

    @property
    def lost(self) -> int:
        """Prompts without an answer, whatever the reason."""
        return self.prompts - self.answered

    @property
    def refused(self) -> float:
        """Refused requests per prompt."""
        return self.ledger.refused / self.prompts

    @property
    def wall(self) -> float:
        """Seconds from the first start of a run to the last outcome."""
        began = min(tally.began for tally in self.tallies)
        return max(tally.ended for tally in self.tallies) - began

    @property
    def ideal(self) -> float:
        """Seconds that the limit takes at best."""
        return self.shape.limit().ideal(self.prompts, self.shape.latency)

    @property
    def share(self) -> float | None:
        """Ideal time in wall time; None when not all was answered."""
        return self.ideal / self.wall if not self.lost else None

    @property
    def missed(self) -> list[str]:
        """What was not reached."""
        shape = self.shape
        share = self.share or 0.0
        found = {
            "lost": self.lost > 0,
            "answered twice": self.ledger.answered_twice > 0,
            f"refused <= {shape.most_refused:.2f}": self.refused > shape.most_refused,
            f"ideal / wall >= {shape.least_ideal:.2f}": share < shape.least_ideal,
        }
        return [target for target, is_missed in found.items() if is_missed]


def row(result: Result) -> str:
    """Return the figures as a row of the table."""
    share = "-" if result.share is None else f"{result.share:.3f}"
    verdict = "-"
    if result.judged:
        verdict = f"NOT REACHED: {', '.join(result.missed)}"
        verdict = verdict if result.missed else "reached"

    return (
        f"| {result.shape.name} | {result.client} | {result.prompts:,} |"
        f" {result.answered:,} | {result.failures.total():,} |"
        f" {result.unfinished:,} | {result.ledger.answered_twice:,} |"
        f" {result.refused:.3f} | {result.wall:.2f} | {result.ideal:.2f} |"
        f" {share} | {verdict} |"
    )


def as_json(
    results: Sequence[Result],
    machine: Mapping[str, object],
    versions: Mapping[str, str],
) -> dict[str, object]:
    """Return everything that was measured, as JSON values."""
    return {
        "machine": machine,
        "versions": versions,
        "slot_seconds": SLOT,
        "results": [_entry(each) for each in results],
    }


def _entry(result: Result) -> dict[str, object]:
    shape = result.shape
    return {
        "shape": shape.name,
        "title": shape.title,
        "client": result.client,
        "processes": len(result.tallies),
        "prompts": result.prompts,
        "answered": result.answered,
        "lost": result.lost,
        "failed": result.failures,
        "unfinished": result.unfinished,
        "answered_twice": result.ledger.answered_twice,
        "refused_per_prompt": result.refused,
        "most_in_flight": result.ledger.most_in_flight,
        "wall_seconds": result.wall,
        "ideal_seconds": result.ideal,
        "ideal_in_wall": result.share,
        "targets": {
            "refused_per_prompt": shape.most_refused,
            "ideal_in_wall": shape.least_ideal,
        }
        if result.judged
        else None,
        "missed": result.missed if result.judged else None,
        "admitted": result.ledger.admitted,
        "turned_away": result.ledger.turned_away,
    }
