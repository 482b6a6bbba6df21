"""Whether a value is what the annotation of its field says."""

from __future__ import annotations

import math
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from functools import cache
from types import NoneType, UnionType
from typing import Literal, Union, cast

_PACKAGE = __name__.rpartition(".")[0]

# The least and the most of the numbers in fields of a name; of others, 0 at least.
_BOUNDS: Mapping[str, tuple[float, float]] = {
    "code": (-math.inf, math.inf),
    "events_per_write": (1, math.inf),
    "fragment_size": (1, math.inf),
    "port": (0, 65535),
    "requests": (1, math.inf),
    "split": (1, math.inf),
    "status": (200, 599),
    "times": (1, math.inf),
}
_USUAL_BOUNDS = (0, math.inf)

_WORDS: Mapping[object, str] = {
    NoneType: "None",
    bool: "True or False",
    bytes: "bytes",
    str: "a text",
    Callable: "a function",
    Mapping: "a mapping",
    Sequence: "a sequence",
    tuple: "a tuple",
}


def check_fields(owner: object) -> None:
    """
    Check the fields of a dataclass of this package.

    Args:
        owner: An instance; what a subclass elsewhere adds to it is not looked at.

    Raises:
        TypeError: If a field's value is of another type than its annotation.
        ValueError: If it is of that type, but not one of the permitted values.
    """
    kind = next(k for k in type(owner).__mro__ if k.__module__.startswith(_PACKAGE))
    names = [field.name for field in fields(cast("typing.Any", kind))]
    values = {name: getattr(owner, name) for name in names}
    _check(type(owner).__name__, _hints(kind), values)


def check_arguments(function: Callable[..., object], **arguments: object) -> None:
    """
    Check arguments of a constructor of this package.

    Args:
        function: The constructor.
        arguments: The values by the names of its parameters.

    Raises:
        TypeError: If a value is of another type than its annotation.
        ValueError: If it is of that type, but not one of the permitted values.
    """
    owner = function.__qualname__.partition(".")[0]
    _check(owner, _hints(function), arguments)


@cache
def _hints(annotated: Callable[..., object]) -> dict[str, object]:
    return typing.get_type_hints(annotated)


def _check(
    owner: str, hints: Mapping[str, object], values: Mapping[str, object]
) -> None:
    for name, value in values.items():
        options = _options(hints[name])
        low, high = _BOUNDS.get(name, _USUAL_BOUNDS)
        if any(_fits(value, option, low, high) for option in options):
            continue

        words = [word for option in options for word in _words(option, low, high)]
        wanted = " or ".join(filter(None, (", ".join(words[:-1]), words[-1])))
        message = f"{owner}.{name} must be {wanted}, not {value!r}"
        raise (ValueError if _is_of_type(value, options) else TypeError)(message)


def _options(hint: object) -> list[object]:
    """Return what a union is made of."""
    if typing.get_origin(hint) in (Union, UnionType):
        return [each for part in typing.get_args(hint) for each in _options(part)]

    return [hint]


def _fits(value: object, hint: object, low: float, high: float) -> bool:
    origin, arguments = typing.get_origin(hint) or hint, typing.get_args(hint)
    if origin is object:
        return True

    if origin is Literal:
        return value in arguments

    if origin in (int, float):
        if not _is_number(value, cast("type[float]", origin)):
            return False

        return value != math.inf and low <= value <= high

    if not isinstance(value, cast("type", origin)) or isinstance(value, type):
        return False

    if origin is Sequence and isinstance(value, str | bytes):
        return False

    return all(
        any(_fits(item, option, low, high) for option in _options(argument))
        for item, argument in _items(value, arguments)
    )


def _is_number(value: object, kind: type[float]) -> typing.TypeGuard[float]:
    kinds = (int, float) if kind is float else int
    return isinstance(value, kinds) and not isinstance(value, bool)


def _items(
    value: object, arguments: tuple[object, ...]
) -> Iterable[tuple[object, object]]:
    """Yield the items of a container, each with its annotation."""
    if isinstance(value, Mapping):
        for pair in cast("Mapping[object, object]", value).items():
            yield from zip(pair, arguments, strict=False)
    elif isinstance(value, tuple) and len(arguments) > 1:
        yield from zip(cast("tuple[object, ...]", value), arguments, strict=True)
    elif isinstance(value, Sequence) and arguments:
        for item in cast("Sequence[object]", value):
            yield item, arguments[0]


def _words(hint: object, low: float, high: float) -> list[str]:
    origin = typing.get_origin(hint) or hint
    if origin is Literal:
        return [repr(value) for value in typing.get_args(hint)]

    if origin in (int, float):
        noun = "a number" if origin is float else "a whole number"
        if math.isfinite(high):
            return [f"{noun} from {low:g} to {high:g}"]

        return [f"{noun} of at least {low:g}" if math.isfinite(low) else noun]

    known = _WORDS.get(origin)
    return [known or f"{_article(name := _name(origin))} {name}"]


def _name(kind: object) -> str:
    return cast("type", kind).__name__


def _article(name: str) -> str:
    return "an" if name[0] in "AEIOU" else "a"


def _is_of_type(value: object, options: Sequence[object]) -> bool:
    """Tell whether it is the value rather than its type that is wrong."""
    for option in options:
        origin = typing.get_origin(option) or option
        if origin is Literal and isinstance(value, str):
            return True

        if origin in (int, float) and _is_number(value, cast("type[float]", origin)):
            return True

    return False
