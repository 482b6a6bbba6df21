from __future__ import annotations

import pickle
from collections import UserDict
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import cast

import msgspec
import pytest

from openrouter_async import ChatCompletion, ConfigError
from openrouter_async.types import ChatMessage, Message
from tests.chatting import HI, Members, answered, call_of, messages_of, replayed, sent
from tests.chatting import whole as plain

CACHED = {"type": "ephemeral", "ttl": "5m"}
PARTS: list[Members] = [
    {"type": "text", "text": "a", "cache_control": CACHED},
    {"type": "image_url", "image_url": {"url": "https://x/y.png", "detail": "low"}},
    {"type": "input_audio", "input_audio": {"data": "UklG", "format": "wav"}},
    {"type": "video_url", "video_url": {"url": "data:video/mp4;base64,AA=="}},
    {"type": "file", "file": {"filename": "a.pdf", "file_data": "https://x/a.pdf"}},
    {"type": "file", "file": {"file_id": "file-1"}, "cache_control": CACHED},
    {"type": "of_tomorrow", "anything": [1, None]},
]
CONVERSATION: list[Members] = [
    {"role": "system", "content": [{"type": "text", "text": "b"}], "name": "s"},
    {"role": "developer", "content": "c"},
    {"role": "user", "content": PARTS},
    {
        "role": "assistant",
        "content": None,
        "reasoning_content": "hm",
        "reasoning_details": [{"type": "reasoning.encrypted", "data": "x", "n": None}],
        "tool_calls": [call_of("1", "f", "{}", index=0)],
    },
    {"role": "tool", "tool_call_id": "1", "content": ""},
    {"role": "of_tomorrow"},
]


class Tagged(msgspec.Struct, tag_field="role", tag="user"):
    """Have the role as a tag."""

    content: str


class Renamed(msgspec.Struct, rename={"said": "content"}):
    """Have names of its own."""

    role: str
    said: str


@dataclass
class Written:
    """Have the members of a message."""

    role: str
    content: str


async def test_mappings_go_as_they_are() -> None:
    """1.3: every role and every content part, known or not, goes out untouched."""
    body = await sent(messages_of(*CONVERSATION))

    assert body == {"messages": CONVERSATION}


@pytest.mark.parametrize("part", PARTS, ids=lambda part: str(part["type"]))
async def test_content_part(part: Members) -> None:
    """1.14: each kind of content part goes out untouched."""
    message = {"role": "user", "content": [part]}

    assert (await sent(messages_of(message)))["messages"] == [message]


@pytest.mark.parametrize(
    "message",
    [
        MappingProxyType({"role": "user", "content": "a"}),
        UserDict({"role": "user", "content": "a"}),
        Written("user", "a"),
        Renamed("user", "a"),
        Tagged("a"),
    ],
    ids=["read-only", "user dict", "dataclass", "renamed struct", "tagged struct"],
)
async def test_typed_messages(message: object) -> None:
    """Messages of other kinds go out as the JSON they stand for."""
    body = await sent(messages_of(message))

    assert body["messages"] == [{"role": "user", "content": "a"}]


async def test_a_tuple_of_messages() -> None:
    """Any sequence will do."""
    messages = cast("list[Message]", tuple(HI))

    assert (await sent(messages))["messages"] == HI


REFUSED: dict[str, tuple[object, str]] = {
    "text": ("Hi", r"list of messages.*not str"),
    "one mapping": ({"role": "user", "content": "a"}, r"list of messages.*not dict"),
    "one message": (ChatMessage(content="a"), r"list of messages.*not ChatMessage"),
    "none": ([], "this list is empty"),
    "null": (None, "not NoneType"),
    "iterator": (iter(HI), "not list_iterator"),
    "text within": ([*HI, "Hi"], r"messages\[1\] is of type str"),
    "null within": ([None], r"messages\[0\] is of type NoneType"),
    "an answer": ([ChatCompletion()], r"messages\[0\] is a whole answer.*`message`"),
    "no role": ([{"content": "a"}], r"messages\[0\] must have a `role`"),
    "role of another type": ([{"role": 1}], r"messages\[0\] must have a `role`"),
    "bytes within": ([{"role": "user", "content": b"a"}], r"messages.*content"),
    "a class": ([Written], r"messages\[0\] is of type type"),
}


@pytest.mark.parametrize(("messages", "told"), REFUSED.values(), ids=REFUSED)
async def test_refused(messages: object, told: str) -> None:
    """What is no conversation is refused before it is sent, and told why."""
    with pytest.raises(ConfigError, match=told):
        await sent(cast("list[Message]", messages))


ANSWERS: dict[str, tuple[Members, Members]] = {
    "text": ({"content": "a"}, {"content": "a"}),
    "refusal": ({"refusal": "no"}, {"refusal": "no", "content": None}),
    "nothing": ({"content": None}, {"content": None}),
    "calls": (
        {"content": None, "tool_calls": [call_of("1", "f", "{}", index=0, own=None)]},
        {"tool_calls": [call_of("1", "f", "{}", own=None)]},
    ),
    "empty lists": (
        {"content": "a", "tool_calls": [], "images": [], "annotations": []},
        {"content": "a"},
    ),
    "image": (
        {"content": "", "images": [{"type": "image_url", "image_url": {"url": "d"}}]},
        {"content": "", "images": [{"type": "image_url", "image_url": {"url": "d"}}]},
    ),
    "audio": (
        {"content": None, "audio": {"id": "audio_1", "transcript": "a"}},
        {"content": None, "audio": {"id": "audio_1", "transcript": "a"}},
    ),
    "annotations": (
        {"content": "a", "annotations": [{"type": "file", "file": {"hash": "x"}}]},
        {"content": "a", "annotations": [{"type": "file", "file": {"hash": "x"}}]},
    ),
}


@pytest.mark.parametrize(("message", "expected"), ANSWERS.values(), ids=ANSWERS)
async def test_replay(message: Members, expected: Members) -> None:
    """1.13: the message of an answer is what the next request needs, and no more."""
    answer = await answered(plain(message))

    assert await replayed(answer) == {"role": "assistant", **expected}


async def test_replay_of_a_message_without_a_role() -> None:
    """1.2: upstreams send `role: null`; a request needs one."""
    answer = await answered(plain({"role": None, "content": "a"}))

    assert await replayed(answer) == {"role": "assistant", "content": "a"}


DETAILS = (
    b'[{"type":"reasoning.text","text":"a \\u00e9","signature":"S==","index":0,'
    b'"format":"anthropic-claude-v1","id":null,"own":{"z":1,"a":[1.0,1e-7,null]}},'
    b'{"type":"reasoning.encrypted","data":"/+8=","index":1,"big":12345678901234567890},'
    b'{"of":"tomorrow"},{"type":"reasoning.summary","summary":"","index":0}]'
)


def wire_details(body: bytes) -> bytes:
    """Return the reasoning details of the last message as they were sent."""

    class Carrier(msgspec.Struct):
        reasoning_details: msgspec.Raw

    class Body(msgspec.Struct):
        messages: list[msgspec.Raw]

    last = msgspec.json.decode(body, type=Body).messages[-1]
    return bytes(msgspec.json.decode(last, type=Carrier).reasoning_details)


async def test_replay_of_reasoning_details() -> None:
    """1.13: they go back byte for byte and in order, unknown members included."""
    message = {"reasoning": "a", "reasoning_details": msgspec.Raw(DETAILS)}
    answer = await answered(plain(message))
    body = msgspec.json.encode(await sent([*HI, answer.message]))

    expected = DETAILS.replace(b"\\u00e9", "é".encode())
    assert wire_details(body) == expected


async def test_replay_does_not_change_the_answer() -> None:
    """What is left out of the request stays in the answer."""
    call = call_of("1", "f", "{}", index=3)
    answer = await answered(plain({"content": None, "tool_calls": [call]}))
    await replayed(answer)

    assert answer.message.tool_call_members == [call]
    assert answer.tool_calls[0].index == 3


async def test_replay_after_a_pickle() -> None:
    """A conversation can be stored and gone on with."""
    details: list[Mapping[str, object]] = [{"type": "reasoning.text", "n": None}]
    message = {"content": "a", "reasoning_details": details}
    answer = await answered(plain(message))

    restored: ChatCompletion = pickle.loads(pickle.dumps(answer))
    assert restored == answer
    assert await replayed(restored) == {"role": "assistant", **message}
