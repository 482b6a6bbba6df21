"""Types that cannot be described: which part of them, and what to do."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from types import UnionType
from typing import Annotated, Union, get_args, get_origin, get_type_hints

from msgspec import inspect

from openrouter_async.errors import ConfigError

UNDESCRIBED = (TypeError, ValueError, NameError, AttributeError)
"""What msgspec raises for types that it cannot describe."""


def refusal(kind: object, path: str, reason: str) -> ConfigError:
    """Return the error for a type that has no schema of the kind that is needed."""
    return ConfigError(f"{shown(kind)} has no JSON schema. {path}: {reason}")


def shown(kind: object) -> str:
    """Return a type as a reader of messages knows it."""
    if isinstance(kind, type) and not get_args(kind):
        return kind.__qualname__

    return str(kind)


def shown_name(cls: object) -> str:
    """Return the name of a type, with the types that a generic one was given."""
    if get_origin(cls) is Annotated:
        return shown_name(get_args(cls)[0])

    inner = [shown_name(arg) for arg in get_args(cls)]
    if get_origin(cls) in (Union, UnionType):
        return " | ".join(inner)

    name = str(getattr(get_origin(cls) or cls, "__name__", cls))
    return f"{name}[{', '.join(inner)}]" if inner else name


def culprit(kind: object) -> str:
    """Return the path of the part of a type that msgspec refuses."""
    return next(_culprits(kind, "$", set()))


def _culprits(kind: object, path: str, seen: set[int]) -> Iterator[str]:
    """Find where in a type the part is that msgspec refuses, the innermost first."""
    seen.add(id(kind))
    try:
        inspect.type_info(kind)
    except UNDESCRIBED:
        for place, part in _parts(kind):
            if id(part) not in seen:
                yield from _culprits(part, path + place, seen)

        yield path


def _parts(kind: object) -> list[tuple[str, object]]:
    """List the types that a type consists of, with the step of a path to each."""
    args = get_args(kind)
    origin: object = get_origin(kind) or kind
    if not isinstance(origin, type):
        return [("", arg) for arg in args]

    try:
        hints = get_type_hints(origin, include_extras=True)
    except (NameError, TypeError, AttributeError):
        hints = {}

    members = [(f".{name}", hint) for name, hint in hints.items()]
    step = "[]" if issubclass(origin, Collection) else ""
    return members + [(step, arg) for arg in args]
