"""Which part of a schema a JSON value is of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from openrouter_async.formats.type_schema import (
    Schema,
    TypeSchema,
    branches,
    constants,
    properties,
    schemas,
)
from openrouter_async.types.lenient import Json, is_array, is_object


def item_schemas(length: int, of: Schema) -> list[Schema]:
    """Return the schema of each item of an array."""
    places = schemas(of.get("prefixItems"))[:length]
    items = of.get("items")
    rest: Schema = dict(items) if is_object(items) else {}
    return places + [rest] * (length - len(places))


def branch_of(value: Json, of: Schema, schema: TypeSchema) -> Schema | None:
    """Choose the branch of a union that a value is of; None where there is none."""
    known = list(all_branches(of, schema))
    if is_array(value):
        return next((each for each in known if each.get("type") == "array"), None)

    if not is_object(value):
        return None

    fitting = [each for each in known if _fits(value, each, schema)]
    exact = (each for each in fitting if value.keys() <= properties(each).keys())
    return next(exact, fitting[0] if fitting else None)


def all_branches(of: Schema, schema: TypeSchema) -> Iterator[Schema]:
    """List the branches of a union, and of unions in it; what is none is its own."""
    of = schema.resolved(of)
    found = branches(of) or schemas(of.get("allOf"))
    if not found:
        yield of

    for branch in found:
        yield from all_branches(branch, schema)


def _fits(value: Mapping[str, Json], of: Schema, schema: TypeSchema) -> bool:
    """Tell whether an object has the constants that its type demands."""
    return of.get("type") == "object" and all(
        value[name] in values
        for name, member in properties(of).items()
        if value.get(name) is not None
        and (values := constants(schema.resolved(member)))
    )
