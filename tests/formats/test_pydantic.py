"""Models of pydantic work as any other type does, though it is never imported."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from typing import Annotated, Generic, Literal, TypeVar

import msgspec
import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel, ConfigDict, Field, RootModel, field_validator

from openrouter_async.formats.format import Format
from openrouter_async.formats.mismatch import FormatMismatch

T = TypeVar("T")


class Inner(BaseModel):
    """Be inside."""

    size: Annotated[int, Field(ge=1)] = 3


class Product(BaseModel):
    """Be sold."""

    model_config = ConfigDict(populate_by_name=True)

    display_name: str = Field(alias="displayName", description="What it is called.")
    price: float
    parts: list[Inner] = []
    kind: Literal["new", "used"] | None = None

    @field_validator("display_name")
    @classmethod
    def not_empty(cls, value: str) -> str:
        """Refuse a blank."""
        if not value.strip():
            raise ValueError("a name is needed")

        return value


class Tree(BaseModel):
    """Refer to itself."""

    children: list[Tree] = []


class Cat(BaseModel):
    """Meow."""

    lives: int
    species: Literal["cat"] = "cat"


class Dog(BaseModel):
    """Bark."""

    species: Literal["dog"]
    name: str


class Owner(BaseModel):
    """Have a pet."""

    pet: Annotated[Cat | Dog, Field(discriminator="species")]


class Numbers(RootModel[list[int]]):
    """Be a list."""


class Page(BaseModel, Generic[T]):
    """Be generic."""

    items: list[T]


class Cart(msgspec.Struct):
    """Hold models in a Struct."""

    products: list[Product]
    gift: Inner | None = None


@dataclass
class Shelf:
    """Hold models in a dataclass."""

    best: Product
    page: Page[Inner]


def test_a_model_is_described_strictly() -> None:
    """Titles made of names are left out, bounds go into descriptions."""
    assert Format.of(Product).schema == {
        "title": "Product",
        "description": "Be sold.",
        "type": "object",
        "properties": {
            "displayName": {"description": "What it is called.", "type": "string"},
            "price": {"type": "number"},
            "parts": {
                "description": "null means []",
                "anyOf": [
                    {
                        "type": "array",
                        "items": {
                            "title": "Inner",
                            "description": "Be inside.",
                            "type": "object",
                            "properties": {
                                "size": {
                                    "description": "at least 1 (null means 3)",
                                    "anyOf": [{"type": "integer"}, {"type": "null"}],
                                }
                            },
                            "required": ["size"],
                            "additionalProperties": False,
                        },
                    },
                    {"type": "null"},
                ],
            },
            "kind": {
                "anyOf": [{"type": "string", "enum": ["new", "used"]}, {"type": "null"}]
            },
        },
        "required": ["displayName", "price", "parts", "kind"],
        "additionalProperties": False,
    }


READ: dict[str, tuple[object, str, object]] = {
    "model": (
        Product,
        '{"displayName":"x","price":1.5,"parts":null,"kind":null}',
        Product(displayName="x", price=1.5),
    ),
    "recursive": (
        Tree,
        '{"children":[{"children":null}]}',
        Tree(children=[Tree()]),
    ),
    "discriminated": (
        Owner,
        '{"pet":{"species":"cat","lives":9}}',
        Owner(pet=Cat(lives=9)),
    ),
    "list of models": (list[Inner], '{"value":[{"size":null}]}', [Inner()]),
    "optional model": (Inner | None, '{"value":null}', None),
    "root model": (Numbers, '{"value":[1,2]}', Numbers([1, 2])),
    "generic": (Page[Inner], '{"items":[{"size":2}]}', Page(items=[Inner(size=2)])),
    "in a Struct": (
        Cart,
        '{"products":[{"displayName":"x","price":1,"parts":[{"size":null}],'
        '"kind":null}],"gift":null}',
        Cart([Product(displayName="x", price=1, parts=[Inner()])]),
    ),
    "in a dataclass": (
        Shelf,
        '{"best":{"displayName":"x","price":1},"page":{"items":[]}}',
        Shelf(Product(displayName="x", price=1), Page[Inner](items=[])),
    ),
}


@pytest.mark.parametrize(("kind", "text", "value"), READ.values(), ids=READ)
def test_a_text_is_read(kind: object, text: str, value: object) -> None:
    """Schemas are valid, and defaults stand for nulls."""
    format = Format.of(kind)
    Draft202012Validator.check_schema(format.schema)

    assert format.read(text) == value


def test_what_tells_branches_apart_comes_first_and_is_never_null() -> None:
    """OpenAI demands different first keys of the branches of a union."""
    assert Format.of(Owner).schema["properties"] == {
        "pet": {
            "anyOf": [
                {
                    "title": title,
                    "description": description,
                    "type": "object",
                    "properties": {
                        "species": {"type": "string", "enum": [title.lower()]},
                        name: {"type": kind},
                    },
                    "required": ["species", name],
                    "additionalProperties": False,
                }
                for title, description, name, kind in (
                    ("Cat", "Meow.", "lives", "integer"),
                    ("Dog", "Bark.", "name", "string"),
                )
            ]
        }
    }


MISMATCHES: dict[str, tuple[object, str, str, str]] = {
    "wrong type": (
        Product,
        '{"displayName":"x","price":1,"parts":[{"size":1},{"size":"x"}]}',
        "$.parts[1].size",
        "Input should be a valid integer, unable to parse string as an integer",
    ),
    "missing": (Product, '{"displayName":"x"}', "$.price", "Field required"),
    "validator": (
        list[Product],
        '{"value":[{"displayName":" ","price":1}]}',
        "$.value[0].displayName",
        "Value error, a name is needed",
    ),
    "branch of a union": (
        Owner,
        '{"pet":{"species":"cat","lives":"x"}}',
        "$.pet.lives",
        "Input should be a valid integer, unable to parse string as an integer",
    ),
    "in a Struct": (
        Cart,
        '{"products":[],"gift":{"size":0}}',
        "$.gift.size",
        "Input should be greater than or equal to 1",
    ),
    "not JSON": (Inner, "{", "$", "not JSON: it ends before it is complete"),
}


@pytest.mark.parametrize(
    ("kind", "text", "path", "message"), MISMATCHES.values(), ids=MISMATCHES
)
def test_a_mismatch_says_where(
    kind: object, text: str, path: str, message: str
) -> None:
    """Its path leads into the model."""
    with pytest.raises(FormatMismatch) as raised:
        Format.of(kind).read(text)

    assert (raised.value.path, raised.value.message) == (path, message)


class Numbered(BaseModel):
    """Hold many numbers."""

    a: int
    b: int
    c: int
    d: int
    e: int
    f: int


INTEGER = "Input should be a valid integer, unable to parse string as an integer"


@pytest.mark.parametrize(
    ("kind", "place"),
    [
        (Numbered, "$"),
        (list[Numbered], "$.value[0]"),
        (msgspec.defstruct("Sheet", [("rows", list[Numbered])]), "$.rows[0]"),
    ],
    ids=["model", "list", "Struct"],
)
def test_all_mistakes_are_told(kind: object, place: str) -> None:
    """Each with its place; the first is the one that counts."""
    texts = {
        "$": "{}",
        "$.value[0]": '{"value":[{}]}',
        "$.rows[0]": '{"rows":[{}]}',
    }
    members = '{"a":1,"b":"x","d":"y","e":5,"f":6}'
    with pytest.raises(FormatMismatch) as raised:
        Format.of(kind).read(texts[place].replace("{}", members))

    error: FormatMismatch = pickle.loads(pickle.dumps(raised.value))
    others = (("Field required", f"{place}.c"), (INTEGER, f"{place}.d"))
    assert (error.message, error.path, error.others) == (INTEGER, f"{place}.b", others)
    assert str(error) == (
        f"{INTEGER} (at {place}.b); Field required (at {place}.c); {INTEGER} (at"
        f" {place}.d)"
    )


def test_many_mistakes_are_counted() -> None:
    """A message has an end."""
    with pytest.raises(FormatMismatch) as raised:
        Format.of(Numbered).read("{}")

    told = "; ".join(f"Field required (at $.{name})" for name in "abcde")
    assert str(raised.value) == f"{told}; and 1 more"
    assert len(raised.value.others) == 5
