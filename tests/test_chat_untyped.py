from __future__ import annotations

import pickle

import msgspec
import pytest

from openrouter_async import ChatCompletion, ServerError
from tests.chatting import Members, ask, delta, ended, folded, happened, piece, replayed
from tests.scripted import events
from tests.streams import envelope, served, streamed


def message_of(answer: ChatCompletion) -> Members:
    """Return the message of choice 0 as `to_dict()` has it."""
    choices = msgspec.convert(answer.to_dict()["choices"], list[Members])
    return msgspec.convert(choices[0]["message"], Members)


async def test_members_without_a_type() -> None:
    """1.1: what no type knows is put together as it came."""
    answer = await folded(
        delta(content="a", extra={"a": 1, "s": "x"}, own="t", n=[1], flag=False),
        delta(content="b", extra={"b": [2], "s": "y"}, own="h", n=[2], flag=None),
        delta(content="c", own="is", n=[], empty=""),
        envelope(piece({}, finish_reason="stop", stop_reason=7)),
    )

    [choice] = msgspec.convert(answer.to_dict()["choices"], list[Members])
    assert choice == {
        "index": 0,
        "message": {
            "role": "assistant",
            "content": "abc",
            "extra": {"a": 1, "b": [2], "s": "xy"},
            "own": "this",
            "n": [1, 2],
            "flag": False,
        },
        "finish_reason": "stop",
        "stop_reason": 7,
    }
    assert await replayed(answer) == {"role": "assistant", "content": "abc"}
    assert pickle.loads(pickle.dumps(answer)).to_dict() == answer.to_dict()


async def test_members_that_change_their_shape() -> None:
    """1.4: of a text, a list and an object under one name the last counts."""
    shapes: list[object] = ["a", "b", {"c": 1}, ["d"], "e", {"f": 2}]
    answer = await folded(*(delta(content="a", own=each) for each in shapes), ended())

    assert message_of(answer)["own"] == {"f": 2}


async def test_deep_members() -> None:
    """1.4: however deep they are, the text beside them arrives."""
    deep: object = "x"
    for _ in range(400):
        deep = {"a": deep}

    answer = await folded(delta(content="a", own=deep), delta(own=deep), ended())

    assert answer.text == "a"
    assert message_of(answer)["own"] == deep


async def test_members_without_a_type_beside_odd_ones() -> None:
    """1.4: they are kept when the chunk has to be read member by member."""
    answer = await folded(
        envelope(piece({"content": "a", "own": 1}, logprobs=[])),
        delta(content=7, own=None, role=None),
        ended(),
    )

    assert message_of(answer) == {"role": "assistant", "content": "a7", "own": 1}


async def test_members_without_a_type_of_a_whole_message() -> None:
    """1.5: a server that does not stream loses none; one that repeats adds none."""
    message: Members = {"role": "assistant", "content": "a", "own": 1}
    whole_one: Members = {"index": 0, "message": message, "finish_reason": "stop"}
    assert message_of(await folded(envelope(whole_one))) == message

    answer = await folded(delta(content="a"), envelope(whole_one))
    assert message_of(answer) == {"role": "assistant", "content": "a"}


async def test_parts_of_other_kinds() -> None:
    """1.4: parts that are neither text nor images stay at their place."""
    thinking: Members = {"type": "thinking", "thinking": [{"type": "text"}]}
    answer = await folded(
        delta(content="a"),
        delta(content=[{"type": "text", "text": "b"}, thinking]),
        delta(content="c"),
        delta(content=[thinking]),
        delta(content="d"),
        ended(),
    )

    assert answer.text == "abcd"
    texts: list[Members] = [{"type": "text", "text": text} for text in "abcd"]
    a, b, c, d = texts
    assert message_of(answer)["content"] == [a, b, thinking, c, thinking, d]
    assert await replayed(answer) == {"role": "assistant", "content": "abcd"}


async def test_reasoning_by_its_other_name() -> None:
    """1.13: it is reasoning, live and in the next request, and kept as it came."""
    chunks = [
        delta(reasoning_content="a"),
        delta(reasoning_content="b"),
        delta(content="c", reasoning_content=None),
        ended(),
    ]
    answer = await folded(*chunks)

    assert answer.message.reasoning == "ab"
    assert message_of(answer)["reasoning_content"] == "ab"
    assert (await replayed(answer))["reasoning"] == "ab"
    found = [event.type for event in await happened(*chunks)]
    assert found == ["reasoning", "reasoning", "text", "finished"]


async def test_members_without_a_type_are_content() -> None:
    """1.6: what was shown of them is not asked for again."""
    wire = events(delta(own="a"), {"error": {"code": 503}})
    async with served(streamed(wire)) as (_, client):
        with pytest.raises(ServerError) as caught:
            await ask(client).final()

    partial = caught.value.partial
    assert isinstance(partial, ChatCompletion)
    assert message_of(partial)["own"] == "a"
