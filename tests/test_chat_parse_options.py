from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import cast

import msgspec
import pytest

from openrouter_async import (
    AnswerMismatchError,
    ConfigError,
)
from openrouter_async.formats.format import Format
from tests.chatting import (
    HI,
    Members,
    call_of,
    ended,
    fragments,
    params,
    whole,
)
from tests.parsing import Place, Point, saying
from tests.scripted import Send, events, http_response
from tests.streams import asked, served, streamed


@pytest.mark.parametrize("text", [None, "", " \n"], ids=["null", "empty", "blank"])
async def test_tools_in_place_of_a_value(text: str | None) -> None:
    """1.14: an answer that calls tools is an answer; it says where to look."""
    calls = [call_of("1", "f", "{}")]
    async with saying(text, "tool_calls", tool_calls=calls) as (_, client):
        done = await client.chat.completions.create(messages=HI, parse=Point)

    assert [call.function.name for call in done.tool_calls] == ["f"]
    with pytest.raises(AttributeError, match="`tool_calls`") as caught:
        _ = done.parsed

    assert shown(caught.value) == f"AttributeError: {caught.value}"


def shown(error: BaseException) -> str:
    """Return what Python prints of an exception, which may suggest another name."""
    return "".join(traceback.format_exception_only(error)).strip()


async def test_value_that_was_not_asked_for() -> None:
    """Who looks for it is told how to have it."""
    async with saying("{}", "stop") as (_, client):
        done = await client.chat.completions.create(messages=HI)

    with pytest.raises(AttributeError, match="pass `parse=` a type") as caught:
        getattr(done, "parsed")  # noqa: B009  # it is no member for type checkers

    assert shown(caught.value) == f"AttributeError: {caught.value}"
    assert not hasattr(done, "parsed")


async def test_tools_in_place_of_a_value_in_a_stream() -> None:
    """1.14: nor does `final()` fail for it."""
    call = call_of("1", "f", "{}", index=0)
    wire = events(fragments(call), ended("tool_calls"), "[DONE]")
    async with served(streamed(wire)) as (_, client):
        final = await client.chat.completions.stream(messages=HI, parse=Point).final()

    assert len(final.tool_calls) == 1
    assert not hasattr(final, "parsed")


async def test_a_value_beside_tools() -> None:
    """A value counts, whatever is called beside it."""
    calls = [call_of("1", "f", "{}")]
    async with saying('{"x": 1, "y": 2}', tool_calls=calls) as (_, client):
        done = await client.chat.completions.create(messages=HI, parse=Point)

    assert done.parsed == Point(1, 2)


async def test_a_whole_value_in_a_cut_answer() -> None:
    """1.4: what can be read is a value, whatever ended the answer."""
    async with saying('{"x": 1, "y": 2}', "length") as (_, client):
        done = await client.chat.completions.create(messages=HI, parse=Point)

    assert done.parsed == Point(1, 2)


async def test_own_response_format() -> None:
    """A format of the caller's goes out as it is; the answer is read all the same."""
    async with saying('{"x": 1, "y": 2}') as (server, client):
        done = await client.chat.completions.create(
            messages=HI, parse=Point, response_format={"type": "json_object"}
        )
        body = msgspec.json.decode(server.requests[0].body)

    assert done.parsed == Point(1, 2)
    assert body["response_format"] == {"type": "json_object"}


async def test_own_response_format_in_the_extra_body() -> None:
    """So does one that is not typed."""
    async with saying('{"x": 1, "y": 2}') as (server, client):
        done = await client.chat.completions.create(
            messages=HI, parse=Point, extra_body={"response_format": {"type": "new"}}
        )
        body = msgspec.json.decode(server.requests[0].body)

    assert done.parsed == Point(1, 2)
    assert body["response_format"] == {"type": "new"}


async def test_no_response_format() -> None:
    """None is not given: the schema of the type is sent all the same."""
    async with saying('{"x": 1, "y": 2}') as (server, client):
        done = await client.chat.completions.create(
            messages=HI, parse=Point, **params(response_format=None)
        )
        body = msgspec.json.decode(server.requests[0].body)

    assert done.parsed == Point(1, 2)
    assert body == {
        "messages": HI,
        "response_format": Format.of(Point).response_format(),
    }


async def test_the_first_choice_counts() -> None:
    """1.3: with `n=2` the value is that of choice 0, wherever it stands."""
    choices: list[Members] = [
        {"index": 1, "message": {"content": "no"}, "finish_reason": "stop"},
        {"index": 0, "message": {"content": '{"x": 1, "y": 2}'}},
    ]
    body = {**whole(), "choices": choices}
    async with served(asked(Send(http_response(body=body)))) as (_, client):
        done = await client.chat.completions.create(messages=HI, parse=Point, n=2)

    assert done.parsed == Point(1, 2)


@pytest.mark.parametrize(
    "kind",
    [dict[str, int], set, object, len, "Point"],
    ids=["map", "bare set", "anything", "function", "name"],
)
async def test_types_without_a_schema(kind: object) -> None:
    """What has no strict schema is refused before anything is sent."""
    async with served() as (server, client):
        with pytest.raises(ConfigError):
            await client.chat.completions.create(
                messages=HI, parse=cast("type[object]", kind)
            )

        with pytest.raises(ConfigError):
            client.chat.completions.stream(
                messages=HI, parse=cast("type[object]", kind)
            )

        assert server.connections == []


async def test_pydantic_model() -> None:
    """A model of pydantic is read by itself, and tells where it does not match."""
    pydantic = pytest.importorskip("pydantic")
    make = cast("Callable[..., type[Place]]", pydantic.create_model)
    model = make("Place", name=(str, ...), size=(int, 3))
    async with saying('{"name": "a", "size": null}') as (_, client):
        done = await client.chat.completions.create(messages=HI, parse=model)

    assert (done.parsed.name, done.parsed.size) == ("a", 3)
    async with saying('{"name": 1, "size": 4}') as (_, client):
        with pytest.raises(AnswerMismatchError) as caught:
            await client.chat.completions.create(messages=HI, parse=model)

    assert caught.value.path == "$.name"


async def test_no_choice_at_all() -> None:
    """1.6: a success without choices holds no value."""
    body: Members = whole()
    body["choices"] = []
    async with served(asked(Send(http_response(body=body)))) as (_, client):
        with pytest.raises(AnswerMismatchError) as caught:
            await client.chat.completions.create(messages=HI, parse=Point)

    assert caught.value.message == "the answer holds no choice"
    assert caught.value.partial is not None


async def test_an_empty_answer_that_did_not_say_why_it_ended() -> None:
    """1.6: it need not have ended by itself."""
    body = whole({"content": ""})
    cast("list[Members]", body["choices"])[0]["finish_reason"] = None
    async with served(asked(Send(http_response(body=body)))) as (_, client):
        with pytest.raises(AnswerMismatchError) as caught:
            await client.chat.completions.create(messages=HI, parse=Point)

    assert caught.value.message == "the answer is empty"


async def test_a_whole_value_in_a_filtered_answer() -> None:
    """1.4: the filter came too late."""
    async with saying('{"x": 1, "y": 2}', "content_filter") as (_, client):
        done = await client.chat.completions.create(messages=HI, parse=Point)

    assert done.parsed == Point(1, 2)


class Keyed(msgspec.Struct):
    """Be a value whose own check fails in a way of its own."""

    x: int

    def __post_init__(self) -> None:
        if self.x < 0:
            raise KeyError("x")


async def test_a_check_that_fails_keeps_the_answer() -> None:
    """Whatever it raises: the answer was paid for, and what was raised is the cause."""
    async with saying('{"x": -1}') as (_, client):
        with pytest.raises(AnswerMismatchError, match="KeyError: 'x'") as caught:
            await client.chat.completions.create(messages=HI, parse=Keyed)

    error = caught.value
    assert (error.text, error.path) == ('{"x": -1}', "$")
    assert error.partial is not None
    assert type(error.__cause__) is KeyError


async def test_a_check_that_fails_does_not_end_a_map() -> None:
    """It fails its own item alone."""
    answers = [
        Send(http_response(body=whole({"content": f'{{"x": {x}}}'}))) for x in (-1, 1)
    ]
    async with served(*[asked(each) for each in answers]) as (_, client):
        first, second = await client.chat.completions.gather(
            ["a", "b"], parse=Keyed, max_in_flight=1
        )

    assert type(first.error) is AnswerMismatchError
    assert second.value is not None
    assert second.value.parsed == Keyed(1)
