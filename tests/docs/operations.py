"""What docs/operations.md lists: its rows, and the tests that they name."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import cache

from tests.docs.markdown import ROOT

PAGE = ROOT / "docs" / "operations.md"
CODE = re.compile(r"`([^`]+)`")
OPERATION = re.compile(r"(?P<method>[A-Z]+) (?P<path>/\S*)")
LATER = "\N{DAGGER}"
"""Marks an operation that is not in the specification that tests are made with."""


@dataclass(frozen=True, slots=True)
class Row:
    """
    One row of a table: what works, and the test that shows it.

    `name` is what the row is about, such as `GET /keys`.
    """

    name: str
    library: str
    later: bool
    verdict: str
    test: str

    @property
    def method(self) -> str:
        """Return the HTTP method of an operation."""
        return self.name.partition(" ")[0]

    @property
    def path(self) -> str:
        """Return the path of an operation, with its names in braces."""
        return self.name.partition(" ")[2]

    @property
    def methods(self) -> list[str]:
        """List the methods of a client that it names; others stand beside the first."""
        first, *others = CODE.findall(self.library)
        place = first.rpartition(".")[0]
        return [first, *(f"{place}.{name}" if place else name for name in others)]

    @property
    def typed(self) -> bool:
        """Tell whether there is a method for it, beside those for any operation."""
        return self.methods[0] != "request"

    @property
    def listed(self) -> bool:
        """Tell whether it says that it can be gone through page by page."""
        return "paginate" in self.methods


def rows() -> list[Row]:
    """List the rows of all tables that say what works."""
    lines = PAGE.read_text("utf-8").splitlines()
    return [_row(line) for line in lines if line.startswith("| ") and " works" in line]


def operations() -> list[Row]:
    """List the rows that are about an operation."""
    return [row for row in rows() if OPERATION.fullmatch(row.name)]


def capabilities() -> list[Row]:
    """List the other rows: what can be done with a conversation, and around it."""
    return [row for row in rows() if not OPERATION.fullmatch(row.name)]


def _row(line: str) -> Row:
    cells = [cell.strip() for cell in line.strip().strip("|").split(" | ")]
    verdict, _, test = cells[-1].partition(": ")
    found = CODE.match(cells[0])
    return Row(
        name=found[1] if found else cells[0],
        library=cells[1],
        later=LATER in cells[0],
        verdict=verdict,
        test=test.strip("`"),
    )


@cache
def names_in(path: str) -> frozenset[str]:
    """Return the names of the tests in a file; none if there is no such file."""
    file = ROOT / path
    if not file.is_file():
        return frozenset()

    nodes = ast.walk(ast.parse(file.read_text("utf-8")))
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(
        node.name
        for node in nodes
        if isinstance(node, functions) and node.name.startswith("test_")
    )
