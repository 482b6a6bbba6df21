"""
What a streamed chat completion had beside the members that have a type.

The choices of chunks and of answers keep it for `to_dict()`, by the names of the wire;
those who put them together read and write it here.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

from openrouter_async.types.lenient import Json, content_text, is_array, is_object


class Keeping(Protocol):
    """Be a choice that keeps what has no type."""

    _untyped: dict[str, Json] | None


def untyped_of(choice: Keeping) -> dict[str, Json] | None:
    """Return what a choice has beside its typed members; None if nobody looked."""
    return choice._untyped  # pyright: ignore[reportPrivateUsage]  # not for callers


def keep_untyped(choice: Keeping, untyped: dict[str, Json]) -> None:
    """Have a choice keep what it has beside its typed members."""
    choice._untyped = untyped  # pyright: ignore[reportPrivateUsage]  # not for callers


def with_untyped(typed: Json, untyped: Json) -> Json:
    """
    Return members that have a type, and in their midst those that have none.

    Args:
        typed: plain JSON values.
        untyped: what belongs beside them, in the same shape.
    """
    return _joined(typed, msgspec.to_builtins(untyped))


def _joined(typed: Json, untyped: Json) -> Json:
    if is_object(typed) and is_object(untyped):
        shared = {
            name: _joined(typed[name], value)
            for name, value in untyped.items()
            if name in typed
        }
        return {**typed, **untyped, **shared}

    if isinstance(typed, str) and is_array(untyped):  # content, and its parts so far
        rest = typed[len(content_text(untyped)) :]
        return [*untyped, {"type": "text", "text": rest}] if rest else untyped

    if is_array(typed) and is_array(untyped) and len(typed) == len(untyped):
        return [_joined(*pair) for pair in zip(typed, untyped, strict=True)]

    return typed
