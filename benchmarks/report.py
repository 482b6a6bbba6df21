"""From measurements to medians, ratios and verdicts, as Markdown and JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TypeAlias

from benchmarks.workloads import TARGETS, Target

Measured: TypeAlias = Mapping[str, float]

MICRO = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """
    Hold the rounds of one workload.

    Attributes:
        name: of the workload.
        title: for the table.
        unit: what is counted.
        rounds: by client; the rounds of all clients alternated.
    """

    name: str
    title: str
    unit: str
    rounds: Mapping[str, Sequence[Measured]]

    def per_unit(self, client: str, clock: str) -> list[float]:
        """Return the microseconds per unit of each round."""
        return [each[clock] / each["units"] * MICRO for each in self.rounds[client]]

    def ratio(self, reference: str) -> float:
        """
        Return the CPU time of the first client in times that of the reference.

        The median over rounds: what else the machine did hits both in a round.
        """
        first = next(iter(self.rounds))
        pairs = zip(
            self.per_unit(first, "cpu"), self.per_unit(reference, "cpu"), strict=True
        )
        return median(ours / theirs for ours, theirs in pairs)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Tell whether a target was reached."""

    target: Target
    title: str
    ratio: float

    @property
    def reached(self) -> bool:
        """Whether it was; always, where there is no limit yet."""
        return self.target.limit is None or self.ratio <= self.target.limit


def verdicts(rows: Sequence[Row]) -> list[Verdict]:
    """Return a verdict for each target that was measured."""
    by_name = {row.name: row for row in rows}
    return [
        Verdict(target, row.title, row.ratio(target.reference))
        for target in TARGETS
        if (row := by_name.get(target.workload)) is not None
    ]


def table(rows: Sequence[Row]) -> str:
    """Return the medians as a Markdown table."""
    lines = [
        "| workload | client | CPU us | lowest - highest | wall us | CPU ratio |",
        "|---|---|---:|---:|---:|---:|",
    ]
    for row in rows:
        for client in row.rounds:
            cpu = row.per_unit(client, "cpu")
            spread = f"{min(cpu):,.2f} - {max(cpu):,.2f}"
            wall = median(row.per_unit(client, "wall"))
            lines.append(
                f"| {row.title} | {client} | {median(cpu):,.2f} | {spread} |"
                f" {wall:,.2f} | {row.ratio(client):.2f} |"
            )

    return "\n".join(lines)


def target_table(found: Sequence[Verdict]) -> str:
    """Return the targets as a Markdown table."""
    lines = [
        "| workload | reference | measured | target | | goal |",
        "|---|---|---:|---:|---|---:|",
    ]
    for each in found:
        limit = each.target.limit
        shown = "-" if limit is None else f"{limit:.2f}"
        word = "reached" if each.reached else "NOT REACHED"
        lines.append(
            f"| {each.title} | {each.target.reference} | {each.ratio:.2f} | {shown} |"
            f" {'-' if limit is None else word} | {each.target.goal:.2f} |"
        )

    return "\n".join(lines)


def as_json(
    rows: Sequence[Row],
    machine: Mapping[str, object],
    versions: Mapping[str, str],
) -> dict[str, object]:
    """Return everything that was measured, as JSON values."""
    return {
        "machine": machine,
        "versions": versions,
        "workloads": [
            {
                "name": row.name,
                "title": row.title,
                "unit": row.unit,
                "clients": [_client(row, client) for client in row.rounds],
            }
            for row in rows
        ],
        "targets": [
            {
                "workload": each.target.workload,
                "reference": each.target.reference,
                "ratio": each.ratio,
                "limit": each.target.limit,
                "goal": each.target.goal,
                "reached": each.reached,
            }
            for each in verdicts(rows)
        ],
    }


def _client(row: Row, client: str) -> dict[str, object]:
    return {
        "name": client,
        "cpu_us": median(row.per_unit(client, "cpu")),
        "wall_us": median(row.per_unit(client, "wall")),
        "ratio": row.ratio(client),
        "rounds": row.rounds[client],
    }
