"""What calls of tools hold beside a function's name and arguments, put together."""

from __future__ import annotations

import pytest

from tests.chatting import (
    Members,
    answered,
    ask,
    ended,
    folded,
    fragments,
    replayed,
    whole,
)
from tests.scripted import events
from tests.streams import served, streamed


async def test_unknown_members() -> None:
    """1.14: members of tomorrow are kept for replay: texts grow, objects too."""
    signed = {"google": {"thought_signature": "S"}}
    other = {"google": {"other": 1}}
    answer = await folded(
        fragments(
            {
                "index": 0,
                "id": "1",
                "function": {"name": "f", "arguments": "{"},
                "extra_content": signed,
                "note": "a",
            }
        ),
        fragments(
            {"index": 0, "note": "b", "function": {"arguments": "}", "own": "c"}},
            {"index": 0, "extra_content": None, "function": {"own": "d"}},
            {"index": 0, "extra_content": other, "note": "", "n": 1},
        ),
        ended("tool_calls"),
    )

    assert (await replayed(answer))["tool_calls"] == [
        {
            "id": "1",
            "type": "function",
            "function": {"name": "f", "arguments": "{}", "own": "cd"},
            "extra_content": {"google": {"thought_signature": "S", "other": 1}},
            "note": "ab",
            "n": 1,
        }
    ]


async def test_unknown_members_that_are_repeated() -> None:
    """1.14: what every fragment says once more is not doubled."""
    own: Members = {"note": "a", "extra_content": {"google": {"sign": "S", "n": [1]}}}
    whole_one = {**own, "id": "1", "index": 0}
    answer = await folded(
        fragments({**whole_one, "function": {"name": "f", "arguments": "{"}}),
        fragments({**whole_one, "function": {"name": "f", "arguments": "}"}}),
        fragments({**whole_one, "function": {"name": "f", "arguments": "{}"}}),
        ended("tool_calls"),
    )

    assert (await replayed(answer))["tool_calls"] == [
        {
            "id": "1",
            "type": "function",
            "function": {"name": "f", "arguments": "{}"},
            **own,
        }
    ]


async def test_chunks_are_left_as_they_came() -> None:
    """What a consumer has kept of a chunk is not changed by later ones."""
    wires = [fragments({"index": 0, "own": {"a": {"b": text}}}) for text in "xy"]
    async with served(streamed(events(*wires, ended(), "[DONE]"))) as (_, client):
        stream = ask(client)
        chunks = [chunk async for chunk in stream]

    came = [chunk.choices[0].delta.tool_call_members for chunk in chunks[:2]]
    expected = [[{"index": 0, "own": {"a": {"b": text}}}] for text in "xy"]
    assert came == expected


CUSTOM: dict[str, tuple[list[Members], list[Members]]] = {
    "in pieces": (
        [
            {"index": 0, "id": "1", "type": "custom", "custom": {"name": "grep"}},
            {"index": 0, "custom": {"input": "ha"}},
            {"index": 0, "custom": {"input": "ha"}},
        ],
        [{"id": "1", "type": "custom", "custom": {"name": "grep", "input": "haha"}}],
    ),
    "the name repeated": (
        [
            {"id": "1", "type": "custom", "custom": {"name": "grep", "input": "he"}},
            {"id": "1", "type": "custom", "custom": {"name": "grep", "input": "llo"}},
        ],
        [{"id": "1", "type": "custom", "custom": {"name": "grep", "input": "hello"}}],
    ),
    "without a type": (
        [{"index": 0, "id": "1", "custom": {"name": "grep", "input": "he"}}],
        [{"id": "1", "type": "custom", "custom": {"name": "grep", "input": "he"}}],
    ),
    "the name repeated, no id": (
        [
            {"index": 0, "custom": {"name": "grep"}},
            {"index": 0, "custom": {"name": "grep", "input": "he"}},
            {"index": 0, "custom": {"name": "grep", "input": "llo"}},
        ],
        [{"id": "", "type": "custom", "custom": {"name": "grep", "input": "hello"}}],
    ),
    "two, interleaved": (
        [
            {"index": 0, "id": "1", "custom": {"name": "grep", "input": "a"}},
            {"index": 1, "id": "2", "custom": {"name": "sed", "input": "b"}},
            {"index": 0, "custom": {"input": "c"}},
        ],
        [
            {"id": "1", "type": "custom", "custom": {"name": "grep", "input": "ac"}},
            {"id": "2", "type": "custom", "custom": {"name": "sed", "input": "b"}},
        ],
    ),
    "two, without an index": (
        [
            {"type": "custom", "custom": {"name": "grep", "input": "a"}},
            {"type": "custom", "custom": {"name": "sed", "input": "b"}},
            {"custom": {"input": "c"}},
        ],
        [
            {"id": "", "type": "custom", "custom": {"name": "grep", "input": "a"}},
            {"id": "", "type": "custom", "custom": {"name": "sed", "input": "bc"}},
        ],
    ),
    "two of one index": (
        [
            {"index": 0, "id": "1", "custom": {"name": "grep", "input": "a"}},
            {"index": 0, "id": "2", "custom": {"name": "grep", "input": "b"}},
        ],
        [
            {"id": "1", "type": "custom", "custom": {"name": "grep", "input": "a"}},
            {"id": "2", "type": "custom", "custom": {"name": "grep", "input": "b"}},
        ],
    ),
}


@pytest.mark.parametrize(("pieces", "calls"), CUSTOM.values(), ids=CUSTOM)
async def test_custom_calls(pieces: list[Members], calls: list[Members]) -> None:
    """1.14: a call of another kind is replayed as it came: no function is made up."""
    answer = await folded(*map(fragments, pieces), ended("tool_calls"))

    assert (await replayed(answer))["tool_calls"] == calls
    found = answer.message.tool_call_members or []
    assert not any("function" in call for call in found)


async def test_custom_call_of_a_whole_answer() -> None:
    """1.14: no function is made up for one that leaves its type out."""
    call: Members = {"id": "1", "custom": {"name": "grep", "input": "x"}}
    answer = await answered(whole({"content": None, "tool_calls": [call]}))

    assert answer.message.tool_call_members == [call]
    assert (await replayed(answer))["tool_calls"] == [{**call, "type": "custom"}]
