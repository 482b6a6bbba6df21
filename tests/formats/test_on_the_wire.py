"""Tools and types as the API sees them, from the public verbs to the request."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import msgspec
import pytest
from pydantic import BaseModel

from openrouter_async import AnswerMismatchError, ConfigError, ServerError
from openrouter_async.formats.format import Format
from openrouter_async.formats.tool import tool
from openrouter_async.resources.tool_runs import ToolRun
from openrouter_async.testing import Fail, Simulator, Text, ToolCall, ToolCalls
from openrouter_async.types.messages import Message

ASKED: list[Message] = [{"role": "user", "content": "What is 6 by 3?"}]


class Quotient(msgspec.Struct):
    """The result of a division."""

    value: float
    exact: bool = True


@tool
async def divide(dividend: float, divisor: float = 1) -> float:
    """Divide two numbers."""
    await asyncio.sleep(0)
    return dividend / divisor


def sent(simulator: Simulator, place: int) -> dict[str, Any]:
    """Return the body of a request."""
    return cast("dict[str, Any]", dict(simulator.journal[place].params))


async def test_a_run_sends_what_the_model_has_to_see_again() -> None:
    """Calls and reasoning go back as they came, with results by their ids."""
    details = [{"type": "reasoning.encrypted", "data": "abc", "id": "r", "index": 0}]
    calls = ToolCalls(
        ToolCall("divide", {"dividend": 6, "divisor": 3}, id="call_a"),
        ToolCall("divide", {"dividend": 6, "divisor": 0}, id="call_b"),
        reasoning_details=details,
    )
    async with Simulator() as simulator, simulator.client() as client:
        simulator.script(calls, Text("It is 2."))
        run = await client.chat.completions.run_tools(
            messages=ASKED, tools=[divide], tool_choice="required", temperature=0
        )

    first, second = sent(simulator, 0), sent(simulator, 1)
    assert first["tools"] == [divide.definition()]
    assert (first["tool_choice"], second["tool_choice"]) == ("required", "auto")
    assert (first["temperature"], second["temperature"]) == (0, 0)
    assert second["messages"][0] == ASKED[0]
    assert second["messages"][1]["reasoning_details"] == details
    assert [call["id"] for call in second["messages"][1]["tool_calls"]] == [
        "call_a",
        "call_b",
    ]
    assert second["messages"][2:] == [
        {"role": "tool", "tool_call_id": "call_a", "content": "2.0"},
        {
            "role": "tool",
            "tool_call_id": "call_b",
            "content": "Error: ZeroDivisionError: float division by zero",
        },
    ]
    assert "provider" not in first
    assert second["provider"] == {"only": [run.steps[0].answer.provider]}
    assert run.answer.text == "It is 2."


async def test_a_run_ends_with_a_value() -> None:
    """The answers before it need not be of its type."""
    async with Simulator() as simulator, simulator.client() as client:
        simulator.script(
            ToolCalls(ToolCall("divide", {"dividend": 6})),
            Text('{"value": 6, "exact": null}'),
        )
        run = await client.chat.completions.run_tools(
            messages=ASKED, tools=[divide], parse=Quotient
        )

    assert run.answer.parsed == Quotient(6.0, True)
    formats = [sent(simulator, place)["response_format"] for place in (0, 1)]
    assert formats == [Format.of(Quotient).response_format()] * 2


async def test_a_run_that_fails_can_go_on() -> None:
    """What it had is in its exception."""
    async with Simulator() as simulator, simulator.client(retry=0) as client:
        simulator.script(ToolCalls(ToolCall("divide", {"dividend": 6})), Fail(502))
        with pytest.raises(ServerError) as raised:
            await client.chat.completions.run_tools(messages=ASKED, tools=[divide])

        run = ToolRun.of(raised.value)
        assert run is not None
        again = await client.chat.completions.run_tools(
            messages=run.messages, tools=[divide], tool_choice="none"
        )

    assert run.usage is not None
    assert run.usage == run.answer.usage
    assert again.finished
    assert len(again.messages) == 4


class Shop:
    """Have a method that is a tool."""

    @tool
    def price(self, item: str) -> float:
        """Tell a price."""
        return float(len(item))


async def test_a_class_is_no_tool() -> None:
    """Its methods are, of an instance."""
    offered = cast("Any", [divide, Shop])
    async with Simulator() as simulator, simulator.client() as client:
        with pytest.raises(ConfigError) as raised:
            await client.chat.completions.create(messages=ASKED, tools=offered)

    assert str(raised.value) == (
        "tools[1] is a class: pass a function that `@tool` decorates, such as a method"
        " of an instance of Shop"
    )


async def test_all_mistakes_of_an_answer_are_told() -> None:
    """In words that can go back to the model."""

    class Town(BaseModel):
        """Be a place."""

        name: str
        people: int

    async with Simulator() as simulator, simulator.client() as client:
        simulator.script(Text('{"people":"x"}'))
        with pytest.raises(AnswerMismatchError) as raised:
            await client.chat.completions.create(messages=ASKED, parse=Town)

    error = raised.value
    assert error.path == "$.name"
    assert error.message == (
        "the answer does not match Town: Field required (at $.name); Input should be a"
        " valid integer, unable to parse string as an integer (at $.people); it is"
        """ '{"people":"x"}'"""
    )


@pytest.mark.parametrize("strict", [True, False], ids=["strict", "loose"])
async def test_an_answer_is_read_as_its_type(strict: bool) -> None:
    """The simulator makes up a document that satisfies the schema."""
    format = Format.of(list[Quotient], strict=strict)
    async with Simulator() as simulator, simulator.client() as client:
        done = await client.chat.completions.create(messages=ASKED, parse=format)

    assert [type(each) for each in done.parsed] == [Quotient] * len(done.parsed)
    assert sent(simulator, 0)["response_format"] == format.response_format()
