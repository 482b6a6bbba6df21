"""Methods, partials and closures are tools; what a model cannot call is refused."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel, Field

from openrouter_async import ConfigError
from openrouter_async.formats.tool import tool

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from uuid import UUID as Hidden


class Person(BaseModel):
    """Who it is."""

    name: str


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


async def test_types_may_be_local_to_the_function_around_a_class() -> None:
    """Those are found where the class is written, but not from afar."""

    @dataclass
    class Local:
        """Be defined here."""

        size: int

    class Scales:
        class Fine:
            """Be inside of another."""

            @tool
            def weigh(self, thing: Local) -> int:
                return thing.size

        def lift(self, thing: Local) -> int:
            return thing.size

    assert await Scales.Fine().weigh.run('{"thing":{"size":3}}') == 3
    assert await tool(Scales().lift).run('{"thing":{"size":3}}') == 3
    with pytest.raises(ConfigError) as raised:
        elsewhere(Scales().lift)

    assert str(raised.value).endswith(
        ".Scales.lift`: its type cannot be found (name 'Local' is not defined); define"
        " the class at the top level of a module, and import it outside of"
        " `if TYPE_CHECKING`"
    )


def elsewhere(function: Callable[..., object]) -> None:
    """Make a tool where the types of a function are not known."""
    tool(function)


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


def defaulted(x: int = Field(3, ge=1, description="a number")) -> None:
    """Have a default that pydantic alone understands."""


def generator(x: int) -> Iterator[int]:
    """Return nothing at once."""
    yield x


async def async_generator(x: int) -> AsyncIterator[int]:
    """Return nothing at once."""
    yield x


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
        "parameter `options` of `keywords`: name the parameters one by one, or as the"
        " members of a TypedDict: `**options: Unpack[...]`",
    ),
    "positional": (
        positional,
        "parameter `x` of `positional`: models name arguments, so leave out the `/`",
    ),
    "not there": (
        hidden,
        "parameter `x` of `hidden`: its type cannot be found (name 'Hidden' is not"
        " defined); define the class at the top level of a module, and import it"
        " outside of `if TYPE_CHECKING`",
    ),
    "default of pydantic": (
        defaulted,
        "parameter `x` of `defaulted`: functions do not read a default of pydantic;"
        " write `x: Annotated[..., msgspec.Meta(ge=1, description='a number')]`, and"
        " its default behind `=`",
    ),
    "generator": (
        generator,
        "`generator` is a generator, and a tool returns its result at once: return a"
        " list",
    ),
    "async generator": (
        functools.partial(async_generator, 1),
        "`async_generator` is a generator, and a tool returns its result at once:"
        " return a list",
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
        Person,
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
