"""Results as SVG, drawn with matplotlib; the same results give the same files."""

# matplotlib types its keyword arguments in part.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
from __future__ import annotations

from collections.abc import Callable, Sequence
from math import floor, log10
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.clients import OURS
from benchmarks.results import Part, Results
from benchmarks.tables import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PREFIX = "benchmarks"
_OURS = "#2a78d6"
_OTHERS = "#a9a8a2"
_LINES = ("#2a78d6", "#eb6834", "#52514e")
_GRID = "#e1e0d9"
_WIDE = 8.0  # inches
_BAR = 0.22  # inches, for each bar
_AROUND = 0.9  # inches, for each panel
_HEADROOM = 1.2  # of the highest point


def draw(results: Results, folder: Path) -> list[str]:
    """
    Draw all plots that the results have parts for.

    Returns:
        names of the files.
    """
    bars = {
        "calls": ("plain-1", "plain-64", "plain-512"),
        "chunks": ("blocks", "paced", "paced-3000"),
        "start": ("import", "first-call"),
    }
    growth = [
        part for part in results.parts if part.rounds and part.about.group == "Growth"
    ]
    folder.mkdir(parents=True, exist_ok=True)
    names = list[str]()
    for name, workloads in bars.items():
        found = [part for each in workloads if (part := results.part(each)) is not None]
        if found:
            tall = sum(_BAR * len(part.rounds) + _AROUND for part in found)
            names.append(_save(folder, name, found, tall, _draw_bars))

    if growth:
        tall = 2.2 * ((len(growth) + 1) // 2)
        names.append(_save(folder, "growth", growth, tall, _draw_growth, columns=2))

    return names


def _save(
    folder: Path,
    name: str,
    parts: Sequence[Part],
    tall: float,
    draw_one: Callable[[Axes, Part], None],
    columns: int = 1,
) -> str:
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    file = f"{_PREFIX}-{name}.svg"
    # Text stays text, and the same run gives the same file.
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": _PREFIX, "font.size": 9}):
        figure = Figure(figsize=(_WIDE, tall), layout="constrained", dpi=72)
        rows = -(-len(parts) // columns)
        ratios = [len(part.rounds) + 3 for part in parts] if columns == 1 else None
        panels = figure.subplots(rows, columns, squeeze=False, height_ratios=ratios)
        for axes, part in zip(panels.flat, parts, strict=False):
            draw_one(axes, part)

        for axes in panels.flat[len(parts) :]:
            axes.set_visible(False)

        figure.savefig(folder / file, format="svg", metadata={"Date": None})

    return file


def _draw_bars(axes: Axes, part: Part) -> None:
    shown = part.about.shown
    found = {
        case: middle
        for case in part.rounds
        if (middle := part.middle(case, "cpu", shown)) is not None
    }
    names = sorted(found, key=lambda name: found[name], reverse=True)
    bars = axes.barh(
        names,
        [found[name] for name in names],
        color=[_OURS if OURS in name else _OTHERS for name in names],
    )
    labels = [number(found[name]) for name in names]
    axes.bar_label(bars, labels, padding=3)
    axes.set_xscale("log")
    axes.xaxis.set_minor_formatter("")
    # Bars begin at a power of ten, and leave room for their labels.
    axes.set_xlim(10 ** floor(log10(min(found.values()))), 3 * max(found.values()))
    title = f"{part.about.title}: CPU {shown} per {part.about.unit}"
    axes.set_title(title, loc="left", fontsize=9)
    axes.grid(axis="x", color=_GRID)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def _draw_growth(axes: Axes, part: Part) -> None:
    lines: dict[str, list[tuple[float, float]]] = {}
    for case in part.rounds:
        client, _, size = case.partition(" @ ")
        middle = part.middle(case, "cpu")
        if middle is not None and size:
            point = float(size.replace(",", "")), middle
            lines.setdefault(client, []).append(point)

    for color, (client, points) in zip(_LINES, lines.items(), strict=False):
        xs, ys = zip(*points, strict=True)
        axes.plot(xs, ys, marker="o", color=color, label=client)

    axes.set_xscale("log")
    axes.xaxis.set_minor_formatter("")
    highest = max(height for points in lines.values() for _, height in points)
    axes.set_ylim(0, highest * _HEADROOM)
    axes.set_title(part.about.title, loc="left", fontsize=9)
    axes.set_ylabel(f"CPU us per {part.about.unit}")
    axes.legend(frameon=False)
    axes.grid(color=_GRID)
    axes.spines[["top", "right"]].set_visible(False)
