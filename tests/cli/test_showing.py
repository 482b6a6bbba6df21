"""What consoles get: wrapped text, bars and lines, costs."""

from __future__ import annotations

import asyncio
import io

import pytest
from rich.console import Console
from rich.text import Text

from openrouter_async import AttemptFailure, MapStatistics, RateLimitError
from openrouter_async.cli.amounts import cost
from openrouter_async.cli.consoles import failure_line
from openrouter_async.cli.fan_out_act import Crowd, show_result, show_stopped, watch
from openrouter_async.cli.paragraph import Paragraph
from openrouter_async.cli.progress import (
    Speed,
    fitting,
    gauge,
    rate_text,
    span,
    state_fields,
)


def plain(width: int = 80) -> tuple[Console, io.StringIO]:
    """Make a console that is no terminal."""
    file = io.StringIO()
    return Console(file=file, width=width), file


@pytest.mark.parametrize(
    ("pieces", "lines"),
    [
        (["one two three"], ["  one two", "  three"]),
        (["one", " two", " three"], ["  one two", "  three"]),
        ([" one", "  ", "two"], ["  one two"]),
        (["one\ntwo\n\nsix"], ["  one", "  two", "  six"]),
        (["wo", "rd"], ["  word"]),
        (["incomprehensible", " no"], ["  incomprehensible", "  no"]),
        (["\x1b[2J\ta"], ["  \ufffd[2J a"]),
        (["日本語", " ab"], ["  日本語", "  ab"]),
        ([""], []),
    ],
    ids=[
        *("whole", "tokens", "spaces", "newlines", "broken word", "too long"),
        *("control characters", "wide", "nothing"),
    ],
)
def test_a_paragraph_is_wrapped_between_words(
    pieces: list[str], lines: list[str]
) -> None:
    """It looks the same however its text is cut into pieces."""
    console, file = plain(width=10)
    paragraph = Paragraph(console, indent="  ")
    for piece in pieces:
        paragraph.add(piece)

    paragraph.end()

    assert file.getvalue().splitlines() == lines


def test_speed_is_that_of_the_last_items() -> None:
    """A burst at the start is forgotten once there were fifty others."""
    speed = Speed()
    steps = ((10, 0), (11, 100), (12, 125), (13, 150), (14, 175))

    rates = [speed.measure(MapStatistics(succeeded=n), t) for t, n in steps]

    assert rates == [0.0, 100.0, 62.5, 25.0, 25.0]


def test_speed_is_measured_for_longer_where_items_are_few() -> None:
    """Twenty a minute are no jumps between none and many a second."""
    speed = Speed()

    rates = [speed.measure(MapStatistics(succeeded=n), 3.0 * n) for n in range(20)]

    assert rates[1:] == pytest.approx([1 / 3] * 19)


def test_replayed_items_have_no_speed() -> None:
    """They say nothing of those to come."""
    speed = Speed()
    speed.measure(MapStatistics(), 0.0)

    assert speed.measure(MapStatistics(succeeded=900, replayed=890), 1.0) == 10.0


def test_where_there_is_no_bar_there_are_a_few_lines() -> None:
    """They come with each fifth, but for the last: the table says that."""
    console, file = plain()
    with gauge(console, 20) as shown:
        for done in range(21):
            told = MapStatistics(succeeded=done, in_flight=3)
            shown.show(told, float(done))
            shown.show(told, float(done))

    assert [line.split("  ")[1] for line in file.getvalue().splitlines()] == [
        *(" 4/20", " 8/20", " 12/20", " 16/20")
    ]


def test_a_run_that_is_slow_has_a_line_a_minute() -> None:
    """Who looks at a log wants to know that it is alive."""
    console, file = plain()
    with gauge(console, 1000) as shown:
        for second in range(0, 200, 5):
            shown.show(MapStatistics(), float(second))

    assert len(file.getvalue().splitlines()) == 3


def test_a_bar_fits_a_terminal_of_80_columns() -> None:
    """So does the line below it, with room for a ^C."""
    file = io.StringIO()
    console = Console(file=file, width=80, force_terminal=True, no_color=True)
    told = MapStatistics(
        succeeded=3_900_001,
        in_flight=256,
        waiting=256,
        rate=200.0,
        throttled=99_999,
        failed=99_999,
        cost=1234.5,
    )
    with gauge(console, 10_000_000) as shown:
        shown.show(MapStatistics(), 0.0)
        shown.show(told, 20_000.0)

    bar, state = Text.from_ansi(file.getvalue()).plain.splitlines()[-2:]
    assert bar.endswith(" 4000000/10000000 200/s  8 h left")
    assert "256 in flight  256 waiting  limit 200/s  99999 refused" in state
    assert (len(bar) <= 80, len(state) <= 77) == (True, True)


def test_a_silent_gauge_shows_nothing() -> None:
    """For those who want none."""
    console, file = plain()
    with gauge(console, 1, silent=True) as shown:
        shown.show(MapStatistics(succeeded=1), 0.0)

    assert file.getvalue() == ""


@pytest.mark.parametrize(
    ("rate", "text"), [(0.0, "0/s"), (0.4, "24/min"), (1.6, "2/s"), (200.0, "200/s")]
)
def test_low_rates_are_told_by_the_minute(rate: float, text: str) -> None:
    """A free model has twenty."""
    assert rate_text(rate) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(42, "42 s"), (600, "10 min"), (40_000, "11 h")]
)
def test_times_have_the_unit_that_suits(seconds: float, text: str) -> None:
    """Nobody counts a day in seconds."""
    assert span(seconds) == text


def test_what_did_not_happen_is_not_shown() -> None:
    """Neither a limit nor failures."""
    assert state_fields(MapStatistics(in_flight=2)) == [
        *("2 in flight", "0 waiting", "0 refused", "$0")
    ]
    assert "3 failed" in state_fields(MapStatistics(failed=3))


@pytest.mark.parametrize(
    ("width", "line"),
    [(2, ""), (3, "one"), (7, "one"), (8, "one  two"), (99, "one  two  six")],
)
def test_fields_are_shown_whole_or_not_at_all(width: int, line: str) -> None:
    """A figure that is cut would be another one."""
    assert fitting(["one", "two", "six"], width) == line


@pytest.mark.parametrize("width", [50, 60])
def test_the_line_below_a_bar_ends_with_a_whole_field(width: int) -> None:
    """Also in a terminal that is narrow."""
    file = io.StringIO()
    console = Console(file=file, width=width, force_terminal=True, no_color=True)
    told = MapStatistics(
        succeeded=5, requests=900, in_flight=256, waiting=256, rate=200.0, cost=0.25
    )
    with gauge(console, 1000) as shown:
        shown.show(told, 0.0)

    state = Text.from_ansi(file.getvalue()).plain.splitlines()[-1].strip()
    fields = state_fields(told)
    shown_fields = state.split("  ")
    assert shown_fields == fields[: len(shown_fields)]
    assert 0 < len(shown_fields) < len(fields)


def test_what_comes_from_the_journal_does_not_wait_for_a_turn() -> None:
    """It is told how many answers came from there; then the others wait."""
    console, file = plain()
    with gauge(console, 10) as shown:
        for replayed, requests in ((2, 0), (4, 0), (4, 1)):
            told = MapStatistics(
                succeeded=replayed, replayed=replayed, requests=requests, waiting=3
            )
            shown.show(told, 0.0)

        shown.show(MapStatistics(succeeded=6, replayed=4, requests=2, waiting=3), 2.0)

    states = [line.split("left  ")[1] for line in file.getvalue().splitlines()]
    assert states == [
        "2 from the journal  0 in flight  0 refused  $0",
        "4 from the journal  0 in flight  0 refused  $0",
        "4 from the journal  0 in flight  3 waiting  0 refused  $0",
    ]


def test_lost_prompts_stand_out() -> None:
    """The table says what there is, nothing that is not known."""
    console, file = plain()
    told = MapStatistics(
        succeeded=2, failed=1, requests=4, throttled=1, cost=1.5, elapsed=2.0
    )

    show_result(console, told, Crowd(prompts=3, in_flight=None, limit="", ideal=None))

    rows = [line.split("  ") for line in file.getvalue().splitlines() if line]
    assert [(row[1].strip(), row[-1].strip()) for row in rows] == [
        ("answered", "2 of 3"),
        ("lost", "1"),
        ("requests sent", "4"),
        ("refused with 429", "1"),
        ("refused per prompt", "0.333"),
        ("cost", "$1.50"),
        ("prompts per second", "1.0"),
        ("wall time", "2.00 s"),
    ]


@pytest.mark.parametrize(
    ("lost", "line"),
    [
        (0, "   stopped: 1,200 of 2,000 prompts answered, 1,500 sent, 500 not sent"),
        (
            2,
            "   stopped: 1,200 of 2,000 prompts answered, 2 lost, 1,502 sent,"
            " 498 not sent",
        ),
    ],
    ids=["none lost", "some lost"],
)
def test_a_stopped_fan_out_is_told_in_a_line(lost: int, line: str) -> None:
    """What was lost is told if there is any."""
    console, file = plain()
    told = MapStatistics(succeeded=1200, failed=lost, in_flight=300)

    show_stopped(console, told, 2000)

    assert file.getvalue() == f"{line}\n"


async def test_what_is_watched_ends_with_the_watcher() -> None:
    """A display that fails leaves no task behind."""
    begun = asyncio.Event()
    ended: list[bool] = []

    async def work() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    class Broken:
        def show(self, told: MapStatistics, now: float) -> None:
            if begun.is_set():
                raise BrokenPipeError

    taking = asyncio.create_task(work())
    with pytest.raises(BrokenPipeError):
        await watch(taking, MapStatistics, Broken())

    assert ended == [True]


@pytest.mark.parametrize(
    ("credits", "text"),
    [
        (0.0, "$0"),
        (0.00001, "$0.000010"),
        (1234.567, "$1,234.57"),
        (-0.5, "-$0.500000"),
    ],
)
def test_costs_have_the_digits_that_count(credits: float, text: str) -> None:
    """Six decimals below a dollar, two above."""
    assert cost(credits) == text


def test_a_failed_attempt_is_told_in_a_line() -> None:
    """Class, code if there is one, message and wait."""
    refused = AttemptFailure(
        error=RateLimitError.__name__, message="Busy", code=429, at=0.5, waited=1.0
    )
    lost = AttemptFailure(error="APIConnectionError", message="reset", at=0.5)

    assert failure_line(1, refused) == (
        "attempt 1 failed after 0.50 s (RateLimitError 429: Busy), waited 1.00 s"
    )
    assert failure_line(2, lost) == (
        "attempt 2 failed after 0.50 s (APIConnectionError: reset), waited 0.00 s"
    )
