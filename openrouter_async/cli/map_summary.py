"""What is said when a map is over: rows for people, an object for programs."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import msgspec
from rich.text import Text

from openrouter_async.cli.amounts import cost
from openrouter_async.cli.consoles import (
    bare_message_of,
    hint_of,
    plural,
    show_hint,
    show_lines,
    show_message,
)
from openrouter_async.cli.map_report import FailureKind, MapReport, cause_text
from openrouter_async.cli.places import STDOUT
from openrouter_async.errors import OpenRouterError
from openrouter_async.types.lenient import Json

_KINDS = 8
_BAD = 10
_LABEL = 12
_UNKNOWN_END = (
    "were sent by an earlier run without a known end (stopped, or failed so that they"
    " may be billed): they may be billed twice"
)
# In the words of the library, whose errors have no hint about options.
_MAX_COST = "max_cost="
_UNTOLD = "(usage.cost)"
_SHOWN = 72  # characters of a message


def show_report(report: MapReport, *, quiet: bool, as_json: bool) -> None:
    """
    Say how a map went.

    Args:
        report: how it went.
        quiet: whether to say nothing but why it is not whole.
        as_json: whether to write an object in place of the rows: to standard output
            if there are no answers there.
    """
    if as_json:
        _write(msgspec.json.encode(summary_object(report)) + b"\n", report)
        return

    if not quiet:
        show_lines(_rows(report))

    _show_end(report, quiet=quiet)


def _write(line: bytes, report: MapReport) -> None:
    stream = sys.stderr if report.places.output == STDOUT else sys.stdout
    stream.write(line.decode())
    stream.flush()


def _rows(report: MapReport) -> Iterator[Text]:
    told, found = report.statistics, report.findings
    yield _row("answered", f"{report.answered:,} of {report.total:,}", _style(report))
    if told.replayed:
        them = "came" if report.not_kept else "of them"
        yield _row("", f"{told.replayed:,} {them} from the journal")

    if report.not_kept:
        lost = f"{report.not_kept:,} received that are not in the output"
        yield _row("not kept", lost, "bold red")

    if told.failed:
        yield _row("failed", f"{told.failed:,}", "bold red")
        yield from _kinds(report)

    if report.not_sent:
        yield _row("not sent", f"{report.not_sent:,}", "bold")

    if found.bad:
        numbers = ", ".join(str(line.number) for line in found.bad_lines[:_BAD])
        more = " ..." if found.bad > _BAD else ""
        lines = plural(found.bad, "line")
        yield _row("skipped", f"{found.bad:,} {lines}: {numbers}{more}")

    if told.interrupted:
        yield _row("", f"{told.interrupted:,} {_UNKNOWN_END}")

    refused = f"{told.throttled:,} refused by a limit"
    yield _row("requests", f"{told.requests:,}, {refused}")
    yield _row("tokens", f"{told.tokens:,}")
    earlier = f", {cost(report.counts.replayed_cost)} earlier" if told.replayed else ""
    yield _row("cost", cost(told.cost) + earlier)
    yield _row("time", _time(report))
    if report.places.output != STDOUT:
        yield _row("answers", report.places.output)

    if report.places.journal is not None:
        yield _row("journal", report.places.journal)


def _row(label: str, value: str, style: str = "not dim") -> Text:
    line = Text(f"{label:<{_LABEL}}", style="dim")
    line.append(value, style=f"not dim {style}")
    return line


def _style(report: MapReport) -> str:
    return f"bold {'green' if report.is_whole else 'red'}"


def _kinds(report: MapReport) -> Iterator[Text]:
    kinds = sorted(report.counts.kinds.items(), key=lambda each: -each[1].count)
    for label, kind in kinds[:_KINDS]:
        yield _row("", f"{kind.count:,} x {label}: {_example(kind)}")

    if len(kinds) > _KINDS:
        yield _row("", f"{len(kinds) - _KINDS} more kinds")


def _example(kind: FailureKind) -> str:
    message = bare_message_of(kind.first)
    return message if len(message) <= _SHOWN else f"{message[:_SHOWN]}..."


def _time(report: MapReport) -> str:
    fresh = report.statistics.succeeded - report.statistics.replayed
    rate = fresh / report.seconds if report.seconds else 0.0
    return f"{report.seconds:.2f} s, {rate:,.1f} answers a second"


def _show_end(report: MapReport, *, quiet: bool) -> None:
    """Say why something is left, and how to go on."""
    cut = report.cut_off
    flying = f"{cut:,} {plural(cut, 'request')} under way may be billed" if cut else ""
    if report.interrupted:
        show_message("", "bold", f"interrupted; {flying}" if cut else "interrupted")
    elif cut and report.output_failed and not quiet:
        show_message("", "bold", flying)

    if report.cause is not None:
        show_message("error: ", "bold red", cause_text(report.cause))
    elif quiet and not report.is_whole:
        show_message("error: ", "bold red", _shortfall(report))

    show_hint(_hint(report))
    if report.displaced:
        show_message(
            "",
            "bold",
            f"{report.places.output} is as an earlier run left it: it has more answers."
            f"{_whereabouts(report)}",
        )

    if report.resume is not None:
        show_message("to go on: ", "bold", report.resume)


def _whereabouts(report: MapReport) -> str:
    if report.is_broken:
        return ""  # it may be the journal that could not be written

    return " The answers of this one are in the journal"


def _shortfall(report: MapReport) -> str:
    told = report.statistics
    parts = [f"{report.answered:,} of {report.total:,} prompts answered"]
    if told.failed:
        parts.append(f"{told.failed:,} failed")

    if report.not_kept:
        parts.append(f"{report.not_kept:,} not kept")

    if report.not_sent:
        parts.append(f"{report.not_sent:,} not sent")

    return ", ".join(parts)


def _hint(report: MapReport) -> str:
    """Return the hint of the cause, or of the most frequent failure."""
    if isinstance(report.cause, OpenRouterError):
        return hint_of(report.cause) or _cost_hint(report.cause.message)

    kinds = sorted(report.counts.kinds.values(), key=lambda each: -each.count)
    return hint_of(kinds[0].first) if kinds else ""


def _cost_hint(message: str) -> str:
    """Return what can be done if it is `--max-cost` that ended a run."""
    if _MAX_COST not in message:
        return ""

    if _UNTOLD in message:
        return "leave out --max-cost: it needs answers that say what they cost"

    return "raise --max-cost, or run the same command again: each run may cost as much"


def summary_object(report: MapReport) -> dict[str, Json]:
    """Return what a program may want to know."""
    told, found = report.statistics, report.findings
    kinds = report.counts.kinds.items()
    return {
        "total": report.total,
        "answered": report.answered,
        "not_kept": report.not_kept,
        "replayed": told.replayed,
        "failed": told.failed,
        "not_sent": report.not_sent,
        "skipped": found.bad,
        "skipped_lines": [line.number for line in found.bad_lines],
        "failures": {label: kind.count for label, kind in kinds},
        "cause": _cause_object(report.cause),
        "hint": _hint(report) or None,
        "interrupted": report.interrupted,
        "cut_off": report.cut_off,
        "maybe_billed_twice": told.interrupted,
        "requests": told.requests,
        "refused": told.throttled,
        "tokens": told.tokens,
        "cost": told.cost,
        "replayed_cost": report.counts.replayed_cost,
        "seconds": report.seconds,
        "output": report.places.output,
        "in_place": report.in_place,
        "journal": report.places.journal,
        "resume": report.resume,
        "exit_code": report.exit_code,
    }


def _cause_object(cause: Exception | None) -> dict[str, str] | None:
    if cause is None:
        return None

    return {"class": type(cause).__name__, "message": cause_text(cause)}
