from __future__ import annotations

import time

import msgspec
import pytest

from openrouter_async import (
    APIError,
    BadRequestError,
    ChatCompletion,
    RateLimitError,
    ServerError,
    StreamInterruptedError,
)
from openrouter_async.streaming.chat_pieces import ChatAccumulator
from openrouter_async.types import ChatLogprobs, TokenLogprob
from tests.chatting import (
    HI,
    Members,
    ask,
    delta,
    ended,
    folded,
    fragments,
    piece,
    whole,
)
from tests.scripted import Fin, Hang, Send, event_stream_head, events, http_response
from tests.streams import USAGE, asked, begun, envelope, served, streamed, usage_chunk


@pytest.mark.parametrize(
    "last",
    [
        [ended(), usage_chunk()],
        [ended(), envelope(piece({}, finish_reason="stop"), usage=USAGE)],
        [envelope(piece({"content": ""}, finish_reason="stop"), usage=USAGE)],
        [ended(), envelope(piece({"content": ""}), usage=USAGE)],
        [envelope(piece({"content": ""}), usage=USAGE), ended()],
    ],
    ids=["no choices", "finished twice", "with the finish", "after it", "before it"],
)
async def test_usage_in_every_shape(last: list[Members]) -> None:
    """1.5: usage comes without choices, or with one that is finished already."""
    answer = await folded(delta(content="a"), *last)

    assert answer.usage is not None
    assert (answer.usage.total_tokens, answer.usage.cost) == (5, 0.25)
    assert [choice.finish_reason for choice in answer.choices] == ["stop"]


async def test_finish_reason_twice() -> None:
    """1.5: the last reason that is none of null counts, and so does the native one."""
    answer = await folded(
        delta(content="a"),
        envelope(piece({}, finish_reason="length", native_finish_reason="MAX")),
        envelope(piece({}, finish_reason="stop", native_finish_reason=None)),
        envelope(piece({"content": ""}, native_finish_reason="END")),
    )

    [choice] = answer.choices
    assert (choice.finish_reason, choice.native_finish_reason) == ("stop", "END")


async def test_envelope_of_a_stream() -> None:
    """1.5: what chunks have in common is told once; the object is a completion's."""
    answer = await folded(
        envelope(piece({"content": ""}), system_fingerprint="fp", citations=["u"]),
        delta(content="a"),
        envelope(piece({}, finish_reason="stop"), service_tier="flex"),
        usage_chunk(),
    )

    assert (answer.id, answer.object) == ("gen-1", "chat.completion")
    assert (answer.model, answer.provider) == ("meta/base", "Upstream")
    assert (answer.system_fingerprint, answer.service_tier) == ("fp", "flex")
    members = answer.to_dict()
    assert (members["citations"], members["usage"]) == (["u"], USAGE)
    [choice] = msgspec.convert(members["choices"], list[dict[str, object]])
    assert choice["message"] == {"role": "assistant", "content": "a"}


METADATA = {"strategy": "direct", "attempt": 1}


@pytest.mark.parametrize(
    "last",
    [
        envelope(usage=USAGE, openrouter_metadata=METADATA),
        envelope(openrouter_metadata=METADATA),
        envelope(piece({"content": ""}), openrouter_metadata=METADATA),
    ],
    ids=["with the usage", "alone", "with a choice"],
)
async def test_router_metadata(last: Members) -> None:
    """1.5: router metadata come with the last chunk, whatever else is in it."""
    answer = await folded(delta(content="a"), ended(), last)

    assert answer.openrouter_metadata == METADATA
    assert answer.to_dict()["openrouter_metadata"] == METADATA


async def test_debug_chunks() -> None:
    """1.5: the first chunks may hold no choice but what went upstream, per provider."""
    bodies: list[Members] = [{"model": "a"}, {"model": "b"}]
    debug = [envelope(debug={"echo_upstream_body": body}) for body in bodies]
    wire = events(*debug, delta(content="a"), ended(), "[DONE]")
    async with served(streamed(wire)) as (_, client):
        stream = ask(client)
        chunks = [chunk async for chunk in stream]
        answer = await stream.final()

    assert [msgspec.json.decode(chunk.raw) for chunk in chunks[:2]] == debug
    assert [chunk.choices for chunk in chunks[:2]] == [[], []]
    assert answer.text == "a"


async def test_three_choices_interleaved() -> None:
    """1.3: `n=3` gives three, whose chunks come in any order."""
    answer = await folded(
        delta(2, content="c"),
        envelope(piece({"content": "a"}, 0), piece({"content": "b"}, 1)),
        delta(2, content="C"),
        ended("length", 1),
        delta(0, content="A"),
        ended("stop", 0),
        ended("stop", 2),
    )

    assert [choice.index for choice in answer.choices] == [0, 1, 2]
    assert [choice.text for choice in answer.choices] == ["aA", "b", "cC"]
    reasons = [choice.finish_reason for choice in answer.choices]
    assert (reasons, answer.text) == (["stop", "length", "stop"], "aA")


async def test_a_choice_that_does_not_end() -> None:
    """1.6: without `[DONE]` a stream is whole when every choice has ended."""
    body = events(delta(0, content="a"), delta(1, content="b"), ended("stop", 0))
    script = asked(Send(event_stream_head() + body), Fin())
    async with served(script) as (_, client):
        with pytest.raises(StreamInterruptedError) as caught:
            await ask(client).final()

    partial = caught.value.partial
    assert isinstance(partial, ChatCompletion)
    assert [choice.text for choice in partial.choices] == ["a", "b"]


NULLS: dict[str, list[Members]] = {
    "delta": [envelope({"index": 0, "delta": None})],
    "no delta": [envelope({"index": 0})],
    "members of the delta": [
        delta(
            **dict.fromkeys(("content", "reasoning", "tool_calls", "images", "audio"))
        )
    ],
    "a choice": [envelope(piece({}), choices=[None])],
    "choices": [envelope(choices=None)],
    "index": [envelope({"index": None, "delta": {"content": ""}})],
    "within lists": [
        delta(tool_calls=[None], images=[None], reasoning_details=[None], content="")
    ],
    "images and role": [delta(images=None, annotations=None, role=None, content="")],
    "logprobs": [envelope(piece({"content": ""}, logprobs=None))],
    "empty logprobs": [envelope(piece({}, logprobs={"content": None}))],
    "usage": [envelope(piece({"content": ""}), usage=None)],
    "error": [envelope(piece({"content": ""}, error=None), error=None)],
}


@pytest.mark.parametrize("odd", NULLS.values(), ids=NULLS)
async def test_nulls(odd: list[Members]) -> None:
    """1.4: null can stand anywhere in a chunk, and says nothing."""
    answer = await folded(*odd, delta(content="a"), *odd, ended(), *odd)

    assert (answer.text, answer.finish_reason) == ("a", "stop")
    assert (answer.tool_calls, len(answer.choices)) == ([], 1)


async def test_content_as_parts() -> None:
    """1.4: content that comes as parts is the text of these."""
    answer = await folded(
        delta(content=[{"type": "text", "text": "a"}]),
        delta(content="b"),
        delta(content=[]),
        delta(content=[{"type": "text", "text": "c"}, {"type": "image"}]),
        ended(),
    )

    assert answer.text == "abc"


async def test_refusal() -> None:
    """1.5: a refusal comes in pieces as text does."""
    answer = await folded(
        delta(content=None, refusal="I can"), delta(refusal="not"), ended()
    )

    assert (answer.message.refusal, answer.message.content) == ("I cannot", None)


def scored(*tokens: str, kind: str = "content") -> Members:
    """Build a chunk with the log probabilities of its tokens."""
    entries = [{"token": token, "logprob": -1.0} for token in tokens]
    return envelope(piece({"content": "".join(tokens)}, logprobs={kind: entries}))


async def test_logprobs() -> None:
    """1.5: the log probabilities of all chunks are those of the answer."""
    answer = await folded(
        scored("a"), scored("b", "c"), scored("n", kind="refusal"), ended()
    )

    [choice] = answer.choices
    assert choice.logprobs == ChatLogprobs(
        content=[TokenLogprob(token=token, logprob=-1.0) for token in "abc"],
        refusal=[TokenLogprob(token="n", logprob=-1.0)],
    )


def test_logprobs_take_linear_time() -> None:
    """Ten times the chunks take about ten times as long."""

    def seconds(chunks: int) -> float:
        accumulator = ChatAccumulator(ChatCompletion())
        wire = msgspec.json.encode(scored("a"))
        started = time.perf_counter()
        for _ in range(chunks):
            accumulator.add(accumulator.decode(wire))

        return time.perf_counter() - started

    short = min(seconds(2000) for _ in range(5))
    long = min(seconds(20_000) for _ in range(3))

    assert long < 30 * short


async def test_plain_answer_to_a_streamed_request() -> None:
    """1.5: a server that does not stream answers in one piece, and is understood."""
    answer = whole(
        {
            "content": "a",
            "reasoning_details": [{"type": "reasoning.text", "text": "hm"}],
            "tool_calls": [{"id": "1", "function": {"name": "f", "arguments": "{}"}}],
        }
    )
    async with served(asked(Send(http_response(body=answer)))) as (_, client):
        stream = ask(client)
        chunks = [chunk async for chunk in stream]
        final = await stream.final()

    assert [chunk.text for chunk in chunks] == ["a"]
    assert (final.text, final.finish_reason) == ("a", "stop")
    assert final.message.reasoning_details == [{"type": "reasoning.text", "text": "hm"}]
    assert [call.function.name for call in final.tool_calls] == ["f"]
    assert final.usage is not None


async def test_message_beside_a_delta() -> None:
    """1.5: an upstream that repeats the message beside each delta adds nothing."""
    answer = await folded(
        envelope(piece({"content": "a"}, message={"content": "a"})),
        envelope(piece({"content": "b"}, message={"content": "ab"})),
        envelope(
            piece(
                {"role": "assistant", "content": ""},
                message={"content": "ab"},
                finish_reason="stop",
            )
        ),
    )

    assert answer.text == "ab"


async def test_message_at_the_end() -> None:
    """1.5: an upstream that ends with the whole message, and no delta, adds nothing."""
    last: Members = {
        "index": 0,
        "message": {"content": "ab"},
        "finish_reason": "stop",
    }
    answer = await folded(delta(content="a"), delta(content="b"), envelope(last))

    assert answer.text == "ab"
    assert answer.finish_reason == "stop"


ERRORS: dict[str, tuple[Members, type[APIError]]] = {
    "at the top": (
        envelope(
            piece({"content": ""}, finish_reason="error"),
            error={"code": 502, "message": "a"},
        ),
        ServerError,
    ),
    "without choices": (envelope(error={"code": "429"}), RateLimitError),
    "bare": ({"error": {"code": 400, "message": "a"}}, BadRequestError),
    "name as code": ({"error": {"code": "server_error"}}, ServerError),
    "in a choice": (
        envelope(piece({}, finish_reason="error", error={"code": 503})),
        ServerError,
    ),
    "finish reason alone": (ended("error"), APIError),
}


@pytest.mark.parametrize(("event", "kind"), ERRORS.values(), ids=ERRORS)
async def test_error_in_mid_stream(event: Members, kind: type[APIError]) -> None:
    """1.6: an error after content is raised in its class, with what came before."""
    wire = events(delta(content="a"), event, "[DONE]")
    async with served(streamed(wire)) as (server, client):
        stream = ask(client)
        with pytest.raises(APIError) as caught:
            await stream.final()

        assert len(server.requests) == 1

    assert type(caught.value) is kind
    assert caught.value.partial is stream.snapshot
    assert stream.snapshot.text == "a"
    assert (caught.value.status, caught.value.generation_id) == (200, "gen-1")


@pytest.mark.parametrize(
    "first",
    [
        delta(content="", tool_calls=[{"index": 0, "id": "1"}]),
        delta(reasoning_details=[{"type": "reasoning.encrypted", "data": "x"}]),
        delta(content=None, refusal="n"),
        delta(images=[{"image_url": {"url": "u"}}]),
        delta(audio={"id": "a"}),
        ended(),
    ],
    ids=["tool call", "details", "refusal", "image", "audio", "finish"],
)
async def test_all_content_ends_retries(first: Members) -> None:
    """1.6: after content of any kind nothing is asked for again."""
    wire = events(first, {"error": {"code": 503}})
    async with served(streamed(wire)) as (server, client):
        with pytest.raises(ServerError) as caught:
            await ask(client).final()

        assert len(server.requests) == 1

    assert isinstance(caught.value.partial, ChatCompletion)


async def test_error_before_content_is_retried() -> None:
    """1.6: an error as the first event is repeated, and nothing of it stays."""
    first = events(
        delta(content="", role="x"),
        envelope(usage={"total_tokens": 99}, openrouter_metadata={"a": 1}),
        {"error": {"code": 503, "message": "a"}},
    )
    second = events(delta(content="b"), ended(), "[DONE]")
    async with served([*begun(first), Hang()], streamed(second)) as (_, client):
        answer = await ask(client).final()

    assert (answer.text, answer.meta.attempts) == ("b", 2)
    assert (answer.usage, answer.openrouter_metadata) == (None, None)
    assert answer.message.role == "assistant"


async def test_opened_by_create() -> None:
    """`stream=True` gives an opened stream, and sends what `stream()` sends."""
    wire = events(delta(content="a"), ended(), "[DONE]")
    async with served(streamed(wire), streamed(wire)) as (server, client):
        opened = await client.chat.completions.create(messages=HI, stream=True, n=1)
        assert opened.meta.status == 200
        assert [text async for text in opened.texts()] == ["a"]
        await client.chat.completions.stream(messages=HI, n=1).final()
        bodies = [msgspec.json.decode(request.body) for request in server.requests]

    assert bodies == [{"messages": HI, "n": 1, "stream": True}] * 2


async def test_snapshot_grows() -> None:
    """The snapshot is one object that has what came so far."""
    wire = events(
        delta(content="a", reasoning="x"),
        fragments({"index": 0, "id": "1", "function": {"name": "f", "arguments": "{"}}),
        fragments({"index": 0, "function": {"arguments": "}"}}),
        ended(),
        "[DONE]",
    )
    async with served(streamed(wire)) as (_, client):
        stream = ask(client)
        seen: list[tuple[str, list[str]]] = []
        snapshots: list[ChatCompletion] = []
        async for _ in stream:
            snapshot = stream.snapshot
            arguments = [call.function.arguments for call in snapshot.tool_calls]
            seen.append((snapshot.text, arguments))
            snapshots.append(snapshot)

    assert seen == [("a", []), ("a", ["{"]), ("a", ["{}"]), ("a", ["{}"])]
    assert all(snapshot is snapshots[0] for snapshot in snapshots)
