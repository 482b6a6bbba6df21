"""Functions become tools by their signatures and docstrings."""

from __future__ import annotations

import asyncio
import functools
import inspect
import threading
from contextvars import ContextVar
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
import pytest
from msgspec import Meta

from openrouter_async import ConfigError
from openrouter_async.formats.mismatch import FormatMismatch
from openrouter_async.formats.tool import Tool, tool

if TYPE_CHECKING:
    from collections.abc import Awaitable

VISITOR = ContextVar("VISITOR", default="nobody")


class Place(msgspec.Struct):
    """Where it is."""

    city: str
    country: str = "France"


@tool
async def forecast(
    place: Place,
    days: Annotated[int, Meta(ge=1, le=14)] = 3,
    *,
    unit: Literal["C", "F"] | None = None,
) -> list[str]:
    """
    Tell the weather of the next days.

    It comes from a station nearby.

    Args:
        place: Where.
        days: How many days.
        unit: Of the temperatures.

    Returns:
        One line for each day.
    """
    return [f"{place.city} {place.country} {unit}"] * days


@tool(name="add_up", description="Add numbers.", strict=False)
def add(first: float, second: float = 1, more: dict[str, float] | None = None) -> float:
    """Not told."""
    return first + second + sum((more or {}).values())


def test_a_tool_is_described_by_signature_and_docstring() -> None:
    """Members stay in their order; defaults and bounds are told in words."""
    assert forecast.definition() == {
        "type": "function",
        "function": {
            "name": "forecast",
            "description": "Tell the weather of the next days.",
            "strict": True,
            "parameters": {
                "type": "object",
                "properties": {
                    "place": {
                        "title": "Place",
                        "description": "Where.",
                        "type": "object",
                        "properties": {
                            "city": {"type": "string"},
                            "country": {
                                "description": 'null means "France"',
                                "anyOf": [{"type": "string"}, {"type": "null"}],
                            },
                        },
                        "required": ["city", "country"],
                        "additionalProperties": False,
                    },
                    "days": {
                        "description": "How many days. (at least 1; at most 14)"
                        " (null means 3)",
                        "anyOf": [{"type": "integer"}, {"type": "null"}],
                    },
                    "unit": {
                        "description": "Of the temperatures.",
                        "anyOf": [
                            {"type": "string", "enum": ["C", "F"]},
                            {"type": "null"},
                        ],
                    },
                },
                "required": ["place", "days", "unit"],
                "additionalProperties": False,
            },
        },
    }


def test_a_tool_can_say_otherwise() -> None:
    """Name and description can be given, and maps taken where it is not strict."""
    assert add.definition() == {
        "type": "function",
        "function": {
            "name": "add_up",
            "description": "Add numbers.",
            "strict": False,
            "parameters": {
                "type": "object",
                "properties": {
                    "first": {"type": "number"},
                    "second": {"default": 1, "type": "number"},
                    "more": {
                        "default": None,
                        "anyOf": [
                            {
                                "type": "object",
                                "additionalProperties": {"type": "number"},
                            },
                            {"type": "null"},
                        ],
                    },
                },
                "required": ["first"],
            },
        },
    }


async def test_a_tool_is_called_as_its_function_is() -> None:
    """Nothing is converted or checked on the way."""
    assert add(1, second=2) == 3
    assert await forecast(Place("Nice"), 1, unit="C") == ["Nice France C"]
    assert (add.__name__, add.__doc__) == ("add", "Not told.")
    assert inspect.signature(add) == inspect.signature(add.function)
    assert repr(add) == "<Tool add_up>"


async def test_a_model_calls_it_with_text() -> None:
    """Nulls stand for defaults where they cannot be values."""
    arguments = '{"place":{"city":"Nice","country":null},"days":null,"unit":null}'

    assert forecast.arguments_of(arguments) == {"place": Place("Nice"), "unit": None}
    assert await forecast.run(arguments) == ["Nice France None"] * 3


@pytest.mark.parametrize("text", ["", " ", "{}", "```json\n{}\n```"])
async def test_no_arguments_are_enough_for_no_parameters(text: str) -> None:
    """Some models write nothing at all."""

    @tool
    def now() -> str:
        return "now"

    assert now.definition() == {
        "type": "function",
        "function": {
            "name": "now",
            "strict": True,
            "parameters": {
                "type": "object",
                "properties": {},
                "required": [],
                "additionalProperties": False,
            },
        },
    }
    assert await now.run(text) == "now"


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ('{"place":{"city":1}}', "$.place.city"),
        ('{"place":{"city":"a"},"days":99}', "$.days"),
        ("{}", "$"),
        ("", "$"),
        ('{"place":', "$"),
    ],
    ids=["type", "bound", "missing", "nothing", "cut"],
)
async def test_arguments_that_do_not_match_are_refused(text: str, path: str) -> None:
    """The function is not called."""
    with pytest.raises(FormatMismatch) as raised:
        await forecast.run(text)

    assert raised.value.path == path


async def test_arguments_may_be_a_mapping() -> None:
    """As a test of the function writes them."""

    @tool(strict=False)
    async def count(words: list[str], weights: dict[str, int] | None = None) -> object:
        return words, weights

    given = MappingProxyType({"words": ("a", "b"), "weights": {"a": 1}})

    assert await count.run({"words": ["a"]}) == (["a"], None)
    assert await count.run(dict(given)) == (["a", "b"], {"a": 1})
    assert count.arguments_of(dict(given)) == {"words": ["a", "b"], "weights": {"a": 1}}
    with pytest.raises(FormatMismatch) as raised:
        await count.run({"words": ["a", 1]})

    assert raised.value.path == "$.words[1]"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (None, "arguments must be JSON text or a mapping, not NoneType"),
        (b"{}", "arguments must be JSON text or a mapping, not bytes"),
        ({"a": {1j}}, "the arguments cannot be encoded as JSON: Encoding objects of"),
    ],
    ids=["nothing", "bytes", "no JSON"],
)
async def test_what_no_model_writes_is_refused(arguments: Any, message: str) -> None:
    """It is a mistake of the caller, not of a model."""
    with pytest.raises(ConfigError, match=message):
        await forecast.run(arguments)


async def test_a_plain_function_runs_in_a_thread_with_the_context() -> None:
    """It does not hold up the loop, and what it sets is its own."""

    @tool
    def who() -> tuple[str, bool]:
        visitor = VISITOR.get()
        VISITOR.set("the tool")
        return visitor, threading.current_thread() is threading.main_thread()

    VISITOR.set("Ada")

    assert await who.run("") == ("Ada", False)
    assert VISITOR.get() == "Ada"


async def test_an_async_function_runs_on_the_loop() -> None:
    """It is awaited, in whatever form it comes."""

    @tool
    async def where() -> bool:
        return asyncio.get_running_loop() is loop

    def later() -> Awaitable[bool]:
        return where()

    class Callable_:
        async def __call__(self) -> bool:
            return await where()

    loop = asyncio.get_running_loop()

    found = [
        await where.run(""),
        await tool(later).run(""),
        await tool(functools.partial(where)).run(""),
        await tool(Callable_(), name="c").run(""),
    ]
    assert found == [True] * 4


async def test_a_sentinel_is_a_default_that_the_model_is_not_told() -> None:
    """It has no JSON form."""
    sentinel: Any = object()

    @tool
    def page(number: int = sentinel) -> bool:
        return number is sentinel

    assert page.parameters["properties"] == {
        "number": {"anyOf": [{"type": "integer"}, {"type": "null"}]}
    }
    assert await page.run('{"number":null}') is True


def test_a_tool_of_a_tool_has_another_name() -> None:
    """One function can be offered in two ways."""
    other: Tool[..., object] = tool(add, name="sum_up", strict=False)

    assert (other.name, other.parameters) == ("sum_up", add.parameters)
    assert other(1) == 2
