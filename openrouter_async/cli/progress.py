"""The progress of a fan-out: a bar in a terminal, a few lines elsewhere."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.text import Text

from openrouter_async.cli.consoles import cost, is_animated, plural
from openrouter_async.cli.fan_out import Tally

_STEPS = 5  # lines where there is no bar

# Columns for the figures and for the ^C that a terminal echoes: where that goes to
# the next line, the bar is shown twice.
_BESIDE_BAR = 60


class Gauge(Protocol):
    """Show how far a fan-out is."""

    def show(self, tally: Tally, now: float) -> None:
        """Show the counts of now."""
        ...


class _Bar:
    def __init__(self, progress: Progress, total: int) -> None:
        self._progress = progress
        self._task = progress.add_task("", total=total, state="")

    def show(self, tally: Tally, now: float) -> None:
        self._progress.update(
            self._task, completed=tally.done, state=_state(tally, now)
        )
        self._progress.refresh()


class _Lines:
    def __init__(self, console: Console, total: int) -> None:
        self._console = console
        self._total = total
        self._step = 1

    def show(self, tally: Tally, now: float) -> None:
        state = _state(tally, now)
        if tally.done * _STEPS < self._step * self._total:
            return

        self._step = tally.done * _STEPS // self._total + 1
        self._console.print(f"   {tally.done}/{tally.total}  {state}", soft_wrap=True)


@contextmanager
def gauge(console: Console, total: int) -> Generator[Gauge]:
    """Give what suits the console."""
    if not is_animated(console):
        yield _Lines(console, total)
        return

    progress = Progress(
        TextColumn(" "),
        BarColumn(bar_width=max(8, console.width - _BESIDE_BAR)),
        MofNCompleteColumn(),
        TextColumn("{task.fields[state]}", style="dim"),
        console=console,
        # No thread of its own: the event loop says when.
        auto_refresh=False,
    )
    with progress:
        yield _Bar(progress, total)


def _state(tally: Tally, now: float) -> str:
    rate = tally.rate(now)
    left = tally.total - tally.done
    state = f"{tally.in_flight:>3} in flight {rate:>4.0f}/s {tally.refused:>4} x 429"
    if not left:
        return f"{state}   done"

    return f"{state} {left / rate:>4.0f} s left" if rate else f"{state}    ? s left"


def show_result(
    console: Console, tally: Tally, elapsed: float, ideal: float | None
) -> None:
    """
    Show the table that closes a fan-out.

    Args:
        console: where to.
        tally: its counts.
        elapsed: seconds it took.
        ideal: seconds it would take at best; None if that is not known.
    """
    rows = {
        "answered": f"{tally.answered:,} of {tally.total:,}",
        "lost": f"{tally.total - tally.answered:,}",
        "answered after retries": f"{tally.retried:,}",
        "requests sent": f"{tally.sent:,}",
        "refused with 429": f"{tally.refused:,}",
        "cost": cost(tally.cost),
        "prompts per second": f"{tally.answered / elapsed:,.1f}",
        "wall time": f"{elapsed:.2f} s",
    }
    if ideal is not None:
        rows["ideal time at this limit"] = f"{ideal:.2f} s"

    console.print()
    for label, value in rows.items():
        line = Text(f"   {label:<26}", style="dim")
        line.append(f"{value:>16}", style=_style(label, tally))
        console.print(line)


def show_stopped(console: Console, tally: Tally) -> None:
    """Show in a line how far a fan-out came that Ctrl-C ended."""
    if console.is_dumb_terminal:
        # Without a bar that is taken away, the ^C is still in front of the cursor.
        console.print()

    prompts = f"{tally.total:,} {plural(tally.total, 'prompt')}"
    parts = [
        f"{tally.answered:,} of {prompts} answered",
        f"{tally.lost:,} lost" if tally.lost else "",
        f"{tally.begun:,} sent",
        f"{tally.total - tally.begun:,} not sent",
    ]
    line = f"   stopped: {', '.join(part for part in parts if part)}"
    console.print(line, soft_wrap=True)


def _style(label: str, tally: Tally) -> str:
    if label not in ("answered", "lost"):
        return "not dim"

    whole = tally.answered == tally.total
    return f"not dim bold {'green' if whole else 'red'}"
