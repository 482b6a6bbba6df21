"""
Doubles that stand for whole numbers.

The `integer` of JSON schema includes 2.0, which some models write. msgspec does not
read it as an `int`, so it is written as 2 where it is one.
"""

from __future__ import annotations

from decimal import Decimal

from openrouter_async.formats.branches import all_branches, branch_of, item_schemas
from openrouter_async.formats.exact_numbers import (
    decode_exactly,
    encode_exactly,
    is_whole,
)
from openrouter_async.formats.type_schema import (
    Schema,
    TypeSchema,
    constants,
    properties,
)
from openrouter_async.types.lenient import Json, is_array, is_object

_DIGITS = 19  # of the largest integer of 64 bits; 1e999999999 would fill the memory


def with_whole_numbers(text: bytes | str, schema: TypeSchema) -> bytes:
    """
    Return JSON text with whole numbers where its schema wants them, as far as it can.

    Args:
        text: JSON text.
        schema: of the type that it is to be read as, before it was made strict.

    Raises:
        ValueError: `text` is not JSON.
    """
    return encode_exactly(_whole(decode_exactly(text), schema.root, schema))


def _whole(value: Json, of: Schema, schema: TypeSchema) -> Json:
    if isinstance(value, Decimal):
        return _number(value, of, schema)

    branch = branch_of(value, of, schema) or {}
    if is_object(value):
        known = properties(branch)
        others = branch.get("additionalProperties")
        of_others = dict(others) if is_object(others) else {}
        return {
            name: _whole(member, known.get(name, of_others), schema)
            for name, member in value.items()
        }

    if is_array(value):
        pairs = zip(value, item_schemas(len(value), branch), strict=True)
        return [_whole(each, item, schema) for each, item in pairs]

    return value


def _number(value: Decimal, of: Schema, schema: TypeSchema) -> Json:
    known = list(all_branches(of, schema))
    kinds = {each.get("type") for each in known}
    too_large = value.adjusted() >= _DIGITS
    if "number" in kinds or too_large or not is_whole(value):
        return value

    of_constants = any(int(value) in constants(each) for each in known)
    return int(value) if "integer" in kinds or of_constants else value
