"""Whatever the type: its values satisfy its schema, and are read as they were."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Callable
from decimal import Decimal
from enum import Enum
from typing import Any, Literal, NamedTuple, NotRequired, TypedDict, cast
from uuid import UUID

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from openrouter_async.formats.format import Format

ALLOWED = frozenset(
    {
        *("type", "properties", "required", "additionalProperties", "items", "anyOf"),
        *("enum", "$ref", "$defs", "description", "title", "format", "minItems"),
    }
)
"""Keywords that both OpenAI and Anthropic accept in strict schemas."""


class Kind(NamedTuple):
    """Pair a type with its values."""

    type: Any
    values: st.SearchStrategy[Any]


class Color(Enum):
    """Have a few values."""

    RED = "red"
    BLUE = "blue"


SCALARS = [
    Kind(int, st.integers(-(2**63), 2**63 - 1)),
    Kind(float, st.floats(allow_nan=False, allow_infinity=False)),
    Kind(str, st.text(max_size=5) | st.just("null")),
    Kind(bool, st.booleans()),
    Kind(bytes, st.binary(max_size=5)),
    Kind(Color, st.sampled_from(Color)),
    Kind(Literal["a", "b"], st.sampled_from(["a", "b"])),
    Kind(UUID, st.uuids()),
    Kind(Decimal, st.decimals(allow_nan=False, allow_infinity=False)),
    Kind(datetime.date, st.dates()),
    Kind(datetime.datetime, st.datetimes()),
    Kind(datetime.time, st.times()),
]
scalars = st.sampled_from(SCALARS)
names = st.lists(
    st.sampled_from(["a", "b_c", "title", "type", "items", "value"]),
    unique=True,
    max_size=4,
)


def _list(kind: Kind) -> Kind:
    of: Any = list
    return Kind(of[kind.type], st.lists(kind.values, max_size=3))


def _optional(kind: Kind) -> Kind:
    return Kind(kind.type | None, st.none() | kind.values)


@st.composite
def _tuples(draw: st.DrawFn, kinds: st.SearchStrategy[Kind]) -> Kind:
    parts = draw(st.lists(kinds, min_size=1, max_size=3))
    of: Any = tuple
    return Kind(of[tuple(p.type for p in parts)], st.tuples(*(p.values for p in parts)))


def _struct(members: dict[str, Any], optional: frozenset[str]) -> Any:
    fields = list(members.items())
    return msgspec.defstruct("S", fields, kw_only=True, rename="camel")


def _dataclass(members: dict[str, Any], optional: frozenset[str]) -> Any:
    return dataclasses.make_dataclass("D", list(members.items()))


def _typed_dict(members: dict[str, Any], optional: frozenset[str]) -> Any:
    make = cast("Callable[..., Any]", TypedDict)
    return make(
        "T", {n: NotRequired[k] if n in optional else k for n, k in members.items()}
    )


def _named_tuple(members: dict[str, Any], optional: frozenset[str]) -> Any:
    make = cast("Callable[..., Any]", NamedTuple)
    return make("N", list(members.items()))


@st.composite
def _classes(draw: st.DrawFn, kinds: st.SearchStrategy[Kind]) -> Kind:
    parts = {name: draw(kinds) for name in draw(names)}
    optional = draw(st.frozensets(st.sampled_from([*parts, "none"])))
    makers = [_struct, _dataclass, _typed_dict, *([_named_tuple] if parts else [])]
    make = draw(st.sampled_from(makers))
    cls = make({name: kind.type for name, kind in parts.items()}, optional)
    return Kind(cls, st.builds(cls, **{n: kind.values for n, kind in parts.items()}))


def _containers(kinds: st.SearchStrategy[Kind]) -> st.SearchStrategy[Kind]:
    return kinds.map(_list) | _tuples(kinds) | _classes(kinds)


described = st.recursive(scalars | scalars.map(_optional), _containers, max_leaves=6)


def keywords(schema: Any) -> set[str]:
    """Name the keywords that a schema uses."""
    if isinstance(schema, list):
        return {name for each in cast("Any", schema) for name in keywords(each)}

    if not isinstance(schema, dict):
        return set()

    members = cast("dict[str, Any]", schema)
    found = set(members)
    for name, value in members.items():
        parts = value.values() if name in ("properties", "$defs") else [value]
        found.update(key for part in parts for key in keywords(part))

    return found


@settings(deadline=None)
@given(st.data())
def test_values_satisfy_their_schema_and_are_read_as_they_were(
    data: st.DataObject,
) -> None:
    """The schema is one that strict providers accept, whatever the type."""
    kind = data.draw(described)
    value = data.draw(kind.values)
    format = Format.of(kind.type)
    text = msgspec.json.encode(value).decode()
    if text[:1] != "{":
        text = f'{{"value":{text}}}'

    Draft202012Validator(format.schema).validate(msgspec.json.decode(text))

    assert format.read(text) == value
    assert keywords(format.schema) <= ALLOWED
