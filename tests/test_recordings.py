"""Exchanges recorded with the live service, played to the client."""

from __future__ import annotations

import base64
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest

from openrouter_async import (
    APIError,
    BadRequestError,
    ChatCompletion,
    OpenRouter,
    RateLimitError,
)
from openrouter_async.streaming.sse import EventDecoder
from openrouter_async.types import CommentEvent, TextEvent
from tests.chatting import Members, messages_of, params, replayed
from tests.scripted import Send, http_response
from tests.streams import ask, asked, served

FILES = (
    "advisor_tool_stream",
    "errors_raised",
    "file_annotation",
    "stream_error",
    "stream_with_native_options",
    "tool_calling",
    "web_search_annotations",
    "with_reasoning",
)
PLAIN = ("file_annotation", "tool_calling", "web_search_annotations", "with_reasoning")
STREAMED = ("advisor_tool_stream", "stream_with_native_options")


class Response(msgspec.Struct):
    """What was answered; the body is in base64."""

    status: int
    headers: dict[str, str]
    body: str

    @property
    def data(self) -> bytes:
        """The body as it came."""
        return base64.b64decode(self.body)


class Request(msgspec.Struct):
    """What was asked."""

    method: str
    path: str
    body: dict[str, object]


class Exchange(msgspec.Struct):
    """One request and its response."""

    request: Request
    response: Response


def exchanges(folder: Path) -> dict[str, Exchange]:
    """Return all exchanges, by the names of their files."""
    return {
        f"{path.stem}-{number}": exchange
        for path in sorted(folder.glob("*.json"))
        for number, exchange in enumerate(
            msgspec.json.decode(path.read_bytes(), type=list[Exchange])
        )
    }


def event_streams(folder: Path) -> dict[str, bytes]:
    """Return the bodies that are event streams, by the names of their files."""
    return {
        name: exchange.response.data
        for name, exchange in exchanges(folder).items()
        if "event-stream" in exchange.response.headers.get("content-type", "")
    }


def first_of(folder: Path, name: str) -> Exchange:
    """Return the first exchange of a file."""
    return exchanges(folder)[f"{name}-0"]


def response_of(exchange: Exchange) -> bytes:
    """Return the recorded response as it goes over the wire."""
    response = exchange.response
    return http_response(response.status, response.headers, response.data)


async def call(client: OpenRouter, body: Members) -> ChatCompletion:
    """Make the recorded request through the typed call that a caller would use."""
    members = dict(body)
    messages = messages_of(*msgspec.convert(members.pop("messages"), list[object]))
    completions = client.chat.completions
    if members.pop("stream"):
        return await completions.stream(messages=messages, **params(**members)).final()

    return await completions.create(
        messages=messages, stream=False, retry=0, **params(**members)
    )


async def answered(exchange: Exchange) -> ChatCompletion:
    """Return what the recorded response is read as."""
    async with served(asked(Send(response_of(exchange)))) as (_, client):
        return await call(client, exchange.request.body)


def data_lines(wire: bytes) -> list[bytes]:
    """Return the data of a stream that uses none of the format's finer points."""
    lines = wire.split(b"\n")
    return [line[6:] for line in lines if line.startswith(b"data: ")]


def test_decoder(recordings: Path) -> None:
    """Each recorded stream gives its data lines, whole and cut in many ways."""
    streams = event_streams(recordings)
    assert len(streams) >= 3
    for wire in streams.values():
        expected = data_lines(wire)
        assert expected[-1] == b"[DONE]"
        for size in (1, 7, 100, len(wire)):
            decoder = EventDecoder(1 << 20)
            pieces = [wire[at : at + size] for at in range(0, len(wire), size)]
            assert [
                event for each in pieces for event in decoder.feed(each)
            ] == expected


async def test_client(recordings: Path) -> None:
    """Each stream without an error gives the joined text of its chunks."""
    for name, wire in event_streams(recordings).items():
        if name.startswith("stream_error"):
            continue

        chunks = [msgspec.json.decode(line) for line in data_lines(wire)[:-1]]
        deltas = [each["choices"][0]["delta"] for each in chunks if each["choices"]]
        headers = {"content-type": "text/event-stream"}
        response = http_response(headers=headers, body=wire)
        async with served(asked(Send(response))) as (_, client):
            answer = await ask(client).final()

        assert answer.text == "".join(each.get("content") or "" for each in deltas)
        reasoning = "".join(each.get("reasoning") or "" for each in deltas)
        assert (answer.choices[0].reasoning or "") == reasoning
        assert answer.choices[0].finish_reason
        assert answer.usage is not None
        assert answer.usage.total_tokens == chunks[-1]["usage"]["total_tokens"]
        assert answer.to_dict()["usage"] == chunks[-1]["usage"]
        assert (answer.id, answer.model) == (chunks[0]["id"], chunks[0]["model"])


async def test_error(recordings: Path) -> None:
    """The recorded error event is raised with what came before it."""
    wire = event_streams(recordings)["stream_error-0"]
    response = http_response(headers={"content-type": "text/event-stream"}, body=wire)
    async with served(asked(Send(response))) as (server, client):
        stream = ask(client)
        with pytest.raises(BadRequestError, match="Token limit reached") as caught:
            await stream.final()

        assert len(server.requests) == 1

    error = caught.value
    assert error.code == 400
    assert error.generation_id == "gen-1762179802-UN8pkJI4AGZvryk0kFnb"
    partial = stream.snapshot
    assert error.partial is partial
    assert partial.choices[0].reasoning
    assert partial.choices[0].finish_reason == "length"
    assert partial.usage is not None
    assert partial.usage.completion_tokens == 10


def test_every_file_is_replayed(recordings: Path) -> None:
    """There are no recordings that these tests do not know of."""
    assert {path.stem for path in recordings.glob("*.json")} == set(FILES)


@pytest.mark.parametrize("name", FILES)
async def test_request(recordings: Path, name: str) -> None:
    """The JSON sent is the recorded one: nothing is dropped, and nothing added."""
    recorded = [
        each for key, each in exchanges(recordings).items() if key.startswith(name)
    ]
    assert recorded
    for exchange in recorded:
        async with served(asked(Send(response_of(exchange)))) as (server, client):
            with suppress(APIError):
                await call(client, exchange.request.body)

            [request] = server.requests

        expected = exchange.request
        assert (request.method, request.path) == (expected.method, expected.path)
        assert msgspec.json.decode(request.body) == expected.body


@pytest.mark.parametrize("name", PLAIN)
async def test_plain_answer(recordings: Path, name: str) -> None:
    """Each member of a plain answer is where its type says, and none is lost."""
    exchange = first_of(recordings, name)
    answer = await answered(exchange)

    wire = msgspec.json.decode(exchange.response.data)
    [choice] = wire["choices"]
    message, given = choice["message"], answer.message
    assert answer.to_dict() == wire
    assert (answer.text, given.content) == (
        message["content"] or "",
        message["content"],
    )
    assert (given.role, given.reasoning) == ("assistant", message["reasoning"])
    assert given.reasoning_details == message.get("reasoning_details")
    assert given.annotations == message.get("annotations")
    assert given.tool_call_members == message.get("tool_calls")
    assert answer.finish_reason == choice["finish_reason"]
    assert answer.choices[0].native_finish_reason == choice["native_finish_reason"]
    for member in ("id", "model", "provider", "created"):
        assert getattr(answer, member) == wire[member]


@pytest.mark.parametrize("name", PLAIN)
async def test_usage(recordings: Path, name: str) -> None:
    """Token counts and costs are typed, and those that did not come are None."""
    exchange = first_of(recordings, name)
    usage = (await answered(exchange)).usage

    wire = msgspec.json.decode(exchange.response.data)["usage"]
    assert usage is not None
    assert (usage.total_tokens, usage.cost) == (wire["total_tokens"], wire.get("cost"))
    details = usage.completion_tokens_details
    expected = wire.get("completion_tokens_details", {}).get("reasoning_tokens")
    assert (details.reasoning_tokens if details else None) == expected
    tools = usage.server_tool_use_details
    expected = wire.get("server_tool_use_details", {}).get("web_search_requests")
    assert (tools.web_search_requests if tools else None) == expected


async def test_tool_call(recordings: Path) -> None:
    """The recorded call is one of a function, with arguments that parse."""
    answer = await answered(first_of(recordings, "tool_calling"))

    [tool_call] = answer.tool_calls
    assert (tool_call.type, tool_call.function.name) == ("function", "divide")
    assert tool_call.id
    assert msgspec.json.decode(tool_call.function.arguments) == {
        "numerator": 123,
        "denominator": 456,
        "on_inf": "infinity",
    }


@pytest.mark.parametrize("name", [*PLAIN, *STREAMED])
async def test_replay(recordings: Path, name: str) -> None:
    """What an assistant said goes back as it came, reasoning details untouched."""
    answer = await answered(first_of(recordings, name))
    message = await replayed(answer)

    given = answer.message
    assert message["role"] == "assistant"
    assert message.get("reasoning_details") == given.reasoning_details
    assert message.get("annotations") == given.annotations
    assert message.get("content") == given.content
    calls = msgspec.convert(message.get("tool_calls", []), list[dict[str, object]])
    assert [each["id"] for each in calls] == [each.id for each in answer.tool_calls]
    assert not any("index" in each for each in calls)


@pytest.mark.parametrize("name", STREAMED)
async def test_chat_stream(recordings: Path, name: str) -> None:
    """A stream gives the joined text of its chunks, its details, usage and events."""
    exchange = first_of(recordings, name)
    wire = exchange.response.data
    chunks = [msgspec.json.decode(line) for line in data_lines(wire)[:-1]]
    deltas = [each["choices"][0]["delta"] for each in chunks if each["choices"]]
    details: list[object] = []
    for each in deltas:
        details += each.get("reasoning_details") or []

    async with served(asked(Send(response_of(exchange)))) as (_, client):
        stream = client.chat.completions.stream(messages=messages_of({"role": "user"}))
        found = [event async for event in stream.events()]
        answer = await stream.final()

    text = "".join(each.get("content") or "" for each in deltas)
    assert answer.text == text
    assert "".join(each.text for each in found if isinstance(each, TextEvent)) == text
    assert (answer.message.reasoning_details or []) == details
    comments = [each for each in found if isinstance(each, CommentEvent)]
    assert len(comments) == wire.count(b": OPENROUTER PROCESSING")
    assert answer.usage is not None
    assert answer.to_dict()["usage"] == chunks[-1]["usage"]
    assert (answer.id, answer.model) == (chunks[0]["id"], chunks[0]["model"])
    assert answer.provider == chunks[0]["provider"]
    assert answer.finish_reason == "stop"


async def test_refused_by_the_upstream(recordings: Path) -> None:
    """The recorded 429s are raised as one error that has the upstream's words."""
    every = [
        each
        for key, each in exchanges(recordings).items()
        if key.startswith("errors_raised")
    ]
    scripts = [step for each in every for step in asked(Send(response_of(each)))]
    async with served(scripts) as (server, client):
        messages = msgspec.convert(every[0].request.body["messages"], list[object])
        with pytest.raises(RateLimitError, match="temporarily rate-limited") as caught:
            await client.chat.completions.create(
                messages=messages_of(*messages), retry=len(every) - 1
            )

        assert len(server.requests) == len(every)

    error = caught.value
    assert (error.status, error.code, error.attempts) == (429, 429, len(every))
    assert (error.provider_name, error.retryable) == ("Google", True)


async def test_chat_error(recordings: Path) -> None:
    """The recorded error event is raised with the reasoning that came before it."""
    exchange = first_of(recordings, "stream_error")
    async with served(asked(Send(response_of(exchange)))) as (_, client):
        with pytest.raises(BadRequestError, match="Token limit reached") as caught:
            await call(client, exchange.request.body)

    partial = caught.value.partial
    assert isinstance(partial, ChatCompletion)
    words = "We need to respond to a greeting. The user"
    assert partial.message.reasoning == words
    assert partial.message.reasoning_details == [
        {"type": "reasoning.text", "text": words, "index": 0, "format": None}
    ]
    assert (partial.finish_reason, partial.usage is None) == ("length", False)
