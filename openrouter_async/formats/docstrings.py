"""
What docstrings say, in the styles of Google, NumPy and reST.

Docstrings are written for people: whatever is in no known form stays text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from inspect import cleandoc
from typing import NamedTuple

_OF_MEMBERS = frozenset(
    {
        "args",
        "arguments",
        "attributes",
        "keyword args",
        "keyword arguments",
        "other parameters",
        "parameters",
        "params",
    }
)
_OTHERS = frozenset(
    {
        "example",
        "examples",
        "note",
        "notes",
        "raises",
        "references",
        "return",
        "returns",
        "see also",
        "todo",
        "warning",
        "warnings",
        "warns",
        "yield",
        "yields",
    }
)
_UNDERLINE = re.compile(r"[-=~]{3,}\s*$")
_GOOGLE_MEMBER = re.compile(
    r"(?P<names>\*{0,2}\w+)\s*(?:\(.*?\))?\s*:(?:\s+(?P<text>.*))?$"
)
_NUMPY_MEMBER = re.compile(r"(?P<names>\*{0,2}\w+(?:\s*,\s*\*{0,2}\w+)*)\s*(?::.*)?$")
_REST_MEMBER = re.compile(
    r":(?:param|parameter|arg|argument|key|keyword|ivar|var)\s+"
    r"(?:[^:]*\s)?(?P<names>\*{0,2}\w+)\s*:(?:\s+(?P<text>.*))?$"
)
_REST_FIELD = re.compile(r":[a-z]+(?:\s[^:]*)?:(?:\s|$)")


class Docstring(NamedTuple):
    """
    Hold what a docstring says.

    Attributes:
        text: what stands before its first section or field.
        members: what is said of each argument or attribute, in one line each.
    """

    text: str
    members: dict[str, str]

    @property
    def summary(self) -> str:
        """The first paragraph, in one line."""
        return " ".join(self.text.partition("\n\n")[0].split())


class _Section(NamedTuple):
    """Hold where a section's heading and its lines start, and what they look like."""

    at: int
    start: int
    member: re.Pattern[str] | None


def read_docstring(docstring: str | None) -> Docstring:
    """
    Read a docstring.

    Args:
        docstring: as it stands in the source; None for none.
    """
    lines = cleandoc(docstring or "").splitlines()
    sections = list(_sections(lines))
    text_end = sections[0].at if sections else len(lines)
    members: dict[str, str] = {}
    ends = [*(section.at for section in sections[1:]), len(lines)]
    for section, end in zip(sections, ends, strict=False):
        if section.member:
            members.update(_members(lines[section.start : end], section.member))

    return Docstring("\n".join(lines[:text_end]).strip(), members)


def _sections(lines: Sequence[str]) -> Iterator[_Section]:
    """Find the headings; each field of reST is a section that is its own heading."""
    for at, line in enumerate(lines):
        if _REST_FIELD.match(line):
            yield _Section(at, at, _REST_MEMBER)
            continue

        heading = line.rstrip(": ").lower()
        if heading not in _OF_MEMBERS | _OTHERS:
            continue

        below = lines[at + 1] if at + 1 < len(lines) else ""
        if _UNDERLINE.match(below):
            yield _Section(
                at, at + 2, _NUMPY_MEMBER if heading in _OF_MEMBERS else None
            )
        elif line.rstrip().endswith(":") and _indent(lines[at + 1 :]):
            yield _Section(
                at, at + 1, _GOOGLE_MEMBER if heading in _OF_MEMBERS else None
            )


def _indent(lines: Sequence[str]) -> int:
    """Measure how far the first line that is not empty is indented."""
    for line in lines:
        if line.strip():
            return len(line) - len(line.lstrip())

    return 0


def _members(lines: Sequence[str], member: re.Pattern[str]) -> dict[str, str]:
    """Read the lines of a section: names at its indentation, what is said deeper."""
    indent = _indent(lines)
    said: dict[str, list[str]] = {}
    current: list[str] = []
    for line in lines:
        if _indent([line]) > indent or not line.strip():
            current.append(line.strip())
            continue

        found = member.match(line.strip())
        current = [found.groupdict().get("text") or ""] if found else []
        for name in found["names"].split(",") if found else ():
            said[name.strip().lstrip("*")] = current

    joined = {name: " ".join(" ".join(words).split()) for name, words in said.items()}
    return {name: words for name, words in joined.items() if words}
