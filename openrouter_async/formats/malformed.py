"""
What is wrong with texts that are not JSON.

msgspec says that a text was truncated wherever it would have to read on, `five` too:
that begins as `false` does, and is shorter. Python's own parser knows where it was.
"""

from __future__ import annotations

import json
import re

CUT = "it ends before it is complete"
"""What is wrong with a text that could have been the beginning of JSON."""

_RAN_OUT = "Input data was truncated"
_HALF_OF_A_PAIR = "half of a surrogate pair is no text"
_HALVES = re.compile(r"[\ud800-\udfff]|\\u[dD][89a-fA-F]")
_SHOWN_CHARACTERS = 20

# What may stand from where Python gave up to the end of a text that was cut: of a
# constant, of a number, or of an escaped letter.
_BEGUN = re.compile(
    r"(t|tr|tru|f|fa|fal|fals|n|nu|nul)?|-|\.|[eE][+-]?|u[0-9a-fA-F]{0,4}"
)


def _refuse(constant: str) -> None:
    raise ValueError(constant)


# Numbers stay text, however long they are; NaN and infinity are none.
_DECODER = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=_refuse)


def what_is_wrong(text: str, error: Exception) -> str | None:
    """
    Return why a text is not JSON; None where it is.

    Args:
        text: what could not be decoded.
        error: what msgspec says of it.
    """
    if not text.strip():
        return "it is empty"

    reason = _reason(error)
    try:
        _DECODER.decode(text)
    except json.JSONDecodeError as found:
        return _located(text, found, reason)
    except ValueError:
        return reason
    except RecursionError:
        return "it is nested too deeply"

    return _HALF_OF_A_PAIR if _HALVES.search(text) else None


def _reason(error: Exception) -> str:
    if isinstance(error, UnicodeEncodeError) or "surrogate pair" in str(error):
        return _HALF_OF_A_PAIR

    return str(error).removeprefix("JSON is malformed: ")


def _located(text: str, found: json.JSONDecodeError, reason: str) -> str:
    in_a_string = found.msg.startswith("Unterminated string")
    may_be_cut = reason.startswith((_RAN_OUT, "invalid number"))
    if may_be_cut and (in_a_string or _BEGUN.fullmatch(text, found.pos)):
        return CUT

    if found.pos == 0 and not in_a_string:
        word = text.split(maxsplit=1)[0]
        more = "..." if len(word) > _SHOWN_CHARACTERS else ""
        return f"it begins with {word[:_SHOWN_CHARACTERS] + more!r}"

    if reason == _RAN_OUT:
        return f"invalid character (byte {len(text[: found.pos].encode())})"

    return reason
