from __future__ import annotations

import base64

import msgspec
import pytest

from openrouter_async import ResponseTooLargeError, SizeLimits
from openrouter_async.types import Audio, AudioEvent, Image, ImageEvent, ImageURL
from tests.chatting import ask, delta, ended, folded, happened, replayed
from tests.scripted import events
from tests.streams import served, streamed

PNG = "data:image/png;base64," + base64.b64encode(bytes(range(256)) * 24_000).decode()
"""An image of six megabytes, eight as base64."""


def image(url: str, **members: object) -> dict[str, object]:
    """Build an image."""
    return {"type": "image_url", "image_url": {"url": url}, **members}


async def test_image_of_megabytes() -> None:
    """1.5: an image is one line of megabytes, and arrives whole."""
    answer = await folded(delta(content="", images=[image(PNG)]), ended())

    [only] = answer.message.images or []
    assert only.image_url.url == PNG


async def test_image_over_the_limit() -> None:
    """1.5: what one event may hold is bounded, and the limit is named."""
    wire = events(delta(images=[image("x" * 5000)]), ended(), "[DONE]")
    async with served(streamed(wire), sizes=SizeLimits(event=4096)) as (_, client):
        with pytest.raises(ResponseTooLargeError, match="SizeLimits"):
            await ask(client).final()


async def test_images_in_order() -> None:
    """1.5: images of several chunks are those of one answer."""
    answer = await folded(
        delta(content="a", images=[image("1", index=0)]),
        delta(images=None),
        delta(images=[image("2", index=1), image("3", index=2)]),
        ended(),
    )

    found = answer.message.images or []
    assert [each.image_url.url for each in found] == ["1", "2", "3"]
    assert answer.text == "a"


async def test_images_among_parts() -> None:
    """1.4: an image that is a part of the content is an image of the answer."""
    chunks = [
        delta(content=[{"type": "text", "text": "a"}, image("1")]),
        delta(content="b", images=[image("2")]),
        ended(),
    ]
    answer = await folded(*chunks)

    assert answer.text == "ab"
    assert await replayed(answer) == {
        "role": "assistant",
        "content": "ab",
        "images": [image("1"), image("2")],
    }
    found = await happened(*chunks)
    assert [event.type for event in found].count("image") == 2


async def test_members_without_a_type() -> None:
    """1.5: those of images and sound are kept, each with its own."""
    detailed = {"url": "1", "detail": "high"}
    answer = await folded(
        delta(content="a", images=[image("0")]),
        delta(images=[{"image_url": detailed, "id": "im"}], audio={"data": "AA=="}),
        delta(images=[image("2", own=2)], audio={"id": "a", "own": 3}),
        ended(),
    )

    [choice] = msgspec.convert(answer.to_dict()["choices"], list[dict[str, object]])
    assert choice["message"] == {
        "role": "assistant",
        "content": "a",
        "images": [
            image("0"),
            {"image_url": detailed, "id": "im"},
            image("2", own=2),
        ],
        "audio": {"id": "a", "data": "AA==", "own": 3},
    }


async def test_image_events() -> None:
    """An event holds one image, as soon as it is there."""
    found = await happened(delta(images=[image("1"), image("2")], index=0), ended())

    assert found[:2] == [
        ImageEvent(image=Image(type="image_url", image_url=ImageURL(url=url)))
        for url in ("1", "2")
    ]


SOUND = b"0123456789abcdef"


def padded(size: int) -> list[str]:
    """Cut the sound into pieces, each of them base64 of its own."""
    pieces = [SOUND[at : at + size] for at in range(0, len(SOUND), size)]
    return [base64.b64encode(piece).decode() for piece in pieces]


def cut(size: int) -> list[str]:
    """Cut the base64 of the sound into pieces."""
    text = base64.b64encode(SOUND).decode()
    return [text[at : at + size] for at in range(0, len(text), size)]


@pytest.mark.parametrize(
    "pieces",
    [padded(1), padded(2), padded(3), padded(5), cut(1), cut(3), cut(4), cut(100)],
    ids=["own 1", "own 2", "own 3", "own 5", "cut 1", "cut 3", "cut 4", "whole"],
)
async def test_sound(pieces: list[str]) -> None:
    """1.5: pieces of sound are joined, whether each was padded for itself or not."""
    chunks = [delta(content=None, audio={"data": piece}) for piece in pieces]
    answer = await folded(*chunks, ended())

    assert answer.message.audio is not None
    assert base64.b64decode(answer.message.audio.data or "") == SOUND


@pytest.mark.parametrize("pieces", [padded(5), cut(3)], ids=["padded", "cut"])
async def test_sound_that_is_looked_at_between(pieces: list[str]) -> None:
    """A look at the snapshot does not change what is joined later."""
    chunks = [delta(audio={"data": piece}) for piece in pieces]
    async with served(streamed(events(*chunks, ended(), "[DONE]"))) as (_, client):
        stream = ask(client)
        async for _ in stream:
            assert stream.snapshot.message.audio is not None

        audio = (await stream.final()).message.audio

    assert audio is not None
    assert base64.b64decode(audio.data or "") == SOUND


async def test_sound_that_is_no_base64() -> None:
    """Whatever it is, nothing of it is lost."""
    answer = await folded(
        delta(audio={"data": "a="}), delta(audio={"data": "b"}), ended()
    )

    assert answer.message.audio == Audio(data="a=b")


async def test_audio_members() -> None:
    """1.5: the transcript grows; id and expiry are told once."""
    answer = await folded(
        delta(content=None, audio={"id": "audio_1"}),
        delta(audio={"transcript": "Hel", "data": None}),
        delta(audio={"id": "audio_1", "transcript": "lo"}),
        delta(audio={"expires_at": 1_700_000_000}),
        ended(),
    )

    audio = {"id": "audio_1", "transcript": "Hello", "expires_at": 1_700_000_000}
    assert answer.message.audio == Audio(
        id="audio_1", transcript="Hello", expires_at=1_700_000_000
    )
    assert await replayed(answer) == {
        "role": "assistant",
        "content": None,
        "audio": audio,
    }


async def test_audio_events() -> None:
    """An event holds a piece of sound as it came."""
    found = await happened(delta(audio={"data": "AA==", "transcript": "a"}), ended())

    assert found[0] == AudioEvent(audio=Audio(data="AA==", transcript="a"))


async def test_annotations() -> None:
    """1.5: annotations of all chunks are kept, unknown members included."""
    first = {"type": "url_citation", "url_citation": {"url": "u", "start_index": 0}}
    second = {"type": "of_tomorrow", "own": [1, None]}
    chunks = [
        delta(content="a", annotations=[first]),
        delta(annotations=None),
        delta(annotations=[second]),
        ended(),
    ]
    answer = await folded(*chunks)

    assert answer.message.annotations == [first, second]
    assert (await replayed(answer))["annotations"] == [first, second]
    found = await happened(*chunks)
    assert [event.annotation for event in found if event.type == "annotation"] == [
        first,
        second,
    ]
