"""Texts that a schema allows."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from openrouter_async.testing.notes import pattern_readings
from openrouter_async.testing.patterns import matching_text
from openrouter_async.testing.rules import number_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from openrouter_async.testing.dice import Dice

_FORMATS = {
    "base64": "d2hhbGVz",
    "base64url": "d2hhbGVz",
    "date": "2026-01-31",
    "date-time": "2026-01-31T12:00:00Z",
    "date-time without offset": "2026-01-31T12:00:00",
    "decimal": "1.5",
    "duration": "PT1H",
    "email": "ada@example.com",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "time": "12:00:00Z",
    "time without offset": "12:00:00",
    "uri": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "uuid4": "00000000-0000-4000-8000-000000000000",
}


def text_of(rules: Mapping[str, object], dice: Dice, words: Sequence[str]) -> str:
    """
    Return a text for the schema of a string.

    Args:
        rules: The schema; a pattern that nothing can be made up for is left aside.
        dice: Decides every choice.
        words: What texts are made of.

    Returns:
        The text.
    """
    pattern, name = rules.get("pattern"), rules.get("format")
    if isinstance(pattern, str):
        example = rules.get("example")
        text = example if isinstance(example, str) else _matching(pattern, rules)
        if text is not None:
            return text

    if isinstance(name, str) and name in _FORMATS:
        return _FORMATS[name]

    text = dice.pick(words)
    while len(text) < _length(rules, "minLength", 0):
        text += f" {dice.pick(words)}"

    text = text[: _length(rules, "maxLength", len(text))]
    if rules.get("contentEncoding") == "base64":
        return base64.b64encode(text.encode()).decode()

    return text


def _matching(pattern: str, rules: Mapping[str, object]) -> str | None:
    def fits(text: str) -> bool:
        least = _length(rules, "minLength", 0)
        return least <= len(text) <= _length(rules, "maxLength", len(text))

    for reading in pattern_readings(pattern):
        text = matching_text(reading, fits)
        if text is not None:
            return text

    return None


def _length(rules: Mapping[str, object], name: str, default: int) -> int:
    return int(number_of(rules, name, default))
