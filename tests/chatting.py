"""What the tests of chat share: messages, chunks, answers, and calls about them."""

from __future__ import annotations

from collections.abc import AsyncIterable, Mapping
from typing import TypeVar, cast

import msgspec

from openrouter_async import (
    ChatCompletion,
    ChatCompletionStream,
    OpenRouter,
    OpenRouterError,
)
from openrouter_async.types import ChatParams, Message, StreamEvent
from tests.scripted import Send, events, http_response
from tests.streams import USAGE, asked, envelope, served, streamed

T = TypeVar("T")
Members = dict[str, object]
Event = StreamEvent[ChatCompletion]

HI: list[Message] = [{"role": "user", "content": "Hi"}]
"""A conversation that tests are not about."""


def piece(delta: Mapping[str, object], index: int = 0, **members: object) -> Members:
    """Build what a chunk adds to one choice."""
    return {"index": index, "delta": delta, "finish_reason": None, **members}


def delta(index: int = 0, /, **members: object) -> Members:
    """Build a chunk whose delta has these members."""
    return envelope(piece({"role": "assistant", **members}, index))


def fragments(*fragments: object, index: int = 0) -> Members:
    """Build a chunk with fragments of tool calls."""
    return delta(index, content=None, tool_calls=list(fragments))


def ended(reason: str = "stop", index: int = 0) -> Members:
    """Build the chunk that ends a choice."""
    ending = piece({}, index, finish_reason=reason, native_finish_reason=reason)
    return envelope(ending)


def whole(message: object = None, **members: object) -> Members:
    """Build a plain answer: a message, and members of its own."""
    given = {"content": "Hi"} if message is None else message
    choice: Members = {
        "index": 0,
        "message": {"role": "assistant", **given} if isinstance(given, dict) else given,
        "finish_reason": "stop",
        "native_finish_reason": "STOP",
        "logprobs": None,
    }
    shape: Members = {"object": "chat.completion", "usage": USAGE}
    return envelope(choice, **{**shape, **members})


def call_of(id: str, name: str, arguments: str, **members: object) -> Members:
    """Build a whole tool call."""
    function = {"name": name, "arguments": arguments}
    return {"id": id, "type": "function", "function": function, **members}


def params(**members: object) -> ChatParams:
    """Pass fields whose types the checker is not to see."""
    return cast("ChatParams", members)


def messages_of(*messages: object) -> list[Message]:
    """Pass messages whose types the checker is not to see."""
    return cast("list[Message]", list(messages))


def ask(client: OpenRouter) -> ChatCompletionStream:
    """Start the stream that most tests are about."""
    return client.chat.completions.stream(model="m", messages=HI)


async def answered(answer: Mapping[str, object] | bytes) -> ChatCompletion:
    """Return what a plain response is decoded to."""
    async with served(asked(Send(http_response(body=answer)))) as (_, client):
        return await client.chat.completions.create(model="m", messages=HI)


async def folded(*chunks: Mapping[str, object]) -> ChatCompletion:
    """Return what a stream of these chunks is put together to."""
    wire = events(*chunks, "[DONE]")
    async with served(streamed(wire)) as (_, client):
        return await ask(client).final()


async def happened(*chunks: Mapping[str, object]) -> list[Event]:
    """Return what happens in a stream of these chunks."""
    wire = events(*chunks, "[DONE]")
    async with served(streamed(wire)) as (_, client):
        return [event async for event in ask(client).events()]


async def to_error(happening: AsyncIterable[T]) -> tuple[list[T], OpenRouterError]:
    """Return what happens, and the error that must end it."""
    found: list[T] = []
    try:
        async for each in happening:
            found.append(each)  # noqa: PERF401  # kept when the error comes
    except OpenRouterError as error:
        return found, error

    message = "no error followed"
    raise AssertionError(message)


async def sent(messages: list[Message] = HI, /, **members: object) -> Members:
    """Return the body that a plain call sends."""
    async with served(asked(Send(http_response(body=whole())))) as (server, client):
        await client.chat.completions.create(messages=messages, **params(**members))
        return msgspec.json.decode(server.requests[0].body, type=dict[str, object])


async def replayed(answer: ChatCompletion) -> Members:
    """Return the message of an answer as the next request has it."""
    body = await sent([*HI, answer.message])
    [_, message] = msgspec.convert(body["messages"], list[dict[str, object]])
    return message
