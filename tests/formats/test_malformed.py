"""Texts that are not JSON: what is told of them, and which of them were cut."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from decimal import Decimal

import msgspec
import pytest

from openrouter_async.formats.format import Format
from openrouter_async.formats.mismatch import FormatMismatch
from openrouter_async.formats.tool import tool

HALF = "not JSON: half of a surrogate pair is no text"


def mismatch_of(kind: object, text: str) -> FormatMismatch:
    """Return what is told of a text that is not of a type."""
    with pytest.raises(FormatMismatch) as raised:
        Format.of(kind).read(text)

    return raised.value


class Anything(msgspec.Struct):
    """Hold what decides nothing before the JSON is read."""

    a: str | int | float | bool | list[int | bool] | None = None


CUT = (
    "{",
    '{"a',
    '{"a"',
    '{"a":',
    '{"a": ',
    '{"a":1',
    '{"a":1,',
    '{"a":"b',
    '{"a":"b\\',
    '{"a":"b\\u',
    '{"a":"b\\u00e',
    '{"a":"\\ud83d',
    '{"a":"\\ud83d\\',
    '{"a":"\\ud83d\\ude',
    '{"a":[1',
    '{"a":[1,',
    '{"a":t',
    '{"a":fals',
    '{"a":nul',
    '{"a":-',
    '{"a":1.',
    '{"a":1e',
    '{"a":1.5E-',
    '{"a":null,"b":[{"c":"',
    f'{{"b":{"9" * 5000}',
)


@pytest.mark.parametrize("text", CUT)
def test_the_beginning_of_json_is_cut(text: str) -> None:
    """Wherever it ends: a longer answer could have been right."""
    found = mismatch_of(Anything, text)

    assert found.is_cut
    assert found.message == "not JSON: it ends before it is complete"


WRONG = {
    "five": "not JSON: it begins with 'five'",
    "nan": "not JSON: it begins with 'nan'",
    "no": "not JSON: it begins with 'no'",
    "first of all": "not JSON: it begins with 'first'",
    "Sure! Here it is:": "not JSON: it begins with 'Sure!'",
    "x" * 99: f"not JSON: it begins with '{'x' * 20}...'",
    "\ufeff{}": "not JSON: it begins with '\\ufeff{}'",
    "```json\n{": "not JSON: it begins with '```json'",
    ".5": "not JSON: it begins with '.5'",
    "": "not JSON: it is empty",
    " \n": "not JSON: it is empty",
    "```\n\n```": "not JSON: it is empty",
    '{"a":five': "not JSON: invalid character (byte 5)",
    '{"a":no}': "not JSON: invalid character (byte 5)",
    '{"é":no}': "not JSON: invalid character (byte 6)",
    '{"a":"\\u12"': "not JSON: invalid character (byte 7)",
    '{"a":NaN}': "not JSON: invalid character (byte 5)",
    '{"a":01': "not JSON: invalid number (byte 6)",
    '{"a":1.x': "not JSON: invalid number (byte 7)",
    '{"a":1} x': "not JSON: trailing characters (byte 9)",
    '{"a" 1}': "not JSON: expected ':' (byte 5)",
    '{"a":"\\ud83d"}': HALF,
    '{"a":"\\ud83d and more of it"}': HALF,
    '{"a":"\\udc00"}': HALF,
    '{"a":"\ud83d"}': HALF,
    "\ud83d": "not JSON: it begins with '\\ud83d'",
}


@pytest.mark.parametrize(("text", "message"), WRONG.items())
def test_what_was_never_json_is_not_cut(text: str, message: str) -> None:
    """No token limit ended it, and more tokens would not help."""
    found = mismatch_of(Anything, text)

    assert (found.message, found.path, found.is_cut) == (message, "$", False)


@pytest.mark.parametrize("kind", [list[int], int, Decimal, bool, str | None])
def test_a_word_is_no_json_of_any_type(kind: object) -> None:
    """Types that are put into an object may stand alone, so any text is tried."""
    assert mismatch_of(kind, "five").message == "not JSON: it begins with 'five'"


def test_a_type_that_cannot_read_its_own_text_was_not_cut() -> None:
    """The answer is whole: it is what it holds that is not JSON."""

    @dataclass
    class Holder:
        """Hold JSON as text."""

        inner: str

        def __post_init__(self) -> None:
            msgspec.json.decode(self.inner)

    found = mismatch_of(Holder, '{"inner":"[1"}')

    assert not found.is_cut
    assert found.message == "DecodeError: Input data was truncated"
    assert isinstance(found.__cause__, msgspec.DecodeError)


def test_arguments_of_tools_are_told_likewise() -> None:
    """A model is told what it wrote in place of JSON."""

    @tool
    def double(number: int) -> int:
        return 2 * number

    with pytest.raises(FormatMismatch, match=r"it begins with 'number=21' \(at \$\)"):
        double.arguments_of("number=21")


def test_nested_text_is_a_mismatch_however_deep() -> None:
    """Where msgspec can still read it and Python cannot, too."""
    limit = sys.getrecursionlimit()
    told = {
        mismatch_of(Anything, '{"b":' * depth + "tr").message
        for depth in range(limit - 300, limit + 1)
    }

    assert told <= {
        "not JSON: it ends before it is complete",
        "not JSON: it is nested too deeply",
        "the JSON is nested too deeply",
    }
