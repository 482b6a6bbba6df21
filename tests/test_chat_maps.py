from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import cast

import msgspec
import pytest

from openrouter_async import (
    AnswerMismatchError,
    ChatCompletion,
    ConfigError,
    NotSentError,
    OpenRouter,
    Outcome,
    ParsedChatCompletion,
)
from openrouter_async.formats.format import Format
from openrouter_async.formats.tool import tool
from openrouter_async.types import ChatItem, ChatMessage
from tests.calling import in_turn
from tests.chatting import HI, Members, call_of, params, whole
from tests.scripted import ScriptedServer, http_response
from tests.streams import AT_ONCE


class Number(msgspec.Struct):
    """Be a value that holds a number."""

    x: int


@asynccontextmanager
async def answering(
    *texts: str,
) -> AsyncGenerator[tuple[ScriptedServer, OpenRouter]]:
    """Run a server that answers one request after the other, and a client of it."""
    answers = [http_response(body=whole({"content": text})) for text in texts]
    async with (
        ScriptedServer([in_turn(*answers)]) as server,
        OpenRouter("sk-or-v1-test", base_url=server.url, retry=AT_ONCE) as client,
    ):
        yield server, client


def bodies(server: ScriptedServer) -> list[Members]:
    """Return the bodies of all requests, in the order of their arrival."""
    return [
        msgspec.json.decode(request.body, type=dict[str, object])
        for request in server.requests
    ]


DETAILS: list[dict[str, object]] = [{"type": "reasoning.encrypted", "n": None}]
CALL = call_of("1", "f", "{}")
ITEMS: dict[str, tuple[object, Members]] = {
    "text": ("a", {"messages": [{"role": "user", "content": "a"}]}),
    "empty text": ("", {"messages": [{"role": "user", "content": ""}]}),
    "messages": (HI, {"messages": HI}),
    "a tuple of messages": (tuple(HI), {"messages": HI}),
    "an answer's message": (
        [*HI, ChatMessage(content="b", reasoning_details=DETAILS)],
        {
            "messages": [
                *HI,
                {"role": "assistant", "content": "b", "reasoning_details": DETAILS},
            ]
        },
    ),
    "parameters": ({"messages": HI, "n": 2}, {"messages": HI, "n": 2}),
    "parameters over common ones": (
        {"messages": HI, "temperature": 1},
        {"messages": HI, "temperature": 1},
    ),
    "parameters without a common one": (
        {"messages": HI, "model": None, "top_k": None},
        {"messages": HI, "top_k": None},
    ),
    "an answer's message in parameters": (
        {
            "messages": [
                ChatMessage(tool_call_members=[call_of("1", "f", "{}", index=0)])
            ]
        },
        {"messages": [{"role": "assistant", "tool_calls": [CALL]}]},
    ),
    "a read-only mapping": (MappingProxyType({"messages": HI}), {"messages": HI}),
}


@pytest.mark.parametrize(("item", "body"), ITEMS.values(), ids=ITEMS)
async def test_item(item: ChatItem, body: Members) -> None:
    """Text is what a user says; messages and parameters go as a call's do."""
    common = {"model": "m", "temperature": 0}
    async with answering("x") as (server, client):
        [outcome] = await client.chat.completions.gather([item], **params(**common))

    assert outcome.error is None
    assert outcome.value.text == "x"
    assert outcome.input is item
    expected = {**common, **body}
    if isinstance(item, Mapping) and "model" in item:
        del expected["model"]  # None says that it is not given

    assert bodies(server) == [expected]


ONE: dict[str, object] = {
    "a message": {"role": "user", "content": "a"},
    "text": "a",
    "bytes": b"a",
    "an answer's message": ChatMessage(content="a"),
    "parameters": {"messages": HI},
}


@pytest.mark.parametrize("inputs", ONE.values(), ids=ONE)
async def test_one_item_in_place_of_many(inputs: object) -> None:
    """What would be taken apart is refused, with the remedy."""
    async with answering() as (server, client):
        completions = client.chat.completions
        with pytest.raises(ConfigError, match="inputs"):
            completions.map(cast("list[ChatItem]", inputs))

        with pytest.raises(ConfigError, match="inputs"):
            await completions.gather(cast("list[ChatItem]", inputs))

        assert server.connections == []


BAD: dict[str, tuple[object, str]] = {
    "a message": ({"role": "user", "content": "a"}, "must hold `messages`"),
    "an answer's message": (ChatMessage(content="a"), "text or messages"),
    "no messages": ({"temperature": 1}, "must hold `messages`"),
    "null": (None, "text or messages, not NoneType"),
    "a number": (7, "text or messages, not int"),
    "bytes": (b"a", "text or messages, not bytes"),
    "an empty list": ([], "this list is empty"),
    "a list of texts": (["a"], r"messages\[0\] is of type str"),
    "an answer": (ChatCompletion(), "text or messages, not ChatCompletion"),
    "a stream": ({"messages": HI, "stream": True}, "stream"),
    "what JSON cannot say": ({"messages": HI, "user": b"u"}, "user is bytes"),
}


@pytest.mark.parametrize(("item", "told"), BAD.values(), ids=BAD)
async def test_bad_item(item: object, told: str) -> None:
    """An item that is none fails for itself; the others are answered."""
    async with answering("x") as (_, client):
        items = cast("list[ChatItem]", [item, "a"])
        first, second = await client.chat.completions.gather(items)

    assert isinstance(first.error, ConfigError)
    with pytest.raises(ConfigError, match=told):
        raise first.error

    assert second.error is None


async def test_common_messages_are_refused() -> None:
    """Messages for all items would take the place of theirs."""
    async with answering() as (_, client):
        with pytest.raises(ConfigError, match="`messages` must not be given for all"):
            client.chat.completions.map(["a"], **params(messages=HI))


@tool
def weather(city: str) -> str:
    """Tell the weather."""
    return city


async def test_tools_of_a_run() -> None:
    """Tools describe themselves, for all items and for one; what a tool is, is sent."""
    server_tool = {"type": "openrouter:web_search"}
    async with answering("x", "y", "z") as (server, client):
        outcomes = await client.chat.completions.gather(
            [
                "a",
                {"messages": HI, "tools": []},
                {"messages": HI, "tools": [weather, server_tool]},
            ],
            tools=[weather],
            max_in_flight=1,
        )

    assert [outcome.error for outcome in outcomes] == [None] * 3
    described = weather.definition()
    tools = [body.get("tools") for body in bodies(server)]
    assert tools == [[described], [], [described, server_tool]]


async def test_order_and_completeness() -> None:
    """One outcome comes for each item, in the order of the items where it is wanted."""
    async with answering("x", "y", "z") as (_, client):
        async with client.chat.completions.map(
            ["a", "b", "c"], ordered=True, max_in_flight=1
        ) as outcomes:
            found = [outcome async for outcome in outcomes]

    assert [outcome.index for outcome in found] == [0, 1, 2]
    texts = [outcome.value.text for outcome in found if outcome.error is None]
    assert texts == ["x", "y", "z"]


# Values


async def test_parsed_values() -> None:
    """Each answer is read; one that holds no value is a failure, billed and told."""
    async with answering('{"x": 1}', "no", '{"x": 3}') as (server, client):
        outcomes = await client.chat.completions.gather(
            ["a", "b", "c"], parse=Number, max_in_flight=1
        )
        formats = [body["response_format"] for body in bodies(server)]

    first, second, third = outcomes
    assert first.error is None
    assert third.error is None
    assert (first.value.parsed, third.value.parsed) == (Number(1), Number(3))
    assert isinstance(second.error, AnswerMismatchError)
    assert (second.error.text, second.attempts) == ("no", 1)
    assert second.error.maybe_billed
    assert formats == [formats[0]] * 3


async def test_what_a_mismatch_costs_counts() -> None:
    """An answer without a value is paid for: the budget of the run knows of it."""
    async with answering(*["no"] * 10) as (server, client):
        outcomes = await client.chat.completions.gather(
            ["a"] * 10, parse=Number, max_in_flight=1, max_cost=1.0
        )
        asked = len(server.requests)

    kinds = [type(outcome.error) for outcome in outcomes]
    assert 0 < asked <= 4  # each costs 0.25
    assert kinds == [AnswerMismatchError] * asked + [NotSentError] * (10 - asked)


async def gathered(
    client: OpenRouter, journal: Path, items: list[ChatItem]
) -> list[Outcome[ParsedChatCompletion[Number]]]:
    """Answer items with a journal, one after the other."""
    return await client.chat.completions.gather(
        items, parse=Number, journal=journal, max_in_flight=1, model="m"
    )


async def test_journal_of_values(tmp_path: Path) -> None:
    """A later run has the values again, and asks only for what is missing."""
    journal = tmp_path / "run.jsonl"
    conversation = [*HI, ChatMessage(content="b", reasoning_details=DETAILS)]
    async with answering('{"x": 1}', '{"x": 2}', '{"x": 3}') as (server, client):
        await gathered(client, journal, ["a", conversation])
        again: ChatItem = {"messages": conversation}
        outcomes = await gathered(client, journal, ["a", again, "c"])
        asked = len(server.requests)

    values = [outcome.value.parsed for outcome in outcomes if outcome.error is None]
    assert values == [Number(1), Number(2), Number(3)]
    replayed = [outcome.ok and outcome.replayed for outcome in outcomes]
    assert (replayed, asked) == ([True, True, False], 3)


async def test_journal_of_another_type(tmp_path: Path) -> None:
    """It is refused with the first place that differs, and what `parse` made there."""
    journal = tmp_path / "run.jsonl"
    same = {"__doc__": Number.__doc__}
    word = msgspec.defstruct("Number", [("x", str)], namespace=same)
    async with answering('{"x": 1}') as (server, client):
        await gathered(client, journal, ["a"])
        gather = partial(
            client.chat.completions.gather, ["a"], journal=journal, model="m"
        )
        with pytest.raises(ConfigError) as other:
            await gather(parse=word)

        with pytest.raises(ConfigError) as none:
            await gather()

        assert len(server.requests) == 1

    place = "parse.json_schema.schema.properties.x.type"
    assert f': {place} was "integer" and is "string": ' in str(other.value)
    assert ": response_format was {" in str(none.value)
    assert "... and is not given: " in str(none.value)


async def test_journal_asks_again_for_values_that_were_none(tmp_path: Path) -> None:
    """An answer without a value is not kept: the next run asks for it again."""
    journal = tmp_path / "run.jsonl"
    async with answering("no", '{"x": 2}', '{"x": 1}') as (_, client):
        await gathered(client, journal, ["a", "b"])
        outcomes = await gathered(client, journal, ["a", "b"])

    values = [outcome.value.parsed for outcome in outcomes if outcome.error is None]
    assert values == [Number(1), Number(2)]


async def test_journal_of_texts_read_as_values(tmp_path: Path) -> None:
    """An answer in the journal that is no value is a failure, not the run's end."""
    journal = tmp_path / "run.jsonl"
    async with answering("no", '{"x": 2}') as (_, client):
        await client.chat.completions.gather(
            ["a", "b"],
            response_format=Format.of(Number).response_format(),
            journal=journal,
            max_in_flight=1,
            model="m",
        )
        first, second = await gathered(client, journal, ["a", "b"])

    assert isinstance(first.error, AnswerMismatchError)
    assert first.error.text == "no"
    assert isinstance(first.error.partial, ChatCompletion)
    assert second.error is None
    assert second.value.parsed == Number(2)


async def test_journal_knows_items_by_what_is_sent(tmp_path: Path) -> None:
    """The order of keywords does not matter, and neither does the form of an item."""
    journal = tmp_path / "run.jsonl"
    async with answering("x") as (_, client):
        completions = client.chat.completions
        await completions.gather(["Hi"], journal=journal, model="m", temperature=0)
        [outcome] = await completions.gather(
            [{"messages": HI}], journal=journal, temperature=0, model="m"
        )

    assert outcome.error is None
    assert outcome.replayed
    assert (outcome.value.text, outcome.value.finish_reason) == ("x", "stop")


async def test_leaving_a_run_over_chats() -> None:
    """Leaving the block stops everything at once."""
    async with answering("x") as (_, client):
        async with client.chat.completions.map(iter(["a", "b"])) as outcomes:
            async for _ in outcomes:
                break

        await asyncio.sleep(0)


@pytest.mark.parametrize("name", ["timeout", "retry", "extra_body", "journal"])
async def test_options_of_the_run_in_an_item(name: str) -> None:
    """What all items share is refused in one of them, by its name, and not sent."""
    async with answering() as (server, client):
        (outcome,) = await client.chat.completions.gather([{"messages": HI, name: 1}])

    assert isinstance(outcome.error, ConfigError)
    assert name in str(outcome.error)
    assert server.requests == []
