"""JSON that a user wrote, read strictly, and what is wrong with it in plain words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import cast

import msgspec

from openrouter_async.types.lenient import Json, is_array, is_object

_PREFIX = "JSON is malformed: "
_CUT = "Input data was truncated"  # msgspec says so of `five` too, and of "\ud800"
_HALF = re.compile(r"[\ud800-\udfff]")


class BadJSONError(ValueError):
    """
    Raised when a text is not JSON, or not clear.

    Attributes:
        reason: what is wrong with it.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def json_of(text: str) -> Json:
    """
    Return what a JSON text says.

    Raises:
        BadJSONError: it is not JSON, or has a member twice: one of them would be lost.
    """
    try:
        value: Json = msgspec.json.decode(text)
        repeated = _repeated(text, value)
    except (msgspec.DecodeError, UnicodeError) as error:
        reason = f"not JSON: {_reason(text, str(error).removeprefix(_PREFIX))}"
    except RecursionError:
        reason = "not JSON: nested too deeply"
    else:
        if repeated is None:
            return value

        reason = f"`{repeated}` is there twice; which of them is meant?"

    raise BadJSONError(reason)


def json_kind(value: Json) -> str:
    """Return what JSON calls a value."""
    if value is None:
        return "null"

    if isinstance(value, bool):
        return "a boolean"

    if isinstance(value, str):
        return "a string"

    if is_object(value):
        return "an object"

    return "an array" if is_array(value) else "a number"


class _RepeatedError(Exception):
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def _members(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    members: dict[str, Json] = {}
    for name, value in pairs:
        if name in members:
            raise _RepeatedError(name)

        members[name] = value

    return members


_SECOND_LOOK = json.JSONDecoder(object_pairs_hook=_members)


def _repeated(text: str, value: Json) -> str | None:
    """Return the name of a member that an object has twice."""
    # Each member has its colon. Where there are no more colons than members, no member
    # took the place of another: most lines need no second look, which takes longer.
    colons = text.count(":")
    if not is_object(value) or colons == len(value) or colons == _count(value):
        return None

    try:
        _SECOND_LOOK.decode(text)
    except _RepeatedError as error:
        return error.name
    except ValueError:
        return None  # a number of thousands of digits, which Python does not read

    return None


def _count(value: Json) -> int:
    """Count the members of all objects in a value."""
    # As exact types, and loops: every line of chat comes by here.
    if type(value) is dict:
        members = cast("dict[str, Json]", value)
        count = len(members)
        parts: Iterable[Json] = members.values()
    elif type(value) is list:
        count, parts = 0, cast("list[Json]", value)
    else:
        return 0

    return count + sum(_count(part) for part in parts)


def _reason(text: str, told: str) -> str:
    """Say why a text is not JSON, where msgspec's words do not."""
    if not text.strip():
        return "it is empty"

    try:
        found = _HALF.search(json.dumps(json.loads(text), ensure_ascii=False))
    except json.JSONDecodeError as error:
        if told != _CUT:
            return told

        if error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated"):
            return "it ends too early"

        return f"{error.msg[:1].lower()}{error.msg[1:]} (character {error.pos + 1})"
    except (ValueError, RecursionError):
        return told

    return told if found is None else f"\\u{ord(found[0]):x} is half a surrogate pair"
