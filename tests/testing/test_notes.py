"""Answers keep to what a type wants and a strict schema cannot say."""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import re
import uuid
from collections.abc import AsyncIterator
from enum import Enum
from typing import Annotated, Literal, NamedTuple

import pytest
from msgspec import Meta, Struct
from pydantic import BaseModel, Field

from openrouter_async import OpenRouter
from openrouter_async.testing import Simulator
from openrouter_async.testing.patterns import matching_text

MESSAGES = [{"role": "user", "content": "Tell me about whales"}]


class Colour(Enum):
    """A value among others."""

    RED = "red"
    BLUE = "blue"


class Place(NamedTuple):
    """A tuple with names."""

    x: Annotated[int, Meta(ge=4)]
    name: str


class Row(Struct, array_like=True):
    """An array with a place that can be left out."""

    size: Annotated[float, Meta(gt=0, lt=1)]
    name: str
    number: int = 2


class Numbers(Struct):
    """Members with bounds."""

    low: Annotated[int, Meta(ge=11)]
    above: Annotated[int, Meta(gt=11)]
    step: Annotated[int, Meta(multiple_of=7, gt=7)]
    part: Annotated[float, Meta(gt=0, lt=1)]
    said: Annotated[int, Meta(ge=3, description="How many (at the least)")]
    high: Annotated[int, Meta(le=-5)] = -6
    below: Annotated[int, Meta(lt=-3)] = -9


class Texts(Struct):
    """Members that are texts in JSON."""

    long: Annotated[str, Meta(min_length=50, max_length=60)]
    short: Annotated[str, Meta(max_length=3)]
    code: Annotated[str, Meta(pattern=r"^[A-Z]{3}-\d+(\.x|\.y)?$", min_length=9)]
    said: Annotated[str, Meta(pattern="^(a|b) (c)$", description="A name (short)")]
    amount: decimal.Decimal
    data: bytes
    at: datetime.datetime
    local: Annotated[datetime.datetime, Meta(tz=False)]
    day: datetime.date
    hour: datetime.time
    local_hour: Annotated[datetime.time, Meta(tz=False)]
    takes: datetime.timedelta
    id: uuid.UUID
    tail: Annotated[str, Meta(pattern="(z)")] = "z"


class Lists(Struct):
    """Members that hold others."""

    three: Annotated[list[Annotated[int, Meta(gt=7)]], Meta(min_length=3)]
    numbers: Annotated[set[int], Meta(min_length=3)]
    words: Annotated[frozenset[str], Meta(min_length=2)]
    some: Annotated[set[Literal["a", "b"]], Meta(min_length=2)]
    pair: tuple[int, str]
    places: list[Place]
    row: Row
    mixed: Annotated[
        tuple[str, Colour, list[int], Numbers, str], Meta(description="All")
    ]
    bounds: tuple[Annotated[int, Meta(ge=5)], Annotated[int, Meta(ge=50)]]
    exact: Annotated[list[str], Meta(min_length=2, max_length=2)] = []  # of msgspec


class Model(BaseModel):
    """The same by pydantic."""

    low: int = Field(ge=10)
    code: str = Field(pattern=r"^[A-Z]{3}-\d+$")
    items: list[int] = Field(min_length=3, max_length=4)
    amount: decimal.Decimal = Field(gt=3, max_digits=5)
    pair: tuple[int, str]
    takes: datetime.timedelta
    numbers: set[int] = Field(min_length=2)
    maybe: int | None = Field(default=None, ge=5)


@dataclasses.dataclass
class Holder:
    """A class around a model."""

    model: Model


@pytest.fixture
async def client() -> AsyncIterator[OpenRouter]:
    """Give a client of a simulator."""
    async with Simulator() as simulator, simulator.client(retry=0) as client:
        yield client


@pytest.mark.parametrize("kind", [Numbers, Texts, Lists, Model, Holder])
async def test_answers_fit_the_type(client: OpenRouter, kind: type[object]) -> None:
    """Bounds, formats and places are read from the descriptions."""
    done = await client.chat.completions.create(messages=MESSAGES, parse=kind)

    assert type(done.parsed) is kind


async def test_a_tuple_has_its_places_in_order(client: OpenRouter) -> None:
    """Each place gets a value of its own type."""
    done = await client.chat.completions.create(
        messages=MESSAGES, parse=tuple[int, bool, str, float]
    )

    assert [type(each) for each in done.parsed] == [int, bool, str, float]


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("^a+$", "a"),
        (r"^\d{4}-\d{2,}$", "0000-00"),
        ("(red|green)!", "red!"),
        ("[^a-z0-9]", "A"),
        ("[]x]", "x"),
        (r"^(?P<name>x)(?:y)?\.*\s$", "x "),
        (r"\Aa{,2}b{0}.\Z", "a"),
        (r"^\[\w\]{2}\t?\b$", None),
        ("(?=x)x", None),
        (r"(a)\1", None),
        ("[а-я]", None),  # noqa: RUF001  # other letters than a text is made of
        ("x{5000}", None),
        ("(", None),
    ],
)
def test_a_text_is_made_up_for_a_pattern(pattern: str, text: str | None) -> None:
    """A short one, unless the pattern is too clever."""
    assert matching_text(pattern, lambda _: True) == text


def test_a_text_grows_until_it_fits() -> None:
    """What may be repeated is repeated more often."""
    text = matching_text(r"^(ab)+\d*$", lambda text: len(text) >= 10)

    assert text is not None
    assert len(text) >= 10
    assert re.search(r"^(ab)+\d*$", text)
