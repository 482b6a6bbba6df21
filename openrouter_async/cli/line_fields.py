"""From the members of a line to the fields of a request, if it can be sent."""

from __future__ import annotations

from typing import TypeAlias

from msgspec import UNSET

from openrouter_async.cli.conversations import conversation, with_system
from openrouter_async.cli.field_names import CHAT_FIELDS, TEXT_FIELDS, meant_by
from openrouter_async.cli.json_text import json_kind
from openrouter_async.errors import ConfigError
from openrouter_async.resources.messages import checked_messages
from openrouter_async.resources.prompts import checked_prompt
from openrouter_async.transport.codec import encode_body
from openrouter_async.types.lenient import Json, is_array, is_object

Fields: TypeAlias = dict[str, Json]

SYSTEM = "--system"
"""What the journal of a run keeps of that option: its text is in no shared field."""

_PROMPT_FORM = (
    "`prompt` must be a string, a list of strings, a list of token ids or a list of"
    " lists of token ids"
)
_MESSAGES_FORM = (
    '`messages` must be a list of messages, such as [{"role": "user", "content": "Hi"}]'
)


class BadLineError(ValueError):
    """
    Raised when a line cannot be sent.

    Attributes:
        reason: what is wrong with it.
        unknown: names of members that are no fields of a request.
        is_json: whether it is JSON at all.
    """

    def __init__(
        self, reason: str, *, unknown: tuple[str, ...] = (), is_json: bool = True
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.unknown = unknown
        self.is_json = is_json


def text_fields(members: Fields, sent: frozenset[str]) -> Fields:
    """
    Return the fields of a text completion.

    Args:
        members: of a line.
        sent: those that are sent although they are not known.

    Raises:
        BadLineError: they cannot be sent.
    """
    if "prompt" not in members:
        raise BadLineError(_no_prompt(members))

    if members["prompt"] == "":
        raise BadLineError("the prompt is empty")

    try:
        checked_prompt(members["prompt"])
    except ConfigError:
        raise BadLineError(_no_form_of_prompt(members["prompt"])) from None

    return _checked(members, TEXT_FIELDS, sent)


def _no_form_of_prompt(prompt: Json) -> str:
    """Say in the words of JSON what the library says in those of Python."""
    if not is_array(prompt):
        return f"{_PROMPT_FORM}, not {json_kind(prompt)}"

    kinds = ", ".join(sorted({json_kind(each) for each in prompt}))
    return f"{_PROMPT_FORM}; this list " + (f"holds {kinds}" if kinds else "is empty")


def _no_prompt(members: Fields) -> str:
    if "role" in members and "content" in members:
        return 'a message by itself; messages go into {"messages": [...]}'

    if "content" in members:
        return "no `prompt`; --chat sends `content` as what a user says"

    return "neither `prompt` nor `messages`"


def chat_fields(members: Fields, system: str | None, sent: frozenset[str]) -> Fields:
    """
    Return the fields of a chat completion.

    Args:
        members: of a line.
        system: what its conversation begins with; None for nothing.
        sent: those that are sent although they are not known.

    Raises:
        BadLineError: they cannot be sent.
    """
    if "prompt" in members:
        raise BadLineError(_not_chat(members))

    fields = _conversing(members, system)
    try:
        fields["messages"] = with_system(checked_messages(fields["messages"]), system)
    except ConfigError:
        raise BadLineError(_no_messages(fields["messages"])) from None

    checked = _checked(fields, CHAT_FIELDS, sent)
    if system is not None:
        # All items share it, for the journal, and none sends it as a field.
        checked[SYSTEM] = UNSET

    return checked


def _no_messages(messages: Json) -> str:
    """Say in the words of JSON what the library says in those of Python."""
    if not is_array(messages):
        return f"{_MESSAGES_FORM}; not {json_kind(messages)}"

    for place, each in enumerate(messages):
        if not is_object(each):
            return f"{_MESSAGES_FORM}; messages[{place}] is {json_kind(each)}"

        if not isinstance(each.get("role"), str):
            return f'messages[{place}] must have a `role`, such as "user"'

    return f"{_MESSAGES_FORM}; this list is empty"


def _not_chat(members: Fields) -> str:
    if "messages" in members:
        return "`prompt` is for text completions and `messages` for chat: leave one out"

    return "`prompt` is for text completions; with --chat it is `content` or `messages`"


def _conversing(members: Fields, system: str | None) -> Fields:
    """Return members with `messages` in the place of `content`."""
    if "messages" in members:
        return dict(members)

    if "content" not in members:
        raise BadLineError("neither `content` nor `messages`")

    content = members["content"]
    if not (isinstance(content, str) or is_array(content)):
        raise BadLineError("`content` must be text or a list of content parts")

    if not content:
        raise BadLineError("the message is empty")

    if "role" in members:
        raise BadLineError('a message by itself; messages go into {"messages": [...]}')

    rest = {name: each for name, each in members.items() if name != "content"}
    return {**rest, "messages": conversation(content, system)}


def _checked(fields: Fields, known: frozenset[str], sent: frozenset[str]) -> Fields:
    """Return the fields of an item, those that are sent unknown in its `extra_body`."""
    if fields.get("stream"):
        raise BadLineError("`stream` must be left out: whole answers are written")

    try:
        encode_body(fields)
    except ConfigError as error:
        raise BadLineError(error.message) from None

    if fields.keys() <= known:
        return fields

    beside = {name: fields[name] for name in fields if name not in known}
    unknown = tuple(name for name in beside if name not in sent)
    if unknown:
        names = ", ".join(_named(name, known) for name in unknown)
        raise BadLineError(f"no request fields: {names}", unknown=unknown)

    typed = {name: fields[name] for name in fields if name in known}
    return {**typed, "extra_body": beside}


def _named(name: str, known: frozenset[str]) -> str:
    meant = meant_by(name, known)
    return f"`{name}`" if meant is None else f"`{name}` ({meant})"
