"""Texts of models are read as values, or refused with the place of the fault."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Literal, NotRequired, TypedDict

import msgspec
import pytest
from msgspec import Meta

from openrouter_async.formats.format import Format
from openrouter_async.formats.mismatch import FormatMismatch


class Item(msgspec.Struct):
    """Have a price."""

    price: float
    tags: list[str] = []
    size: int | None = 3


class Basket(msgspec.Struct):
    """Hold items."""

    items: list[Item]
    owner: Literal["me", "you"] = "me"
    total: Annotated[Decimal, Meta(description="Sum.")] | None = None
    pair: tuple[Item, int] | None = None


class Circle(msgspec.Struct, tag=True):
    """Be round."""

    radius: int = 1


class Square(msgspec.Struct, tag=True):
    """Have corners."""

    side: int = 2


class Film(TypedDict):
    """Leave things out."""

    title: str
    year: NotRequired[int]
    rating: NotRequired[int | None]


@dataclass
class Chain:
    """Go on."""

    next: Chain | None = None
    depth: int = 7


READ: dict[str, tuple[object, str, object]] = {
    "plain": (Item, '{"price":1,"tags":["a"],"size":2}', Item(1, ["a"], 2)),
    "members left out": (Item, '{"price":1}', Item(1)),
    "a null for a default": (Item, '{"price":1,"tags":null}', Item(1, [])),
    "a null that is one": (Item, '{"price":1,"size":null}', Item(1, [], None)),
    "nulls deep inside": (
        Basket,
        '{"items":[{"price":1,"tags":null,"size":null}],"owner":null,"total":null,'
        '"pair":[{"price":2,"tags":null},4]}',
        Basket([Item(1, [], None)], "me", None, (Item(2), 4)),
    ),
    "exact numbers": (
        Basket,
        '{"items":[],"owner":null,"total":0.1234567890123456789012345}',
        Basket([], "me", Decimal("0.1234567890123456789012345")),
    ),
    "white space": (Item, ' \n{"price": 1}\n ', Item(1)),
    "a code fence": (Item, '```json\n{"price": 1}\n```', Item(1)),
    "a bare code fence": (Item, '\n```\r\n{"price": 1}```\n', Item(1)),
    "a fence inside": (str, '{"value": "```a```"}', "```a```"),
    "a list": (list[int], '{"value":[1,2]}', [1, 2]),
    "a list that stands alone": (list[int], " [1,2]", [1, 2]),
    "a constant that stands alone": (Literal["a", "b"], '"b"', "b"),
    "a null that stands alone": (Item | None, "null", None),
    "an object that stands alone": (Item | int, '{"price":1,"tags":null}', Item(1, [])),
    "a union": (Circle | Square, '{"value":{"type":"Square","side":null}}', Square()),
    "nulls in a list of a union": (
        list[Circle | Square],
        '{"value":[{"type":"Circle","radius":null},{"type":"Square","side":5}]}',
        [Circle(), Square(5)],
    ),
    "TypedDict": (
        Film,
        '{"title":"x","year":null,"rating":null}',
        {"title": "x", "rating": None},
    ),
    "recursive": (
        Chain,
        '{"next":{"next":null,"depth":null},"depth":2}',
        Chain(Chain(None, 7), 2),
    ),
    "unknown members": (Item, '{"price":1,"other":null}', Item(1)),
    "text with null in it": (str, '{"value":"null"}', "null"),
}


@pytest.mark.parametrize(("kind", "text", "value"), READ.values(), ids=READ)
def test_a_text_is_read(kind: object, text: str, value: object) -> None:
    """A null for a member that is optional becomes its default."""
    assert Format.of(kind).read(text) == value


def test_nulls_of_maps_are_read() -> None:
    """Types that are not strict may have maps of them."""
    kind = dict[str, Item]

    read = Format.of(kind, strict=False).read('{"a":{"price":1,"tags":null}}')

    assert read == {"a": Item(1)}


def test_anything_is_read_as_it_is() -> None:
    """Types that are not strict may have members of any type."""

    class Open(msgspec.Struct):
        """Hold anything."""

        what: object

    assert Format.of(Open, strict=False).read('{"what":[null,1]}') == Open([None, 1])


MISMATCHES: dict[str, tuple[object, str, str, str]] = {
    "wrong type": (
        Basket,
        '{"items":[{"price":1},{"price":2},{"price":"x"}]}',
        "$.items[2].price",
        "Expected `float`, got `str`",
    ),
    "missing": (
        Basket,
        '{"items":[{}]}',
        "$.items[0]",
        "Object missing required field `price`",
    ),
    "wrong value": (
        Basket,
        '{"items":[],"owner":"x"}',
        "$.owner",
        "Invalid enum value 'x'",
    ),
    "a null that cannot be": (
        Basket,
        '{"items":null}',
        "$.items",
        "Expected `array`, got `null`",
    ),
    "in a wrapped list": (
        list[int],
        '{"value":[1,"x"]}',
        "$.value[1]",
        "Expected `int`, got `str`",
    ),
    "bounds": (
        Annotated[int, Meta(ge=3)],
        '{"value":1}',
        "$.value",
        "Expected `int` >= 3",
    ),
    "in a list that stands alone": (
        list[int],
        '[1,"x"]',
        "$[1]",
        "Expected `int`, got `str`",
    ),
    "in an object that stands alone": (
        Item | int,
        '{"price":"x"}',
        "$.price",
        "Expected `float`, got `str`",
    ),
    "in a wrapped object": (
        Item | int,
        '{"value":{"price":"x"}}',
        "$.value.price",
        "Expected `float`, got `str`",
    ),
    "no such object": (
        list[int],
        '{"items":[1]}',
        "$",
        "Object missing required field `value`",
    ),
    "an object that is cut": (
        Item | int,
        '{"price":',
        "$",
        "not JSON: it ends before it is complete",
    ),
    "cut": (Item, '{"price":1', "$", "not JSON: it ends before it is complete"),
    "empty": (Item, " ", "$", "not JSON: it is empty"),
    "prose": (
        Item,
        "Sure! Here",
        "$",
        "not JSON: it begins with 'Sure!'",
    ),
    "more than JSON": (
        Item,
        '{"price":1} Hope it helps!',
        "$",
        "not JSON: trailing characters (byte 13)",
    ),
    "lone surrogate": (
        Item,
        '{"price":"\ud800"}',
        "$",
        "not JSON: half of a surrogate pair is no text",
    ),
}


@pytest.mark.parametrize(
    ("kind", "text", "path", "message"), MISMATCHES.values(), ids=MISMATCHES
)
def test_a_mismatch_says_where(
    kind: object, text: str, path: str, message: str
) -> None:
    """The path leads to what is wrong."""
    with pytest.raises(FormatMismatch) as raised:
        Format.of(kind).read(text)

    assert (raised.value.path, raised.value.message) == (path, message)
    assert str(raised.value) == f"{message} (at {path})"


def test_a_mismatch_in_a_map_has_no_key() -> None:
    """Its key stands for any."""
    with pytest.raises(FormatMismatch) as raised:
        Format.of(dict[str, int], strict=False).read('{"a":1,"b":"x"}')

    assert raised.value.path == "$[...]"


def test_a_wrong_key_of_a_map_is_a_mismatch() -> None:
    """It is at the map."""
    with pytest.raises(FormatMismatch) as raised:
        Format.of(dict[int, int], strict=False).read('{"a":1}')

    assert (raised.value.path, raised.value.message) == (
        "$",
        "Expected `int`, got `str`",
    )


def test_json_nested_too_deeply_is_a_mismatch() -> None:
    """No text can end the program."""
    with pytest.raises(FormatMismatch, match="the JSON is nested too deeply"):
        Format.of(Chain).read('{"next":' * 100_000)


def test_only_a_text_that_ends_early_is_cut() -> None:
    """It tells a token limit from a model that cannot do it."""
    cuts: list[bool] = []
    for text in ('{"price":1', '{"price":"x"}', "nope"):
        with pytest.raises(FormatMismatch) as raised:
            Format.of(Item).read(text)
        cuts.append(raised.value.is_cut)

    assert cuts == [True, False, False]


def test_a_mismatch_can_be_pickled() -> None:
    """It may come from another process."""
    copied = pickle.loads(pickle.dumps(FormatMismatch("wrong", "$.a")))

    assert (copied.message, copied.path) == ("wrong", "$.a")


def test_a_check_of_a_struct_is_a_mismatch() -> None:
    """What `__post_init__` refuses is told with its place."""

    class Even(msgspec.Struct):
        """Refuse odd numbers."""

        number: int

        def __post_init__(self) -> None:
            if self.number % 2:
                raise ValueError("the number is odd")

    with pytest.raises(FormatMismatch) as raised:
        Format.of(list[Even]).read('{"value":[{"number":2},{"number":3}]}')

    assert (raised.value.path, raised.value.message) == (
        "$.value[1]",
        "the number is odd",
    )


@pytest.mark.parametrize("kind", [KeyError, ZeroDivisionError, RuntimeError])
def test_whatever_a_check_raises_is_a_mismatch(kind: type[Exception]) -> None:
    """The exception is its cause."""

    @dataclass
    class Checked:
        """Raise what msgspec does not expect."""

        number: int

        def __post_init__(self) -> None:
            raise kind(self.number)

    with pytest.raises(FormatMismatch) as raised:
        Format.of(Checked).read('{"number":3}')

    assert (raised.value.path, raised.value.message) == ("$", f"{kind.__name__}: 3")
    assert type(raised.value.__cause__) is kind
