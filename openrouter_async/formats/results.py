"""What a model is told of a call of a tool: its result, or what went wrong."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from typing import cast

import msgspec

from openrouter_async.formats.mismatch import FormatMismatch
from openrouter_async.types.lenient import Json, is_array, is_object
from openrouter_async.types.messages import Content

_PARTS = {
    "text": "text",
    "image_url": "image_url",
    "input_audio": "input_audio",
    "file": "file",
    "video_url": "video_url",
    "input_video": "video_url",
}
_BYTES = (bytes, bytearray, memoryview)
# Bytes, which are refused, and prices, which go out as numbers.
_KEPT_TYPES = (*_BYTES, Decimal)
_SHOWN_CHARACTERS = 600  # of an exception's message


def result_content(result: object) -> Content:
    """
    Return what a function returned as the content of a message.

    Text and lists of content parts stay what they are, all else becomes JSON.

    Raises:
        TypeError: it cannot be written as JSON.
        ValueError: the same: it refers to itself, or holds a number or a letter that
            JSON cannot.
    """
    if isinstance(result, str):
        result.encode()  # else a lone surrogate would end the run, not the call
        return result

    try:
        if is_array(result) and result and all(map(_is_part, result)):
            return _checked_parts(result)

        text = msgspec.json.encode(result, enc_hook=_members_of_model).decode()
        if "null" in text:
            # msgspec writes it in their place: a model would take it for no result.
            plain = msgspec.to_builtins(
                result, enc_hook=_members_of_model, str_keys=True
            )
            _check_finite(plain)
    except RecursionError:
        message = "it is nested too deeply"
    else:
        return text

    raise ValueError(message)


def _checked_parts(parts: Sequence[Json]) -> Content:
    """Return content parts as plain values, which nothing refuses that sends them."""
    plain = msgspec.to_builtins(
        parts, builtin_types=_KEPT_TYPES, enc_hook=_members_of_any, str_keys=True
    )
    _check_finite(plain)
    msgspec.json.encode(plain)  # raises for lone surrogates
    return cast("Content", plain)


def failure_content(error: BaseException) -> str:
    """Return what went wrong in a form that a model can act on: short, no traceback."""
    if isinstance(error, FormatMismatch):
        remedy = "Call it again with arguments that match its parameters."
        return f"Error: the arguments cannot be used: {_short(error)}. {remedy}"

    return f"Error: {type(error).__name__}: {_short(error)}".rstrip(": ")


def _short(error: BaseException) -> str:
    try:
        text = str(error)
    except Exception:  # of its own `__str__`
        return ""

    text = text.encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}..."


def _is_part(value: Json) -> bool:
    if not is_object(value):
        return False

    kind = value.get("type")
    return isinstance(kind, str) and _PARTS.get(kind) in value


def _check_finite(plain: Json) -> None:
    """Refuse numbers that JSON has no form for, and bytes that were kept."""
    ahead: list[Json] = [plain]
    while ahead:
        value = ahead.pop()
        if isinstance(value, _BYTES):
            raise TypeError("the result holds bytes among its parts; decode them first")

        if isinstance(value, float | Decimal) and not math.isfinite(value):
            raise ValueError(
                f"the result holds the number {value}, which JSON has no form for"
            )

        if is_object(value):
            ahead.extend(value.values())
        elif is_array(value):
            ahead.extend(value)


def _members_of_any(value: object) -> object:
    """Return what parts hold that is a mapping or a sequence of another type."""
    if is_object(value):
        return dict(value)

    return list(value) if is_array(value) else _members_of_model(value)


def _members_of_model(value: object) -> object:
    """Return the members of a pydantic model (msgspec's `enc_hook`)."""
    dump = getattr(value, "model_dump", None)
    if callable(dump):
        return dump(mode="json")

    name = type(value).__qualname__
    raise TypeError(f"a result of type {name} cannot be written as JSON")
