"""Short texts that match a regular expression."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_MOST_REPEATS = 64
_LONGEST = 4096
_CLASSES = {"d": "0", "w": "a", "s": " ", "D": "a", "W": "-", "S": "a"}
_CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v"}
_MEMBERS = "".join(map(chr, range(32, 127)))
_QUANTIFIER = re.compile(r"([?*+])|\{(\d*)(?:(,)(\d*))?\}")


def matching_text(pattern: str, fits: Callable[[str], bool]) -> str | None:
    """
    Return a short text that a pattern is found in.

    Args:
        pattern: Of literals, classes, groups, alternatives and repeats; what looks
            around or back is not understood.
        fits: Says whether a text is as it should be otherwise, such as long enough.

    Returns:
        The text, or None if none was found.
    """
    try:
        compiled = re.compile(pattern)
    except (re.error, OverflowError, RecursionError):
        return None

    for more in range(_MOST_REPEATS):
        try:
            text = _Reader(pattern, more).alternatives()
        except (_NotUnderstoodError, RecursionError):
            return None

        if fits(text) and compiled.search(text):
            return text

    return None


class _NotUnderstoodError(Exception):
    """A pattern has a part that nothing is made up for."""


class _Reader:
    """Reads a pattern from left to right, and writes the first text that it allows."""

    def __init__(self, pattern: str, more: int) -> None:
        self._pattern = pattern
        self._place = 0
        self._more = more

    def alternatives(self) -> str:
        """Return a text for the first of the alternatives; read all of them."""
        first = self._sequence()
        while self._skip("|"):
            self._sequence()

        return first

    def _sequence(self) -> str:
        text = ""
        while (sign := self._peek()) and sign not in "|)":
            part = self._part()
            text += part * self._repeats(part)
            if len(text) > _LONGEST:
                raise _NotUnderstoodError

        return text

    def _part(self) -> str:
        sign = self._take()
        if sign == "(":
            return self._group()

        if sign == "[":
            return self._class()

        if sign == "\\":
            return self._escaped(self._take())

        return {".": "a", "^": "", "$": ""}.get(sign, sign)

    def _group(self) -> str:
        if self._skip("?") and not self._skip(":"):
            name = re.compile(r"P<\w+>").match(self._pattern, self._place)
            if name is None:
                raise _NotUnderstoodError

            self._place = name.end()

        text = self.alternatives()
        self._skip(")")
        return text

    def _class(self) -> str:
        start = self._place
        self._skip("^")
        self._skip("]")
        while self._peek() not in {"]", ""}:
            if self._take() == "\\":
                self._take()

        self._skip("]")
        members = re.compile(f"[{self._pattern[start : self._place]}")
        # Letters look better than signs, and are in most classes.
        likely = sorted(_MEMBERS, key=lambda sign: not sign.isalnum())
        for member in likely:
            if members.fullmatch(member):
                return member

        raise _NotUnderstoodError

    def _escaped(self, sign: str) -> str:
        if sign in _CLASSES or sign in _CONTROLS:
            return {**_CLASSES, **_CONTROLS}[sign]

        if sign in "bBAZz":
            return ""

        if sign.isalnum():
            raise _NotUnderstoodError

        return sign

    def _repeats(self, part: str) -> int:
        """Read a quantifier, and return how often the part before it is written."""
        found = _QUANTIFIER.match(self._pattern, self._place)
        if found is None or found[0] in ("{}", "{,}"):
            return 1

        self._place = found.end()
        if not self._skip("?"):
            self._skip("+")

        low, high = _bounds(found)
        # Lengths are reached by the repeats that may go on; none is, by nothing.
        times = min(low + self._more, high) if part else low
        if times > _LONGEST:
            raise _NotUnderstoodError

        return times

    def _peek(self) -> str:
        return self._pattern[self._place : self._place + 1]

    def _take(self) -> str:
        sign = self._peek()
        self._place += 1
        return sign

    def _skip(self, sign: str) -> bool:
        if self._peek() != sign:
            return False

        self._place += 1
        return True


def _bounds(found: re.Match[str]) -> tuple[int, int]:
    sign, low, comma, high = found.groups()
    if sign:
        return {"?": (0, 1), "*": (0, _LONGEST), "+": (1, _LONGEST)}[sign]

    least = int(low or 0)
    if comma is None:
        return least, least

    return least, int(high) if high else max(least, _LONGEST)
