"""Calls of tools as providers write them, and as the next request has to have them."""

from __future__ import annotations

import json

import msgspec
import pytest

from openrouter_async import ToolRun, tool
from openrouter_async.testing import Respond, Simulator, Text
from openrouter_async.types import ChatCompletion, ChatMessage, Message
from tests.chatting import (
    HI,
    Members,
    answered,
    call_of,
    ended,
    folded,
    fragments,
    messages_of,
    replayed,
    sent,
    whole,
)


@tool
def ping() -> str:
    """Ping."""
    return "pong"


def function(**members: object) -> Members:
    """Build a call with an id."""
    return {"id": "c1", "type": "function", "function": {"name": "ping", **members}}


WHOLE = function(arguments="{}")
CALLS: dict[str, tuple[Members, Members]] = {
    "null arguments": (function(arguments=None), WHOLE),
    "no arguments": (function(), WHOLE),
    "empty arguments": (function(arguments=""), WHOLE),
    "object": (function(arguments={"a": [1]}), function(arguments='{"a":[1]}')),
    "broken text": (function(arguments='{"a'), function(arguments='{"a')),
    "no type": ({"id": "c1", "function": {"name": "ping", "arguments": "{}"}}, WHOLE),
    "null type": ({**WHOLE, "type": None}, WHOLE),
    "number as id": ({**WHOLE, "id": 7}, {**WHOLE, "id": "7"}),
    "no id": ({"type": "function", "function": WHOLE["function"]}, {**WHOLE, "id": ""}),
    "no name": (
        {**WHOLE, "function": None},
        {**WHOLE, "function": {"name": "", "arguments": "{}"}},
    ),
    "own members": (
        {**function(arguments=None, own=None), "own": [None]},
        {**function(arguments="{}", own=None), "own": [None]},
    ),
    "another type": (
        {"id": "c1", "type": "custom", "custom": {"name": "f", "input": "x"}},
        {"id": "c1", "type": "custom", "custom": {"name": "f", "input": "x"}},
    ),
}


@pytest.mark.parametrize(("call", "expected"), CALLS.values(), ids=CALLS)
async def test_replay(call: Members, expected: Members) -> None:
    """What the library reads in spite of its form goes back in the form of the API."""
    answer = await answered(whole({"content": None, "tool_calls": [call]}))

    assert (await replayed(answer))["tool_calls"] == [expected]
    assert answer.message.tool_call_members == [call]


async def ran(*calls: Members) -> ToolRun[ChatCompletion]:
    """Run tools that an answer calls; the simulator checks what it is sent."""
    body = whole({"content": None, "tool_calls": list(calls)})
    async with Simulator() as simulator, simulator.client(retry=0) as client:
        simulator.script(Respond(200, body), Text("Done."))
        return await client.chat.completions.run_tools(messages=HI, tools=[ping])


@pytest.mark.parametrize(
    "call", [call for name, (call, _) in CALLS.items() if name != "another type"]
)
async def test_run(call: Members) -> None:
    """A run goes on behind a call of any form."""
    run = await ran(call)

    assert (run.stop_reason, run.answer.text) == ("answered", "Done.")


async def test_calls_of_the_same_id() -> None:
    """All but the first get ids of their own, the same in the call and its result."""
    run = await ran(WHOLE, WHOLE, {**WHOLE, "id": "call_1_2"}, WHOLE)

    conversation = await sent(run.messages)
    _, asked, *results = msgspec.convert(conversation["messages"], list[Members])[:6]
    ids = [call["id"] for call in msgspec.convert(asked["tool_calls"], list[Members])]
    assert ids[0] == "c1"
    assert len({*ids}) == 4
    assert [result["tool_call_id"] for result in results] == ids
    assert [use.call.id for use in run.steps[0].uses] == ids


async def stored(message: ChatMessage) -> Members:
    """Return a message as the next request has it, stored and read back before."""
    text = json.dumps([*HI, message], default=ChatMessage.to_dict)
    back: list[Message] = messages_of(*json.loads(text))
    return msgspec.convert((await sent(back))["messages"], list[Members])[1]


STORED: dict[str, Members] = {
    "empty lists": {"content": "a", "tool_calls": [], "annotations": []},
    "nothing": {"content": None, "reasoning_details": [], "images": []},
    "no role": {"role": None, "content": "a"},
    "calls": {"content": None, "tool_calls": [call for call, _ in CALLS.values()]},
    "image": {"content": "a", "images": [{"image_url": {"url": "d", "own": 1}}]},
    "details": {"content": "a", "reasoning_details": [{"type": "x", "n": None}]},
}


@pytest.mark.parametrize("message", STORED.values(), ids=STORED)
async def test_stored_message(message: Members) -> None:
    """It is sent in the same form as one that was not stored."""
    answer = await answered(whole(message))

    assert await stored(answer.message) == await replayed(answer)


async def test_stored_message_of_a_stream() -> None:
    """The place of a call in the stream is not stored: providers refuse it."""
    answer = await folded(fragments(call_of("1", "f", "{}", index=0)), ended())

    assert await stored(answer.message) == await replayed(answer)
    assert "index" not in json.dumps(answer.message.to_dict())
    assert answer.tool_calls[0].index == 0
