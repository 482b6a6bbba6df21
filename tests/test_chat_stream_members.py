"""Members of streamed chat answers that only some chunks bring (protocol 1.5)."""

from __future__ import annotations

import msgspec
import pytest

from openrouter_async.types import (
    AudioEvent,
    ImageEvent,
    TextEvent,
    ToolCallArgumentsEvent,
    ToolCallStartedEvent,
)
from tests.chatting import (
    Members,
    ask,
    call_of,
    delta,
    ended,
    folded,
    fragments,
    happened,
    piece,
    replayed,
)
from tests.scripted import events
from tests.streams import envelope, served, streamed


def echoed(provider: str) -> Members:
    """Build a chunk that shows what one provider was sent."""
    return envelope(debug={"echo_upstream_body": {"model": provider}})


@pytest.mark.parametrize(
    "chunks",
    [
        [echoed("a"), delta(content="Hi"), ended()],
        [echoed("b"), echoed("a"), delta(content="Hi"), ended()],
        [delta(content="Hi"), echoed("b"), echoed("a"), ended()],
    ],
    ids=["one provider", "two providers", "late"],
)
async def test_debug_is_kept(chunks: list[Members]) -> None:
    """The body that was sent to the provider which answered, the last one tried."""
    answer = await folded(*chunks)

    assert answer.text == "Hi"
    assert answer.to_dict()["debug"] == {"echo_upstream_body": {"model": "a"}}


async def test_each_chunk_shows_its_own_debug() -> None:
    """Those of the providers before it are in the chunks."""
    wire = events(echoed("b"), echoed("a"), delta(content="Hi"), ended(), "[DONE]")
    async with served(streamed(wire)) as (_, client):
        found = [chunk.to_dict().get("debug") async for chunk in ask(client)]

    bodies = [{"echo_upstream_body": {"model": name}} for name in ("b", "a")]
    assert found == [*bodies, None, None]


async def test_a_later_null_erases_nothing() -> None:
    """Not of a finish reason that came twice, and not where more comes after it."""
    first = envelope(piece({}, finish_reason="stop", native_finish_reason="STOP"))
    again = envelope(piece({}, finish_reason="stop", native_finish_reason=None))
    late = delta(annotations=[{"type": "file"}])
    answer = await folded(delta(content="Hi"), first, again, late)

    [choice] = answer.choices
    assert (choice.finish_reason, choice.native_finish_reason) == ("stop", "STOP")
    assert choice.message.annotations == [{"type": "file"}]


async def test_a_delta_wins_over_a_message() -> None:
    """Servers exist that send both: all that was said so far, and what is new."""
    both = piece({"content": "Hi"}, message={"role": "assistant", "content": "Hi you"})
    answer = await folded(envelope(both), ended())
    told = await happened(envelope(both), ended())

    assert answer.text == "Hi"
    assert [event.text for event in told if isinstance(event, TextEvent)] == ["Hi"]


async def test_a_message_takes_the_place_of_an_empty_delta() -> None:
    """A server that does not stream says all of it at once."""
    alone = piece({}, message={"role": "assistant", "content": "Hi"})
    answer = await folded(envelope(alone), ended())

    assert answer.text == "Hi"


@pytest.mark.parametrize(
    ("given", "reasoning"),
    [
        ({"reasoning": "so", "reasoning_content": "hm"}, "so"),
        ({"reasoning_content": "hm", "reasoning": "so"}, "so"),
        ({"reasoning": None, "reasoning_content": "hm"}, "hm"),
        ({"reasoning_content": "hm"}, "hm"),
    ],
    ids=["both", "both, the other way round", "null", "one"],
)
async def test_reasoning_has_one_name(given: Members, reasoning: str) -> None:
    """What comes under both is not told twice."""
    answer = await folded(delta(content="", **given), delta(content="Hi"), ended())

    assert answer.message.reasoning == reasoning


async def test_the_last_expiry_of_sound_counts() -> None:
    """Until then it can be referred to."""
    first = {"id": "audio_1", "data": "AAAA", "expires_at": 100}
    answer = await folded(
        delta(content=None, audio=first),
        delta(content=None, audio={"expires_at": 200}),
        delta(content=None, audio={"transcript": "Hi"}),
        ended(),
    )

    audio = answer.message.audio
    assert audio is not None
    assert (audio.id, audio.data, audio.transcript) == ("audio_1", "AAAA", "Hi")
    assert audio.expires_at == 200


@pytest.mark.parametrize("arguments", ["", "  ", " \n"])
async def test_blank_arguments_are_replayed_as_an_object(arguments: str) -> None:
    """Blank text is no JSON, and providers refuse it."""
    call = call_of("1", "ping", arguments)
    answer = await folded(fragments({**call, "index": 0}), ended("tool_calls"))

    assert (await replayed(answer))["tool_calls"] == [call_of("1", "ping", "{}")]


async def test_a_picture_is_an_event() -> None:
    """It comes with the chunk that brought it, and is in the answer's message."""
    url = "data:image/png;base64,AA=="
    image = {"type": "image_url", "image_url": {"url": url}, "index": 0}
    chunks = [delta(content="Here:"), delta(content="", images=[image]), ended()]
    found = await happened(*chunks)
    answer = await folded(*chunks)

    [shown] = [event for event in found if isinstance(event, ImageEvent)]
    assert (shown.image.image_url.url, shown.choice) == (url, 0)
    assert [event.type for event in found] == ["text", "image", "finished"]
    assert answer.message.images == [shown.image]


async def test_sound_comes_in_events() -> None:
    """One for each piece, and the answer's message has them put together."""
    pieces = [
        {"id": "audio_1", "data": "AAAA"},
        {"data": "BBBB", "transcript": "Hi"},
        {"transcript": " you", "expires_at": 9},
    ]
    chunks = [*(delta(content=None, audio=each) for each in pieces), ended()]
    found = await happened(*chunks)
    answer = await folded(*chunks)

    heard = [event.audio for event in found if isinstance(event, AudioEvent)]
    assert [msgspec.to_builtins(each) for each in heard] == pieces
    assert [event.type for event in found] == ["audio", "audio", "audio", "finished"]
    assert msgspec.to_builtins(answer.message.audio) == {
        "id": "audio_1",
        "data": "AAAABBBB",
        "transcript": "Hi you",
        "expires_at": 9,
    }


@pytest.mark.parametrize("taken", [1, 2])
async def test_events_begin_with_what_nobody_has_seen(taken: int) -> None:
    """Chunks that were held back until the first content are told once they are due."""
    call = call_of("1", "ping", "{", index=0)
    rest: Members = {"index": 0, "function": {"arguments": "}"}}
    empty = [delta(content="")] * 2
    chunks = [*empty, fragments(call), fragments(rest), ended("tool_calls")]
    wire = events(*chunks, "[DONE]")
    async with served(streamed(wire)) as (_, client), ask(client) as stream:
        for _ in range(taken):
            assert not (await anext(stream)).has_content

        found = [event async for event in stream.events()]

    assert found[0] == ToolCallStartedEvent(position=0, id="1", name="ping")
    assert found[1] == ToolCallArgumentsEvent(position=0, arguments="{")
    assert [event.type for event in found[2:]] == [
        "tool_call_arguments",
        "tool_call_finished",
        "finished",
    ]
