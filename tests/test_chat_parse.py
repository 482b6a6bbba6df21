from __future__ import annotations

import copy
import pickle
from typing import cast

import msgspec
import pytest

from openrouter_async import (
    AnswerMismatchError,
    AnswerRefusedError,
    AnswerTruncatedError,
    ParsedChatCompletion,
    ParseError,
)
from openrouter_async.formats.format import Format
from tests.chatting import (
    HI,
    delta,
    ended,
    to_error,
    whole,
)
from tests.parsing import Checked, Plan, Point, Row, Step, saying
from tests.scripted import events
from tests.streams import served, streamed

KINDS: dict[str, tuple[object, str, object]] = {
    "struct": (
        Plan,
        '{"kind": "b", "steps": [{"text": "x", "seconds": 1.5}]}',
        Plan(steps=[Step("x", 1.5)], kind="b"),
    ),
    "null for a default": (
        Plan,
        '{"kind": null, "steps": [{"text": "x", "seconds": null}]}',
        Plan(steps=[Step("x")]),
    ),
    "dataclass": (Point, '{"x": 1, "y": -2}', Point(1, -2)),
    "typed dict": (Row, '{"name": "é"}', {"name": "é"}),
    "list": (list[Point], '{"value": [{"x": 1, "y": 2}]}', [Point(1, 2)]),
    "union": (int | str, '{"value": "a"}', "a"),
    "number": (float, '{"value": 2}', 2.0),
    "format": (Format.of(Point), '{"x": 1, "y": 2}', Point(1, 2)),
    "unwrapped": (list[Point], '[{"x": 1, "y": 2.0}]', [Point(1, 2)]),
    "in a code fence": (Point, '```json\n{"x": 1, "y": 2}\n```', Point(1, 2)),
    "white space around it": (Point, '\n {"x": 1, "y": 2}\n', Point(1, 2)),
}


@pytest.mark.parametrize(("kind", "text", "value"), KINDS.values(), ids=KINDS)
async def test_create(kind: object, text: str, value: object) -> None:
    """1.14: the schema of the type is asked for, and the answer read as it."""
    parse = cast("type[object]", kind)
    async with saying(text) as (server, client):
        done = await client.chat.completions.create(messages=HI, parse=parse)
        body = msgspec.json.decode(server.requests[0].body)

    assert done.parsed == value
    assert (done.text, type(done)) == (text, ParsedChatCompletion)
    assert body == {
        "messages": HI,
        "response_format": Format.of(parse).response_format(),
    }


@pytest.mark.parametrize(("kind", "text", "value"), KINDS.values(), ids=KINDS)
async def test_stream(kind: object, text: str, value: object) -> None:
    """1.14: `final()` reads the text of all chunks; every call of it does."""
    pieces = [delta(content=text[at : at + 5]) for at in range(0, len(text), 5)]
    wire = events(*pieces, ended(), "[DONE]")
    async with served(streamed(wire)) as (server, client):
        stream = client.chat.completions.stream(
            messages=HI, parse=cast("type[object]", kind)
        )
        final = await stream.final()
        assert (await stream.final()).parsed == final.parsed == value
        body = msgspec.json.decode(server.requests[0].body)

    assert body["stream"] is True
    assert body["response_format"]["json_schema"]["strict"] is True


async def test_events_of_a_parsed_stream() -> None:
    """The last event holds the answer with its value."""
    wire = events(delta(content='{"x": 1, '), delta(content='"y": 2}'), ended())
    async with served(streamed(wire)) as (_, client):
        stream = client.chat.completions.stream(messages=HI, parse=Point)
        found = [event async for event in stream.events()]

    last = found[-1]
    assert last.type == "finished"
    assert last.answer.parsed == Point(1, 2)


async def test_opened_by_create() -> None:
    """`stream=True` with `parse` gives an opened stream of the same kind."""
    wire = events(delta(content='{"x": 1, "y": 2}'), ended(), "[DONE]")
    async with served(streamed(wire)) as (_, client):
        stream = await client.chat.completions.create(
            messages=HI, parse=Point, stream=True
        )
        assert (await stream.final()).parsed == Point(1, 2)


async def test_answers_pickle() -> None:
    """So does an answer with its value."""
    async with saying('{"x": 1, "y": 2}') as (_, client):
        done = await client.chat.completions.create(messages=HI, parse=Point)

    again: ParsedChatCompletion[Point] = pickle.loads(pickle.dumps(done))
    assert again == done
    assert again.parsed == Point(1, 2)
    assert copy.deepcopy(done).parsed == Point(1, 2)


async def test_answers_show_their_value() -> None:
    """The value comes first in what an answer looks like."""
    async with saying('{"x": 1, "y": 2}') as (_, client):
        done = await client.chat.completions.create(messages=HI, parse=Point)

    assert repr(done).startswith(f"ParsedChatCompletion(parsed={Point(1, 2)!r}, id=")


async def test_the_value_is_no_wire_member() -> None:
    """What came is told as it came, without the value that was made of it."""
    text = '{"x": 1, "y": 2}'
    async with saying(text) as (_, client):
        done = await client.chat.completions.create(messages=HI, parse=Point)

    assert done.to_dict() == whole({"content": text})


class Cause(msgspec.Struct):
    """Tell an answer that holds no value."""

    text: str | None
    kind: type[ParseError]
    told: str
    path: str | None = None
    finish_reason: str = "stop"
    message: dict[str, object] = {}
    parse: type[object] = Plan


CAUSES: dict[str, Cause] = {
    "cut": Cause(
        '{"steps": [{"te',
        AnswerTruncatedError,
        "max_completion_tokens",
        "$",
        "length",
    ),
    "cut before it began": Cause(
        "", AnswerTruncatedError, "token limit", "$", "length"
    ),
    "cut by reasoning": Cause(
        None, AnswerTruncatedError, "token limit", "$", "length", {"reasoning": "hm"}
    ),
    "refused": Cause(
        None, AnswerRefusedError, "no way", None, "stop", {"refusal": "no way"}
    ),
    "filtered": Cause("Sor", AnswerRefusedError, "filter", None, "content_filter"),
    "no JSON": Cause("I think so", AnswerMismatchError, "not JSON", "$"),
    "empty": Cause("", AnswerMismatchError, "empty"),
    "null": Cause(None, AnswerMismatchError, "empty"),
    "cut without a word": Cause('{"steps": [', AnswerMismatchError, "not JSON", "$"),
    "another shape": Cause(
        '{"steps": [{"text": "x"}, {"text": 5}]}',
        AnswerMismatchError,
        "Expected `str`, got `int`",
        "$.steps[1].text",
    ),
    "another constant": Cause(
        '{"steps": [], "kind": "c"}', AnswerMismatchError, "Invalid enum", "$.kind"
    ),
    "a member missing": Cause("{}", AnswerMismatchError, "steps", "$"),
    "two values": Cause('{"steps": []} {}', AnswerMismatchError, "not JSON", "$"),
    "its own check": Cause(
        '{"x": -1}', AnswerMismatchError, "negative", "$", parse=Checked
    ),
    "null JSON": Cause("null", AnswerMismatchError, "Expected `object`", "$"),
}


@pytest.mark.parametrize("cause", CAUSES.values(), ids=CAUSES)
async def test_no_value(cause: Cause) -> None:
    """A cut answer, a refusal and a mismatch are told apart, and keep what came."""
    async with saying(cause.text, cause.finish_reason, **cause.message) as (
        server,
        client,
    ):
        with pytest.raises(ParseError, match=cause.told) as caught:
            await client.chat.completions.create(messages=HI, parse=cause.parse)

        assert len(server.requests) == 1  # it would be billed again

    error = caught.value
    assert type(error) is cause.kind
    assert (error.text, error.path) == (
        cause.message.get("refusal") or cause.text or "",
        cause.path,
    )
    assert (error.attempts, error.status, error.generation_id) == (1, 200, "gen-1")
    assert (error.retryable, error.maybe_billed) == (False, True)
    assert isinstance(error.partial, ParsedChatCompletion)
    assert error.partial.message.content == cause.text
    assert error.partial.usage is not None
    with pytest.raises(AttributeError, match="no value"):
        cast("ParsedChatCompletion[object]", error.partial).parsed  # noqa: B018  # raises


@pytest.mark.parametrize("cause", CAUSES.values(), ids=CAUSES)
async def test_no_value_in_a_stream(cause: Cause) -> None:
    """A stream ends with the same error, each time it is asked for its end."""
    last = ended(cause.finish_reason)
    wire = events(delta(content=cause.text, **cause.message), last, "[DONE]")
    async with served(streamed(wire)) as (server, client):
        stream = client.chat.completions.stream(messages=HI, parse=cause.parse)
        for _ in range(2):
            with pytest.raises(ParseError, match=cause.told) as caught:
                await stream.final()

            assert type(caught.value) is cause.kind
            assert caught.value.path == cause.path
            assert caught.value.partial is stream.snapshot
            assert (caught.value.attempts, caught.value.status) == (1, 200)

        assert len(server.requests) == 1


async def test_events_end_with_the_error() -> None:
    """Events are told up to the end; in place of the last one comes the error."""
    wire = events(delta(content="no JSON"), ended(), "[DONE]")
    async with served(streamed(wire)) as (_, client):
        stream = client.chat.completions.stream(messages=HI, parse=Point)
        found, error = await to_error(stream.events())

    assert [event.type for event in found] == ["text"]
    assert type(error) is AnswerMismatchError


RAISE = "Raise `max_tokens` or `max_completion_tokens`; reasoning counts too"
AGAIN = "Ask again, or take a model that supports structured output"
TOLD: dict[str, tuple[str, str, dict[str, object], str, str]] = {
    "cut": ("{", "length", {}, "the answer was cut by a token limit", RAISE),
    "refused": (
        "",
        "stop",
        {"refusal": "no way"},
        "the model refused: no way",
        "`text` says why; ask in other words, or another model",
    ),
    "another shape": (
        '{"x": 1}',
        "stop",
        {},
        "the answer does not match Point: Object missing required field `y` (at $); it"
        " is '{\"x\": 1}'",
        AGAIN,
    ),
    "long": (
        "Well, " + "x" * 99,
        "stop",
        {},
        "the answer does not match Point: not JSON: it begins with 'Well,' (at $);"
        f" it begins with 'Well, {'x' * 74}'",
        AGAIN,
    ),
    "empty": ("", "stop", {}, "the answer is empty, though it ended by itself", AGAIN),
}


@pytest.mark.parametrize(
    ("text", "reason", "message", "told", "hint"), TOLD.values(), ids=TOLD
)
async def test_errors_show_the_answer_and_the_remedy(
    text: str, reason: str, message: dict[str, object], told: str, hint: str
) -> None:
    """The beginning of the answer is enough to see what the model did."""
    async with saying(text, reason, **message) as (_, client):
        with pytest.raises(ParseError) as caught:
            await client.chat.completions.create(messages=HI, parse=Point)

    assert (caught.value.message, caught.value.hint) == (told, hint)
    assert str(caught.value) == f"{told}. {hint}"


async def test_errors_pickle() -> None:
    """An error comes back from another process with all that it holds."""
    async with saying('{"x": 1, "y": "2"}') as (_, client):
        with pytest.raises(AnswerMismatchError) as caught:
            await client.chat.completions.create(messages=HI, parse=Point)

    error = caught.value
    again: AnswerMismatchError = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again)) == (type(error), str(error))
    assert (again.text, again.path) == ('{"x": 1, "y": "2"}', "$.y")
    assert (again.attempts, again.partial) == (1, error.partial)
