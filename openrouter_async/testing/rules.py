"""What a schema says, as the makers of instances ask for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from openrouter_async.testing.notes import ORDER

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_TYPES = ("object", "array", "string", "number", "integer", "boolean", "null")


def type_of(rules: Mapping[str, object]) -> str:
    """Return the type that a schema allows, the first one that is not null."""
    kind = rules.get("type")
    if isinstance(kind, str):
        return kind

    for name in sequence_of(kind):
        if name != "null" and name in _TYPES:
            return str(name)

    if "properties" in rules or "required" in rules:
        return "object"

    return "array" if "items" in rules or "prefixItems" in rules else "string"


def places_of(rules: Mapping[str, object]) -> list[object]:
    """Return schemas for the places of a tuple, of which only types are known."""
    items = mapping_of(rules.get("items"))
    alternatives = [mapping_of(each) for each in sequence_of(items.get("anyOf"))]
    alternatives = alternatives or [items]
    unused = [*alternatives]
    places: list[object] = []
    for kind in sequence_of(rules.get(ORDER)):
        # They are in the order of their first places.
        fitting = (each for each in (*unused, *alternatives) if _is_of(kind, each))
        place = next(fitting, alternatives[0])
        unused = [each for each in unused if each is not place]
        places.append(place)

    return places


def _is_of(kind: object, rules: Mapping[str, object]) -> bool:
    """Tell whether a schema can be of a type; enumerations and classes have none."""
    said = rules.get("type")
    untyped = said in {None, "array", "object"} or "enum" in rules
    return untyped if kind == "value" else said == kind


def other_than(made: Sequence[object], rules: dict[str, object]) -> dict[str, object]:
    """Return the schema of an item that is not among those before it."""
    kind = type_of(rules)
    values = [True, False] if kind == "boolean" else sequence_of(rules.get("enum"))
    if values:
        return {**rules, "enum": [value for value in values if value not in made]}

    if kind in {"integer", "number"}:
        return {**rules, "exclusiveMinimum": max(cast("Sequence[float]", made))}

    if kind == "string":
        longest = max(map(len, cast("Sequence[str]", made)))
        return {**rules, "minLength": longest + 1}

    return rules


def merged(
    rules: Mapping[str, object], parts: Sequence[Mapping[str, object]]
) -> dict[str, object]:
    """Return a schema with all that its parts say, over which its own word goes."""
    joined: dict[str, object] = {}
    for part in (*parts, rules):
        for name, value in part.items():
            joined[name] = _combine(name, joined.get(name), value)

    return joined


def _combine(name: str, old: object, new: object) -> object:
    if name == "properties":
        one, other = mapping_of(old), mapping_of(new)
        shared = {key: {"allOf": [one[key], other[key]]} for key in one.keys() & other}
        return {**one, **other, **shared}

    if name == "enum" and old is not None:
        return [value for value in sequence_of(old) if value in sequence_of(new)]

    if name in {"required", "allOf"}:
        return [*sequence_of(old), *sequence_of(new)]

    return new


def mapping_of(value: object) -> dict[str, object]:
    """Return a JSON object, an empty one for anything else."""
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}


def sequence_of(value: object) -> list[object]:
    """Return a JSON array, an empty one for anything else."""
    return cast("list[object]", value) if isinstance(value, list) else []


def number_of(rules: Mapping[str, object], name: str, default: float) -> float:
    """Return a keyword's number, or the default."""
    value = rules.get(name)
    return value if isinstance(value, int | float) else default
