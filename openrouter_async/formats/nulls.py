"""
Nulls that stand for members that were left out.

A strict schema requires every member, so a model writes null where it would have left
out one that is optional. Such nulls are taken away before an answer is read, and the
member gets its default.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from openrouter_async.formats.branches import branch_of, item_schemas
from openrouter_async.formats.exact_numbers import decode_exactly, encode_exactly
from openrouter_async.formats.type_schema import (
    Schema,
    TypeSchema,
    properties,
    required,
)
from openrouter_async.types.lenient import Json, is_array, is_object


def without_nulls(text: str, schema: TypeSchema) -> bytes:
    """
    Return JSON text without the nulls that its schema does not admit.

    Args:
        text: JSON text.
        schema: of the type that it is to be read as, before it was made strict.

    Raises:
        ValueError: `text` is not JSON.
    """
    return encode_exactly(_cleaned(decode_exactly(text), schema.root, schema))


def _cleaned(value: Json, of: Schema, schema: TypeSchema) -> Json:
    branch = branch_of(value, of, schema)
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
    pairs = zip(values, item_schemas(len(values), of), strict=True)
    return [_cleaned(value, each, schema) for value, each in pairs]
