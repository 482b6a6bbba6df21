"""Doubles that stand for whole numbers are read as such, where one is wanted."""

from __future__ import annotations

import decimal
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum
from typing import Annotated, Literal, TypedDict

import msgspec
import pytest
from msgspec import Meta
from pydantic import BaseModel, ConfigDict

from openrouter_async.formats.format import Format
from openrouter_async.formats.mismatch import FormatMismatch
from openrouter_async.formats.tool import tool


class Level(IntEnum):
    """Be one of a few numbers."""

    LOW = 1
    HIGH = 2


class Part(msgspec.Struct, tag=1):
    """Be one of a union."""

    count: int | None = 5


class Other(msgspec.Struct, tag=2):
    """Be the other."""

    weight: float


@dataclass
class Box:
    """Hold numbers of all kinds."""

    count: int
    sizes: list[int]
    pair: tuple[int, float]
    either: int | float
    level: Level
    parts: list[Part | Other]
    price: Decimal
    chosen: Literal[1, "a"] = 1


class Lax(BaseModel):
    """Read numbers as pydantic does."""

    count: int


class Strict(BaseModel):
    """Be stricter than JSON schema."""

    model_config = ConfigDict(strict=True)

    count: int


class Row(TypedDict):
    """Hold a model beside a number."""

    count: int
    model: Strict | None


READ: dict[str, tuple[object, str, object]] = {
    "everywhere": (
        Box,
        '{"count":2.0,"sizes":[1,2e0],"pair":[3.0,4.0],"either":5.0,"level":2.0,'
        '"parts":[{"type":1,"count":7.0},{"type":2,"weight":8.0}],"price":9.0,'
        '"chosen":1.0}',
        Box(
            count=2,
            sizes=[1, 2],
            pair=(3, 4.0),
            either=5.0,
            level=Level.HIGH,
            parts=[Part(7), Other(8.0)],
            price=Decimal("9.0"),
            chosen=1,
        ),
    ),
    "beside a null": (Part, '{"type":1.0,"count":null}', Part(None)),
    "wrapped": (int, '{"value":3.0}', 3),
    "alone": (list[int], "[3.0]", [3]),
    "with an exponent": (int, '{"value":12e3}', 12000),
    "negative": (int, '{"value":-4.00}', -4),
    "nothing": (int, '{"value":-0.0}', 0),
    "within bounds": (Annotated[int, Meta(ge=3)], '{"value":3.0}', 3),
    "in a model": (Lax, '{"count":2.0}', Lax(count=2)),
}


@pytest.mark.parametrize(("kind", "text", "value"), READ.values(), ids=READ)
def test_a_whole_double_is_an_integer(kind: object, text: str, value: object) -> None:
    """What may be a fraction stays a double."""
    read = Format.of(kind).read(text)

    assert read == value
    assert repr(read) == repr(value)  # 5 and 5.0 are equal


def test_values_of_maps_are_read() -> None:
    """Types that are not strict may have maps of them."""
    assert Format.of(dict[str, int], strict=False).read('{"a":1.0}') == {"a": 1}


MISMATCHES: dict[str, tuple[object, str, str, str]] = {
    "fraction": (int, '{"value":2.5}', "$.value", "Expected `int`, got `float`"),
    "small fraction": (
        int,
        '{"value":2.0000000000000000000000000000000000000000001}',
        "$.value",
        "Expected `int`, got `float`",
    ),
    "huge": (int, '{"value":1e300}', "$.value", "Expected `int`, got `float`"),
    "out of bounds": (
        Annotated[int, Meta(ge=3)],
        '{"value":2.0}',
        "$.value",
        "Expected `int` >= 3",
    ),
    "one of two": (
        list[int],
        '{"value":[2.0,2.5]}',
        "$.value[1]",
        "Expected `int`, got `float`",
    ),
    "no such constant": (
        Literal[1, 2],
        '{"value":3.0}',
        "$.value",
        "Expected `int`, got `float`",
    ),
    "in a strict model": (
        Row,
        '{"count":1.0,"model":{"count":1.0}}',
        "$.model.count",
        "Input should be a valid integer",
    ),
}


@pytest.mark.parametrize(
    ("kind", "text", "path", "message"), MISMATCHES.values(), ids=MISMATCHES
)
def test_what_is_not_whole_is_a_mismatch(
    kind: object, text: str, path: str, message: str
) -> None:
    """So are bounds that are not kept, and what pydantic refuses on its own."""
    with pytest.raises(FormatMismatch) as raised:
        Format.of(kind).read(text)

    assert (raised.value.path, raised.value.message) == (path, message)


async def test_arguments_may_be_whole_doubles() -> None:
    """A tool is given an int."""

    @tool
    def twice(number: int) -> str:
        return repr(2 * number)

    assert await twice.run('{"number":2.0}') == "4"


class Beside(msgspec.Struct):
    """Hold a number beside a member that may be left out."""

    weight: float
    count: int = 3
    price: Decimal = Decimal(1)


CONTEXTS = {
    "few digits": decimal.Context(prec=3),
    "small numbers": decimal.Context(prec=2, Emax=2, Emin=-2),
    "all traps": decimal.Context(prec=3, traps=list(decimal.getcontext().traps)),
    "no traps": decimal.Context(prec=3, traps=[]),
}


@pytest.fixture(params=CONTEXTS)
def _context(request: pytest.FixtureRequest) -> Iterator[None]:
    """Run in a context for decimals that is not the usual one."""
    name: str = request.param
    with decimal.localcontext(CONTEXTS[name]):
        yield


TINY = "1e-99999999999999999999"


@pytest.mark.usefixtures("_context")
def test_the_context_of_the_caller_changes_nothing() -> None:
    """Its precision is for what it computes, not for what is read."""
    form = Format.of(Beside)
    text = '{"weight":123456.5,"count":123456.0,"price":0.123456789}'

    assert form.read(text) == Beside(123456.5, 123456, Decimal("0.123456789"))
    assert form.read('{"weight":123456.789,"count":null}') == Beside(123456.789)
    assert form.read(f'{{"weight":{TINY},"count":null}}') == Beside(0.0)
    assert form.read(f'{{"weight":{TINY},"count":2.0}}') == Beside(0.0, 2)


@pytest.mark.usefixtures("_context")
@pytest.mark.parametrize("number", [TINY, "2.5", "1e-999999999999999999", "-0.1e-30"])
@pytest.mark.parametrize("beside", ["", ',"price":null'])
def test_a_fraction_is_a_mismatch_in_every_context(number: str, beside: str) -> None:
    """With its place, however small it is."""
    with pytest.raises(FormatMismatch) as raised:
        Format.of(Beside).read(f'{{"weight":1,"count":{number}{beside}}}')

    found = raised.value
    assert (found.path, found.message) == ("$.count", "Expected `int`, got `float`")


@pytest.mark.parametrize("beside", ["", ',"count":null', ',"count":2.0'])
def test_a_number_out_of_range_is_a_mismatch(beside: str) -> None:
    """With its place."""
    with pytest.raises(FormatMismatch) as raised:
        Format.of(Beside).read(f'{{"weight":1e99999999999999999999{beside}}}')

    assert raised.value.path == "$.weight"
