"""What a parameter of a tool takes: one of a function's own, or of its keywords."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, get_args, get_origin, get_type_hints

from msgspec import NODEFAULT

from openrouter_async.formats.members import said_of

_REQUIRED = {"Required": True, "NotRequired": False}


class ToolParameter(NamedTuple):
    """
    Tell what a parameter takes.

    Attributes:
        annotation: its type, with metadata.
        required: whether it has to be given.
        default: what it is without an argument; NODEFAULT where it is nothing then.
        description: what is said of it elsewhere than where the function is.
    """

    annotation: object
    required: bool
    default: object = NODEFAULT
    description: str | None = None


def unpacked(kind: object) -> type | None:
    """Return the TypedDict that `Unpack[...]` is of; None for anything else."""
    if _special(kind) != "Unpack":
        return None

    [of] = get_args(kind)
    is_typed_dict = isinstance(of, type) and hasattr(of, "__required_keys__")
    return of if is_typed_dict else None


def keyword_parameters(
    of: type, local_names: Mapping[str, object]
) -> dict[str, ToolParameter]:
    """
    Return the members of a TypedDict as parameters.

    Args:
        of: the TypedDict.
        local_names: what its annotations can mean beside what its module knows.

    Raises:
        NameError: they mean nothing; other exceptions of `UNRESOLVED` likewise.
    """
    hints = get_type_hints(of, localns=dict(local_names), include_extras=True)
    required: frozenset[str] = getattr(of, "__required_keys__", frozenset())
    said = said_of(of).members
    return {
        name: _member(hint, name in required, said.get(name))
        for name, hint in hints.items()
    }


def _member(hint: object, required: bool, description: str | None) -> ToolParameter:
    # What is written around the type counts: where annotations are text, Python did
    # not see it as it made the class.
    while (name := _special(hint)) in {*_REQUIRED, "ReadOnly"}:
        required = _REQUIRED.get(name, required)
        [hint] = get_args(hint)

    return ToolParameter(hint, required, description=description)


def _special(kind: object) -> str:
    """Name the form of `typing`, or of what it was before it came there."""
    origin: object = get_origin(kind)
    return "" if isinstance(origin, type) else str(getattr(origin, "__name__", ""))
