"""What whole answers of chat hold in other forms than OpenRouter's."""

from __future__ import annotations

import msgspec

from openrouter_async.types.chat import ChatCompletion, ChatMessage
from openrouter_async.types.lenient import (
    convert_lenient,
    is_array,
    is_object,
    json_members,
)
from openrouter_async.types.message_forms import usual_form


class _UsualMessage(msgspec.Struct, gc=False):
    """Refuse what `usual_form` changes; nothing else of a message is looked at."""

    content: str | None = None
    reasoning_content: None = None
    tool_calls: list[msgspec.Raw] | None = None
    reasoning_details: list[msgspec.Raw] | None = None
    images: list[msgspec.Raw] | None = None
    annotations: list[msgspec.Raw] | None = None


class _UsualChoice(msgspec.Struct, gc=False):
    message: _UsualMessage | None = None


class _UsualAnswer(msgspec.Struct, gc=False):
    choices: list[_UsualChoice]


_check = msgspec.json.Decoder(_UsualAnswer).decode


def take_odd_members(answer: ChatCompletion) -> None:
    """Put what other servers have elsewhere where OpenRouter has it, as streams do."""
    try:
        # Nearly all answers pass, and this costs less than to search their bytes for
        # the names: texts are skipped in C, and images of megabytes are not copied.
        _check(answer.raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        _take(answer)


def _take(answer: ChatCompletion) -> None:
    told = json_members(answer.raw).get("choices")
    objects = filter(is_object, told if is_array(told) else ())
    for choice, each in zip(answer.choices, objects, strict=False):
        members = each.get("message")
        if is_object(members):
            choice.message = convert_lenient(usual_form(members), ChatMessage)
