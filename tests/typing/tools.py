"""What formats and tools promise to a type checker."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Literal, TypeAlias, TypedDict, assert_type, cast

import msgspec

from openrouter_async import OpenRouter
from openrouter_async.formats.format import Format
from openrouter_async.formats.tool import Tool, tool
from openrouter_async.formats.tool_use import ToolUse
from openrouter_async.resources.tool_runs import (
    CreateStep,
    StopReason,
    ToolRun,
    ToolStep,
    run_tools,
)
from openrouter_async.types import Usage
from openrouter_async.types.chat import ChatCompletion, ParsedChatCompletion
from openrouter_async.types.messages import Message
from openrouter_async.types.tool_params import ServerToolParam


class Movie(msgspec.Struct):
    """Be a Struct."""

    title: str


@dataclass
class Order:
    """Be a dataclass."""

    count: int


class Row(TypedDict):
    """Be a TypedDict."""

    name: str


def formats() -> None:
    """Read what the format is of."""
    assert_type(Format.of(Movie).read(""), Movie)
    assert_type(Format.of(Order).read(""), Order)
    assert_type(Format.of(Row).read(""), Row)
    assert_type(Format.of(list[Movie]).read(""), list[Movie])
    assert_type(Format.of(int, strict=False).read(""), int)
    assert_type(Format.of(Format.of(Movie)).read(""), Movie)
    takes_any(Format.of(Movie))


def takes_any(format: Format[object]) -> None:
    """Take a format of anything."""
    assert_type(format.read(""), object)


@tool
def plain(text: str, count: int = 1) -> bytes:
    """Return bytes."""
    return text.encode() * count


@tool(name="other", strict=False)
async def coroutine(*, text: str) -> int:
    """Return a number."""
    return len(text)


class Shop:
    """Have a method that is a tool."""

    @tool
    def price(self, item: str) -> float:
        """Return a price."""
        return float(len(item))


def calls(shop: Shop) -> None:
    """Call tools as the functions they are."""
    assert_type(plain("a", count=2), bytes)
    assert_type(plain.name, str)
    assert_type(shop.price("tea"), float)
    assert_type(Shop.price(shop, item="tea"), float)
    assert_type(tool(partial(plain.function, "a"))(count=2), bytes)
    as_function: Callable[[str], bytes] = plain
    assert_type(as_function("a"), bytes)


async def awaited() -> None:
    """Await tools that are coroutines."""
    assert_type(await coroutine(text="a"), int)
    assert_type(await coroutine.run("{}"), object)
    assert_type(await coroutine.run({"text": "a"}), object)
    assert_type(coroutine.arguments_of("{}"), dict[str, object])


def calls_with_mistakes(shop: Shop) -> None:
    """Refuse what the functions do not take."""
    plain(1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # no text
    plain()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # no text
    shop.price(item=1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # no text


async def runs(
    create: CreateStep[ChatCompletion],
    parsing: CreateStep[ParsedChatCompletion[Movie]],
    messages: list[Message],
) -> None:
    """Keep the type of the answers."""
    run = await run_tools(create, messages, [plain, coroutine], {})
    assert_type(run, ToolRun[ChatCompletion])
    assert_type(run.answer, ChatCompletion)
    assert_type(run.messages, list[Message])
    assert_type(run.usage, Usage | None)
    assert_type(run.cost, float | None)
    assert_type(run.stop_reason, StopReason)
    assert_type(run.steps, list[ToolStep[ChatCompletion]])
    assert_type(run.steps[0].uses, list[ToolUse])
    assert_type(ToolRun.of(ValueError()), ToolRun[ChatCompletion] | None)

    parsed = await run_tools(
        parsing, messages, [plain, {"type": "openrouter:web_search"}], {}, max_steps=3
    )
    assert_type(parsed.answer.parsed, Movie)
    await run_tools(create, messages, [plain], {}, raises=[KeyError, OSError])


async def verbs(client: OpenRouter, messages: list[Message]) -> None:
    """Take tools and types where requests are made."""
    chat = client.chat.completions
    server: ServerToolParam = {"type": "openrouter:web_search"}
    run = await chat.run_tools(messages=messages, tools=[plain, server], raises=OSError)
    assert_type(run, ToolRun[ChatCompletion])
    parsed = await chat.run_tools(messages=messages, tools=[coroutine], parse=Movie)
    assert_type(parsed.answer.parsed, Movie)
    loose = Format.of(dict[str, int], strict=False)
    mapped = await chat.run_tools(messages=messages, tools=[plain], parse=loose)
    assert_type(mapped.answer.parsed, dict[str, int])
    await chat.create(messages=messages, tools=[plain, coroutine])
    await chat.create(messages=messages, tools=[plain], tool_choice=plain)
    await chat.run_tools(messages=messages, tools=[plain], tool_choice="plain")
    chat.map(["Hi"], tools=[plain], tool_choice=plain)


Mood: TypeAlias = Literal["glad", "sad"]
MOOD = cast("Format[Mood]", Format.of(Mood))


@dataclass
class Heard:
    """Hold what is no class for checkers: choices, unions, annotated types."""

    mood: Mood
    movie: Movie | None
    count: Annotated[int, msgspec.Meta(ge=1)]


async def no_classes(client: OpenRouter, messages: list[Message]) -> None:
    """Type what is no class by a cast, or by a class around it."""
    chat = client.chat.completions
    assert_type((await chat.create(messages=messages, parse=MOOD)).parsed, Mood)
    heard = (await chat.create(messages=messages, parse=Heard)).parsed
    assert_type(heard.mood, Mood)
    assert_type(heard.movie, Movie | None)
    assert_type(heard.count, int)
    listed = await chat.create(messages=messages, parse=list[Mood])
    assert_type(listed.parsed, list[Mood])


def reasons(
    run: ToolRun[ChatCompletion],
) -> Literal["answered", "cut", "filtered", "empty", "max_steps", "error"]:
    """Know all reasons."""
    return run.stop_reason


def kept(tools: list[Tool[..., object]]) -> None:
    """Be in one list with others."""
    tools += [plain, coroutine]
    assert_type(tools[0](), object)
