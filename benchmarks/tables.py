"""Results as Markdown tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import median

from benchmarks.memory import MIB
from benchmarks.results import Part, Results
from benchmarks.targets import Verdict

_NOTHING = "-"


def tables(results: Results) -> str:
    """Return a table for each group of workloads."""
    groups: dict[str, list[Part]] = {}
    for part in results.parts:
        if part.rounds:
            groups.setdefault(part.about.group, []).append(part)

    return "\n\n".join(f"### {group}\n\n{table(groups[group])}" for group in groups)


def table(parts: Sequence[Part]) -> str:
    """Return one table, with a row for each client."""
    about = parts[0].about
    own = "" if about.measure == "cpu" else f" {_head(about.measure, about.shown)} |"
    clock = "ms" if about.group == "Start" else "us"
    lines = [
        f"| workload | client |{own} CPU {clock} | lowest - highest | ratio |"
        f" wall {clock} | p50 ms | p99 ms | peak MiB |",
        "|---|---|" + "---:|" * (8 if own else 7),
    ]
    lines += [_row(part, case, clock) for part in parts for case in part.rounds]
    return "\n".join(lines)


def _head(measure: str, shown: str) -> str:
    words = {
        "p50": "p50 of the gap",
        "grown": "memory grew by",
        "grown_each": "memory of a stream",
        "held": "longest hold",
    }
    return f"{words[measure]}, {shown}"


def _row(part: Part, case: str, clock: str) -> str:
    about = part.about
    cells = [about.title, case]
    if about.measure != "cpu":
        cells.append(number(part.middle(case, about.measure, about.shown)))

    cpu = part.figures(case, "cpu", clock)
    peaks = part.figures(case, "peak", "MiB")
    cells += [
        number(median(cpu)),
        f"{number(min(cpu))} - {number(max(cpu))}",
        _ratio(part, case),
        number(part.middle(case, "wall", clock)),
        number(part.middle(case, "p50", "ms")),
        number(part.middle(case, "p99", "ms")),
        number(median(peaks) / MIB if peaks else None),
    ]
    return f"| {' | '.join(cells)} |"


def _ratio(part: Part, case: str) -> str:
    """Return the ratio to the reference, at the same size where there are several."""
    _, at, size = case.partition(" @ ")
    reference = f"{part.about.reference}{at}{size}"
    if reference not in part.rounds or not part.rounds[reference]:
        return _NOTHING

    return f"{median(part.ratios(case, reference, part.about.measure)):.2f}"


def number(value: float | None) -> str:
    """Return three digits that count, or more before the point."""
    if value is None:
        return _NOTHING

    for least, digits in ((100, 0), (10, 1)):
        if abs(value) >= least:
            return f"{value:,.{digits}f}"

    return f"{value:.2f}"


def target_table(found: Iterable[Verdict]) -> str:
    """Return the targets, and whether they were reached."""
    lines = ["| | measured | target | |", "|---|---:|---:|---|"]
    for each in found:
        unit = each.target.unit
        space = "" if unit == "x" else " "
        word = "reached" if each.reached else "NOT REACHED"
        lines.append(
            f"| {each.target.name} | {each.figure:.2f}{space}{unit} |"
            f" {each.target.limit:g}{space}{unit} | {word} |"
        )

    return "\n".join(lines)


def preamble(results: Results) -> str:
    """Say what was measured, on what and with which versions."""
    machine = results.machine
    load = machine.get("load_before")
    busy = f", load {load:.1f} before" if isinstance(load, float) else ""
    notes = sorted({note for part in results.parts for note in part.notes})
    counts = [len(each) for part in results.parts for each in part.rounds.values()]
    most = max(counts, default=0)
    more = f" ({most} of what targets bound)" if most > results.rounds else ""
    lines = [
        f"Run {results.run}: medians of {results.rounds} rounds{more}, each measurement"
        f" a process of {results.seconds:g} CPU seconds or one batch, whichever is"
        f" longer; {machine['cpu']}, {machine['cores']} cores,"
        f" {machine['system']}{busy};"
        f" {', '.join(f'{name} {each}' for name, each in results.versions.items())}.",
        *(f"{note}." for note in notes),
    ]
    return "\n\n".join(lines)
