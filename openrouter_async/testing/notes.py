"""
What the descriptions of strict schemas say, read back as keywords.

Strict providers accept no bounds, so the library writes those of a type into its
descriptions, for the model to see. A model that is any good keeps to them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ORDER: Final = "x-order"
"""Made of a tuple's note: the types of its places, as far as they are known."""

_NUMBER = r"(-?\d[\d.]*(?:e[+-]?\d+)?)"
_BOUNDS: Mapping[str, str] = {
    "minimum": f"at least {_NUMBER}",
    "exclusiveMinimum": f"greater than {_NUMBER}",
    "maximum": f"at most {_NUMBER}",
    "exclusiveMaximum": f"less than {_NUMBER}",
    "multipleOf": f"a multiple of {_NUMBER}",
    "minLength": f"at least {_NUMBER} characters",
    "maxLength": f"at most {_NUMBER} characters",
    "minItems": f"(?:at least|exactly) {_NUMBER} items",
    "maxItems": f"(?:at most|exactly) {_NUMBER} items",
}
_TEXTS: Mapping[str, str] = {
    "contentEncoding": r"encoded in (\w+)",
    "format": r"format: ([\w -]+)",
}


def _note(words: str) -> re.Pattern[str]:
    # A note stands alone, behind another one, or in brackets behind what was said.
    return re.compile(rf"(?:^|(?<=\()|(?<=; )){words}(?=$|;|\)| \()")


_BOUND_NOTES = {keyword: _note(words) for keyword, words in _BOUNDS.items()}
_TEXT_NOTES = {keyword: _note(words) for keyword, words in _TEXTS.items()}
_UNIQUE_NOTE = _note("no item twice")
_ORDER_NOTE = re.compile(r"in this order: (.+?)(?=$|;|\) \()")
_KIND = re.compile(r"(?:.* \()?(\w+)\)*")
_PATTERN_NOTE = re.compile(r"matches the pattern (.+)")
_PATTERN_END = re.compile(r"; (?:format: |for example )|\)(?= \(|$)| \(null |$")


def with_notes(rules: Mapping[str, object]) -> dict[str, object]:
    """
    Return a schema with the keywords that its description stands for.

    Args:
        rules: The schema; a keyword that it has is left as it is.

    Returns:
        The schema with more keywords, `ORDER` possibly among them.
    """
    description = rules.get("description")
    if not isinstance(description, str):
        return {**rules}

    return {**dict(_keywords(description)), **rules}


def pattern_readings(pattern: str) -> Iterator[str]:
    """
    Yield what the rest of a description can mean that follows a pattern's words.

    Where a pattern ends is not marked, and all that can follow it can be part of it.
    """
    for end in _PATTERN_END.finditer(pattern):
        yield pattern[: end.start()]


def _keywords(description: str) -> Iterator[tuple[str, object]]:
    for keyword, note in _BOUND_NOTES.items():
        if found := note.search(description):
            number = float(found[1])
            yield keyword, int(number) if number.is_integer() else number

    for keyword, note in _TEXT_NOTES.items():
        if found := note.search(description):
            yield keyword, found[1]

    if _UNIQUE_NOTE.search(description):
        yield "uniqueItems", True

    if found := _ORDER_NOTE.search(description):
        yield ORDER, [_kind(place) for place in found[1].split(", ")]

    if found := _PATTERN_NOTE.search(description):
        yield "pattern", found[1]


def _kind(place: str) -> str:
    """Return the type of a tuple's place, which may have a name before it."""
    found = _KIND.fullmatch(place)
    return found[1] if found else "value"
