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

from openrouter_async import ConfigError
from openrouter_async.formats.format import Format

T = TypeVar("T")
Json = dict[str, object]


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


def closed(**members: object) -> Json:
    """Return the strict schema of an object with these members."""
    return {
        "type": "object",
        "properties": members,
        "required": list(members),
        "additionalProperties": False,
    }


def nullable(**schema: object) -> Json:
    """Return the schema of a member that may be null."""
    return {"anyOf": [schema, {"type": "null"}]}


STRING = {"type": "string"}
INTEGER = {"type": "integer"}
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
    "Literal of several types": (
        Literal[1, "a", None],
        {
            "anyOf": [
                {"type": "null"},
                {"type": "integer", "enum": [1]},
                {"type": "string", "enum": ["a"]},
            ]
        },
    ),
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


@pytest.mark.parametrize(("kind", "schema"), OBJECTS.values(), ids=OBJECTS)
def test_an_object_is_the_root_of_its_schema(kind: object, schema: Json) -> None:
    """It is closed, all of its members are required, optional ones may be null."""
    assert Format.of(kind).schema == schema


@pytest.mark.parametrize(("kind", "schema"), WRAPPED.values(), ids=WRAPPED)
def test_anything_else_is_the_member_of_an_object(kind: object, schema: Json) -> None:
    """Providers demand an object at the root."""
    assert Format.of(kind).schema == closed(value=schema)


def test_members_stay_in_their_order() -> None:
    """Models write members in the order of the schema."""

    class Answer(TypedDict):
        thoughts: str
        conclusion: NotRequired[str]
        answer: str

    assert Format.of(Answer).schema["required"] == ["thoughts", "conclusion", "answer"]


def test_classes_of_one_name_are_told_apart() -> None:
    """Each gets a definition of its own."""

    def color() -> object:
        return Enum("Shade", {"A": "a"})

    first, second = color(), color()
    kind = msgspec.defstruct(
        "Both", [("a", first), ("b", first), ("c", second), ("d", second)]
    )

    assert Format.of(kind).schema["$defs"] == {
        "Shade": {"title": "Shade", "type": "string", "enum": ["a"]},
        "Shade_2": {"title": "Shade", "type": "string", "enum": ["a"]},
    }


def test_a_default_without_json_form_is_not_told() -> None:
    """The decoder knows it all the same."""

    class Open(msgspec.Struct):
        """Have a default of another type."""

        limit: float = msgspec.field(default_factory=lambda: float("inf"))

    format = Format.of(Open)

    assert format.schema["properties"] == {"limit": nullable(type="number")}
    assert format.read('{"limit":null}') == Open()


UNSET_MEMBER = msgspec.defstruct(
    "Patch", [("name", str | msgspec.UnsetType, msgspec.UNSET)]
)


def test_a_null_leaves_a_member_unset() -> None:
    """What a client need not send a model need not say."""
    format = Format.of(UNSET_MEMBER)

    assert format.schema["properties"] == {"name": nullable(type="string")}
    assert format.read('{"name":null}') == UNSET_MEMBER()


class Loose(msgspec.Struct):
    """Hold what strict schemas cannot say."""

    scores: dict[str, int] = {}
    extra: object = None
    limit: Annotated[int, Meta(ge=1)] = 5


def test_a_schema_that_is_not_strict_says_everything() -> None:
    """Maps, any values, bounds and defaults stay what they are."""
    format = Format.of(Loose, strict=False)

    assert format.response_format() == {
        "type": "json_schema",
        "json_schema": {
            "name": "Loose",
            "strict": False,
            "schema": {
                "title": "Loose",
                "description": "Hold what strict schemas cannot say.",
                "type": "object",
                "properties": {
                    "scores": {
                        "type": "object",
                        "additionalProperties": INTEGER,
                        "default": {},
                    },
                    "extra": {"default": None},
                    "limit": {"type": "integer", "minimum": 1, "default": 5},
                },
                "required": [],
            },
        },
    }


def test_a_recursive_schema_that_is_not_strict_keeps_definitions() -> None:
    """Its root is not a reference, even so."""
    schema = Format.of(Node, strict=False).schema

    assert (schema["title"], list(schema)[-1]) == ("Node", "$defs")


class Holder(msgspec.Struct):
    """Hold a part that cannot be described."""

    parts: list[Loose]


class Unsupported(msgspec.Struct):
    """Hold what JSON cannot."""

    parts: dict[str, tuple[complex, int]]


@dataclass
class Ambiguous:
    """Hold a union that cannot be told apart."""

    pair: list[Movie | Order]


class Unresolved(msgspec.Struct):
    """Name a type that does not exist."""

    ok: int
    missing: Missing  # type: ignore[name-defined]  # noqa: F821  # pyright: ignore[reportUndefinedVariable]  # that is the test


REFUSED: dict[str, tuple[object, str]] = {
    "map": (Holder, "Holder has no JSON schema. $.parts[].scores: its keys can have any"
            " name, which a strict schema cannot say; use a list of a type with a key"
            " and a value, or strict=False"),
    "map at the root": (dict[str, int], "dict[str, int] has no JSON schema. $: its keys"
            " can have any name, which a strict schema cannot say; use a list of a type"
            " with a key and a value, or strict=False"),
    "anything": (Box, "Box has no JSON schema. $.item: it can be anything, which a"
            " strict schema cannot say; give it a type, or strict=False"),
    "no JSON type": (Unsupported, "Unsupported has no JSON schema. $.parts[...][0]:"
            " complex is not a type that JSON can hold; use a Struct, dataclass,"
            " TypedDict, pydantic model or a built-in type"),
    "union": (Ambiguous, "Ambiguous has no JSON schema. $.pair[]: Type unions may not"
            " contain more than one dict-like type (`Struct`, `dict`, `TypedDict`,"
            " `dataclass`) - type `{union}` is not supported"),
    "unknown name": (Unresolved, "Unresolved has no JSON schema. $: name 'Missing' is"
            " not defined"),
    "name in quotes": (list["Node"], "list['Node'] has no JSON schema. $[]: Type"
            " ''Node'' is not supported"),
    "no type": (3, "3 has no JSON schema. $: Type '3' is not supported"),
}  # fmt: skip


@pytest.mark.parametrize(("kind", "message"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_described_is_refused(kind: object, message: str) -> None:
    """The message says where it is, why, and what to do."""
    with pytest.raises(ConfigError) as raised:
        Format.of(kind)

    expected = message.replace("{union}", f"{__name__}.Movie | {__name__}.Order")
    assert str(raised.value) == expected


LONG = "a" * 99
NAMES: dict[str, tuple[object, str]] = {
    "class": (Movie, "Movie"),
    "generic": (Box[list[int]], "Box_list_int"),
    "union": (Cat | Dog, "Cat_Dog"),
    "optional": (Cat | None, "Cat_NoneType"),
    "Annotated": (Annotated[Movie, Meta(description="x")], "Movie"),
    "Literal": (Literal["a b"], "Literal_a_b"),
    "long": (msgspec.defstruct(LONG, []), LONG[:64]),
    "not ASCII": (Literal["é"], "Literal"),
}


@pytest.mark.parametrize(("kind", "name"), NAMES.values(), ids=NAMES)
def test_a_format_has_a_name_that_providers_accept(kind: object, name: str) -> None:
    """At most 64 letters, digits, underscores and dashes."""
    assert Format.of(kind).name == name


def test_a_format_is_made_once() -> None:
    """A format is its own format, and shows what it is of."""
    format = Format.of(Movie)

    assert Format.of(Movie) is format
    assert Format.of(format) is format
    assert Format.of(Movie, strict=False) is not format
    assert repr(format) == "<Format Movie>"
    assert repr(Format.of(Movie, strict=False)) == "<Format Movie, not strict>"


def test_a_type_that_cannot_be_hashed_has_a_format() -> None:
    """Metadata may be anything."""
    kind = Annotated[int, Meta(examples=[1])]

    assert Format.of(kind).read('{"value":3}') == 3
