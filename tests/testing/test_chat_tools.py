"""Calls of tools: scripted, forced, and made up by a function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import pytest

from openrouter_async.testing import Cut, Simulator, Text, ToolCall, ToolCalls
from tests.testing.api import Api, Reply

PARAMETERS = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
    "required": ["city", "days"],
}
TOOLS = [
    {"type": "function", "function": {"name": "now"}},
    {"type": "function", "function": {"name": "rain", "parameters": PARAMETERS}},
]
ADD = ToolCall("add", {"a": 1, "b": 22})
BROKEN = ToolCall("rain", '{"city": "Bre')


def assembled(stream: Reply) -> list[dict[str, Any]]:
    """Put the calls of a stream together by index."""
    calls: dict[int, dict[str, Any]] = {}
    for (fragment,) in stream.deltas("tool_calls"):
        call = calls.setdefault(fragment["index"], {**fragment, "arguments": ""})
        call["arguments"] += fragment["function"]["arguments"]

    return [calls[index] for index in sorted(calls)]


async def test_scripted_calls_are_answered_as_they_are(
    simulator: Simulator, api: Api
) -> None:
    """A mapping is sent as JSON, a text as it is, broken or not."""
    simulator.script(ToolCalls(ADD, BROKEN))
    reply = await api.chat(max_tokens=1)

    calls = reply.message["tool_calls"]
    assert [call["function"] for call in calls] == [
        {"name": "add", "arguments": '{"a":1,"b":22}'},
        {"name": "rain", "arguments": '{"city": "Bre'},
    ]
    assert [(call["type"], call["index"]) for call in calls] == [
        ("function", 0),
        ("function", 1),
    ]
    assert len({call["id"] for call in calls}) == 2
    assert reply.message["content"] is None
    assert reply.choice["finish_reason"] == "tool_calls"


@pytest.mark.parametrize("interleaved", [False, True], ids=["in turn", "interleaved"])
@pytest.mark.parametrize("size", [None, 1, 5, 100])
async def test_streamed_calls_come_in_fragments(
    simulator: Simulator, api: Api, size: int | None, *, interleaved: bool
) -> None:
    """By index they are the calls again, however they are cut and mixed."""
    calls = ToolCalls(
        ADD, BROKEN, text="Let me see.", fragment_size=size, interleaved=interleaved
    )
    simulator.script(calls)
    stream = await api.chat(stream=True)

    assert "".join(stream.deltas("content")) == "Let me see."
    made = [(c["function"]["name"], c["arguments"]) for c in assembled(stream)]
    assert made == [("add", '{"a":1,"b":22}'), ("rain", '{"city": "Bre')]
    fragments = [fragment for (fragment,) in stream.deltas("tool_calls")]
    assert len(fragments) == calls.tokens
    assert len([f for f in fragments if "id" in f]) == 2
    indices = [fragment["index"] for fragment in fragments]
    assert (indices == sorted(indices)) == (not interleaved)


async def test_fragments_have_the_characters_that_are_set(
    simulator: Simulator, api: Api
) -> None:
    """All but the last one of each call."""
    simulator.script(ToolCalls(ADD, fragment_size=4))
    stream = await api.chat(stream=True)

    pieces = [f["function"]["arguments"] for (f,) in stream.deltas("tool_calls")]
    assert pieces == ["", '{"a"', ':1,"', 'b":2', "2}"]


async def test_fragments_can_lack_their_index(simulator: Simulator, api: Api) -> None:
    """As they do with some providers."""
    simulator.script(ToolCalls(ADD, indexed=False))
    stream = await api.chat(stream=True)

    assert all("index" not in f for (f,) in stream.deltas("tool_calls"))


async def test_ids_can_be_scripted(simulator: Simulator, api: Api) -> None:
    """Otherwise the conversation decides: the same ones, but none twice in it."""
    simulator.script(ToolCalls(ToolCall("add", id="call_1"), ADD, ADD, times=None))
    reply = await api.chat()
    again = await api.chat(stream=True)
    other = await api.chat("And then?")

    ids = [call["id"] for call in reply.message["tool_calls"]]
    others = [call["id"] for call in other.message["tool_calls"]]
    assert ids == [call["id"] for call in assembled(again)]
    assert ids[0] == "call_1"
    assert len({*ids, *others}) == 5
    assert all(each.startswith("call_") for each in ids)


async def test_a_call_is_billed(simulator: Simulator, api: Api) -> None:
    """Name and arguments are tokens, and so is the reasoning before it."""
    calls = ToolCalls(ADD, reasoning="One two", times=2)
    simulator.script(calls)
    plain = await api.chat()
    stream = await api.chat(stream=True)

    assert plain.message["reasoning"] == "One two"
    assert plain.json["usage"]["completion_tokens"] == 2 + calls.tokens
    assert stream.chunks[-1]["usage"] == plain.json["usage"]
    assert simulator.statistics().tokens_sent == 2 * (2 + calls.tokens)


async def test_a_call_can_be_cut_off(simulator: Simulator, api: Api) -> None:
    """A fault works on the calls that a function makes."""
    simulator.answer_with(lambda _params: ToolCalls(ADD, fragment_size=4))
    simulator.script(Cut(after_tokens=3, how="clean"))
    stream = await api.chat(stream=True)

    assert [call["arguments"] for call in assembled(stream)] == ['{"a":1,"']
    assert not stream.done


async def test_a_required_tool_is_called(api: Api) -> None:
    """With arguments that satisfy its schema, the same ones each time."""
    choice = {"type": "function", "function": {"name": "rain"}}
    reply = await api.chat(tools=TOOLS, tool_choice=choice)
    again = await api.chat(tools=TOOLS, tool_choice=choice)

    (call,) = reply.message["tool_calls"]
    arguments = msgspec.json.decode(call["function"]["arguments"])
    assert call["function"]["name"] == "rain"
    assert {name: type(value) for name, value in arguments.items()} == {
        "city": str,
        "days": int,
    }
    assert again.message["tool_calls"][0]["function"] == call["function"]


async def test_any_tool_will_do_if_one_is_required(api: Api) -> None:
    """The first function is called; one without parameters gets none."""
    reply = await api.chat(tools=TOOLS, tool_choice="required")

    (call,) = reply.message["tool_calls"]
    assert call["function"] == {"name": "now", "arguments": "{}"}


async def test_tools_of_the_service_are_not_run(api: Api) -> None:
    """Nor does choosing one call anything."""
    tool = {"type": "openrouter:web_search"}
    reply = await api.chat(tools=[tool], tool_choice=tool)

    assert reply.status == 200
    assert "tool_calls" not in reply.message


async def test_a_free_model_answers_in_prose(api: Api) -> None:
    """Tools alone change nothing; a script decides."""
    reply = await api.chat(tools=TOOLS, tool_choice="auto")

    assert "tool_calls" not in reply.message


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ("required", "tool_choice: required, but tools has no function"),
        (
            {"type": "function", "function": {"name": "snow"}},
            "tool_choice.function.name: tools has no function 'snow'",
        ),
    ],
    ids=["required", "named"],
)
async def test_a_tool_that_is_not_there_cannot_be_required(
    api: Api, choice: object, message: str
) -> None:
    """The message says what is missing."""
    reply = await api.chat(tool_choice=choice)

    assert (reply.status, reply.error["message"]) == (400, message)


async def test_a_function_plays_a_whole_conversation(
    simulator: Simulator, api: Api
) -> None:
    """It sees the messages and answers with a call, a text or a Text."""

    def model(params: Mapping[str, Any]) -> str | Text | ToolCalls:
        if params["messages"][-1]["role"] == "tool":
            return f"It is {params['messages'][-1]['content']}."

        return (
            ToolCalls(ToolCall("now", id="c1")) if params.get("tools") else Text("Hm")
        )

    simulator.answer_with(model)
    question = {"role": "user", "content": "What time is it?"}
    first = await api.chat("What time is it?", tools=TOOLS)
    result = {"role": "tool", "tool_call_id": "c1", "content": "noon"}
    messages = [question, first.message, result]
    second = await api.call("POST", "/chat/completions", {"messages": messages})
    third = await api.chat("What time is it?")

    assert first.message["tool_calls"][0]["id"] == "c1"
    assert second.message["content"] == "It is noon."
    assert third.message["content"] == "Hm"


async def test_scripted_replies_wait_for_a_request_that_they_fit(
    simulator: Simulator, api: Api
) -> None:
    """A text completion has no tools, and a list of models no text."""
    simulator.script(ToolCalls(ADD), Text("Then this."))
    models = await api.get("/models")
    prose = await api.post("Hi")
    chat = await api.chat()
    text = await api.post("Hi")

    assert (models.status, prose.status) == (200, 200)
    assert chat.message["tool_calls"][0]["function"]["name"] == "add"
    assert text.text == "Then this."


async def test_a_text_completion_cannot_call_tools(
    simulator: Simulator, api: Api
) -> None:
    """A function that answers one with a call is told so."""
    simulator.answer_with(lambda _params: ToolCalls(ADD))
    reply = await api.post("Hi")

    assert reply.status == 500
    assert "cannot answer with ToolCalls" in reply.error["message"]


@pytest.mark.parametrize(
    ("kind", "given", "error", "message"),
    [
        (ToolCalls, {}, ValueError, "at least one ToolCall"),
        (ToolCalls, {"text": 3}, TypeError, "ToolCalls.text"),
        (ToolCalls, {"fragment_size": 0}, ValueError, "ToolCalls.fragment_size"),
        (ToolCall, {"name": 3}, TypeError, "ToolCall.name"),
        (ToolCall, {"name": "a", "arguments": 3}, TypeError, "ToolCall.arguments"),
        (Text, {"text": "Hi", "images": "x"}, TypeError, "Text.images"),
    ],
    ids=["no calls", "text", "size", "name", "arguments", "images"],
)
def test_what_cannot_be_played_is_refused(
    kind: Callable[..., object],
    given: dict[str, object],
    error: type[Exception],
    message: str,
) -> None:
    """Where it is written, with the name of the field."""
    with pytest.raises(error, match=message):
        kind(**given)
