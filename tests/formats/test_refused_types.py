"""Types without a schema are refused, with the place, the reason and the remedy."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import (
    TYPE_CHECKING,
    ForwardRef,
    Generic,
    Literal,
    NamedTuple,
    NotRequired,
    TypedDict,
    TypeVar,
)

import msgspec
import pytest
from pydantic import BaseModel
from typing_extensions import ReadOnly

from openrouter_async import ConfigError
from openrouter_async.formats.format import Format

if TYPE_CHECKING:
    from uuid import UUID as Hidden

T = TypeVar("T")


class Node(msgspec.Struct):
    """A tree."""

    value: int
    children: list[Node] = []


class Box(msgspec.Struct, Generic[T]):
    """A box."""

    item: T


class Movie(TypedDict):
    """A film."""

    title: str
    year: NotRequired[int]


@dataclass
class Order:
    """Be a dataclass."""

    items: list[str]


class Colour(Enum):
    """Be one of several."""

    RED = "red"


class Mixed(Enum):
    """Be text or a number."""

    ONE = 1
    TWO = "two"


class Frozen(TypedDict):
    """Have a member that is not to be changed."""

    id: NotRequired[ReadOnly[int]]


@dataclass
class Empty:
    """Hold nothing."""

    nothing: list[tuple[()]]


class EmptyModel(BaseModel):
    """Hold nothing, as pydantic says it."""

    nothing: tuple[()]


class Pair(NamedTuple):
    """Be a tuple."""

    first: int
    second: int


class Loose(msgspec.Struct):
    """Hold a map."""

    scores: dict[str, int] = {}


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


class Heir(Unresolved):
    """Inherit such a member."""

    own: int = 3


class Checked(TypedDict):
    """Name a type that is there for checkers alone."""

    title: str
    id: NotRequired[Hidden]


@dataclass
class Other:
    """Be another dataclass."""

    items: list[str]


NOT_FOUND = (
    "define the class at the top level of a module, and import it outside of"
    " `if TYPE_CHECKING`"
)
REFUSED: dict[str, tuple[object, str]] = {
    "map": (Holder, "Holder has no JSON schema. $.parts[].scores: its keys can have any"
            " name, which a strict schema cannot say; use a list of a type with a key"
            " and a value, or Format.of(Holder, strict=False)"),
    "map at the root": (dict[str, int], "dict[str, int] has no JSON schema. $: its keys"
            " can have any name, which a strict schema cannot say; use a list of a type"
            " with a key and a value, or Format.of(dict[str, int], strict=False)"),
    "anything": (Box, "Box has no JSON schema. $.item: it can be anything, which a"
            " strict schema cannot say; give it a type, or Format.of(Box,"
            " strict=False)"),
    "no JSON type": (Unsupported, "Unsupported has no JSON schema. $.parts[...][0]:"
            " complex is not a type that JSON can hold; use a Struct, dataclass,"
            " TypedDict, pydantic model or a built-in type"),
    "union": (Ambiguous, "Ambiguous has no JSON schema. $.pair[]: Type unions may not"
            " contain more than one dict-like type (`Struct`, `dict`, `TypedDict`,"
            " `dataclass`) - type `{union}` is not supported; use Structs with"
            " `tag=True`, which say in JSON what they are"),
    "unknown name": (Unresolved, "Unresolved has no JSON schema. $.missing: name"
            " 'Missing' is not defined; " + NOT_FOUND),
    "unknown name inside": (dict[str, list[Unresolved]], "dict[str, list[{name}"
            ".Unresolved]] has no JSON schema. $[...][].missing: name 'Missing' is not"
            " defined; " + NOT_FOUND),
    "for checkers": (Checked, "Checked has no JSON schema. $.id: name 'Hidden' is not"
            " defined; " + NOT_FOUND),
    "the rest of it": (Heir, "Heir has no JSON schema. $.missing: name 'Missing' is not"
            " defined; " + NOT_FOUND),
    "untagged Structs": (Node | Loose, "{name}.Node | {name}.Loose has no JSON schema."
            " $: If a type union contains multiple Struct types, all Struct types must"
            " be tagged (via `tag` or `tag_field` kwarg) - type `{name}.Node |"
            " {name}.Loose` is not supported; use `tag=True` for all of them"),
    "dataclasses": (Order | Other, "{name}.Order | {name}.Other has no JSON schema."
            " $: Type unions may not contain more than one dataclass or attrs type -"
            " type `{name}.Order | {name}.Other` is not supported; use Structs with"
            " `tag=True`, which say in JSON what they are"),
    "name at the root": ("Node", "pass the class, not its name 'Node'"),
    "reference at the root": (ForwardRef("Node"), "pass the class, not its name"
            " 'Node'"),
    "constants as keys": (dict[Literal["a", "b"], int | None], "dict[typing.Literal["
            "'a', 'b'], int | None] has no JSON schema. $: its keys can have any name,"
            " which a strict schema cannot say; use a list of a type with a key and a"
            " value, or Format.of(dict[Literal['a', 'b'], int | None], strict=False)"),
    "name in quotes": (list["Node"], "list['Node'] has no JSON schema. $[]: Type"
            " ''Node'' is not supported"),
    "other format": (msgspec.msgpack.Ext, "Ext has no JSON schema. $: ExtType is not"
            " supported"),
    "Struct": (Node(1), "pass the class Node, not an instance"),
    "dataclass": (Order([]), "pass the class Order, not an instance"),
    "constant": (Colour.RED, "pass the class Colour, not an instance"),
    "named tuple": (Pair(1, 2), "pass the class Pair, not an instance"),
    "schema": ({"type": "object"}, "a mapping is no type; for a schema of your own use"
            " response_format="),
    "values of two types": (list[Mixed], "list[{name}.Mixed] has no JSON schema."
            " $[]: Enums must contain either all str or all int values - type `<enum"
            " 'Mixed'>` is not supported; make its values all text or all whole"
            " numbers, or use a Literal of both"),
    "read-only": (Frozen, "Frozen has no JSON schema. $.id: Type"
            " '{ReadOnly}[int]' is not supported; leave out `ReadOnly`, which says"
            " nothing of JSON"),
    "empty tuple": (tuple[()], "tuple[()] has no JSON schema. $: there is no value that"
            " an empty tuple could hold; leave it out, or use `tuple[int, ...]` for any"
            " number of them"),
    "empty tuple inside": (dict[str, Empty], "dict[str, {name}.Empty] has no JSON"
            " schema. $[...].nothing[]: there is no value that an empty tuple could"
            " hold; leave it out, or use `tuple[int, ...]` for any number of them"),
    "empty tuple of a model": (EmptyModel, "EmptyModel has no JSON schema. $.nothing:"
            " there is no value that an empty tuple could hold; leave it out, or use"
            " `tuple[int, ...]` for any number of them"),
    "no type": (3, "3 has no JSON schema. $: Type '3' is not supported"),
}  # fmt: skip


@pytest.mark.parametrize(("kind", "message"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_described_is_refused(kind: object, message: str) -> None:
    """The message says where it is, why, and what to do."""
    with pytest.raises(ConfigError) as raised:
        Format.of(kind)

    union = f"{__name__}.Movie | {__name__}.Order"
    expected = message.replace("{union}", union).replace("{name}", __name__)
    expected = expected.replace("{ReadOnly}", str(ReadOnly))
    assert str(raised.value) == expected


def test_a_local_class_is_refused_with_its_member() -> None:
    """Its name is not known where the annotation is read."""

    @dataclass
    class Inner:
        """Be defined here."""

        size: int

    @dataclass
    class Outer:
        """Name it."""

        ok: list[int]
        parts: list[Inner]

    with pytest.raises(ConfigError) as raised:
        Format.of(Outer)

    path = "test_a_local_class_is_refused_with_its_member.<locals>.Outer"
    assert str(raised.value) == (
        f"{path} has no JSON schema. $.parts: name 'Inner' is not defined; {NOT_FOUND}"
    )
    assert Format.of(list[Inner]).read('[{"size":3}]') == [Inner(3)]
