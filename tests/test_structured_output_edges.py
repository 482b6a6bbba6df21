"""The rims of structured output: large numbers, headings, unions told by a member."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal, cast

import msgspec
import pytest
from pydantic import BaseModel, Field

from openrouter_async import AnswerMismatchError, ConfigError, Format, tool
from openrouter_async.testing import Simulator, Text
from tests.chatting import HI


async def answered_as(kind: type[Any], text: str) -> object:
    """Return the value that is read of an answer."""
    async with Simulator() as simulator, simulator.client(retry=0) as client:
        simulator.script(Text(text))
        done = await client.chat.completions.create(messages=HI, parse=kind)

    return done.parsed


WHOLE = {
    "1e18": 10**18,
    "-1e18": -(10**18),
    "9e18": 9 * 10**18,
    "9.9e18": 99 * 10**17,
    "9223372036854775807.0": 2**63 - 1,
    "10000000000000000000": 10**19,
}


@pytest.mark.parametrize("text", WHOLE)
async def test_a_whole_number_of_up_to_nineteen_digits_is_read(text: str) -> None:
    """However it is written; without a point there may be any number of them."""
    value = await answered_as(int, f'{{"value":{text}}}')

    assert value == WHOLE[text]
    assert type(value) is int


@pytest.mark.parametrize("text", ["1e19", "-1e19", "1.0e19", "1e999999999"])
async def test_a_double_beyond_is_none(text: str) -> None:
    """It is refused: a few letters could stand for a number that fills the memory."""
    with pytest.raises(AnswerMismatchError) as raised:
        await answered_as(int, f'{{"value":{text}}}')

    assert raised.value.path == "$.value"


HEADINGS = [
    "Args",
    "Arguments",
    "Params",
    "Parameters",
    "Keyword Args",
    "Keyword arguments",
    "Keyword Arguments",
    "Other Parameters",
]


@pytest.mark.parametrize("numpy", [False, True], ids=["Google", "NumPy"])
@pytest.mark.parametrize("heading", HEADINGS)
async def test_headings_of_arguments(heading: str, numpy: bool) -> None:
    """What stands below any of them describes the parameters of a tool."""

    def find(*, order: str) -> str:
        return order

    google = f"Find books.\n\n{heading}:\n    order: Which first.\n"
    underlined = f"{heading}\n{'-' * len(heading)}\norder : str\n    Which first.\n"
    find.__doc__ = f"Find books.\n\n{underlined}" if numpy else google
    async with Simulator() as simulator, simulator.client(retry=0) as client:
        await client.chat.completions.create(messages=HI, tools=[tool(find)])
        [sent] = cast("list[Any]", simulator.journal[0].params["tools"])

    described = sent["function"]
    assert described["description"] == "Find books."
    members = described["parameters"]["properties"]
    assert members["order"]["description"] == "Which first."


class Cat(msgspec.Struct, tag="cat", tag_field="kind"):
    """Be a pet."""

    lives: int


class Dog(msgspec.Struct, tag="dog", tag_field="kind"):
    """Be another."""

    name: str


Pet = Annotated[Cat | Dog, Field(discriminator="kind")]


@dataclass
class Owner:
    """Have a pet."""

    pet: Pet


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (Pet, r"\$: only a pydantic model reads `discriminator`"),
        (list[Pet], r"\$\[\]: only a pydantic model reads `discriminator`"),
        (Owner, r"\$\.pet: only a pydantic model reads its metadata"),
    ],
    ids=["alone", "in a list", "in a dataclass"],
)
def test_a_discriminator_outside_of_a_model_is_refused(kind: object, told: str) -> None:
    """It would be ignored: msgspec tells types apart by their tags."""
    with pytest.raises(ConfigError, match=told):
        Format.of(kind)


class Hen(BaseModel):
    """Be a model of a pet."""

    kind: Literal["hen"]
    eggs: int


class Duck(BaseModel):
    """Be another."""

    kind: Literal["duck"]
    eggs: int


class House(BaseModel):
    """Hold one of two models."""

    pet: Annotated[Hen | Duck, Field(discriminator="kind")]


async def test_a_discriminator_of_a_model() -> None:
    """It tells which of them an answer holds."""
    value = await answered_as(House, '{"pet": {"kind": "duck", "eggs": 3}}')

    assert value == House(pet=Duck(kind="duck", eggs=3))
