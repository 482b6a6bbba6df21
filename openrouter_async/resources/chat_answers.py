"""What whole answers of chat hold in other places than OpenRouter's."""

from __future__ import annotations

import re
from collections.abc import Mapping

from openrouter_async.types.chat import ChatCompletion, ChatMessage, Image
from openrouter_async.types.lenient import (
    Json,
    convert_lenient,
    is_array,
    is_object,
    json_members,
)

_REASONING, _IMAGE, _CALLS = b'"reasoning_content"', b'"image_url"', b'"tool_calls"'
_LONE_CALL = re.compile(_CALLS + rb"\s*:\s*\{")


def take_odd_members(answer: ChatCompletion) -> None:
    """
    Put what other servers have elsewhere where an answer has it, as streams do.

    Those are reasoning by another name, images among the parts of a content, and a call
    of a tool that stands alone instead of in a list.
    """
    raw = answer.raw
    # Looked for in C: nearly all answers have none of these.
    if (
        (_REASONING in raw and _lacks(answer, "reasoning"))
        or (_IMAGE in raw and _lacks(answer, "images"))
        or (_CALLS in raw and _LONE_CALL.search(raw))
    ):
        _take(answer)


def _lacks(answer: ChatCompletion, member: str) -> bool:
    return any(getattr(choice.message, member) is None for choice in answer.choices)


def _take(answer: ChatCompletion) -> None:
    told = json_members(answer.raw).get("choices")
    objects = filter(is_object, told if is_array(told) else ())
    for choice, each in zip(answer.choices, objects, strict=False):
        members = each.get("message")
        if is_object(members):
            _take_members(choice.message, members)


def _take_members(message: ChatMessage, members: Mapping[str, Json]) -> None:
    reasoning, call = members.get("reasoning_content"), members.get("tool_calls")
    if message.reasoning is None and isinstance(reasoning, str):
        message.reasoning = reasoning

    if is_object(call):
        message.tool_call_members = [{**call}]

    parts = members.get("content")
    for part in parts if is_array(parts) else ():
        if is_object(part) and is_object(part.get("image_url")):
            image = convert_lenient(part, Image)
            message.images = [*(message.images or ()), image]
