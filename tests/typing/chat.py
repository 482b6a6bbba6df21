"""What the verbs of chat promise to a type checker."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypedDict, assert_never, assert_type

import msgspec
from msgspec import UNSET

from openrouter_async import (
    ChatCompletion,
    ChatCompletionChunk,
    ChatCompletionStream,
    OpenRouter,
    Outcome,
    Outcomes,
    ParsedChatCompletion,
    ParsedChatCompletionStream,
    ParseError,
    RetryPolicy,
    StreamEvent,
    Timeout,
    ToolCall,
    Usage,
)
from openrouter_async.formats.format import Format
from openrouter_async.streaming.stream_iterator import StreamIterator
from openrouter_async.types import (
    ChatChoice,
    ChatChunkChoice,
    ChatItem,
    ChatMessage,
    ChatParams,
    CommentEvent,
    FinishedEvent,
    Message,
    ResponseMeta,
    TextEvent,
    ToolCallFinishedEvent,
    UsageEvent,
)

HI: list[Message] = [{"role": "user", "content": "Hi"}]


class Plan(msgspec.Struct):
    """Be a value."""

    steps: list[str]


@dataclass
class Point:
    """Be another."""

    x: int


class Row(TypedDict):
    """Be a third."""

    name: str


Text = ChatCompletion
Texts = ChatCompletionStream
Plans = ParsedChatCompletionStream[Plan]


async def create(client: OpenRouter, streamed: bool) -> None:
    """Type `create` by what `stream` and `parse` are."""
    create = client.chat.completions.create
    assert_type(await create(messages=HI), Text)
    assert_type(await create(messages=HI, stream=False), Text)
    assert_type(await create(messages=HI, stream=UNSET, parse=None), Text)
    assert_type(await create(messages=HI, stream=True), Texts)
    assert_type(await create(messages=HI, stream=streamed), Text | Texts)
    assert_type(await create(messages=HI, parse=Plan), ParsedChatCompletion[Plan])
    assert_type(
        await create(messages=HI, parse=Plan, stream=False), ParsedChatCompletion[Plan]
    )
    assert_type(await create(messages=HI, parse=Plan, stream=True), Plans)
    assert_type(
        await create(messages=HI, parse=Plan, stream=streamed),
        ParsedChatCompletion[Plan] | Plans,
    )


async def values(client: OpenRouter) -> None:
    """Type `parsed` by the type that was passed."""
    create = client.chat.completions.create
    assert_type((await create(messages=HI, parse=Plan)).parsed, Plan)
    assert_type((await create(messages=HI, parse=Point)).parsed, Point)
    assert_type((await create(messages=HI, parse=Row)).parsed, Row)
    assert_type((await create(messages=HI, parse=list[Plan])).parsed, list[Plan])
    assert_type((await create(messages=HI, parse=int)).parsed, int)
    made = Format.of(Plan, strict=False)
    assert_type((await create(messages=HI, parse=made)).parsed, Plan)


async def options(client: OpenRouter) -> None:
    """Take fields by name, and the options of a call."""
    create = client.chat.completions.create
    params: ChatParams = {"model": "a", "n": 2, "stop": None, "seed": 1}
    assert_type(await create(messages=HI, **params), Text)
    assert_type(await create(messages=HI, timeout=None, retry=0), Text)
    assert_type(
        await create(messages=HI, timeout=Timeout(idle=1), retry=RetryPolicy()), Text
    )
    await create(
        messages=HI,
        model="a",
        provider={
            "order": ["a"],
            "sort": {"by": "price"},
            "max_price": {"prompt": 1, "completion": "0.5"},
        },
        reasoning={"effort": "xhigh", "max_tokens": 100, "enabled": True},
        plugins=[{"id": "web"}],
        tools=[
            {"type": "function", "function": {"name": "f", "parameters": {}}},
            {"type": "openrouter:web_search", "parameters": {"max_uses": 1}},
        ],
        tool_choice={"type": "function", "function": {"name": "f"}},
        response_format={"type": "json_object"},
        service_tier="flex",
        extra_body={"new": 1},
    )


async def mistakes(client: OpenRouter) -> None:
    """Refuse what the API does not know, by name or by type."""
    create = client.chat.completions.create
    await create()  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]  # no messages
    await create(messages=1)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]  # no messages
    await create(messages=HI, typo=1)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]  # no such field
    await create(messages=HI, top_k="2")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]  # no number
    await create(messages=HI, user=None)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]  # never null


async def messages(client: OpenRouter, done: ChatCompletion) -> None:
    """Take every kind of message, and answers' messages as they are."""
    conversation: list[Message] = [
        {"role": "system", "content": "a"},
        {"role": "developer", "content": [{"type": "text", "text": "b"}]},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "c", "cache_control": {"type": "ephemeral"}},
                {"type": "image_url", "image_url": {"url": "u", "detail": "low"}},
                {"type": "input_audio", "input_audio": {"data": "", "format": "wav"}},
                {"type": "video_url", "video_url": {"url": "u"}},
                {"type": "file", "file": {"filename": "f", "file_data": "u"}},
            ],
        },
        done.message,
        {"role": "tool", "tool_call_id": done.tool_calls[0].id, "content": "d"},
        {"role": "of_tomorrow", "anything": 1},
    ]
    await client.chat.completions.create(messages=conversation)
    await client.chat.completions.create(
        messages=[{"role": "user", "content": "Hi"}, done.message]
    )


async def stream(client: OpenRouter) -> None:
    """Type what a stream gives, in a block and bare."""
    opened = client.chat.completions.stream(messages=HI)
    assert_type(opened, ChatCompletionStream)
    async with opened as entered:
        assert_type(entered, ChatCompletionStream)
        assert_type(aiter(entered), StreamIterator[ChatCompletionChunk])
        async for chunk in entered:
            assert_type(chunk, ChatCompletionChunk)
            assert_type(chunk.choices, list[ChatChunkChoice])

        assert_type(entered.texts(), StreamIterator[str])

    assert_type(await opened.final(), ChatCompletion)
    assert_type(opened.snapshot, ChatCompletion)
    assert_type(opened.usage, Usage | None)
    assert_type(opened.meta, ResponseMeta)


async def parsed_stream(client: OpenRouter) -> None:
    """Type the end of a stream by what it is read as."""
    opened = client.chat.completions.stream(messages=HI, parse=Plan)
    assert_type(opened, ParsedChatCompletionStream[Plan])
    async with opened as entered:
        assert_type(entered, ParsedChatCompletionStream[Plan])
        async for event in entered.events():
            assert_type(event, StreamEvent[ParsedChatCompletion[Plan]])
            if event.type == "finished":
                assert_type(event.answer.parsed, Plan)

    assert_type((await opened.final()).parsed, Plan)
    made = client.chat.completions.stream(messages=HI, parse=Format.of(Point))
    assert_type((await made.final()).parsed, Point)


async def happening(client: OpenRouter) -> None:
    """Narrow events by class and by `type`."""
    async for event in client.chat.completions.stream(messages=HI).events():
        assert_type(event, StreamEvent[ChatCompletion])
        match event:
            case TextEvent():
                assert_type(event.text, str)
            case ToolCallFinishedEvent():
                assert_type(event.call, ToolCall)
            case CommentEvent():
                assert_type(event.text, str)
            case UsageEvent():
                assert_type(event.usage, Usage)
            case FinishedEvent():
                assert_type(event.answer, ChatCompletion)
            case _:
                told(event.type)


Rest = Literal[
    "reasoning",
    "refusal",
    "tool_call_started",
    "tool_call_arguments",
    "image",
    "audio",
    "annotation",
]


def told(kind: Rest) -> int:
    """Be whatever other events there are, and no more."""
    match kind:
        case "reasoning" | "refusal":
            return 1
        case "tool_call_started" | "tool_call_arguments":
            return 2
        case "image" | "audio" | "annotation":
            return 3
        case _:
            assert_never(kind)


async def fan_out(client: OpenRouter) -> None:
    """Type `map` and `gather` by what answers are read as."""
    completions = client.chat.completions
    items: list[ChatItem] = ["Hi", HI, {"messages": HI, "n": 2}]
    assert_type(completions.map(items), Outcomes[ChatCompletion])
    assert_type(
        completions.map(items, parse=Plan, ordered=True),
        Outcomes[ParsedChatCompletion[Plan]],
    )
    assert_type(await completions.gather(items), list[Outcome[ChatCompletion]])
    assert_type(
        await completions.gather(["Hi"], parse=Format.of(Point), max_cost=1.0),
        list[Outcome[ParsedChatCompletion[Point]]],
    )
    async for outcome in completions.map(["Hi"], parse=Plan):
        if outcome.error is None:
            assert_type(outcome.value.parsed, Plan)

    async for answered in completions.map(iter([HI])):
        assert_type(answered, Outcome[ChatCompletion])


async def fan_out_with_mistakes(client: OpenRouter) -> None:
    """Refuse options that a verb does not have."""
    completions = client.chat.completions
    completions.map(["Hi"], stream=True)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]  # no streams
    await completions.gather(["Hi"], ordered=True)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]  # always
    completions.map([1])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]  # no item


def answer(done: ChatCompletion, parsed: ParsedChatCompletion[Plan]) -> None:
    """Type what an answer holds."""
    assert_type(done.text, str)
    assert_type(done.message, ChatMessage)
    assert_type(done.tool_calls, list[ToolCall])
    assert_type(done.finish_reason, str | None)
    assert_type(done.choices, list[ChatChoice])
    assert_type(done.message.content, str | None)
    assert_type(done.message.reasoning_details, list[dict[str, object]] | None)
    assert_type(done.tool_calls[0].function.arguments, str)
    assert_type(done.usage, Usage | None)
    assert_type(done.to_dict(), dict[str, object])
    assert_type(parsed.parsed, Plan)
    base: ChatCompletion = parsed
    assert_type(base.raw, bytes)


def failure(error: ParseError) -> None:
    """Type what is known of an answer without a value."""
    assert_type(error.text, str)
    assert_type(error.path, str | None)
