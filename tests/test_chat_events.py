from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openrouter_async import ChatCompletion, ChatMessage
from openrouter_async.streaming.chat_events import ChatEvents
from openrouter_async.streaming.chat_pieces import ChatAccumulator
from openrouter_async.streaming.sse import EventDecoder
from openrouter_async.types import (
    AnnotationEvent,
    ChatCompletionChunk,
    CommentEvent,
    FinishedEvent,
    RefusalEvent,
    TextEvent,
    ToolCallFinishedEvent,
    ToolCallStartedEvent,
    UsageEvent,
)
from tests.chatting import (
    Event,
    Members,
    ask,
    call_of,
    delta,
    ended,
    fragments,
    happened,
    piece,
)
from tests.scripted import events
from tests.streams import USAGE, envelope, served, streamed, usage_chunk

WHOLE: list[Members] = [
    delta(content=""),
    delta(content="", reasoning="hm", reasoning_details=[{"type": "x", "index": 0}]),
    delta(content="a"),
    delta(1, content="b", refusal="n"),
    fragments(call_of("1", "f", "{", index=0)),
    fragments({"index": 0, "function": {"arguments": "}"}}),
    delta(images=[{"image_url": {"url": "u"}}], audio={"id": "x", "data": "AA=="}),
    delta(1, annotations=[{"type": "file"}]),
    ended("tool_calls"),
    ended("stop", 1),
    usage_chunk(),
]


async def test_order() -> None:
    """Events come in the order of what they tell; the last is the answer."""
    found = await happened(*WHOLE)

    assert [(event.type, getattr(event, "choice", None)) for event in found] == [
        ("reasoning", 0),
        ("text", 0),
        ("text", 1),
        ("refusal", 1),
        ("tool_call_started", 0),
        ("tool_call_arguments", 0),
        ("tool_call_arguments", 0),
        ("image", 0),
        ("audio", 0),
        ("annotation", 1),
        ("tool_call_finished", 0),
        ("usage", None),
        ("finished", None),
    ]
    assert found[3] == RefusalEvent(text="n", choice=1)
    assert found[4] == ToolCallStartedEvent(position=0, id="1", name="f")
    assert found[9] == AnnotationEvent(annotation={"type": "file"}, choice=1)


async def test_the_last_event_is_the_answer() -> None:
    """The answer of the last event is what `final()` and `snapshot` give."""
    wire = events(*WHOLE, "[DONE]")
    async with served(streamed(wire)) as (_, client):
        stream = ask(client)
        found = [event async for event in stream.events()]
        final = await stream.final()

    assert found[-1] == FinishedEvent(answer=final)
    assert isinstance(found[-1], FinishedEvent)
    assert found[-1].answer is final is stream.snapshot


async def test_usage_event() -> None:
    """1.5: usage is an event, in whichever shape it came, and once per chunk of it."""
    ending = envelope(piece({}, finish_reason="stop"), usage=USAGE)
    found = await happened(delta(content="a"), ended(), ending)

    usages = [event.usage for event in found if isinstance(event, UsageEvent)]
    assert [usage.cost for usage in usages] == [0.25]


async def test_comments() -> None:
    """1.5: comments are events, in the middle of the answer as well."""
    wire = (
        b": OPENROUTER PROCESSING\n\n:\n\n:no space\n"
        + events(delta(content="a"))
        + b": more\n\n"
        + events(delta(content="b"), ended(), "[DONE]")
    )
    async with served(streamed(wire)) as (_, client):
        found = [event async for event in ask(client).events()]

    comments = [event.text for event in found if isinstance(event, CommentEvent)]
    texts = [event.text for event in found if isinstance(event, TextEvent)]
    assert [text for text in comments if text] == [
        "OPENROUTER PROCESSING",
        "no space",
        "more",
    ]
    assert texts == ["a", "b"]
    assert found[-1].type == "finished"


async def test_chunks_have_no_comments() -> None:
    """Whoever iterates over chunks is spared the comments."""
    wire = b": a\n\n" + events(delta(content="a"), ended(), "[DONE]") + b": b\n\n"
    async with served(streamed(wire)) as (_, client):
        assert [chunk.text async for chunk in ask(client)] == ["a", ""]


async def test_final_after_events() -> None:
    """`final()` can be awaited after the events, and more than once."""
    async with served(streamed(events(*WHOLE, "[DONE]"))) as (_, client):
        stream = ask(client)
        last = [event async for event in stream.events()][-1]
        assert await stream.final() is await stream.final()
        assert last == FinishedEvent(answer=await stream.final())


async def test_events_after_the_end() -> None:
    """Of a stream that was read already, the answer is all there is to tell."""
    async with served(streamed(events(*WHOLE, "[DONE]"))) as (_, client):
        stream = ask(client)
        final = await stream.final()
        found = [event async for event in stream.events()]

    assert found == [FinishedEvent(answer=final)]


@pytest.mark.parametrize("taken", range(1, len(WHOLE) + 1))
async def test_events_after_chunks(taken: int) -> None:
    """Events go on where chunks were left, and finish what those began."""
    async with (
        served(streamed(events(*WHOLE, "[DONE]"))) as (_, client),
        ask(client) as stream,
    ):
        for _ in range(taken):
            await anext(stream)

        found = [event async for event in stream.events()]
        final = await stream.final()

    assert found[-1] == FinishedEvent(answer=final)
    calls = [event.call for event in found if isinstance(event, ToolCallFinishedEvent)]
    finished_before = 9  # chunks, the last of which ends the choice of the call
    assert calls == (final.tool_calls if taken < finished_before else [])
    started = [event for event in found if isinstance(event, ToolCallStartedEvent)]
    begun_before = 5  # chunks, the last of which begins the call
    assert len(started) == (taken < begun_before)


async def test_events_after_events() -> None:
    """A second iteration over events goes on where the first was left."""
    async with (
        served(streamed(events(*WHOLE, "[DONE]"))) as (_, client),
        ask(client) as stream,
    ):
        found: list[Event] = []
        async for event in stream.events():
            found.append(event)
            if event.type == "tool_call_arguments":
                break

        rest = [event async for event in stream.events()]
        final = await stream.final()

    assert found[-1].type == "tool_call_arguments"
    finished = [event for event in rest if isinstance(event, ToolCallFinishedEvent)]
    assert [event.call for event in finished] == final.tool_calls
    assert not [event for event in rest if event.type == "tool_call_started"]


async def test_chunks_after_events() -> None:
    """An iteration over chunks goes on where events were left."""
    async with (
        served(streamed(events(*WHOLE, "[DONE]"))) as (_, client),
        ask(client) as stream,
    ):
        async for event in stream.events():
            if event.type == "text":
                break

        texts = [text async for text in stream.texts()]
        assert texts == []
        assert (await stream.final()).choices[1].text == "b"


# Any chunks, cut anywhere


def fragment(index: int, arguments: str) -> Members:
    """Build a fragment of the call of that index."""
    function = {"name": "f", "arguments": arguments}
    return {"index": index, "id": f"call_{index}", "function": function}


def chunk(delta: Members, index: int) -> Members:
    """Build a chunk that adds to one choice."""
    return envelope(piece(delta, index))


TEXT = st.text(max_size=3)
# None of which ends an object: what follows that belongs to no call.
ARGUMENTS = st.sampled_from(["", "{", '"a":', "1", ","])
FRAGMENTS = st.lists(st.builds(fragment, st.integers(0, 2), ARGUMENTS), max_size=2)
MEMBERS: dict[str, st.SearchStrategy[object]] = {
    "content": TEXT | st.none(),
    "reasoning": TEXT | st.none(),
    "refusal": TEXT | st.none(),
    "tool_calls": FRAGMENTS | st.none(),
    "images": st.lists(st.just({"image_url": {"url": "u"}}), max_size=2),
    "audio": st.just({"transcript": "t"}),
    "annotations": st.lists(st.just({"type": "file"}), max_size=2),
}
DELTAS = st.fixed_dictionaries({}, optional=MEMBERS)
CHUNKS = st.lists(st.builds(chunk, DELTAS, st.integers(0, 1)), min_size=1, max_size=8)


def chunks_of(wire: bytes, cuts: list[int]) -> Iterator[ChatCompletionChunk]:
    """Decode a stream that arrives in pieces."""
    decoder = EventDecoder(1 << 20)
    accumulator = ChatAccumulator(ChatCompletion())
    places = [0, *sorted(cut % (len(wire) + 1) for cut in cuts), len(wire)]
    for start, end in pairwise(places):
        for data in decoder.feed(wire[start:end]):
            yield accumulator.decode(data)


def events_of(wire: bytes, cuts: list[int]) -> tuple[list[object], ChatCompletion]:
    """Return the events of a stream, and what its chunks are put together to."""
    accumulator = ChatAccumulator(ChatCompletion())
    happening = ChatEvents()
    found: list[object] = []
    for chunk in chunks_of(wire, cuts):
        accumulator.add(chunk)
        happening.add(chunk)
        found += happening.due()

    happening.end()
    found += happening.due()
    return found, accumulator.answer


def put_together(found: list[object], index: int) -> ChatMessage:
    """Return the message that the events of a choice tell."""
    message = ChatMessage(role="assistant")
    calls: dict[int, list[str]] = {}
    for event in found:
        if getattr(event, "choice", None) != index:
            continue

        match event:
            case TextEvent(text=text):
                message.content = (message.content or "") + text
            case RefusalEvent(text=text):
                message.refusal = (message.refusal or "") + text
            case ToolCallStartedEvent(position=position):
                assert position == len(calls)
                calls[position] = []
            case _:
                _put_more(event, message, calls)

    assert all(calls[at] == ["finished"] for at in calls)
    return message


def _put_more(event: object, message: ChatMessage, calls: dict[int, list[str]]) -> None:
    match event:
        case AnnotationEvent(annotation=annotation):
            message.annotations = [*(message.annotations or []), annotation]
        case ToolCallFinishedEvent(position=position):
            calls[position].append("finished")
        case _:
            pass


@given(chunks=CHUNKS, cuts=st.lists(st.integers(0, 5000), max_size=6))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_split_gives_the_same_events(
    chunks: list[Members], cuts: list[int]
) -> None:
    """However bytes arrive, the events are the same, and tell what the answer holds."""
    wire = events(*chunks)
    found, answer = events_of(wire, cuts)

    assert (found, answer) == events_of(wire, [])
    for choice in answer.choices:
        told = put_together(found, choice.index)
        assert (told.content or "") == (choice.message.content or "")
        assert (told.refusal or "") == (choice.message.refusal or "")
        assert told.annotations == choice.message.annotations
        calls = [
            event.call
            for event in found
            if isinstance(event, ToolCallFinishedEvent) and event.choice == choice.index
        ]
        assert sorted(calls, key=lambda call: call.id) == sorted(
            choice.message.tool_calls, key=lambda call: call.id
        )
