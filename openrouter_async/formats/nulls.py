"""
Nulls that stand for members that were left out.

A strict schema requires every member, so a model writes null where it would have left
out one that is optional. Such nulls are taken away before an answer is read, and the
member gets its default.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

import msgspec

from openrouter_async.formats.type_schema import (
    Schema,
    TypeSchema,
    branches,
    constants,
    properties,
    required,
    schemas,
)
from openrouter_async.types.lenient import Json, is_array, is_object

# Numbers are kept as they were written.
_DECODER = msgspec.json.Decoder(float_hook=Decimal)
_ENCODER = msgspec.json.Encoder(decimal_format="number")


def without_nulls(text: str, schema: TypeSchema) -> bytes:
    """
    Return JSON text without the nulls that its schema does not admit.

    Args:
        text: JSON text.
        schema: of the type that it is to be read as, before it was made strict.

    Raises:
        ValueError: `text` is not JSON.
    """
    return _ENCODER.encode(_cleaned(_DECODER.decode(text), schema.root, schema))


def _cleaned(value: Json, of: Schema, schema: TypeSchema) -> Json:
    branch = _branch(value, of, schema)
    if branch is None:
        return value

    if is_object(value):
        return _members(value, branch, schema)

    return _items(value, branch, schema) if is_array(value) else value


def _members(
    value: Mapping[str, Json], of: Schema, schema: TypeSchema
) -> dict[str, Json]:
    """Clean the members of an object, and leave out those that are only nulls."""
    known = properties(of)
    always = required(of)
    others = of.get("additionalProperties")
    of_others = dict(others) if is_object(others) else {}
    return {
        name: _cleaned(member, known.get(name, of_others), schema)
        for name, member in value.items()
        if member is not None
        or name not in known
        or name in always
        or schema.admits_null(known[name])
    }


def _items(values: Sequence[Json], of: Schema, schema: TypeSchema) -> list[Json]:
    places = schemas(of.get("prefixItems"))
    items = of.get("items")
    rest = [dict(items) if is_object(items) else {}] * (len(values) - len(places))
    pairs = zip(values, [*places, *rest], strict=False)
    return [_cleaned(value, each, schema) for value, each in pairs]


def _branch(value: Json, of: Schema, schema: TypeSchema) -> Schema | None:
    """Choose the branch of a union that a value is of; None where there is none."""
    known = list(_branches(of, schema))
    if is_array(value):
        return next((each for each in known if each.get("type") == "array"), None)

    if not is_object(value):
        return None

    fitting = [each for each in known if _fits(value, each, schema)]
    exact = (each for each in fitting if value.keys() <= properties(each).keys())
    return next(exact, fitting[0] if fitting else None)


def _branches(of: Schema, schema: TypeSchema) -> Iterator[Schema]:
    """List the branches of a union, and of unions in it; what is none is its own."""
    of = schema.resolved(of)
    found = branches(of) or schemas(of.get("allOf"))
    if not found:
        yield of

    for branch in found:
        yield from _branches(branch, schema)


def _fits(value: Mapping[str, Json], of: Schema, schema: TypeSchema) -> bool:
    """Tell whether an object has the constants that its type demands."""
    return of.get("type") == "object" and all(
        value[name] in values
        for name, member in properties(of).items()
        if value.get(name) is not None
        and (values := constants(schema.resolved(member)))
    )
