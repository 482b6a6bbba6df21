"""Chunks of a chat completion that hold more than their types, or in other forms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache

import msgspec

from openrouter_async.transport.codec import decode_json
from openrouter_async.types.chat import (
    Audio,
    ChatChunkChoice,
    ChatCompletionChunk,
    ChatDelta,
    Image,
    ImageURL,
)
from openrouter_async.types.chat_untyped import keep_untyped, untyped_of
from openrouter_async.types.lenient import (
    Json,
    convert_lenient,
    is_array,
    is_object,
    json_members,
)
from openrouter_async.types.message_forms import is_image, usual_form

_NOTHING = ChatDelta()


def decode_odd(event: bytes) -> ChatCompletionChunk:
    """
    Decode a chunk that the strict decoder refuses, and keep what has no type.

    Raises:
        ResponseDecodeError: it is not a JSON object.
    """
    members = _members(event)
    if not members:
        return decode_json(event, ChatCompletionChunk)

    untyped = [*_take_untyped(members)]
    try:
        chunk = msgspec.convert(members, ChatCompletionChunk)
    except msgspec.ValidationError:
        chunk = convert_lenient(members, ChatCompletionChunk)

    _note(chunk, untyped)
    return chunk


def note_untyped(chunk: ChatCompletionChunk) -> None:
    """
    Keep what has no type in the images and the sound of a chunk.

    The strict decoder skips it there, so the chunk is decoded once more; a chunk that
    `decode_odd` returned has it already.
    """
    if chunk.raw and any(untyped_of(piece) is None for piece in chunk.choices):
        _note(chunk, [*_take_untyped(_members(chunk.raw))])


def take_message(
    chunk: ChatCompletionChunk, piece: ChatChunkChoice, *, begun: bool
) -> None:
    """
    Make the delta of a choice of its message.

    Args:
        chunk: what it came in.
        piece: the choice, of a server that does not stream.
        begun: whether it came in deltas before: other servers end with all of it.
    """
    note_untyped(chunk)
    untyped = untyped_of(piece) or {}
    more = untyped.pop("message", None)
    if not begun and piece.delta == _NOTHING and piece.message is not None:
        piece.delta = piece.message
        if more is not None:
            untyped.setdefault("delta", more)

    piece.message = None


def _note(chunk: ChatCompletionChunk, untyped: Sequence[dict[str, Json]]) -> None:
    for piece, more in zip(chunk.choices, untyped, strict=True):
        if untyped_of(piece) is None:
            keep_untyped(piece, more)


def _members(event: bytes) -> dict[str, Json]:
    try:
        return msgspec.json.decode(event, type=dict[str, Json])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return json_members(event)


def _take_untyped(members: dict[str, Json]) -> Iterator[dict[str, Json]]:
    """Leave nothing in the choices but what has a type, and yield the rest of each."""
    choices = members.get("choices")
    if not is_array(choices):
        return

    members["choices"] = typed = list[Json]()
    for each in choices:
        if is_object(each):
            choice, untyped = _sorted_choice(each)
            typed.append(choice)
            yield untyped


def _sorted_choice(
    given: Mapping[str, Json],
) -> tuple[dict[str, Json], dict[str, Json]]:
    """Return the members of a choice that have a type, and the others."""
    choice, untyped = _sorted(given, ChatChunkChoice)
    for name in ("delta", "message"):
        said = choice.get(name)
        if is_object(said):
            choice[name], more = _sorted_message(said)
            untyped |= {name: more} if more else {}

    return choice, untyped


def _sorted_message(
    given: Mapping[str, Json],
) -> tuple[dict[str, Json], dict[str, Json]]:
    """Return the members of a message that have a type, and the others."""
    message, untyped = _sorted(usual_form(given), ChatDelta)
    content = given.get("content")
    if content is not None and is_array(content):
        parts = [each for each in content if each is not None and not is_image(each)]
        if not all(map(_is_text, parts)):
            untyped["content"] = parts

    return message, untyped | _beside_media(message)


def _is_text(part: Json) -> bool:
    return (
        is_object(part)
        and part.keys() <= {"type", "text"}
        and isinstance(part.get("text"), str)
    )


def _beside_media(message: Mapping[str, Json]) -> dict[str, Json]:
    """Return what has no type in images, one object for each, and in sound."""
    untyped: dict[str, Json] = {}
    images, audio = message.get("images"), message.get("audio")
    if is_array(images):
        found = [_beside_image(each) for each in images if is_object(each)]
        untyped |= {"images": found} if found else {}

    if is_object(audio):
        _, more = _sorted(audio, Audio)
        untyped |= {"audio": more} if more else {}

    return untyped


def _beside_image(image: Mapping[str, Json]) -> dict[str, Json]:
    _, untyped = _sorted(image, Image)
    place = image.get("image_url")
    if is_object(place):
        _, more = _sorted(place, ImageURL)
        untyped |= {"image_url": more} if more else {}

    return untyped


def _sorted(
    given: Mapping[str, Json], into: type[msgspec.Struct]
) -> tuple[dict[str, Json], dict[str, Json]]:
    """Return the members that a type has, and those others that say anything."""
    known = _names(into)
    typed = {name: value for name, value in given.items() if name in known}
    untyped = {
        name: value
        for name, value in given.items()
        if name not in known and value not in (None, "", [], {})
    }
    return typed, untyped


@cache
def _names(into: type[msgspec.Struct]) -> frozenset[str]:
    return frozenset(
        name for name in into.__struct_encode_fields__ if not name.startswith("<")
    )
