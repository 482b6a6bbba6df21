"""The results of one run, as they stand in `results.json`."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import TypeAlias

import msgspec

from benchmarks.workload import Workload
from benchmarks.workloads import BY_NAME

Measured: TypeAlias = dict[str, float]

MICRO = 1e6
# Of a figure in the unit in which it was measured: seconds, bytes, MiB.
_SCALES = {"us": MICRO, "ms": 1e3, "KiB": 1 / 1024, "MiB": 1.0}


class DifferentRunsError(ValueError):
    """Figures of several runs would have been compared."""


class Part(msgspec.Struct, kw_only=True):
    """
    Hold what was measured of one workload.

    Attributes:
        run: that it belongs to.
        workload: its name.
        rounds: by case; those of all cases alternated.
        notes: who was left out, and why.
    """

    run: str
    workload: str
    rounds: dict[str, list[Measured]]
    notes: list[str]

    @property
    def about(self) -> Workload:
        """The workload."""
        return BY_NAME[self.workload]

    def figures(self, case: str, measure: str, shown: str = "us") -> list[float]:
        """
        Return a figure of each round; none where it was not measured.

        Args:
            case: a client, or a client at a size.
            measure: `cpu` and `wall` are per unit; others are taken as they are.
            shown: unit of the figures.
        """
        scale = _SCALES[shown]
        per_unit = measure in ("cpu", "wall")
        return [
            each[measure] / (each["units"] if per_unit else 1) * scale
            for each in self.rounds.get(case, ())
            if measure in each
        ]

    def ratios(self, case: str, reference: str, measure: str) -> list[float]:
        """Return how many times the reference's a case has in each round of both."""
        # Rivals take part in the first rounds only.
        pairs = zip(
            self.figures(case, measure), self.figures(reference, measure), strict=False
        )
        return [ours / theirs for ours, theirs in pairs]

    def middle(self, case: str, measure: str, shown: str = "us") -> float | None:
        """Return the median over the rounds."""
        figures = self.figures(case, measure, shown)
        return median(figures) if figures else None


class Results(msgspec.Struct, kw_only=True):
    """
    Hold a whole run.

    Attributes:
        run: its name, which every part carries.
        began: in UTC.
        quick: whether it was only a look.
        rounds: measurements per case.
        seconds: CPU time of each.
        machine: what it ran on, and the load before it.
        versions: of all that took part.
        parts: one per workload.
    """

    run: str
    began: str
    quick: bool
    rounds: int
    seconds: float
    machine: dict[str, str | int | float | None]
    versions: dict[str, str]
    parts: list[Part]

    def part(self, workload: str) -> Part | None:
        """Return what was measured of a workload; None when nothing was."""
        parts = (each for each in self.parts if each.rounds)
        return next((each for each in parts if each.workload == workload), None)


def new_run(now: datetime | None = None) -> str:
    """Return a name that no other run has."""
    now = now or datetime.now(UTC)
    return f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"


def write(results: Results, path: Path) -> None:
    """Write everything that was measured."""
    text = msgspec.json.format(msgspec.json.encode(results), indent=1)
    path.write_bytes(text + b"\n")


def load(paths: Sequence[Path]) -> Results:
    """
    Read the results of one run.

    Raises:
        DifferentRunsError: there are several files, or parts of several runs in one.
    """
    if len(paths) != 1:
        raise DifferentRunsError(
            f"{len(paths)} files of results: take one. Figures of different runs were"
            " measured on a machine in different states and cannot be compared"
        )

    results = msgspec.json.decode(paths[0].read_bytes(), type=Results)
    others = {part.run for part in results.parts} - {results.run}
    if others:
        raise DifferentRunsError(
            f"{paths[0]} is of run {results.run}, but holds parts of"
            f" {', '.join(sorted(others))}"
        )

    return results
