"""Types that cannot be described: which part of them, and what to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import is_dataclass
from enum import Enum
from typing import Annotated, ForwardRef, Literal, get_args, get_origin

import msgspec
from msgspec import inspect

from openrouter_async.errors import ConfigError
from openrouter_async.formats.hints import Part, arguments, is_union, member_hints
from openrouter_async.formats.models import is_model

UNDESCRIBED = (TypeError, ValueError, NameError, AttributeError, RecursionError)
"""What msgspec raises for types that it cannot describe."""

NOT_FOUND = (
    "define the class at the top level of a module, and import it outside of"
    " `if TYPE_CHECKING`"
)
"""What to do about a name that is not known at run time."""

_READ_ONLY = "leave out `ReadOnly`, which says nothing of JSON"
_TAGS = "use Structs with `tag=True`, which say in JSON what they are"
_REMEDIES = {
    "Type unions containing a custom type": "a member of one pydantic model can hold"
    " the union, of what pydantic knows",
    "Type unions may not contain more than one custom": "a member of one pydantic model"
    " can hold the union",
    "Type unions may not contain more than one dataclass": _TAGS,
    "Type unions may not contain more than one dict-like": _TAGS,
    "If a type union contains multiple Struct": "use `tag=True` for all of them",
    "Can only set": "a pydantic model can check it",
    "Enums must contain": "make its values all text or all whole numbers, or use a"
    " Literal of both",
    "Type 'typing.ReadOnly": _READ_ONLY,
    "Type 'typing_extensions.ReadOnly": _READ_ONLY,
}
"""What to do about what msgspec says, by its beginning."""

_BOUNDS_OF_A_UNION = (
    "put the bounds on the part of the union that they are for, as in"
    " `Annotated[int, Meta(ge=0)] | None`"
)


def refusal(kind: object, path: str, reason: str) -> ConfigError:
    """Return the error for a type that has no schema of the kind that is needed."""
    return ConfigError(f"{shown(kind)} has no JSON schema. {path}: {reason}")


def remedied(error: Exception, part: object) -> str:
    """Return why msgspec cannot describe a part of a type, and what to do."""
    reason = str(error)
    if isinstance(error, NameError):
        return f"{reason}; {NOT_FOUND}"

    is_bound = reason.startswith("Can only set") and get_origin(part) is Annotated
    if is_bound and is_union(get_args(part)[0]):
        return f"{reason}; {_BOUNDS_OF_A_UNION}"

    known = (_REMEDIES[begin] for begin in _REMEDIES if reason.startswith(begin))
    return "; ".join([reason, *list(known)[:1]])


def first_line(error: Exception) -> str:
    """Return what an error says, without the links and advice below."""
    lines = str(error).splitlines()
    return lines[0] if lines else type(error).__name__


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

    if isinstance(kind, str | ForwardRef):
        name = kind if isinstance(kind, str) else kind.__forward_arg__
        raise ConfigError(f"pass the class, not its name {name!r}")

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

    if get_origin(cls) is Literal:
        return f"Literal[{', '.join(map(repr, get_args(cls)))}]"

    if cls is type(None) or cls is Ellipsis:
        return "None" if cls is not Ellipsis else "..."

    inner = [shown_name(arg) for arg in get_args(cls)]
    if is_union(cls):
        return " | ".join(inner)

    name = str(getattr(get_origin(cls) or cls, "__name__", cls))
    return f"{name}[{', '.join(inner)}]" if inner else name


def culprit(kind: object) -> Part:
    """Return the part of a type that msgspec refuses, with its path."""
    return next(_culprits(kind, "$", set()))


def _culprits(kind: object, path: str, seen: set[int]) -> Iterator[Part]:
    """Find where in a type the part is that msgspec refuses, the innermost first."""
    seen.add(id(kind))
    try:
        inspect.type_info(kind)
    except UNDESCRIBED:
        for place, part in _parts(kind):
            if id(part) not in seen:
                yield from _culprits(part, path + place, seen)

        yield path, kind


def _parts(kind: object) -> list[Part]:
    """List the types that a type consists of, with the step of a path to each."""
    members = [(f".{name}", hint) for name, hint in member_hints(kind).items()]
    return members + arguments(kind)
