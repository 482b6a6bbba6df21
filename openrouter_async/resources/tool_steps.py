"""What a run of tools makes of one answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count
from typing import Literal, TypeAlias

from msgspec.structs import replace

from openrouter_async.formats.tool_use import ToolUse
from openrouter_async.types.chat import ChatCompletion, ChatMessage
from openrouter_async.types.lenient import is_array, is_object

AnswerEnd: TypeAlias = Literal["answered", "cut", "filtered", "empty"]

_CUT_BY: Mapping[str | None, AnswerEnd] = {
    "length": "cut",
    "content_filter": "filtered",
}


def asked_uses(answer: ChatCompletion, place: int) -> list[ToolUse]:
    """
    Return the calls that an answer asks for, each with an id of its own.

    Some upstreams leave it out, or give the same to several: results could not be told
    apart.

    Args:
        answer: the answer.
        place: of its message in the conversation.
    """
    calls = answer.tool_calls
    given, known = {call.id for call in calls}, {""}
    for number, call in enumerate(calls, 1):
        if call.id in known:
            names = (f"call_{place}_{each}" for each in count(number))
            call.id = next(name for name in names if name not in given)
            given.add(call.id)

        known.add(call.id)

    return [ToolUse(call=call) for call in calls]


def identified(message: ChatMessage, uses: Sequence[ToolUse]) -> ChatMessage:
    """Return a message whose calls have the ids that their results refer to."""
    members = message.tool_call_members or ()
    ids = [use.call.id for use in uses]
    if [each.get("id") for each in members] == ids:
        return message

    calls = [{**each, "id": id} for each, id in zip(members, ids, strict=True)]
    return replace(message, tool_call_members=calls)


def end_of(answer: ChatCompletion) -> AnswerEnd:
    """Return why a run ends with an answer that calls no tools."""
    if hasattr(answer, "parsed"):
        return "answered"  # a value is whole, whatever ended the answer

    if answer.finish_reason in _CUT_BY:
        return _CUT_BY[answer.finish_reason]

    message = answer.message
    says = (message.content or "").strip() or message.refusal
    return "answered" if says or message.images or message.audio else "empty"


def pinned_preferences(preferences: object, provider: str | None) -> object:
    """Return preferences that leave one provider; the name in answers will do."""
    known = dict(preferences) if is_object(preferences) else {}
    only = known.get("only")
    if provider is None or (is_array(only) and len(only) == 1):
        return preferences

    return {**known, "only": [provider]}


def is_signed(answer: ChatCompletion) -> bool:
    """Tell whether an answer has reasoning that only its provider can read again."""
    details = answer.message.reasoning_details or ()
    return any(detail.get("signature") or detail.get("data") for detail in details)
