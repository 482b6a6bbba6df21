"""One of several models of pydantic: it tells which, as msgspec cannot."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel, Field

from openrouter_async import ConfigError
from openrouter_async.formats.format import Format
from openrouter_async.formats.mismatch import FormatMismatch
from openrouter_async.formats.tool import tool
from tests.formats.schemas import INTEGER, STRING, closed, nullable


class Paid(BaseModel):
    """Be paid."""

    amount: int
    currency: str = "EUR"


class Refused(BaseModel):
    """Be refused."""

    reason: str


class Tree(BaseModel):
    """Refer to itself."""

    children: list[Tree] = []


class Cat(BaseModel):
    """Meow."""

    species: Literal["cat"]
    lives: int


class Dog(BaseModel):
    """Bark."""

    species: Literal["dog"]
    name: str


class Struct(msgspec.Struct):
    """Be none of pydantic."""

    size: int


class Holder(msgspec.Struct):
    """Hold one of several models."""

    outcomes: list[Paid | Refused]


READ: dict[str, tuple[object, str, object]] = {
    "first": (Paid | Refused, '{"value":{"amount":1}}', Paid(amount=1)),
    "second": (Paid | Refused, '{"value":{"reason":"x"}}', Refused(reason="x")),
    "a null for a default": (
        Paid | Refused,
        '{"value":{"amount":1,"currency":null}}',
        Paid(amount=1),
    ),
    "alone": (Paid | Refused, '{"amount":1,"currency":null}', Paid(amount=1)),
    "or none": (Paid | Refused | None, '{"value":null}', None),
    "in a list": (
        list[Paid | Refused | None],
        '{"value":[{"reason":"x"},null]}',
        [Refused(reason="x"), None],
    ),
    "recursive": (Tree | Paid, '{"value":{"children":[{}]}}', Tree(children=[Tree()])),
    "by a discriminator": (
        Annotated[Cat | Dog, Field(discriminator="species")],
        '{"value":{"species":"dog","name":"Rex"}}',
        Dog(species="dog", name="Rex"),
    ),
}


@pytest.mark.parametrize(("kind", "text", "value"), READ.values(), ids=READ)
def test_a_text_is_read(kind: object, text: str, value: object) -> None:
    """As a type, and in containers."""
    format = Format.of(kind)
    Draft202012Validator.check_schema(format.schema)

    assert format.read(text) == value


def test_each_model_is_described() -> None:
    """With what is said of the choice itself."""
    choice = Format.of(Annotated[Paid | Refused, "what became of it"]).schema

    assert choice == closed(
        value={
            "description": "what became of it",
            "anyOf": [
                {
                    "title": "Paid",
                    "description": "Be paid.",
                    **closed(
                        amount=INTEGER,
                        currency={
                            "description": 'null means "EUR"',
                            **nullable(**STRING),
                        },
                    ),
                },
                {
                    "title": "Refused",
                    "description": "Be refused.",
                    **closed(reason=STRING),
                },
            ],
        }
    )


async def test_a_parameter_may_be_one_of_several_models() -> None:
    """The tool is given whichever it is."""

    @tool
    def note(outcome: Paid | Refused) -> str:
        return type(outcome).__name__

    assert await note.run('{"outcome":{"reason":"x"}}') == "Refused"
    with pytest.raises(FormatMismatch) as raised:
        await note.run('{"outcome":{"amount":"x","reason":3}}')

    assert raised.value.path == "$.outcome.amount"


HOLD = "a member of one pydantic model can hold the union"
REFUSED: dict[str, tuple[object, str]] = {
    "in a class of another kind": (
        Holder,
        "Holder has no JSON schema. $.outcomes[]: Type unions may not contain more than"
        " one custom type - type `{name}.Paid | {name}.Refused` is not supported;"
        f" {HOLD}",
    ),
    "with another class": (
        Paid | Struct,
        "{name}.Paid | {name}.Struct has no JSON schema. $: Type unions containing a"
        " custom type may not contain any additional types other than `None` - type"
        f" `{{name}}.Paid | {{name}}.Struct` is not supported; {HOLD}, of what pydantic"
        " knows",
    ),
    "without a discriminator": (
        list[Annotated[Cat | Paid, Field(discriminator="species")]],
        "$[]: pydantic cannot read it: Model 'Paid' needs a discriminator field for key"
        " 'species'",
    ),
}


@pytest.mark.parametrize(("kind", "message"), REFUSED.values(), ids=REFUSED)
def test_what_pydantic_does_not_read_is_refused(kind: object, message: str) -> None:
    """The message says where it is, why, and what to do."""
    with pytest.raises(ConfigError) as raised:
        Format.of(kind)

    assert str(raised.value).endswith(message.replace("{name}", __name__))
