"""Functions become tools by their signatures and docstrings."""

from __future__ import annotations

import asyncio
import functools
import inspect
import threading
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
import pytest
from msgspec import Meta
from pydantic import BaseModel

from openrouter_async import ConfigError
from openrouter_async.formats.mismatch import FormatMismatch
from openrouter_async.formats.tool import Tool, tool

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from uuid import UUID as Hidden

VISITOR = ContextVar("VISITOR", default="nobody")


class Place(msgspec.Struct):
    """Where it is."""

    city: str
    country: str = "France"


class Person(BaseModel):
    """Who it is."""

    name: str


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


class Store:
    """Have methods that are tools."""

    def __init__(self, name: str) -> None:
        self.name = name

    @tool
    def price(self, item: str, count: int = 1) -> str:
        """Tell a price."""
        return f"{self.name} {item} {count}"

    @staticmethod
    @tool
    def opening(day: str) -> str:
        """Tell the hours."""
        return day

    @tool
    @staticmethod
    def closing(day: str) -> str:
        """Tell the hours."""
        return day

    async def stock(self, item: str) -> str:
        """Tell what is there."""
        return f"{self.name} {item}"


async def test_a_method_is_a_tool_of_its_instance() -> None:
    """Its instance is no argument."""
    store = Store("Shop")
    function = store.price.definition()["function"]

    assert "parameters" in function
    assert function["parameters"]["required"] == ["item", "count"]
    assert store.price("tea") == Store.price(store, "tea") == "Shop tea 1"
    assert await store.price.run('{"item":"tea","count":2}') == "Shop tea 2"
    assert await tool(store.stock).run('{"item":"tea"}') == "Shop tea"


async def test_a_static_method_is_a_tool() -> None:
    """On the class and on its instances, whichever decorator comes first."""
    for each in (Store.opening, Store("").opening, Store.closing, Store("").closing):
        assert await each.run('{"day":"Monday"}') == "Monday"


def test_a_method_without_instance_cannot_be_offered() -> None:
    """Nothing could be called."""
    with pytest.raises(ConfigError, match=r"tool `price` is a method: take it from an"):
        Store.price.definition()


async def test_a_partial_hides_what_it_gives() -> None:
    """The model gives the rest."""

    def order(shop: str, item: str, count: int = 1) -> str:
        """
        Order.

        :param item: what
        """
        return f"{shop} {item} {count}"

    first = tool(functools.partial(order, "Shop"))
    last = tool(functools.partial(order, count=9), name="order_nine")

    assert (first.name, first.description) == ("order", "Order.")
    assert first.parameters["required"] == ["item", "count"]
    assert last.parameters["required"] == ["shop", "item"]
    assert await first.run('{"item":"tea"}') == "Shop tea 1"
    assert await last.run('{"shop":"a","item":"b"}') == "a b 9"


async def test_types_may_be_local() -> None:
    """Those defined before the function, next to it, are found."""

    @dataclass
    class Local:
        """Be defined here."""

        size: int

    @tool
    def measure(thing: Local) -> int:
        return thing.size

    @tool(name="measure_all")
    def measure_all(things: list[Local]) -> int:
        return sum(thing.size for thing in things)

    assert await measure.run('{"thing":{"size":3}}') == 3
    assert await measure_all.run('{"things":[{"size":3}]}') == 3


async def test_models_of_pydantic_are_parameters() -> None:
    """They are read by pydantic."""

    @tool
    def greet(person: Person, others: list[Person] | None = None) -> str:
        return person.name + str(others)

    assert await greet.run('{"person":{"name":"Ada"},"others":null}') == "AdaNone"


async def test_wrapped_functions_are_seen_through() -> None:
    """A decorator that uses functools.wraps changes nothing."""

    def logged(function: Callable[..., str]) -> Callable[..., str]:
        @functools.wraps(function)
        def call(*args: object, **kwargs: object) -> str:
            return function(*args, **kwargs)

        return call

    @tool
    @logged
    def say(word: str) -> str:
        """Say it."""
        return word

    assert say.parameters["required"] == ["word"]
    assert await say.run('{"word":"x"}') == "x"


def bare(x) -> None:  # type: ignore[no-untyped-def]  # pyright: ignore  # noqa: PGH003  # that is the test
    """Have no type."""


def starred(*words: str) -> None:
    """Take any number."""


def positional(x: int, /) -> None:
    """Take no name."""


def keywords(**options: int) -> None:
    """Take any name."""


def hidden(x: Hidden) -> None:
    """Name a type that is not there at run time."""


def unsupported(x: complex) -> None:
    """Take what JSON cannot hold."""


def mapping(x: dict[str, int]) -> None:
    """Take what strict schemas cannot say."""


SIMILAR = "use a Struct, dataclass, TypedDict, pydantic model or a built-in type"
REFUSED: dict[str, tuple[Callable[..., object], str]] = {
    "no type": (
        bare,
        "parameter `x` of `bare` has no type; annotate it, as in `x: str`",
    ),
    "*args": (
        starred,
        "parameter `words` of `starred`: models name arguments, so take a list",
    ),
    "**kwargs": (
        keywords,
        "parameter `options` of `keywords`: name the parameters one by one",
    ),
    "positional": (
        positional,
        "parameter `x` of `positional`: models name arguments, so leave out the `/`",
    ),
    "not there": (
        hidden,
        "parameter `x` of `hidden`: its type cannot be found (name 'Hidden' is not"
        " defined); define or import it before the function, and not under"
        " `if TYPE_CHECKING`",
    ),
    "no JSON type": (
        unsupported,
        "`unsupported` cannot be a tool: unsupported has no JSON schema. $.x: complex"
        f" is not a type that JSON can hold; {SIMILAR}",
    ),
    "map": (
        mapping,
        "`mapping` cannot be a tool: mapping has no JSON schema. $.x: its keys can have"
        " any name, which a strict schema cannot say; use a list of a type with a key"
        " and a value, or strict=False",
    ),
    "lambda": (
        lambda: 1,
        "a tool cannot be called '<lambda>'; give it a `name` of at most 64 letters,"
        " digits, `_` and `-`",
    ),
    "class": (
        Place,
        "a tool must be a function, not a class; decorate a method, or a function that"
        " makes one",
    ),
}


@pytest.mark.parametrize(("function", "message"), REFUSED.values(), ids=REFUSED)
def test_what_a_model_cannot_call_is_refused(
    function: Callable[..., object], message: str
) -> None:
    """The message names the parameter and the remedy."""
    with pytest.raises(ConfigError) as raised:
        tool(function)

    assert str(raised.value) == message


def test_what_is_no_function_is_refused() -> None:
    """A class method is decorated from outside."""

    class Maker:
        @classmethod
        def make(cls, x: int) -> int:
            return x

    method: Any = vars(Maker)["make"]

    with pytest.raises(ConfigError, match="must be a function, not classmethod; "):
        tool(method)


async def test_a_class_method_is_a_tool_from_outside() -> None:
    """Its class is no argument."""

    class Counter:
        step = 2

        @classmethod
        def count(cls, x: int) -> int:
            return x * cls.step

    assert await tool(Counter.count).run('{"x":3}') == 6


@pytest.mark.parametrize("name", ["", "a b", "é", "x" * 65])
def test_a_name_that_providers_refuse_is_refused(name: str) -> None:
    """Before anything is sent."""
    with pytest.raises(ConfigError, match="a tool cannot be called"):
        tool(plain, name=name)


def plain(x: int) -> int:
    """Be fine."""
    return x


def test_a_tool_of_a_tool_has_another_name() -> None:
    """One function can be offered in two ways."""
    other: Tool[..., object] = tool(add, name="sum_up", strict=False)

    assert (other.name, other.parameters) == ("sum_up", add.parameters)
    assert other(1) == 2
