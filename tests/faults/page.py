"""
Make the page about reliability of the catalogue of faults.

Run it as `python -m tests.faults.page`.
"""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

from tests.faults.catalogue import Fault, faults

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
_BEGIN = "<!-- catalogue: begin -->\n"
_END = "<!-- catalogue: end -->\n"
_SHOWN = 2  # tests of a fault
_HEAD = "| # | fault | what this library does | tried again | billed | shown by |"


def page(text: str) -> str:
    """
    Return the page with the catalogue between its two markers.

    Args:
        text: of the page.
    """
    before, _, rest = text.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    return f"{before}{_BEGIN}{_tables()}\n{_END}{after}"


def _tables() -> str:
    parts = [_summary(faults())]
    for section, found in groupby(faults(), key=lambda fault: fault.section):
        rows = "\n".join(map(_row, found))
        parts.append(f"## {section}\n\n{_HEAD}\n|---|---|---|---|---|---|\n{rows}\n")

    return "\n" + "\n".join(parts)


def _summary(found: list[Fault]) -> str:
    shown = sum(bool(fault.tests) for fault in found)
    left = sum(bool(fault.left) for fault in found)
    return f"{len(found)} faults; {shown} shown by tests, {left} left to others.\n"


def _row(fault: Fault) -> str:
    tests = ", ".join(f"`{_name(test)}`" for test in fault.tests[:_SHOWN])
    more = len(fault.tests) - _SHOWN
    told = f"{tests} and {more} more" if more > 0 else tests
    cells = (
        str(fault.number),
        fault.fault,
        f"{fault.does} {fault.left}".rstrip(),
        fault.retried,
        fault.billed,
        told or "-",
    )
    escaped = (cell.replace("|", "\\|") for cell in cells)
    return f"| {' | '.join(escaped)} |"


def _name(test: str) -> str:
    """Return a test by its file and name, without the folder that all have."""
    return test.removeprefix("tests/")


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
