"""From the members of a line to the fields of a request, if it can be sent."""

from __future__ import annotations

from typing import TypeAlias

from openrouter_async.cli.conversations import conversation, with_system
from openrouter_async.errors import ConfigError
from openrouter_async.resources.messages import checked_messages
from openrouter_async.resources.prompts import checked_prompt
from openrouter_async.transport.codec import encode_body
from openrouter_async.types.chat_params import ChatItemParams
from openrouter_async.types.completion_params import CompletionItemParams
from openrouter_async.types.lenient import Json, is_array

Fields: TypeAlias = dict[str, Json]

_OF_TEXT = frozenset(CompletionItemParams.__annotations__) | {"stream"}
_OF_CHAT = frozenset(ChatItemParams.__annotations__) | {"stream"}


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
    except ConfigError as error:
        raise BadLineError(error.message) from None

    return _checked(members, _OF_TEXT | sent)


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
    except ConfigError as error:
        # What it shows is Python, and the line is JSON.
        raise BadLineError(error.message.replace("'", '"')) from None

    return _checked(fields, _OF_CHAT | sent)


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


def _checked(fields: Fields, known: frozenset[str]) -> Fields:
    if fields.get("stream"):
        raise BadLineError("`stream` must be left out: whole answers are written")

    try:
        encode_body(fields)
    except ConfigError as error:
        raise BadLineError(error.message) from None

    if not fields.keys() <= known:
        unknown = tuple(name for name in fields if name not in known)
        names = ", ".join(f"`{name}`" for name in unknown)
        raise BadLineError(f"no request fields: {names}", unknown=unknown)

    return fields
