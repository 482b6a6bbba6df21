"""What this library has to reach, and whether it did."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median
from typing import Literal, TypeAlias

from benchmarks.clients import (
    BARE,
    CHAT,
    FLOOR,
    MAP,
    OURS,
    STACK,
    WORKERS,
)
from benchmarks.results import Part, Results
from benchmarks.workloads import BY_NAME

How: TypeAlias = Literal["ratio", "difference", "value"]

_GROWTH = 1.25  # of the cost per unit, with four times as many
_CHAT = 1.5  # times text
_ONE_WRITE_EACH = 1.25
_PLAIN = 1.15


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """
    Bound a figure.

    Attributes:
        workload: its name.
        case: whose figure.
        reference: of the ratio or difference.
        how: `ratio` and `difference` are taken within each round.
        limit: the most it may be, in the unit of the workload's measure or in times.
    """

    workload: str
    case: str = OURS
    reference: str = ""
    how: How = "ratio"
    limit: float

    @property
    def name(self) -> str:
        """What is bounded."""
        title = BY_NAME[self.workload].title
        against = {
            "ratio": f" in times of {self.reference}",
            "difference": f" over {self.reference}",
            "value": "",
        }
        return f"{title}: {self.case}{against[self.how]}"

    @property
    def unit(self) -> str:
        """What the limit is counted in."""
        return "x" if self.how == "ratio" else BY_NAME[self.workload].shown

    def figures(self, part: Part) -> list[float]:
        """Return what is bounded, of each round."""
        about = part.about
        if self.how == "ratio":
            return part.ratios(self.case, self.reference, about.measure)

        ours = part.figures(self.case, about.measure, about.shown)
        if self.how == "value":
            return ours

        theirs = part.figures(self.reference, about.measure, about.shown)
        return [one - other for one, other in zip(ours, theirs, strict=True)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Tell whether a target was reached."""

    target: Target
    figure: float

    @property
    def reached(self) -> bool:
        """Whether it was."""
        return self.figure <= self.target.limit


def _grown() -> Iterator[Target]:
    """Compare the largest size of each series with a quarter of it."""
    for workload in BY_NAME.values():
        if workload.group == "Growth":
            client = workload.clients[0]
            *_, quarter, whole = workload.sizes
            yield Target(
                workload=workload.name,
                case=f"{client} @ {whole:,}",
                reference=f"{client} @ {quarter:,}",
                limit=_GROWTH,
            )


TARGETS = (
    Target(workload="plain-1", reference=BARE, limit=_PLAIN),
    Target(workload="plain-64", reference=BARE, limit=_PLAIN),
    Target(workload="plain-512", reference=BARE, limit=_PLAIN),
    Target(workload="blocks", reference=FLOOR, limit=2.0),
    Target(workload="paced", reference=BARE, limit=_ONE_WRITE_EACH),
    Target(workload="paced-3000", reference=BARE, limit=_ONE_WRITE_EACH),
    Target(workload="first-1", reference=BARE, limit=1.2),
    Target(workload="open-streams", reference=BARE, limit=1.25),
    Target(workload="import", reference=STACK, limit=1.15),
    Target(workload="map", case=MAP, reference=WORKERS, how="difference", limit=30.0),
    Target(workload="lazy", case=MAP, how="value", limit=20.0),
    Target(workload="loop-held", how="value", limit=20.0),
    Target(workload="plain-64", case=CHAT, reference=OURS, limit=_CHAT),
    Target(workload="blocks", case=CHAT, reference=OURS, limit=_CHAT),
    Target(workload="paced", case=CHAT, reference=OURS, limit=_CHAT),
    *_grown(),
)


def verdicts(results: Results) -> list[Verdict]:
    """Return a verdict for each target that was measured."""
    found = list[Verdict]()
    for target in TARGETS:
        part = results.part(target.workload)
        cases = {target.case, target.reference} - {""}
        if part is not None and all(part.rounds.get(case) for case in cases):
            found.append(Verdict(target=target, figure=median(target.figures(part))))

    return found
