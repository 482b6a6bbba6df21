"""The forms in which other servers write a message, made the one of OpenRouter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from openrouter_async.types.lenient import Json, content_text, is_array, is_object

_LISTS = ("tool_calls", "reasoning_details", "images", "annotations")


def usual_form(message: Mapping[str, Json]) -> dict[str, Json]:
    """
    Return a message, whole or of a chunk, with its members where OpenRouter has them.

    One object stands for a list of one, reasoning goes by another name, and content
    comes in parts, images among them. A name that is not OpenRouter's stays as well.
    """
    usual = dict(message)
    for name in _LISTS:
        value = usual.get(name)
        if value is not None and is_object(value):
            usual[name] = [value]

    # Requests take it by either name, but events and replays know one.
    if not usual.get("reasoning") and usual.get("reasoning_content"):
        usual["reasoning"] = usual["reasoning_content"]

    content = usual.get("content")
    if content is not None and is_array(content):
        _place_parts(content, usual)

    return usual


def is_image(part: Json) -> bool:
    """Tell whether a part of a content is an image; some servers leave its type out."""
    return is_object(part) and is_object(part.get("image_url"))


def _place_parts(content: Sequence[Json], usual: dict[str, Json]) -> None:
    """Make text of the parts of a content, and images."""
    usual["content"] = content_text(content) or None
    images = [part for part in content if is_image(part)]
    if images:
        known = usual.get("images")
        usual["images"] = [*(known if is_array(known) else ()), *images]
