"""JSON that a user wrote: what is wrong with it, in words that are true."""

from __future__ import annotations

import json

import pytest

from openrouter_async.cli.json_text import BadJSONError, json_kind, json_of


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not JSON: it is empty"),
        (" ", "not JSON: it is empty"),
        ("five", "not JSON: expecting value (character 1)"),
        ("[tru", "not JSON: expecting value (character 2)"),
        ('{"a": "b', "not JSON: it ends too early"),
        ("[1, 2", "not JSON: it ends too early"),
        ("NaN", "not JSON: invalid character (byte 0)"),
        ('"a" "b"', "not JSON: trailing characters (byte 5)"),
        ('{"a": "b\\ud800"}', "not JSON: \\ud800 is half a surrogate pair"),
        ('"\\udc00 and more"', "not JSON: \\udc00 is half a surrogate pair"),
        ("[" * 100_000, "not JSON: nested too deeply"),
        ('{"a": 1, "a": 1}', "`a` is there twice; which of them is meant?"),
        ('{"a": {"b": 1, "b": [2]}}', "`b` is there twice; which of them is meant?"),
        (
            '{"b": [{"a": 1, "a" : ":"}]}',
            "`a` is there twice; which of them is meant?",
        ),
    ],
)
def test_what_is_wrong_is_told(text: str, reason: str) -> None:
    """A member that is there twice would be lost without a word."""
    with pytest.raises(BadJSONError) as caught:
        json_of(text)

    assert caught.value.reason == reason


@pytest.mark.parametrize(
    "text",
    [
        '{"a": "b: c", "d": {"a": 1}, "e": [{"a": 1}, {"a": 2}]}',
        '{"a" : "x", "b"\\t: ": :"}'.replace("\\t", "\t"),
        f'{{"a": "x:y", "b": {"9" * 20}}}',
        '"a: b"',
        '["a: b"]',
    ],
)
def test_what_is_right_is_read(text: str) -> None:
    """Colons within strings are none of members."""
    assert json_of(text) == json.loads(text)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (None, "null"),
        (True, "a boolean"),
        (1, "a number"),
        (1.5, "a number"),
        ("a", "a string"),
        ([], "an array"),
        ({}, "an object"),
    ],
)
def test_kinds_are_named_as_json_does(value: object, kind: str) -> None:
    """Python has other names."""
    assert json_kind(value) == kind
