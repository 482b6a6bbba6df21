"""Models of pydantic that cannot be described, and values that they refuse."""

from __future__ import annotations

import subprocess
import sys
from enum import Enum
from typing import Annotated

import msgspec
import pytest
from pydantic import BaseModel, Field, field_validator
from pydantic.dataclasses import dataclass as pydantic_dataclass

from openrouter_async import ConfigError
from openrouter_async.formats.format import Format
from openrouter_async.formats.mismatch import FormatMismatch
from openrouter_async.formats.results import result_content


class Inner(BaseModel):
    """Be inside."""

    size: Annotated[int, Field(ge=1)] = 3


class Free(BaseModel):
    """Hold a map."""

    names: dict[str, int]


class Parts(BaseModel):
    """Hold parts."""

    free: list[Free]


@pydantic_dataclass
class Odd:
    """Be neither a model nor a plain dataclass."""

    size: int


class Unfinished(BaseModel):
    """Name a type that does not exist."""

    missing: Missing  # type: ignore[name-defined]  # noqa: F821  # pyright: ignore[reportUndefinedVariable]  # that is the test


REFUSED: dict[str, tuple[object, str]] = {
    "map": (Parts, "Parts has no JSON schema. $.free[].names: its keys can have any"
            " name, which a strict schema cannot say; use a list of a type with a key"
            " and a value, or Format.of(Parts, strict=False)"),
    "dataclass of pydantic": (Odd, "Odd has no JSON schema. $: Odd is a dataclass of"
            " pydantic; make it a BaseModel"),
    "not defined": (dict[str, list[Unfinished]], "dict[str, list[{name}.Unfinished]]"
            " has no JSON schema. $[...][]: pydantic cannot describe it: `Unfinished`"
            " is not fully defined; you should define `Missing`, then call"
            " `Unfinished.model_rebuild()`."),
}  # fmt: skip


@pytest.mark.parametrize(("kind", "message"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_described_is_refused(kind: object, message: str) -> None:
    """The message says where it is, why, and what to do."""
    with pytest.raises(ConfigError) as raised:
        Format.of(kind)

    assert str(raised.value) == message.replace("{name}", __name__)


class Place(Enum):
    """Be one of several places."""

    HERE = (0, 0)
    THERE = (1, 2)


class Located(BaseModel):
    """Be somewhere."""

    place: Place


def test_constants_that_are_arrays_are_refused() -> None:
    """A strict schema has no type for them, and models cannot read them anyway."""
    with pytest.raises(ConfigError) as raised:
        Format.of(list[Located])

    assert str(raised.value) == (
        f"{list[Located]} has no JSON schema. $.value[].place: its constant [0, 0] is"
        " neither text nor a number; use either"
    )


def test_whatever_a_validator_raises_is_a_mismatch() -> None:
    """It is told where."""

    class Priced(BaseModel):
        """Look up what is not there."""

        price: float

        @field_validator("price")
        @classmethod
        def known(cls, value: float) -> float:
            """Fail in a way of its own."""
            return {1.0: value}[value]

    form = Format.of(list[Priced])
    assert form.read('{"value":[{"price":1}]}')[0].price == 1
    with pytest.raises(FormatMismatch) as raised:
        form.read('{"value":[{"price":1},{"price":2}]}')

    assert (raised.value.path, raised.value.message) == ("$.value[1]", "KeyError: 2.0")
    assert type(raised.value.__cause__) is KeyError


def test_types_of_one_name_are_told_apart() -> None:
    """Each model has definitions of its own."""

    class Other(BaseModel):
        """Nest another Inner."""

        class Inner(BaseModel):
            """Be another."""

            text: str

        first: Inner
        second: Inner

    kind = msgspec.defstruct(
        "Both", [("own", Inner), ("again", Inner), ("other", Other)]
    )
    definitions = msgspec.convert(Format.of(kind).schema["$defs"], dict[str, object])

    assert list(definitions) == ["Inner", "Other_Inner"]


def test_a_prefix_is_one_of_its_own() -> None:
    """A class may have a name that looks like one."""

    class Outer_(BaseModel):  # that is the test
        """Be in the way."""

        first: Inner
        second: Inner

    class Outer(Outer_):
        """Have the same names inside."""

    kind = msgspec.defstruct(
        "Both", [("a", Outer_), ("b", Outer_), ("c", Outer), ("d", Outer)]
    )
    definitions = msgspec.convert(Format.of(kind).schema["$defs"], dict[str, object])

    assert list(definitions) == ["Outer", "Outer_Inner", "Outer_2", "Outer_2_Inner"]


def test_a_model_is_a_result_of_a_tool() -> None:
    """It is written as JSON."""
    assert result_content([Inner(size=4)]) == '[{"size":4}]'


def test_pydantic_is_not_imported() -> None:
    """The library does without it."""
    code = (
        "import sys, openrouter_async.formats.format; print('pydantic' in sys.modules)"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert found.stdout == "False\n"
