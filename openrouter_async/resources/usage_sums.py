"""Usage of several requests, added up."""

from __future__ import annotations

from typing import TypeVar, cast

import msgspec

StructT = TypeVar("StructT", bound=msgspec.Struct)


def summed(first: StructT | None, second: StructT | None) -> StructT | None:
    """Add up the counts of two Structs of one type, member by member."""
    if first is None or second is None:
        return second if first is None else first

    members = {
        name: _sum(getattr(first, name), getattr(second, name))
        for name in first.__struct_fields__
    }
    return type(first)(**members)


def _sum(first: object, second: object) -> object:
    if first is None or second is None:
        return second if first is None else first

    if isinstance(first, msgspec.Struct) and isinstance(second, msgspec.Struct):
        return summed(first, second)

    if isinstance(first, bool) or isinstance(second, bool):
        return bool(first or second)

    return cast("float", first) + cast("float", second)
