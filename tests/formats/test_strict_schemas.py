"""Types become schemas that strict providers accept."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from typing import (
    Annotated,
    Generic,
    Literal,
    NamedTuple,
    NotRequired,
    TypedDict,
    TypeVar,
)
from uuid import UUID

import msgspec
import pytest
from msgspec import Meta

from openrouter_async.formats.format import Format
from tests.formats.schemas import INTEGER, STRING, Json, closed, nullable

T = TypeVar("T")


class Color(Enum):
    """A color of the flag."""

    RED = "red"
    BLUE = "blue"


class Point(NamedTuple):
    """A place on the map."""

    x: int
    label: str = "here"


class Node(msgspec.Struct):
    """A tree."""

    value: int
    children: list[Node] = []


class Box(msgspec.Struct, Generic[T]):
    """A box."""

    item: T


class Cat(msgspec.Struct, tag=True):
    """It meows."""

    lives: int


class Dog(msgspec.Struct, tag=True):
    """It barks."""

    name: str


class Row(msgspec.Struct, array_like=True, tag="row"):
    """A row of a table."""

    name: str
    count: int = 0


class Movie(TypedDict):
    """A film."""

    title: str
    year: NotRequired[int]


@dataclass
class Order:
    """
    Hold an order.

    Attributes:
        items: what was ordered,
            in its order.
        note: free text.
    """

    items: list[str]
    note: str = ""
    colors: list[Color] = field(default_factory=list[Color])


class Renamed(msgspec.Struct, rename="camel"):
    """Have members of other names."""

    unit_price: float


class Twice(msgspec.Struct):
    """Refer to a type twice."""

    first: Movie
    second: Annotated[Movie, Meta(description="The better one.")]


MOVIE = {
    "title": "Movie",
    "description": "A film.",
    **closed(title=STRING, year=nullable(type="integer")),
}
NODE = {
    "title": "Node",
    "description": "A tree.",
    **closed(
        value=INTEGER,
        children={
            "description": "null means []",
            **nullable(type="array", items={"$ref": "#/$defs/Node"}),
        },
    ),
}
OBJECTS: dict[str, tuple[object, Json]] = {
    "TypedDict": (Movie, MOVIE),
    "dataclass with a docstring": (
        Order,
        {
            "title": "Order",
            "description": "Hold an order.",
            **closed(
                items={
                    "description": "what was ordered, in its order.",
                    "type": "array",
                    "items": STRING,
                },
                note={
                    "description": 'free text. (null means "")',
                    **nullable(type="string"),
                },
                colors={
                    "description": "null means []",
                    **nullable(
                        type="array",
                        items={
                            "title": "Color",
                            "description": "A color of the flag.",
                            "type": "string",
                            "enum": ["red", "blue"],
                        },
                    ),
                },
            ),
        },
    ),
    "recursive": (Node, {**NODE, "$defs": {"Node": NODE}}),
    "generic": (
        Box[int],
        {"title": "Box[int]", "description": "A box.", **closed(item=INTEGER)},
    ),
    "renamed": (
        Renamed,
        {
            "title": "Renamed",
            "description": "Have members of other names.",
            **closed(unitPrice={"type": "number"}),
        },
    ),
    "shared": (
        Twice,
        {
            "title": "Twice",
            "description": "Refer to a type twice.",
            **closed(
                first={"$ref": "#/$defs/Movie"},
                second={
                    "description": "The better one.",
                    "anyOf": [{"$ref": "#/$defs/Movie"}],
                },
            ),
            "$defs": {"Movie": MOVIE},
        },
    ),
}
WRAPPED: dict[str, tuple[object, Json]] = {
    "list": (list[int], {"type": "array", "items": INTEGER}),
    "set": (
        set[str],
        {"description": "no item twice", "type": "array", "items": STRING},
    ),
    "scalar": (bool, {"type": "boolean"}),
    "null": (None, {"type": "null"}),
    "enum": (
        Color,
        {
            "title": "Color",
            "description": "A color of the flag.",
            "type": "string",
            "enum": ["red", "blue"],
        },
    ),
    "Literal": (Literal["a", "b"], {"type": "string", "enum": ["a", "b"]}),
    "union": (int | str | None, {"anyOf": [INTEGER, STRING, {"type": "null"}]}),
    "tagged union": (
        Cat | Dog,
        {
            "anyOf": [
                {
                    "title": "Cat",
                    "description": "It meows.",
                    **closed(type={"type": "string", "enum": ["Cat"]}, lives=INTEGER),
                },
                {
                    "title": "Dog",
                    "description": "It barks.",
                    **closed(type={"type": "string", "enum": ["Dog"]}, name=STRING),
                },
            ]
        },
    ),
    "tuple": (
        tuple[int, str],
        {
            "description": "exactly 2 items; in this order: integer, string",
            "type": "array",
            "items": {"anyOf": [INTEGER, STRING]},
        },
    ),
    "tuple of one type": (
        tuple[float, float],
        {
            "description": "exactly 2 items; in this order: number, number",
            "type": "array",
            "items": {"type": "number"},
        },
    ),
    "NamedTuple": (
        Point,
        {
            "title": "Point",
            "description": "A place on the map. (at most 2 items; in this order:"
            " x (integer), label (string))",
            "type": "array",
            "items": {"anyOf": [INTEGER, STRING]},
            "minItems": 1,
        },
    ),
    "array-like": (
        Row,
        {
            "title": "Row",
            "description": "A row of a table. (at least 2 items; at most 3 items;"
            " in this order: value, name (string), count (integer))",
            "type": "array",
            "items": {"anyOf": [{"type": "string", "enum": ["row"]}, STRING, INTEGER]},
        },
    ),
    "date and time": (datetime.datetime, {"type": "string", "format": "date-time"}),
    "local time": (
        Annotated[datetime.datetime, Meta(tz=False)],
        {"description": "format: date-time without offset", "type": "string"},
    ),
    "time": (datetime.time, {"type": "string", "format": "time"}),
    "local time of day": (
        Annotated[datetime.time, Meta(tz=False)],
        {"description": "format: time without offset", "type": "string"},
    ),
    "date": (datetime.date, {"type": "string", "format": "date"}),
    "duration": (datetime.timedelta, {"type": "string", "format": "duration"}),
    "UUID": (UUID, {"type": "string", "format": "uuid"}),
    "Decimal": (Decimal, {"description": "format: decimal", "type": "string"}),
    "bytes": (bytes, {"description": "encoded in base64", "type": "string"}),
    "bounds of a number": (
        Annotated[int, Meta(ge=1, lt=9, multiple_of=2, description="Even.")],
        {
            "description": "Even. (at least 1; less than 9; a multiple of 2)",
            "type": "integer",
        },
    ),
    "more bounds of a number": (
        Annotated[float, Meta(gt=0, le=1)],
        {"description": "greater than 0; at most 1", "type": "number"},
    ),
    "bounds of a text": (
        Annotated[str, Meta(min_length=2, max_length=5, pattern="^a", examples=["ab"])],
        {
            "description": "at least 2 characters; at most 5 characters;"
            ' matches the pattern ^a; for example "ab"',
            "type": "string",
        },
    ),
    "at least one item": (
        Annotated[list[int], Meta(min_length=1)],
        {"type": "array", "items": INTEGER, "minItems": 1},
    ),
    "several items": (
        Annotated[list[int], Meta(min_length=2, max_length=4)],
        {
            "description": "at least 2 items; at most 4 items",
            "type": "array",
            "items": INTEGER,
        },
    ),
    "title": (
        Annotated[int, Meta(title="Age in years")],
        {"title": "Age in years", "type": "integer"},
    ),
}


class Ticket(TypedDict):
    """Be urgent, or not."""

    title: str
    priority: NotRequired[Literal["urgent"]]


@dataclass
class Constant:
    """Hold constants."""

    same: Literal["a"] = "a"
    none: Literal["a"] | None = None


URGENT: Json = {"type": "string", "enum": ["urgent"]}


def test_a_constant_that_may_be_left_out() -> None:
    """It may be null, unless leaving it out means the same."""
    constant: Json = {"type": "string", "enum": ["a"]}
    ticket = Format.of(Ticket)

    assert ticket.schema["properties"] == {
        "title": {"type": "string"},
        "priority": {"anyOf": [URGENT, {"type": "null"}]},
    }
    assert ticket.read('{"title": "a", "priority": null}') == {"title": "a"}
    assert Format.of(Constant).schema["properties"] == {
        "same": constant,
        "none": {"anyOf": [constant, {"type": "null"}]},
    }


@pytest.mark.parametrize(("kind", "schema"), OBJECTS.values(), ids=OBJECTS)
def test_an_object_is_the_root_of_its_schema(kind: object, schema: Json) -> None:
    """It is closed, all of its members are required, optional ones may be null."""
    assert Format.of(kind).schema == schema


@pytest.mark.parametrize(("kind", "schema"), WRAPPED.values(), ids=WRAPPED)
def test_anything_else_is_the_member_of_an_object(kind: object, schema: Json) -> None:
    """Providers demand an object at the root."""
    assert Format.of(kind).schema == closed(value=schema)
