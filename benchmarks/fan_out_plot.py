"""Rates over time, as the server saw them, drawn with matplotlib."""

# matplotlib types its keyword arguments in part.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.fan_out_report import Result
from benchmarks.ledger import SLOT

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ADMITTED = "#2a78d6"
_REFUSED = "#d03b3b"
_LIMIT = "#52514e"
_PACE = "#eb6834"
_GRID = "#e1e0d9"
_HEADROOM = 2.8  # of the limit; the first burst goes beyond
_NARROW = 8.0  # inches
_TALL = 2.8  # inches, for each shape


def plot(results: Sequence[Result], path: Path) -> None:
    """
    Draw admitted and refused requests per second, the limit and the limiter's pace.

    Args:
        results: one panel each.
        path: of the SVG.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    # Text stays text, and the same run gives the same file.
    with rc_context(
        {"svg.fonttype": "none", "svg.hashsalt": "fan-out", "font.size": 9}
    ):
        figure = Figure(
            figsize=(_NARROW, _TALL * len(results)), layout="constrained", dpi=72
        )
        panels = figure.subplots(len(results), 1, squeeze=False)
        for axes, result in zip(panels.flat, results, strict=True):
            _draw(axes, result)

        handles, labels = panels.flat[0].get_legend_handles_labels()
        figure.legend(
            handles, labels, loc="outside lower center", ncols=4, frameon=False
        )
        panels.flat[-1].set_xlabel("seconds since the first request")
        figure.savefig(path, format="svg", metadata={"Date": None})


def _draw(axes: Axes, result: Result) -> None:
    ledger = result.ledger
    slots = max(len(ledger.admitted), len(ledger.turned_away))
    edges = [slot * SLOT for slot in range(slots + 1)]
    limit = result.shape.limit()
    rates = [limit.rate(second, result.shape.latency) for second in edges]
    axes.stairs(
        _per_second(ledger.turned_away, slots),
        edges,
        color=_REFUSED,
        fill=True,
        label="refused",
    )
    axes.stairs(
        _per_second(ledger.admitted, slots), edges, color=_ADMITTED, label="admitted"
    )
    axes.step(edges, rates, where="post", color=_LIMIT, linestyle="--", label="limit")
    _draw_pace(axes, result)
    axes.set_title(result.shape.title, loc="left", fontsize=9)
    axes.set_ylabel("requests/s")
    axes.set_xlim(0, edges[-1])
    axes.set_ylim(0, max(rates) * _HEADROOM)
    axes.grid(axis="y", color=_GRID)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def _draw_pace(axes: Axes, result: Result) -> None:
    began = result.ledger.began
    if began is None or len(result.tallies) > 1:
        return

    samples = [
        (sample.at - began, sample.rate)
        for sample in result.tallies[0].samples
        if sample.rate is not None
    ]
    if samples:
        seconds, paces = zip(*samples, strict=True)
        axes.plot(seconds, paces, color=_PACE, linewidth=1.2, label="pace")


def _per_second(counts: Sequence[int], slots: int) -> list[float]:
    filled = [*counts, *[0] * (slots - len(counts))]
    return [count / SLOT for count in filled]
