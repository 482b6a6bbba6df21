"""The JSON schemas of values that consist of no others."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import inspect

from openrouter_async.formats.type_schema import Schema
from openrouter_async.types.lenient import Json


def scalar_schema(info: inspect.Type) -> Schema | None:
    """Return the JSON schema of a scalar type, None for any other."""
    match info:
        case inspect.NoneType():
            return {"type": "null"}
        case inspect.BoolType():
            return {"type": "boolean"}
        case inspect.IntType():
            return {"type": "integer"} | _bounds(info)
        case inspect.FloatType():
            return {"type": "number"} | _bounds(info)
        case inspect.StrType(min_length=low, max_length=high, pattern=pattern):
            sizes = {"minLength": low, "maxLength": high, "pattern": pattern}
            return {"type": "string"} | _given(sizes)
        case inspect.BytesType() | inspect.ByteArrayType() | inspect.MemoryViewType():
            return {"type": "string", "contentEncoding": "base64"}
        case inspect.DecimalType():
            return {"type": "string", "format": "decimal"}
        case inspect.UUIDType():
            return {"type": "string", "format": "uuid"}
        case _:
            return _time_schema(info)


def _time_schema(info: inspect.Type) -> Schema | None:
    match info:
        # The formats of JSON schema have an offset, which these types refuse.
        case inspect.DateTimeType(tz=False):
            return {"type": "string", "format": "date-time without offset"}
        case inspect.TimeType(tz=False):
            return {"type": "string", "format": "time without offset"}
        case inspect.DateTimeType():
            return {"type": "string", "format": "date-time"}
        case inspect.TimeType():
            return {"type": "string", "format": "time"}
        case inspect.DateType():
            return {"type": "string", "format": "date"}
        case inspect.TimeDeltaType():
            return {"type": "string", "format": "duration"}
        case _:
            return None


def size_bounds(info: inspect.CollectionType | inspect.DictType) -> Schema:
    """Return the bounds of how much a collection holds."""
    what = "Properties" if isinstance(info, inspect.DictType) else "Items"
    return _given({f"min{what}": info.min_length, f"max{what}": info.max_length})


def _bounds(info: inspect.IntType | inspect.FloatType) -> Schema:
    return _given(
        {
            "minimum": info.ge,
            "exclusiveMinimum": info.gt,
            "maximum": info.le,
            "exclusiveMaximum": info.lt,
            "multipleOf": info.multiple_of,
        }
    )


def _given(keywords: Mapping[str, Json]) -> Schema:
    return {name: value for name, value in keywords.items() if value is not None}
