"""Types that cannot be described: which part of them, and what to do."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import is_dataclass
from enum import Enum
from types import UnionType
from typing import Annotated, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import inspect

from openrouter_async.errors import ConfigError
from openrouter_async.formats.models import is_model

UNDESCRIBED = (TypeError, ValueError, NameError, AttributeError)
"""What msgspec raises for types that it cannot describe."""


def refusal(kind: object, path: str, reason: str) -> ConfigError:
    """Return the error for a type that has no schema of the kind that is needed."""
    return ConfigError(f"{shown(kind)} has no JSON schema. {path}: {reason}")


def check_class(kind: object) -> None:
    """
    Check that what should be a type is no value of one, nor a schema.

    Raises:
        ConfigError: it is; it says what to pass.
    """
    if isinstance(kind, Mapping):
        raise ConfigError(
            "a mapping is no type; for a schema of your own use response_format="
        )

    if not isinstance(kind, type) and _is_instance(kind):
        name = type(kind).__name__
        raise ConfigError(f"pass the class {name}, not an instance")


def _is_instance(value: object) -> bool:
    """Tell whether it is a value of a class that has a schema."""
    cls: type[object] = type(value)
    return (
        isinstance(value, msgspec.Struct | Enum)
        or is_dataclass(cls)
        or hasattr(cls, "__attrs_attrs__")
        or (tuple in cls.__mro__ and hasattr(cls, "_fields"))
        or is_model(cls)
    )


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
