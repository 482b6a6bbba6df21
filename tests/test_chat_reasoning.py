from __future__ import annotations

import time

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openrouter_async import ChatCompletion
from openrouter_async.streaming.chat_pieces import ChatAccumulator
from openrouter_async.types import ReasoningEvent
from tests.chatting import Members, delta, ended, folded, happened, replayed


def thought(*details: object, index: int = 0) -> Members:
    """Build a chunk with fragments of reasoning details."""
    return delta(index, content="", reasoning_details=list(details))


TEXT = {"type": "reasoning.text", "index": 0, "format": "anthropic-claude-v1"}
DATA = {"type": "reasoning.encrypted", "index": 1, "format": "xai-responses-v1"}
SEARCH: Members = {
    "type": "reasoning.server_tool_call",
    "index": 0,
    "tool_name": "openrouter:web_search",
}
CASES: dict[str, tuple[list[Members], list[Members]]] = {
    "texts, and the signature last": (
        [
            {**TEXT, "text": "a", "id": None},
            {**TEXT, "text": "b"},
            {**TEXT, "text": "", "signature": None},
            {**TEXT, "signature": "S=="},
        ],
        [{**TEXT, "text": "ab", "id": None, "signature": "S=="}],
    ),
    "signature and text in one": (
        [{**TEXT, "text": "a"}, {**TEXT, "text": "b", "signature": "S"}],
        [{**TEXT, "text": "ab", "signature": "S"}],
    ),
    "a signature alone": (
        [{**TEXT, "signature": "S"}],
        [{**TEXT, "signature": "S"}],
    ),
    "encrypted data": (
        [{**DATA, "data": "x", "id": "rs_1"}, {**DATA, "data": "y"}],
        [{**DATA, "data": "xy", "id": "rs_1"}],
    ),
    "a summary beside text of the same index": (
        [
            {**TEXT, "text": "a"},
            {"type": "reasoning.summary", "index": 0, "summary": "s"},
            {**TEXT, "text": "b"},
            {"type": "reasoning.summary", "index": 0, "summary": "t"},
        ],
        [
            {**TEXT, "text": "ab"},
            {"type": "reasoning.summary", "index": 0, "summary": "st"},
        ],
    ),
    "the index as a double": (
        [{**TEXT, "text": "a", "index": 0.0}, {**TEXT, "text": "b", "index": 0}],
        [{**TEXT, "text": "ab", "index": 0}],
    ),
    "without an index": (
        [{"type": "reasoning.text", "text": "a"}] * 2,
        [{"type": "reasoning.text", "text": "a"}] * 2,
    ),
    "a kind of tomorrow": (
        [
            {"type": "reasoning.new", "index": 2, "own": {"a": [1, None]}, "n": None},
            {"type": "reasoning.new", "index": 2, "own": {"b": 2}, "text": "a"},
        ],
        [
            {
                "type": "reasoning.new",
                "index": 2,
                "own": {"a": [1, None], "b": 2},
                "n": None,
                "text": "a",
            }
        ],
    ),
    "members that no type knows": (
        [
            {**TEXT, "own": "x", "deep": {"a": {"b": "x", "c": [1]}}, "n": 1},
            {**TEXT, "own": "y", "deep": {"a": {"b": "y", "c": [2]}}, "n": 2},
            {**TEXT, "own": "", "deep": None, "n": None},
        ],
        [{**TEXT, "own": "xy", "deep": {"a": {"b": "xy", "c": [1, 2]}}, "n": 2}],
    ),
    "members that no type knows, repeated": (
        [{**TEXT, "text": "a", "own": "x", "deep": {"a": "b", "c": [{"d": 1}]}}] * 3,
        [{**TEXT, "text": "aaa", "own": "x", "deep": {"a": "b", "c": [{"d": 1}]}}],
    ),
    "members that no type knows, repeated at the end": (
        [
            {**TEXT, "own": "x", "deep": {"a": "b", "c": [1]}},
            {**TEXT, "own": "y", "deep": {"a": "c", "c": [2]}},
            {**TEXT, "own": "xy", "deep": {"a": "bc", "c": [1, 2]}},
        ],
        [{**TEXT, "own": "xy", "deep": {"a": "bc", "c": [1, 2]}}],
    ),
    "members that change their shape": (
        [
            {**TEXT, "own": "x"},
            {**TEXT, "own": ["y"]},
            {**TEXT, "own": {"z": "x"}},
            {**TEXT, "own": {"z": "y"}},
            {**TEXT, "own": ""},
        ],
        [{**TEXT, "own": {"z": "xy"}}],
    ),
    "empty texts where something is known": (
        [
            {**TEXT, "text": "a", "signature": "S", "id": "r1"},
            {**TEXT, "signature": "", "id": ""},
        ],
        [{**TEXT, "text": "a", "signature": "S", "id": "r1"}],
    ),
    "a server's tool call": (
        [{**SEARCH, "data": {"q": 1}}],
        [{**SEARCH, "data": {"q": 1}}],
    ),
    "a server's tool call in pieces": (
        [
            {**SEARCH, "tool_call_id": "c1", "arguments": '{"a"', "result": ""},
            {**SEARCH, "tool_call_id": "c1", "arguments": ":1}"},
            {**SEARCH, "result": '{"status"'},
            {**SEARCH, "result": ':"ok"}'},
        ],
        [
            {
                **SEARCH,
                "tool_call_id": "c1",
                "arguments": '{"a":1}',
                "result": '{"status":"ok"}',
            }
        ],
    ),
    "a server's tool call, whole once more": (
        [
            {**SEARCH, "arguments": '{"a"', "result": ""},
            {**SEARCH, "arguments": ":1}"},
            {**SEARCH, "arguments": '{"a":1}', "result": "r"},
        ],
        [{**SEARCH, "arguments": '{"a":1}', "result": "r"}],
    ),
    "two tool calls of a server": (
        [
            {**SEARCH, "tool_call_id": "c1", "arguments": "{}", "result": "a"},
            {**SEARCH, "tool_call_id": "c2", "arguments": "{}", "result": "a"},
        ],
        [
            {**SEARCH, "tool_call_id": "c1", "arguments": "{}", "result": "a"},
            {**SEARCH, "tool_call_id": "c2", "arguments": "{}", "result": "a"},
        ],
    ),
    "encrypted under two ids": (
        [
            {"type": "reasoning.encrypted", "index": 0, "id": "r1", "data": "AAA="},
            {"type": "reasoning.encrypted", "index": 0, "id": "r2", "data": "BBB="},
        ],
        [
            {"type": "reasoning.encrypted", "index": 0, "id": "r1", "data": "AAA="},
            {"type": "reasoning.encrypted", "index": 0, "id": "r2", "data": "BBB="},
        ],
    ),
    "two that are signed": (
        [
            {**TEXT, "text": "first "},
            {**TEXT, "signature": "S1"},
            {**TEXT, "text": "", "signature": None},
            {**TEXT, "text": "sec"},
            {**TEXT, "text": "ond"},
            {**TEXT, "signature": "S2"},
        ],
        [
            {**TEXT, "text": "first ", "signature": "S1"},
            {**TEXT, "text": "second", "signature": "S2"},
        ],
    ),
    "two signatures without text": (
        [{**TEXT, "signature": "S1"}, {**TEXT, "signature": "S2"}],
        [{**TEXT, "signature": "S1"}, {**TEXT, "signature": "S2"}],
    ),
    "one signature, repeated": (
        [
            {**TEXT, "text": "a", "signature": "S"},
            {**TEXT, "text": "b", "signature": "S"},
        ],
        [{**TEXT, "text": "ab", "signature": "S"}],
    ),
    "encrypted and padded": (
        [{**DATA, "data": "AA"}, {**DATA, "data": "A="}, {**DATA, "data": "BBB="}],
        [{**DATA, "data": "AAA="}, {**DATA, "data": "BBB="}],
    ),
    "encrypted under one id": (
        [{**DATA, "data": "A=", "id": {"a": 1}}, {**DATA, "data": "B", "id": {"a": 1}}],
        [{**DATA, "data": "A=B", "id": {"a": 1}}],
    ),
    "text, an object, and text": (
        [{**TEXT, "text": "a"}, {**TEXT, "text": "b"}, {**TEXT, "text": {"c": 1}}],
        [{**TEXT, "text": {"c": 1}}],
    ),
    "text over null": (
        [{**TEXT, "text": None}, {**TEXT, "text": "a"}, {**TEXT, "text": None}],
        [{**TEXT, "text": "a"}],
    ),
}


@pytest.mark.parametrize(("pieces", "details"), CASES.values(), ids=CASES)
async def test_details_are_merged(
    pieces: list[Members], details: list[Members]
) -> None:
    """1.13: fragments of one detail share type and index; the rest is kept as it is."""
    answer = await folded(*map(thought, pieces), ended())

    assert answer.message.reasoning_details == details
    assert (await replayed(answer))["reasoning_details"] == details


async def test_several_details_in_one_chunk() -> None:
    """1.13: the order is that in which they began."""
    answer = await folded(
        thought({**DATA, "data": "x"}, {**TEXT, "text": "a"}),
        thought({**TEXT, "text": "b"}, {**DATA, "data": "y"}),
        ended(),
    )

    assert answer.message.reasoning_details == [
        {**DATA, "data": "xy"},
        {**TEXT, "text": "ab"},
    ]


async def test_reasoning_in_words() -> None:
    """1.5: reasoning comes first, in pieces as text does."""
    answer = await folded(
        delta(content="", reasoning="Let"),
        delta(content="", reasoning=" me"),
        delta(content="a", reasoning=None),
        delta(content="b"),
        ended(),
    )

    assert answer.message.reasoning == "Let me"
    assert (answer.text, answer.message.reasoning_details) == ("ab", None)


async def test_each_choice_reasons_for_itself() -> None:
    """1.3: the same type and index in two choices are two details."""
    answer = await folded(
        thought({**TEXT, "text": "a"}, index=0),
        thought({**TEXT, "text": "b"}, index=1),
        thought({**TEXT, "text": "c"}, index=0),
        ended("stop", 0),
        ended("stop", 1),
    )

    found = [choice.message.reasoning_details for choice in answer.choices]
    assert found == [[{**TEXT, "text": "ac"}], [{**TEXT, "text": "b"}]]


async def test_events_bring_the_fragments() -> None:
    """1.13: an event has the words and the fragments as they came."""
    fragments: list[Members] = [{**TEXT, "text": "a", "n": None}, {**DATA, "data": "x"}]
    events = await happened(
        delta(reasoning="a", reasoning_details=fragments[:1]),
        thought(fragments[1]),
        delta(content="b"),
        ended(),
    )

    assert events[:2] == [
        ReasoningEvent(text="a", details=fragments[:1]),
        ReasoningEvent(text="", details=fragments[1:]),
    ]


async def test_chunks_are_left_as_they_came() -> None:
    """What a consumer has kept of a chunk is not changed by later ones."""
    events = await happened(
        thought({**TEXT, "text": "a"}),
        thought({**TEXT, "text": "b", "signature": "S"}),
        ended(),
    )

    first = events[0]
    assert isinstance(first, ReasoningEvent)
    assert first.details == [{**TEXT, "text": "a"}]


async def test_what_is_deep_in_chunks_is_left_as_it_came() -> None:
    """What a consumer has kept of a chunk is not changed, at any depth."""
    events = await happened(
        thought({**TEXT, "own": {"a": {"b": "x"}, "c": [1]}}),
        thought({**TEXT, "own": {"a": {"b": "y"}, "c": [2]}}),
        ended(),
    )

    kept = [event.details for event in events if event.type == "reasoning"]
    assert kept == [
        [{**TEXT, "own": {"a": {"b": "x"}, "c": [1]}}],
        [{**TEXT, "own": {"a": {"b": "y"}, "c": [2]}}],
    ]


def test_details_take_linear_time() -> None:
    """Ten times the details, and a look after each, take about ten times as long."""

    def seconds(details: int) -> float:
        accumulator = ChatAccumulator(ChatCompletion())
        wires = [
            msgspec.json.encode(thought({**TEXT, "index": index, "text": "a"}))
            for index in range(details)
        ]
        started = time.perf_counter()
        for wire in wires:
            accumulator.add(accumulator.decode(wire))
            _ = accumulator.answer

        return time.perf_counter() - started

    short = min(seconds(400) for _ in range(5))
    long = min(seconds(4000) for _ in range(3))

    assert long < 30 * short


TEXTS = st.text(max_size=5)
FRAGMENTS = st.lists(
    st.tuples(st.sampled_from(["text", "summary"]), st.integers(0, 2), TEXTS),
    max_size=12,
)
ANY_TEXTS = st.lists(st.text("ab", min_size=1, max_size=3), max_size=12)


@given(fragments=FRAGMENTS, looks=st.sets(st.integers(0, 12)))
@settings(max_examples=100, deadline=None)
def test_looks_in_between_change_nothing(
    fragments: list[tuple[str, int, str]], looks: set[int]
) -> None:
    """1.13: the answer is the same, whenever its snapshot was looked at before."""
    accumulator = ChatAccumulator(ChatCompletion())
    expected: dict[tuple[str, int], str] = {}
    for number, (kind, index, text) in enumerate(fragments):
        detail = {"type": f"reasoning.{kind}", "index": index, kind: text}
        chunk = accumulator.decode(msgspec.json.encode(thought(detail)))
        accumulator.add(chunk)
        expected[kind, index] = expected.get((kind, index), "") + text
        if number in looks:
            _ = accumulator.answer

    details = accumulator.answer.message.reasoning_details or []
    assert details == [
        {"type": f"reasoning.{kind}", "index": index, kind: text}
        for (kind, index), text in expected.items()
    ]


@given(texts=ANY_TEXTS, looks=st.sets(st.integers(0, 12)))
@settings(max_examples=100, deadline=None)
def test_looks_in_between_change_no_member_without_a_type(
    texts: list[str], looks: set[int]
) -> None:
    """1.13: one is joined, unless a fragment says all there is of it once more."""
    accumulator = ChatAccumulator(ChatCompletion())
    expected = ""
    for number, text in enumerate(texts):
        detail = {"type": "reasoning.new", "index": 0, "own": text, "in": {"own": text}}
        accumulator.add(accumulator.decode(msgspec.json.encode(thought(detail))))
        expected += "" if text == expected else text
        if number in looks:
            _ = accumulator.answer

    details = accumulator.answer.message.reasoning_details or []
    assert [(each["own"], each["in"]) for each in details] == (
        [(expected, {"own": expected})] if texts else []
    )
