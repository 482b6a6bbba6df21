"""Members that pydantic reads from inside of others: no schema tells of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, TypedDict

import pytest
from pydantic import (
    AliasChoices,
    AliasGenerator,
    AliasPath,
    BaseModel,
    ConfigDict,
    Field,
)
from pydantic.dataclasses import dataclass as pydantic_dataclass

from openrouter_async import ConfigError
from openrouter_async.formats.format import Format
from openrouter_async.formats.tool import tool

CITY = AliasPath("address", "city")


class Person(BaseModel):
    """Live somewhere."""

    city: str = Field(validation_alias=CITY)


class Optional(BaseModel):
    """Live anywhere: what is said of it would be lost silently."""

    name: str
    city: str = Field("Nice", validation_alias=AliasPath("addresses", 0, "city"))


class Chosen(BaseModel):
    """Be found at either of two places."""

    city: str = Field(validation_alias=AliasChoices(CITY, AliasPath("home", "city")))


class OneStep(BaseModel):
    """Have a path that is no more than a name, which the schema does not tell."""

    city: str = Field(validation_alias=AliasPath("town"))


class Generated(BaseModel):
    """Have all members at such a place."""

    model_config = ConfigDict(
        alias_generator=AliasGenerator(
            validation_alias=lambda name: AliasPath("a", name)
        )
    )

    city: str


class Household(BaseModel):
    """Hold it deep inside."""

    members: dict[str, list[Annotated[Person, "who"] | None]] = {}


class Tree(BaseModel):
    """Refer to itself first."""

    children: list[Tree] = []
    owner: Person | None = None


@dataclass
class Flat:
    """Be no model."""

    tree: Tree


class Row(TypedDict):
    """Be no class at run time."""

    flat: Flat


@pydantic_dataclass
class Place:
    """Be read by pydantic as well, inside of its models."""

    city: str = Field(validation_alias=CITY)


class Trip(BaseModel):
    """Hold such a dataclass."""

    to: Place


REFUSED: dict[str, tuple[object, str, str]] = {
    "model": (Person, "$.city", "address.city"),
    "with a default": (Optional, "$.city", "addresses[0].city"),
    "one of two": (Chosen, "$.city", "address.city"),
    "one step": (OneStep, "$.city", "town"),
    "generated": (Generated, "$.city", "a.city"),
    "deep inside": (Household, "$.members[...][].city", "address.city"),
    "recursive": (list[Tree], "$[].owner.city", "address.city"),
    "in other classes": (Row, "$.flat.tree.owner.city", "address.city"),
    "one of several models": (Person | Trip, "$.city", "address.city"),
    "dataclass of pydantic": (Trip, "$.to.city", "address.city"),
}


@pytest.mark.parametrize(("kind", "path", "place"), REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("strict", [True, False])
def test_a_member_that_is_read_from_elsewhere_is_refused(
    kind: object, path: str, place: str, *, strict: bool
) -> None:
    """An answer that keeps to the schema would never do."""
    with pytest.raises(ConfigError) as raised:
        Format.of(kind, strict=strict)

    assert str(raised.value).endswith(
        f" has no JSON schema. {path}: pydantic reads it from `{place}` (AliasPath),"
        " which its schema does not tell; give the model members as the JSON has them,"
        " or set `populate_by_name=True` in its `model_config`"
    )


def test_such_a_parameter_is_refused_by_its_name() -> None:
    """As soon as the tool is made."""

    def greet(people: list[Person]) -> None: ...

    with pytest.raises(ConfigError, match=r"^`greet` cannot be .*\$\.people\[\]\.city"):
        tool(greet)


class ByName(BaseModel):
    """Be read by the name of the member as well."""

    model_config = ConfigDict(populate_by_name=True)

    city: str = Field(validation_alias=CITY)


class Named(BaseModel):
    """Have a name beside the path, which the schema tells."""

    city: str = Field(validation_alias=AliasChoices(CITY, "town"))


class OwnName(BaseModel):
    """Have a path that is no more than the name of the member."""

    city: str = Field(validation_alias=AliasPath("city"))


@pytest.mark.parametrize("kind", [ByName, Named, OwnName])
def test_a_member_that_the_schema_tells_is_read(kind: type[BaseModel]) -> None:
    """What a path leads to beside that is not asked for."""
    form: Format[Any] = Format.of(kind)
    schema: Any = form.schema
    [name] = schema["required"]

    assert form.read(f'{{"{name}":"Nice"}}').city == "Nice"
