"""Metadata count, in whoever's words they are; or they are refused with the remedy."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, NamedTuple, NewType, NotRequired, TypedDict

import annotated_types
import msgspec
import pytest
from msgspec import Meta
from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    PositiveInt,
    StringConstraints,
)
from typing_extensions import TypeAliasType

from openrouter_async import ConfigError
from openrouter_async.formats.format import Format
from openrouter_async.formats.mismatch import FormatMismatch
from openrouter_async.formats.tool import tool
from tests.formats.schemas import INTEGER, STRING, closed, nullable

IN_YEARS: Any = Annotated[int, Field(ge=0, description="in years")]
new_type: Any = NewType  # checkers want a class
Counts = TypeAliasType("Counts", list[PositiveInt])
Age: Any = new_type("Age", IN_YEARS)


@dataclass
class Doc:
    """Say what something is, as PEP 727 does."""

    documentation: str


class Marker(BaseModel):
    """Be metadata of somebody else."""

    name: str


@tool
def order(  # noqa: D417  # types say it of the others
    count: Annotated[int, Field(ge=3, description="how many")],
    name: Annotated[str, "of whom"],
    sizes: list[Annotated[PositiveInt, Doc("in cm")]],
    tip: Annotated[float | None, Field(le=9, multiple_of=0.5, title="Extra")] = None,
    *,
    marked: Annotated[int, Marker(name="x"), 7] = 7,
) -> None:
    """
    Order.

    Args:
        name: Not told, as the type says it.
        marked: By others.
    """


def test_metadata_of_parameters_are_told() -> None:
    """Whether they are of pydantic, of annotated-types or plain text."""
    assert order.parameters == closed(
        count={"description": "how many (at least 3)", **INTEGER},
        name={"description": "of whom", **STRING},
        sizes={
            "type": "array",
            "items": {"description": "in cm (greater than 0)", **INTEGER},
        },
        tip={
            "title": "Extra",
            "anyOf": [
                {"description": "at most 9; a multiple of 0.5", "type": "number"},
                {"type": "null"},
            ],
        },
        marked={"description": "By others. (null means 7)", **nullable(**INTEGER)},
    )


@pytest.mark.parametrize(
    ("members", "path"),
    [
        ('"count":2,"name":"a","sizes":[]', "$.count"),
        ('"count":3,"name":"a","sizes":[1,0]', "$.sizes[1]"),
        ('"count":3,"name":"a","sizes":[],"tip":9.5', "$.tip"),
    ],
    ids=["number", "item", "or null"],
)
def test_bounds_of_parameters_are_checked(members: str, path: str) -> None:
    """Where the arguments are read, at any nesting."""
    with pytest.raises(FormatMismatch) as raised:
        order.arguments_of(f"{{{members}}}")

    assert raised.value.path == path


KINDS: dict[str, tuple[object, object, str, str]] = {
    "length": (
        Annotated[str, StringConstraints(min_length=2, pattern="^a")],
        {"description": "at least 2 characters; matches the pattern ^a", **STRING},
        '"ab"',
        '"a"',
    ),
    "items": (
        Annotated[list[int], annotated_types.Len(1, 2)],
        {
            "description": "at most 2 items",
            "type": "array",
            "items": INTEGER,
            "minItems": 1,
        },
        "[1]",
        "[]",
    ),
    "interval": (
        Annotated[int, annotated_types.Interval(gt=1, le=4)],
        {"description": "greater than 1; at most 4", **INTEGER},
        "4",
        "5",
    ),
    "or null": (
        Annotated[int | None, Meta(ge=3, title="Size", description="in cm")],
        {
            "title": "Size",
            "description": "in cm",
            "anyOf": [{"description": "at least 3", **INTEGER}, {"type": "null"}],
        },
        "3",
        "2",
    ),
    "or null, in other words": (
        list[Annotated[str | None, Meta(max_length=2), Field(min_length=1)]],
        {
            "type": "array",
            "items": {
                "anyOf": [
                    {
                        "description": "at least 1 characters; at most 2 characters",
                        **STRING,
                    },
                    {"type": "null"},
                ]
            },
        },
        '[null,"ab"]',
        '["abc"]',
    ),
    "type with a name": (
        list[Age],
        {
            "type": "array",
            "items": {"description": "in years (at least 0)", **INTEGER},
        },
        "[0]",
        "[-1]",
    ),
    "type statement": (
        Counts,
        {"type": "array", "items": {"description": "greater than 0", **INTEGER}},
        "[1]",
        "[0]",
    ),
    "places of a tuple": (
        list[tuple[str, Annotated[int, Field(lt=3, examples=[1])]]],
        {
            "type": "array",
            "items": {
                "description": "exactly 2 items; in this order: string, integer",
                "type": "array",
                "items": {
                    "anyOf": [
                        STRING,
                        {"description": "less than 3; for example 1", **INTEGER},
                    ]
                },
            },
        },
        '[["a",2]]',
        '[["a",3]]',
    ),
    "beside those of msgspec": (
        Annotated[int, Meta(description="first"), "second", Field(ge=1, title="T")],
        {"title": "T", "description": "first (at least 1)", **INTEGER},
        "1",
        "0",
    ),
}


@pytest.mark.parametrize(("kind", "schema", "fits", "not_"), KINDS.values(), ids=KINDS)
def test_metadata_of_types_count(
    kind: object, schema: object, fits: str, not_: str
) -> None:
    """They are told, and checked."""
    format = Format.of(kind)

    assert format.schema == closed(value=schema)
    assert msgspec.json.encode(format.read(fits)).decode() == fits
    with pytest.raises(FormatMismatch):
        format.read(not_)


def test_more_of_a_schema_is_told() -> None:
    """Where it need not be strict."""
    kind = Annotated[int, Field(json_schema_extra={"unit": "m"})]

    assert Format.of(kind, strict=False).schema["properties"] == {
        "value": {"type": "integer", "unit": "m"}
    }


class Typed(TypedDict):
    """Describe members by metadata alone."""

    size: NotRequired[Annotated[int, Field(description="in cm")]]
    name: Annotated[str, "of whom"] | None


@dataclass
class Plain:
    """
    Describe members.

    Attributes:
        size: Not told.
        other: Told.
    """

    size: Annotated[int, "in cm"]
    other: Annotated[int, Meta(ge=1)]


@pytest.mark.parametrize(
    ("kind", "size"), [(Typed, nullable(**INTEGER)), (Plain, INTEGER)]
)
def test_descriptions_of_members_are_told(
    kind: object, size: dict[str, object]
) -> None:
    """Metadata say it before the docstring does."""
    members = msgspec.convert(Format.of(kind).schema["properties"], dict[str, object])

    assert members.pop("size") == {"description": "in cm", **size}
    assert members in (
        {"name": {"description": "of whom", **nullable(**STRING)}},
        {"other": {"description": "Told. (at least 1)", **INTEGER}},
    )


@dataclass
class Bounded:
    """Have bounds that msgspec passes over."""

    ages: list[Annotated[int, Field(ge=3, description="age")]]


class Positive(TypedDict):
    """Have the bounds of a type of pydantic."""

    size: NotRequired[PositiveInt]


Named: Any = NamedTuple("Named", [("age", Age), ("other", int)])


class Defaulted(msgspec.Struct):
    """Have a default that is none."""

    size: int = Field(3, ge=1)


@dataclass
class AlsoDefaulted:
    """Have a description that is a default."""

    size: int = dataclasses.field(default=Field(3, description="in cm"))


class Nullable(msgspec.Struct):
    """Have bounds where null is possible, too."""

    size: Annotated[int | None, Meta(ge=3)]


REFUSED: dict[str, tuple[object, str]] = {
    "item of a member": (
        Bounded,
        "Bounded has no JSON schema. $.ages[]: only a pydantic model reads its"
        " metadata; use msgspec.Meta(ge=3, description='age'), or make Bounded a"
        " BaseModel",
    ),
    "member inside": (
        list[Positive],
        "$[].size: only a pydantic model reads its metadata; use msgspec.Meta(gt=0), or"
        " make Positive a BaseModel",
    ),
    "member of a named type": (
        Named,
        "$.age: only a pydantic model reads its metadata; use msgspec.Meta(ge=0,"
        " description='in years'), or make Named a BaseModel",
    ),
    "default": (
        Defaulted,
        "$.size: only a pydantic model reads `Field(...)` as a default; use"
        " Annotated[..., msgspec.Meta(ge=1)], or make Defaulted a BaseModel",
    ),
    "default of a dataclass": (
        AlsoDefaulted,
        "$.size: only a pydantic model reads `Field(...)` as a default; use"
        " Annotated[..., msgspec.Meta(description='in cm')], or make AlsoDefaulted a"
        " BaseModel",
    ),
    "names of members": (
        list[Annotated[int, Field(ge=1, alias="a", default=3)]],
        "$[]: only a pydantic model reads `default`, `alias`; use msgspec.Meta(ge=1),"
        " or put it into one",
    ),
    "validator": (
        Annotated[int, AfterValidator(abs)],
        "$: only a pydantic model reads `AfterValidator`; use msgspec.Meta(ge=...,"
        " description=...), or put it into one",
    ),
    "other bounds": (
        Annotated[Decimal, Field(max_digits=3)],
        "$: only a pydantic model reads `max_digits`; use msgspec.Meta(ge=...,"
        " description=...), or put it into one",
    ),
    "code for a schema": (
        Annotated[int, Field(json_schema_extra=lambda _: None)],
        "$: only a pydantic model reads `json_schema_extra`; use msgspec.Meta(ge=...,"
        " description=...), or put it into one",
    ),
    "nothing known": (
        Annotated[str, StringConstraints(to_lower=True)],
        "$: only a pydantic model reads `to_lower`; use msgspec.Meta(ge=...,"
        " description=...), or put it into one",
    ),
    "constraint of its own": (
        Annotated[int, annotated_types.Unit("m"), annotated_types.BaseMetadata()],
        "$: only a pydantic model reads `Unit`, `BaseMetadata`; use"
        " msgspec.Meta(ge=..., description=...), or put it into one",
    ),
    "bound of a date": (
        Annotated[date, annotated_types.Gt(date.min)],
        "$: only a pydantic model reads `Gt`; use msgspec.Meta(ge=...,"
        " description=...), or put it into one",
    ),
    "bound of a text": (
        tuple[Annotated[str, Field(ge=1)], ...],
        "$[]: Can only set `ge` on a numeric type - type `typing.Annotated[str,"
        " msgspec.Meta(ge=1)]` is invalid; a pydantic model can check it",
    ),
    "bound of a union": (
        Annotated[int | str | None, Meta(ge=3)],
        "$: Can only set `ge` on a numeric type - type `typing.Annotated[int | str |"
        " None, msgspec.Meta(ge=3)]` is invalid; put the bounds on the part of the"
        " union that they are for, as in `Annotated[int, Meta(ge=0)] | None`",
    ),
    "bound of a member that may be null": (
        Nullable,
        "$.size: Can only set `ge` on a numeric type - type"
        " `typing.Annotated[int | None, msgspec.Meta(ge=3)]` is invalid; put the bounds"
        " on the part of the union that they are for, as in `Annotated[int, Meta(ge=0)]"
        " | None`",
    ),
    "bound of a container of unions": (
        Annotated[list[int | None], Meta(ge=0)],
        "$: Can only set `ge` on a numeric type - type `typing.Annotated[list[int |"
        " None], msgspec.Meta(ge=0)]` is invalid; a pydantic model can check it",
    ),
    "two bounds": (
        Annotated[PositiveInt, Field(ge=3)],
        "$: Cannot specify both `gt` and `ge`; a pydantic model can check it",
    ),
    "two of a kind": (
        Annotated[PositiveInt, Field(gt=3)],
        "$: only a pydantic model reads `Gt`; use msgspec.Meta(gt=0), or put it into"
        " one",
    ),
}


@pytest.mark.parametrize(("kind", "message"), REFUSED.values(), ids=REFUSED)
def test_metadata_that_nobody_would_read_are_refused(
    kind: object, message: str
) -> None:
    """The message names the member and the remedy."""
    with pytest.raises(ConfigError) as raised:
        Format.of(kind)

    assert str(raised.value).endswith(message)


def test_metadata_of_parameters_are_refused_by_name() -> None:
    """As soon as the tool is made."""

    def find(ages: list[Annotated[int, AfterValidator(abs)]]) -> None: ...

    make: Callable[..., object] = tool
    with pytest.raises(
        ConfigError, match=r"^`find` cannot be a tool: .* \$\.ages\[\]:"
    ):
        make(find)
