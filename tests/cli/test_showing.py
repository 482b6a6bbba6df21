"""What consoles get: wrapped text, bars and lines, costs."""

from __future__ import annotations

import asyncio
import io

import pytest
from rich.console import Console

from openrouter_async import AttemptFailure, RateLimitError
from openrouter_async.cli.consoles import cost, failure_line
from openrouter_async.cli.fan_out import Tally
from openrouter_async.cli.fan_out_act import watch
from openrouter_async.cli.paragraph import Paragraph
from openrouter_async.cli.progress import gauge, show_result, show_stopped


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


def test_rate_is_that_of_the_last_two_seconds() -> None:
    """A burst at the start is forgotten."""
    tally = Tally(total=1000, started=10.0)
    rates = [tally.rate(10.0)]
    for second, answered in ((11, 100), (12, 110), (13, 120), (14, 130)):
        tally.answered = answered
        rates.append(tally.rate(second))

    assert rates == [0.0, 100.0, 55.0, 10.0, 10.0]


def test_attempts_are_counted_with_their_refusals() -> None:
    """Only 429 counts as refused."""
    tally = Tally(total=1, started=0.0)
    failures = [
        AttemptFailure(error="RateLimitError", message="", code=429),
        AttemptFailure(error="ServerError", message="", code=503),
        AttemptFailure(error="APIConnectionError", message=""),
    ]

    tally.add_attempts(4, failures)

    assert (tally.sent, tally.refused) == (4, 1)


def test_where_there_is_no_bar_there_are_five_lines() -> None:
    """They come when another fifth is done."""
    console, file = plain()
    tally = Tally(total=20, started=0.0, in_flight=3)
    with gauge(console, 20) as shown:
        for done in range(21):
            tally.answered = done
            shown.show(tally, float(done))
            shown.show(tally, float(done))

    assert [line.split("  ")[1] for line in file.getvalue().splitlines()] == [
        " 4/20",
        " 8/20",
        " 12/20",
        " 16/20",
        " 20/20",
    ]


def test_a_bar_fits_a_terminal_of_80_columns() -> None:
    """Its line holds all figures."""
    file = io.StringIO()
    console = Console(file=file, width=80, force_terminal=True, no_color=True)
    tally = Tally(total=1000, started=0.0, in_flight=300)
    tally.answered, tally.refused = 400, 9999
    with gauge(console, 1000) as shown:
        shown.show(tally, 2.0)

    assert " 400/1000" in file.getvalue()
    assert "300 in flight  200/s 9999 x 429    3 s left" in file.getvalue()


def test_lost_prompts_stand_out() -> None:
    """The table says what there is, nothing that is not known."""
    console, file = plain()
    tally = Tally(total=3, started=0.0, answered=2, lost=1, sent=4, cost=1.5)

    show_result(console, tally, 2.0, None)

    rows = [line.split("  ") for line in file.getvalue().splitlines() if line]
    assert [(row[1].strip(), row[-1].strip()) for row in rows] == [
        ("answered", "2 of 3"),
        ("lost", "1"),
        ("answered after retries", "0"),
        ("requests sent", "4"),
        ("refused with 429", "0"),
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
            "   stopped: 1,200 of 2,000 prompts answered, 2 lost, 1,500 sent,"
            " 500 not sent",
        ),
    ],
    ids=["none lost", "some lost"],
)
def test_a_stopped_fan_out_is_told_in_a_line(lost: int, line: str) -> None:
    """What was lost is told if there is any."""
    console, file = plain()
    tally = Tally(total=2000, started=0.0, answered=1200, lost=lost, begun=1500)

    show_stopped(console, tally)

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
        def show(self, tally: Tally, now: float) -> None:
            if begun.is_set():
                raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        await watch(work(), Tally(total=1, started=0.0), Broken())

    assert ended == [True]


@pytest.mark.parametrize(
    ("credits", "text"), [(0.0, "$0"), (0.00001, "$0.000010"), (12.345, "$12.35")]
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
