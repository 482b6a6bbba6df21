"""Tools, and what is asked for instead of them, as people write them first."""

from __future__ import annotations

import gc
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal, cast

import msgspec
import pytest

from openrouter_async import ConfigError, Format, tool
from openrouter_async.types import ChatItem
from tests.chatting import HI, Members, sent, whole
from tests.scripted import Send, events, http_response
from tests.streams import asked, served, streamed


@tool
async def good(word: str = "") -> str:
    """Be a tool."""
    return word


@tool
async def other() -> None:
    """Be another."""


@dataclass
class Point:
    """Be a type."""

    x: int


NAMED = {"type": "function", "function": {"name": "good"}}
CHOICES: dict[str, tuple[object, object]] = {
    "name": ("good", NAMED),
    "tool": (good, NAMED),
    "server tool": ("openrouter:web_search", {"type": "openrouter:web_search"}),
    "spelled out": (NAMED, NAMED),
    "none": ("none", "none"),
    "auto": ("auto", "auto"),
    "required": ("required", "required"),
    "null": (None, None),
    "something else": (7, 7),
}


@pytest.mark.parametrize(("choice", "wire"), CHOICES.values(), ids=CHOICES)
async def test_create(choice: object, wire: object) -> None:
    """A tool, or its name, is spelled out; all else is sent as it is."""
    body = await sent(tools=[good], tool_choice=choice)

    assert body.get("tool_choice") == wire


@pytest.mark.parametrize("choice", ["auot", "any", "Good", other])
async def test_choice_of_no_tool(choice: object) -> None:
    """A misspelt word is not sent as the name of a tool that is not offered."""
    name = choice if isinstance(choice, str) else "other"
    words = "or one of the words 'auto', 'none' and 'required'"
    with pytest.raises(ConfigError) as raised:
        await sent(tools=[good], tool_choice=choice)

    message = f"tool_choice: no tool {name!r}; there are: good; {words}"
    assert str(raised.value) == message


FREE: dict[str, Members] = {
    "no tools": {"tool_choice": "good"},
    "for later": {
        "tools": [other],
        "deferred_tools": [good],
        "tool_choice": "good",
    },
    "spelled out": {"tools": [other], "tool_choice": NAMED},
    "tools of the extra body": {
        "tools": [other],
        "tool_choice": good,
        "extra_body": {"tools": [good.definition()]},
    },
    "choice of the extra body": {
        "tools": [other],
        "tool_choice": "auto",
        "extra_body": {"tool_choice": NAMED},
    },
}


@pytest.mark.parametrize("given", FREE.values(), ids=FREE)
async def test_choice_that_may_be_right(given: Members) -> None:
    """It is sent: the tool may be one of a preset's, or of the extra body's."""
    assert (await sent(**given))["tool_choice"] == NAMED


async def test_choice_of_an_item() -> None:
    """One that no tool has is that item's failure, and is not sent."""
    items: list[ChatItem] = [{"messages": HI, "tool_choice": "auot"}]
    async with served() as (server, client):
        [outcome] = await client.chat.completions.gather(items, tools=[good])

    assert isinstance(outcome.error, ConfigError)
    assert server.connections == []


async def test_stream() -> None:
    """A stream asks for the same."""
    async with served(streamed(events("[DONE]"))) as (server, client):
        stream = client.chat.completions.stream(
            messages=HI, tools=[good], tool_choice=good
        )
        async with stream:
            body = msgspec.json.decode(server.requests[0].body)

    assert body["tool_choice"] == NAMED


async def test_run() -> None:
    """Of all items together, and of one."""
    items: list[ChatItem] = ["Hi", {"messages": HI, "tool_choice": good}]
    answers = [asked(Send(http_response(body=whole()))) for _ in items]
    async with served(*answers) as (server, client):
        outcomes = await client.chat.completions.gather(
            items, tools=[good], tool_choice="good", max_in_flight=1
        )
        bodies = [msgspec.json.decode(request.body) for request in server.requests]

    assert [outcome.error for outcome in outcomes] == [None, None]
    assert [body["tool_choice"] for body in bodies] == [NAMED, NAMED]


HABITS: dict[str, tuple[Members, str]] = {
    "response_format": (
        {"response_format": Point},
        "response_format is a class: use parse=Point",
    ),
    "response_format of a generic type": (
        {"response_format": list[Point]},
        "response_format is a class: use parse=list[Point]",
    ),
    "response_format of choices": (
        {"response_format": Literal["a"]},
        "response_format is a class: use parse=Literal['a']",
    ),
    "response_format as a Format": (
        {"response_format": Format.of(Point)},
        "response_format is a Format: pass it as parse=",
    ),
    "one tool": ({"tools": good}, "tools must be a list, such as [good]"),
    "one tool for later": (
        {"deferred_tools": good},
        "deferred_tools must be a list, such as [good]",
    ),
    "one function": (
        {"tools": good.function},
        "tools[0] is a function that does not describe itself; decorate it with"
        " `@tool`",
    ),
    "schema": (
        {"parse": {"type": "object"}},
        "a mapping is no type; for a schema of your own use response_format=",
    ),
    "instance": ({"parse": Point(1)}, "pass the class Point, not an instance"),
}


@pytest.mark.parametrize(("given", "message"), HABITS.values(), ids=HABITS)
async def test_habits_from_elsewhere(given: Members, message: str) -> None:
    """What others accept, or what is nearly right, is refused with the remedy."""
    with pytest.raises(ConfigError) as raised:
        await sent(**given)

    assert str(raised.value) == message


@pytest.mark.parametrize("listed", [True, False], ids=["list", "no list"])
async def test_called_tools(listed: bool) -> None:
    """A coroutine is not sent, and no warning follows."""
    with pytest.raises(ConfigError) as raised:
        await sent(tools=[good(), good()] if listed else good())

    gc.collect()
    message = "tools[0] is a coroutine: pass `good`, not `good(...)`"
    assert str(raised.value) == message


async def test_parse_for_text() -> None:
    """Text completions have no format to ask for."""
    async with served() as (server, client):
        create = cast("Callable[..., Awaitable[object]]", client.completions.create)
        with pytest.raises(ConfigError) as raised:
            await create(prompt="Hi", parse=Point)

        assert server.connections == []

    assert str(raised.value) == (
        "parse is for chat.completions; read the text of a completion with"
        " Format.of(Point).read(done.text)"
    )


async def test_streamed_runs() -> None:
    """The verb says that it does not stream before it asks anything."""
    async with served() as (server, client):
        with pytest.raises(ConfigError, match="run_tools does not stream; see"):
            await client.chat.completions.run_tools(
                messages=HI, tools=[good], **cast("Any", {"stream": True})
            )

        assert server.connections == []
