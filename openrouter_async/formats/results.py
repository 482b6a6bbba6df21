"""What a model is told of a call of a tool: its result, or what went wrong."""

from __future__ import annotations

import math
from collections.abc import Iterator
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
_TOLD = 600  # characters of an exception's message


def result_content(result: object) -> Content:
    """
    Return what a function returned as the content of a message.

    Text and lists of content parts stay what they are, all else becomes JSON.

    Raises:
        TypeError: it cannot be written as JSON.
        ValueError: the same: it refers to itself, or holds a number that JSON cannot.
    """
    if isinstance(result, str):
        return result

    if is_array(result) and result and all(map(_is_part, result)):
        return cast("Content", result)

    try:
        text = msgspec.json.encode(result, enc_hook=_members_of_model).decode()
        # msgspec writes null in their place, which a model would take for no result.
        lost = next(_not_finite(result), None) if "null" in text else None
    except RecursionError:
        message = "it is nested too deeply"
    else:
        if lost is None:
            return text

        message = f"the result holds the number {lost}, which JSON has no form for"

    raise ValueError(message)


def failure_content(error: BaseException) -> str:
    """Return what went wrong in a form that a model can act on: short, no traceback."""
    if isinstance(error, FormatMismatch):
        remedy = "Call it again with arguments that match its parameters."
        return f"Error: the arguments cannot be used: {_short(error)}. {remedy}"

    return f"Error: {type(error).__name__}: {_short(error)}".rstrip(": ")


def _short(error: BaseException) -> str:
    text = str(error)
    return text if len(text) <= _TOLD else f"{text[:_TOLD]}..."


def _is_part(value: Json) -> bool:
    if not is_object(value):
        return False

    kind = value.get("type")
    return isinstance(kind, str) and _PARTS.get(kind) in value


def _not_finite(result: object) -> Iterator[float]:
    """List the numbers of a result that JSON cannot write."""
    plain = msgspec.to_builtins(result, enc_hook=_members_of_model, str_keys=True)
    ahead: list[Json] = [plain]
    while ahead:
        value = ahead.pop()
        if isinstance(value, float) and not math.isfinite(value):
            yield value
        elif is_object(value):
            ahead.extend(value.values())
        elif is_array(value):
            ahead.extend(value)


def _members_of_model(value: object) -> object:
    """Return the members of a pydantic model (msgspec's `enc_hook`)."""
    dump = getattr(value, "model_dump", None)
    if callable(dump):
        return dump(mode="json")

    name = type(value).__qualname__
    raise TypeError(f"a result of type {name} cannot be written as JSON")
