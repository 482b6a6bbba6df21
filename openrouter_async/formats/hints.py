"""The parts that a type consists of: its arguments, and the types of its members."""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping
from inspect import get_annotations
from types import UnionType
from typing import (
    Annotated,
    ClassVar,
    NotRequired,
    Required,
    TypeAlias,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

Part: TypeAlias = tuple[str, object]
"""The step of a path to a part of a type, and the part."""

UNRESOLVED = (NameError, TypeError, AttributeError, SyntaxError)
"""What an annotation raises whose names are not known."""

_WRAPPERS: frozenset[object] = frozenset({NotRequired, Required})


def is_union(kind: object) -> bool:
    """Tell whether it is a union, however it was written."""
    return get_origin(kind) in (Union, UnionType)


def behind(kind: object) -> object:
    """Return the type that a `type` statement or a `NewType` names; None if neither."""
    if type(kind).__name__ == "TypeAliasType":
        return getattr(kind, "__value__", None)

    return getattr(kind, "__supertype__", None)


def arguments(kind: object) -> list[Part]:
    """List the types that a generic one was given, a union or `Annotated` too."""
    args = get_args(kind)
    if get_origin(kind) is Annotated:
        return [("", args[0])]

    pairs = zip(steps(kind), args, strict=True)
    return [(step, arg) for step, arg in pairs if arg is not Ellipsis]


def steps(kind: object) -> list[str]:
    """Return the steps of a path to each of the types that a generic one was given."""
    args = get_args(kind)
    origin: object = get_origin(kind)
    if not isinstance(origin, type) or not issubclass(origin, Collection):
        return [""] * len(args)

    if issubclass(origin, Mapping):
        return ["", "[...]"][: len(args)]

    if issubclass(origin, tuple) and Ellipsis not in args:
        return [f"[{at}]" for at in range(len(args))]

    return ["[]"] * len(args)


def member_hints(cls: object) -> dict[str, object]:
    """
    Return the types of the members of a class, with their metadata.

    Annotations whose names are not known stay text.
    """
    origin: object = get_origin(cls) or cls
    if not isinstance(origin, type):
        return {}

    hints: dict[str, object] = {}
    try:
        hints = get_type_hints(origin, include_extras=True)
    except UNRESOLVED:
        for base in reversed(origin.__mro__):
            for name, annotation in _annotations(base).items():
                hints[name] = _resolved(base, name, annotation)

    own = {name: _unwrapped(hint) for name, hint in hints.items()}
    return {name: hint for name, hint in own.items() if get_origin(hint) != ClassVar}


def _annotations(cls: type[object]) -> Mapping[str, object]:
    try:
        return get_annotations(cls)
    except NameError:  # Python evaluates them as late as this from 3.14 on
        return {}


def _resolved(cls: type[object], name: str, annotation: object) -> object:
    holder = type("", (), {"__annotations__": {name: annotation}})
    known = vars(sys.modules.get(cls.__module__, holder))
    try:
        hints = get_type_hints(
            holder, dict(known), dict(vars(cls)), include_extras=True
        )
    except UNRESOLVED:
        return annotation

    return cast("object", hints[name])


def _unwrapped(hint: object) -> object:
    while get_origin(hint) in _WRAPPERS:
        hint = get_args(hint)[0]

    return hint
