"""The progress of a map: a bar in a terminal, a few lines elsewhere."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.text import Text

from openrouter_async.cli.amounts import cost
from openrouter_async.cli.consoles import is_animated
from openrouter_async.fanout.statistics import MapStatistics

REFRESH = 0.1  # seconds

_STEPS = 5  # lines where there is no bar
_BEAT = 60.0  # seconds after which there is one more

# Columns for the figures beside the bar, and for the ^C that a terminal echoes behind
# the line below it: where that goes to the next line, the bar is shown twice.
_BESIDE_BAR = 46
_ECHO = 4
_INDENT = "   "
_GAP = "  "

_RATE_OVER = 2.0  # seconds
_RATE_OF = 50  # items, where they take longer
_SAMPLES = 6000

_MINUTE = 60.0
_HOUR = 3600.0
_SHORT = 100  # of a unit: above, the next one is used


class Gauge(Protocol):
    """Show how far a map is."""

    def show(self, told: MapStatistics, now: float) -> None:
        """Show how it stands at a time of the event loop's clock."""
        ...


class Speed:
    """Measure items per second: of the last 50, or of two seconds if those are more."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, int]] = deque(maxlen=_SAMPLES)

    def measure(self, told: MapStatistics, now: float) -> float:
        """
        Take in how many items are finished.

        Returns:
            Items per second; 0 as long as there is nothing to measure. What comes
            from the journal is not counted: it says nothing of what is to come.
        """
        finished = told.finished - told.replayed
        samples = self._samples
        samples.append((now, finished))
        while len(samples) > 2 and self._is_enough(samples[1]):
            samples.popleft()

        then, before = samples[0]
        return (finished - before) / (now - then) if now > then else 0.0

    def _is_enough(self, first: tuple[float, int]) -> bool:
        """Tell whether a measure that starts there is long enough."""
        now, finished = self._samples[-1]
        return first[0] <= now - _RATE_OVER and finished - first[1] >= _RATE_OF


class _Replays:
    def __init__(self) -> None:
        self._before = 0

    def grow(self, told: MapStatistics) -> bool:
        """Tell whether answers are being taken from the journal."""
        before, self._before = self._before, told.replayed
        return told.replayed > before or not (told.requests or told.in_flight)


class _Silence:
    def show(self, told: MapStatistics, now: float) -> None:
        return


class _Bar:
    def __init__(self, live: Live, console: Console, total: int) -> None:
        self._live = live
        self._total = total
        self._speed = Speed()
        self._replays = _Replays()
        self._width = console.width - _ECHO
        self._progress = Progress(
            TextColumn(" "),
            BarColumn(bar_width=max(8, console.width - _BESIDE_BAR)),
            MofNCompleteColumn(),
            TextColumn("{task.fields[pace]}", style="dim"),
            console=console,
        )
        self._task = self._progress.add_task("", total=total, pace="")

    def show(self, told: MapStatistics, now: float) -> None:
        rate = self._speed.measure(told, now)
        pace = pace_text(rate, self._total - told.finished)
        self._progress.update(self._task, completed=told.finished, pace=pace)
        fields = state_fields(told, replaying=self._replays.grow(told))
        state = fitting(fields, self._width - len(_INDENT))
        below = Text(f"{_INDENT}{state}", style="dim", no_wrap=True)
        self._live.update(Group(self._progress.get_renderable(), below), refresh=True)


class _Lines:
    def __init__(self, console: Console, total: int) -> None:
        self._console = console
        self._total = total
        self._speed = Speed()
        self._replays = _Replays()
        self._step = 1
        self._last: float | None = None

    def show(self, told: MapStatistics, now: float) -> None:
        rate = self._speed.measure(told, now)
        replaying = self._replays.grow(told)
        if self._last is None:
            self._last = now

        if told.finished >= self._total:
            return  # what it came to is said by others

        reached = told.finished * _STEPS >= self._step * self._total
        if not reached and now - self._last < _BEAT:
            return

        self._last = now
        self._step = told.finished * _STEPS // max(1, self._total) + 1
        pace = pace_text(rate, self._total - told.finished)
        state = _GAP.join(state_fields(told, replaying=replaying))
        line = f"{_INDENT}{told.finished}/{self._total}  {pace}  {state}"
        self._console.print(line, soft_wrap=True)


@contextmanager
def gauge(console: Console, total: int, *, silent: bool = False) -> Generator[Gauge]:
    """Give what suits the console."""
    if silent:
        yield _Silence()
        return

    if not is_animated(console):
        yield _Lines(console, total)
        return

    # No thread of its own: the event loop says when.
    with Live(console=console, auto_refresh=False) as live:
        yield _Bar(live, console, total)


def end_echo(console: Console) -> None:
    """Go to the next line where a terminal has echoed a ^C and no bar was below it."""
    if console.is_dumb_terminal:
        console.print()


def pace_text(rate: float, left: int) -> str:
    """Say how fast items finish, and how long the rest will take."""
    if not left:
        return f"{rate_text(rate)}  done"

    return f"{rate_text(rate)}  {span(left / rate) if rate else '?'} left"


def state_fields(told: MapStatistics, *, replaying: bool = False) -> list[str]:
    """
    Say what is under way, and what went wrong.

    Args:
        told: how the run stands.
        replaying: whether answers are being taken from the journal: what waits for
            that does not wait for its turn.
    """
    parts = [f"{told.replayed} from the journal"] if told.replayed else []
    parts.append(f"{told.in_flight} in flight")
    if not replaying:
        parts.append(f"{told.waiting} waiting")

    if told.rate is not None:
        parts.append(f"limit {rate_text(told.rate)}")

    parts.append(f"{told.throttled} refused")
    if told.failed:
        parts.append(f"{told.failed} failed")

    return [*parts, cost(told.cost)]


def fitting(fields: Sequence[str], width: int) -> str:
    """Join as many fields as fit, from the first on: none is cut."""
    line = ""
    for each in fields:
        longer = f"{line}{_GAP}{each}" if line else each
        if len(longer) > width:
            break

        line = longer

    return line


def rate_text(rate: float) -> str:
    """Write a rate, by the minute where it is low."""
    if rate >= 1 or not rate:
        return f"{rate:.0f}/s"

    return f"{rate * _MINUTE:.0f}/min"


def span(seconds: float) -> str:
    """Write a time to wait."""
    if seconds < _SHORT:
        return f"{seconds:.0f} s"

    if seconds < _SHORT * _MINUTE:
        return f"{seconds / _MINUTE:.0f} min"

    return f"{seconds / _HOUR:.0f} h"
