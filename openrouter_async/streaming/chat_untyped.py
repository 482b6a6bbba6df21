"""What chunks of a chat completion hold beside the members that have a type."""

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
from openrouter_async.types.lenient import (
    Json,
    content_text,
    convert_lenient,
    is_array,
    is_object,
    json_members,
)

_LISTS = ("tool_calls", "reasoning_details", "images", "annotations")


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
    """Keep what has no type in a chunk that the strict decoder took, as in images."""
    if chunk.raw:
        _note(chunk, [*_take_untyped(_members(chunk.raw))])


def _note(chunk: ChatCompletionChunk, untyped: Sequence[dict[str, Json]]) -> None:
    for piece, more in zip(chunk.choices, untyped, strict=True):
        if piece._untyped is None:  # pyright: ignore[reportPrivateUsage]  # not for callers
            piece._untyped = more  # pyright: ignore[reportPrivateUsage]  # not for callers


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
    message, untyped = _sorted(given, ChatDelta)
    for name in _LISTS:
        if is_object(message.get(name)):
            message[name] = [message[name]]  # one of them is one of them

    if message.get("reasoning") is None and "reasoning_content" in untyped:
        # Requests take it by either name, but events and replays know one.
        message["reasoning"] = untyped["reasoning_content"]

    content = message.get("content")
    if is_array(content):
        _sort_parts(content, message, untyped)

    return message, untyped | _beside_media(message)


def _sort_parts(
    content: Sequence[Json], message: dict[str, Json], untyped: dict[str, Json]
) -> None:
    """Make text of parts, and images; parts of other kinds have no type."""
    images = [part for part in content if _is_image(part)]
    others = [part for part in content if part is not None and part not in images]
    message["content"] = content_text(content)
    if images:
        known = message.get("images")
        message["images"] = [*(known if is_array(known) else ()), *images]

    if not all(map(_is_text, others)):
        untyped["content"] = others


def _is_image(part: Json) -> bool:
    return (
        is_object(part)
        and part.get("type") == "image_url"
        and is_object(part.get("image_url"))
    )


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
