"""A format is made once for a type, by its members, names and defaults."""

from __future__ import annotations

from enum import Enum
from typing import (
    Annotated,
    Any,
    Generic,
    Literal,
    NotRequired,
    TypedDict,
    TypeVar,
)

import msgspec
import pytest
from msgspec import Meta

from openrouter_async import ConfigError
from openrouter_async.formats.format import Format
from tests.formats.schemas import INTEGER, closed, nullable

T = TypeVar("T")


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


class Movie(TypedDict):
    """A film."""

    title: str
    year: NotRequired[int]


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


LONG = "a" * 99
NAMES: dict[str, tuple[object, str]] = {
    "class": (Movie, "Movie"),
    "generic": (Box[list[int]], "Box_list_int"),
    "union": (Cat | Dog, "Cat_Dog"),
    "optional": (Cat | None, "Cat_None"),
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
    kind = Annotated[int, ["anything"]]

    assert Format.of(kind).read('{"value":3}') == 3


def test_an_example_without_json_form_is_not_told() -> None:
    """Neither is one that is long."""
    kind = Annotated[str, Meta(examples=[1j, "a" * 200, "b"])]

    assert Format.of(kind).schema == closed(
        value={"description": 'for example "b"', "type": "string"}
    )


def test_a_sentinel_is_no_default() -> None:
    """It has no JSON form, and stands in where the member is null."""
    sentinel: Any = object()
    kind = msgspec.defstruct("Late", [("size", int, sentinel)])
    format = Format.of(kind)

    assert format.schema["properties"] == {"size": nullable(type="integer")}
    assert format.read('{"size":null}') == kind()


def test_a_map_with_odd_keys_is_refused() -> None:
    """JSON has text as keys."""
    with pytest.raises(ConfigError, match=r"\$: JSON has no such keys; use text"):
        Format.of(dict[tuple[int, int], int], strict=False)
