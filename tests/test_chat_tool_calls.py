from __future__ import annotations

import pytest

from openrouter_async import ChatCompletion
from openrouter_async.types import (
    FunctionCall,
    ToolCall,
    ToolCallArgumentsEvent,
    ToolCallFinishedEvent,
    ToolCallStartedEvent,
)
from tests.chatting import (
    Event,
    Members,
    delta,
    ended,
    folded,
    fragments,
    happened,
)


def part(
    name: str | None = None, arguments: object = None, **members: object
) -> Members:
    """Build a fragment of a call."""
    given = {"name": name, "arguments": arguments}
    function = {key: value for key, value in given.items() if value is not None}
    return {**members, "function": function}


def told(answer: ChatCompletion) -> list[tuple[str, str, str]]:
    """Return the id, name and arguments of each call."""
    return [
        (call.id, call.function.name, call.function.arguments)
        for call in answer.tool_calls
    ]


CASES: dict[str, tuple[list[Members], list[tuple[str, str, str]]]] = {
    "by index": (
        [
            fragments(part("f", "", index=0, id="1", type="function")),
            fragments(part(arguments='{"a"', index=0)),
            fragments(part(arguments=":1}", index=0)),
        ],
        [("1", "f", '{"a":1}')],
    ),
    "two, one after the other": (
        [
            fragments(part("f", "{", index=0, id="1")),
            fragments(part(arguments="}", index=0)),
            fragments(part("g", "{", index=1, id="2")),
            fragments(part(arguments="}", index=1)),
        ],
        [("1", "f", "{}"), ("2", "g", "{}")],
    ),
    "two, interleaved": (
        [
            fragments(part("f", '{"a', index=0, id="1")),
            fragments(part("g", '{"b', index=1, id="2")),
            fragments(part(arguments='":1}', index=0)),
            fragments(part(arguments='":2}', index=1)),
        ],
        [("1", "f", '{"a":1}'), ("2", "g", '{"b":2}')],
    ),
    "two, interleaved, that are no objects": (
        [
            fragments(part("f", "1", index=0, id="1")),
            fragments(part("g", "2", index=1, id="2")),
            fragments(part(arguments="0", index=0)),
        ],
        [("1", "f", "10"), ("2", "g", "2")],
    ),
    "two in one chunk": (
        [
            fragments(part("f", "{}", index=0, id="1"), part("g", "{}", index=1)),
        ],
        [("1", "f", "{}"), ("", "g", "{}")],
    ),
    "in the order in which they begin": (
        [
            fragments(part("g", "{}", index=1, id="2")),
            fragments(part("f", "{}", index=0, id="1")),
        ],
        [("2", "g", "{}"), ("1", "f", "{}")],
    ),
    "index as a double": (
        [
            fragments(part("f", "{", index=0.0, id="1")),
            fragments(part(arguments="}", index=0)),
        ],
        [("1", "f", "{}")],
    ),
    "no index": (
        [
            fragments(part("f", "{", id="1")),
            fragments(part(arguments="}")),
            fragments(part("g", "{}", id="2")),
        ],
        [("1", "f", "{}"), ("2", "g", "{}")],
    ),
    "null index": (
        [
            fragments(part("f", "{", id="1", index=None)),
            fragments(part(arguments="}", index=None, id=None)),
        ],
        [("1", "f", "{}")],
    ),
    "no index, id repeated": (
        [
            fragments(part("f", "{", id="1"), part("g", "{", id="2")),
            fragments(part(arguments="}", id="2"), part(arguments="}", id="1")),
        ],
        [("1", "f", "{}"), ("2", "g", "{}")],
    ),
    "neither index nor id": (
        [
            fragments(part("f", "{"), part(arguments="}")),
            fragments(part("f", "{}")),
        ],
        [("", "f", "{}"), ("", "f", "{}")],
    ),
    "the same index for all": (
        [
            fragments(part("f", "{}", index=0, id="1")),
            fragments(part("g", "{", index=0, id="2")),
            fragments(part(arguments="}", index=0)),
        ],
        [("1", "f", "{}"), ("2", "g", "{}")],
    ),
    "id and name repeated": (
        [
            fragments(part("f", "{", index=0, id="1", type="function")),
            fragments(part("f", "}", index=0, id="1", type="function")),
        ],
        [("1", "f", "{}")],
    ),
    "empty id, type and name repeated": (
        [
            fragments(part("f", "{", index=0, id="1", type="function")),
            fragments(part("", "}", index=0, id="", type="")),
        ],
        [("1", "f", "{}")],
    ),
    "the name in pieces": (
        [
            fragments(part("get_", "", index=0, id="1")),
            fragments(part("weather", "{}", index=0)),
        ],
        [("1", "get_weather", "{}")],
    ),
    "id and name late": (
        [
            fragments({"index": 0}),
            fragments({"index": 0, "id": "1", "function": None}),
            fragments(part("f", "{}", index=0)),
        ],
        [("1", "f", "{}")],
    ),
    "null arguments": (
        [
            fragments({"index": 0, "id": "1", "function": {"name": "f"}}),
            fragments({"index": 0, "function": {"name": None, "arguments": None}}),
        ],
        [("1", "f", "")],
    ),
    "arguments as an object": (
        [fragments(part("f", {"a": [1, None]}, index=0, id="1"))],
        [("1", "f", '{"a":[1,null]}')],
    ),
    "arguments as an object, after empty text": (
        [
            fragments(part("f", "", index=0, id="1")),
            fragments(part(arguments={"a": 1}, index=0)),
            fragments(part(arguments="", index=0)),
        ],
        [("1", "f", '{"a":1}')],
    ),
    "same index and no id, another name": (
        [
            fragments(part("f", '{"a":1}', index=0)),
            fragments(part("g", '{"b":', index=0)),
            fragments(part(arguments="2}", index=0)),
        ],
        [("", "f", '{"a":1}'), ("", "g", '{"b":2}')],
    ),
    "same index and no id, the same name": (
        [
            fragments(part("f", '{"a":', index=0)),
            fragments(part("f", "1}", index=0)),
            fragments(part("f", '{"a":2}', index=0)),
        ],
        [("", "f", '{"a":1}'), ("", "f", '{"a":2}')],
    ),
    "same index and no id, the same name, no arguments": (
        [
            fragments(part("f", "", index=0)),
            fragments(part("f", "", index=0)),
            fragments(part("f", "{}", index=0)),
        ],
        [("", "f", ""), ("", "f", "{}")],
    ),
    "the name behind the first arguments": (
        [
            fragments(part(arguments='{"q"', index=0, id="a")),
            fragments(part("f", ":1}", index=0)),
        ],
        [("a", "f", '{"q":1}')],
    ),
    "the name behind all arguments": (
        [
            fragments(part(arguments='{"q":1}', index=0, id="a")),
            fragments(part("f", index=0)),
        ],
        [("a", "f", '{"q":1}')],
    ),
    "the name behind the first arguments, no id": (
        [
            fragments(part(arguments='{"q"', index=0)),
            fragments(part("f", ":1}", index=0)),
        ],
        [("", "f", '{"q":1}')],
    ),
    "a call without a name, and another": (
        [
            fragments(part(arguments='{"q":1}', index=0)),
            fragments(part("f", '{"q":2}', index=0)),
        ],
        [("", "", '{"q":1}'), ("", "f", '{"q":2}')],
    ),
    "whole once more at the end": (
        [
            fragments(part("f", '{"q"', index=0, id="a")),
            fragments(part(arguments=":1}", index=0)),
            fragments(part("f", '{"q":1}', index=0, id="a", type="function")),
        ],
        [("a", "f", '{"q":1}')],
    ),
    "whole once more, without an index": (
        [
            fragments(part("f", '{"q":1}', id="a")),
            fragments(part("f", '{"q":1}', id="a")),
        ],
        [("a", "f", '{"q":1}')],
    ),
    "the arguments once more, as an object": (
        [
            fragments(part("f", '{"q":', index=0, id="a")),
            fragments(part(arguments="1}", index=0)),
            fragments(part("f", {"q": 1}, index=0, id="a")),
        ],
        [("a", "f", '{"q":1}')],
    ),
    "equal pieces of arguments": (
        [
            fragments(part("f", '{"q":', index=0, id="a")),
            fragments(part("f", '{"q":', index=0, id="a")),
            fragments(part(arguments="{}", index=0)),
            fragments(part(arguments="}", index=0)),
            fragments(part(arguments="}", index=0)),
        ],
        [("a", "f", '{"q":{"q":{}}}')],
    ),
    "the name in pieces, and once more": (
        [
            fragments(part("get_", "", index=0, id="a")),
            fragments(part("weather", "{", index=0)),
            fragments(part("get_weather", "}", index=0, id="a")),
        ],
        [("a", "get_weather", "{}")],
    ),
    "one object in place of a list": (
        [
            delta(tool_calls=part("f", "{", index=0, id="1")),
            delta(tool_calls=part(arguments="}", index=0)),
        ],
        [("1", "f", "{}")],
    ),
    "after the finish reason": (
        [
            fragments(part("f", '{"a":', index=0, id="1")),
            ended("tool_calls"),
            fragments(part(arguments="1}", index=0)),
        ],
        [("1", "f", '{"a":1}')],
    ),
    "in the message of a server that does not stream": (
        [
            {"choices": [{"index": 0, "message": {"tool_calls": [part("f", "{}")]}}]},
        ],
        [("", "f", "{}")],
    ),
}


@pytest.mark.parametrize(("chunks", "calls"), CASES.values(), ids=CASES)
async def test_fragments(
    chunks: list[Members], calls: list[tuple[str, str, str]]
) -> None:
    """1.14: fragments are put together by index, or by what else there is."""
    answer = await folded(*chunks, ended("tool_calls"))

    assert told(answer) == calls
    assert answer.finish_reason == "tool_calls"
    assert answer.message.content is None


@pytest.mark.parametrize(("chunks", "calls"), CASES.values(), ids=CASES)
async def test_events_tell_the_same(
    chunks: list[Members], calls: list[tuple[str, str, str]]
) -> None:
    """1.14: each call starts once, grows by its pieces, and is finished once."""
    events = await happened(*chunks, ended("tool_calls"))

    grown = ["" for _ in calls]
    started: list[int] = []
    finished: dict[int, ToolCall] = {}
    for event in events:
        match event:
            case ToolCallStartedEvent(position=position):
                started.append(position)
            case ToolCallArgumentsEvent(position=position, arguments=arguments):
                assert position in started
                assert position not in finished
                grown[position] += arguments
            case ToolCallFinishedEvent(position=position, call=call):
                assert position not in finished
                finished[position] = call
            case _:
                pass

    assert started == list(range(len(calls)))
    assert grown == [arguments for _, _, arguments in calls]
    assert [finished[position] for position in started] == answer_of(events).tool_calls


def answer_of(events: list[Event]) -> ChatCompletion:
    """Return the answer that the last event holds."""
    last = events[-1]
    assert last.type == "finished"
    return last.answer


async def test_each_choice_has_its_own() -> None:
    """1.3: the same index in two choices means two calls."""
    answer = await folded(
        fragments(part("f", "{", index=0, id="1"), index=0),
        fragments(part("g", "{", index=0, id="2"), index=1),
        fragments(part(arguments="1}", index=0), index=1),
        fragments(part(arguments="0}", index=0), index=0),
        ended("tool_calls", 0),
        ended("tool_calls", 1),
    )

    found = [choice.message.tool_calls for choice in answer.choices]
    assert found == [
        [ToolCall(id="1", index=0, function=FunctionCall(name="f", arguments="{0}"))],
        [ToolCall(id="2", index=0, function=FunctionCall(name="g", arguments="{1}"))],
    ]


async def test_a_call_is_finished_when_the_next_begins() -> None:
    """A consumer can run the first call while the second is still being written."""
    events = await happened(
        fragments(part("f", "{}", index=0, id="1")),
        fragments(part("g", "{", index=1, id="2")),
        fragments(part(arguments="}", index=1)),
        ended("tool_calls"),
    )

    assert [event.type for event in events] == [
        "tool_call_started",
        "tool_call_arguments",
        "tool_call_finished",
        "tool_call_started",
        "tool_call_arguments",
        "tool_call_arguments",
        "tool_call_finished",
        "finished",
    ]


async def test_text_before_calls() -> None:
    """1.5: a model may say something before it calls."""
    answer = await folded(
        delta(content="Let me see"),
        fragments(part("f", "{}", index=0, id="1")),
        ended("tool_calls"),
    )

    assert (answer.text, len(answer.tool_calls)) == ("Let me see", 1)


async def test_arguments_of_many_fragments() -> None:
    """Arguments of any length are joined in linear time, and are whole."""
    pieces = [fragments(part(arguments="x" * 10, index=0)) for _ in range(5000)]
    answer = await folded(
        fragments(part("f", "", index=0, id="1")), *pieces, ended("tool_calls")
    )

    [call] = answer.tool_calls
    assert call.function.arguments == "x" * 50_000
