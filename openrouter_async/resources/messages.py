"""The messages of a conversation, on their way out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import is_dataclass

import msgspec

from openrouter_async.errors import ConfigError
from openrouter_async.fanout.outcomes import Item
from openrouter_async.transport.codec import dump_hint
from openrouter_async.types.chat import (
    ChatChoice,
    ChatCompletion,
    ChatMessage,
    sent_members,
)
from openrouter_async.types.lenient import Json, is_array, is_object

_BYTES = (bytes, bytearray, memoryview)
_FORM = (
    "messages must be a list of messages, such as [{'role': 'user', 'content': 'Hi'}]"
)


def checked_messages(messages: object) -> list[Json]:
    """
    Return messages as they are sent.

    Those of answers are sent as they came, but for what a request has no place for.

    Raises:
        ConfigError: it is no list of messages; it says which of them is none, and why.
    """
    if not is_array(messages):
        raise ConfigError(f"{_FORM}; not {type(messages).__name__}")

    if not messages:
        raise ConfigError(f"{_FORM}; this list is empty")

    return [
        # As nearly all are: this is on the way of every call.
        each
        if type(each) is dict and type(each.get("role")) is str  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]  # of anything
        else _message(each, place)  # pyright: ignore[reportUnknownArgumentType]  # the same
        for place, each in enumerate(messages)
    ]


def _message(message: object, place: int) -> Mapping[str, Json]:
    if isinstance(message, ChatMessage):
        return sent_members(message)

    members = _members(message, place)
    if members is None:
        raise ConfigError(f"{_FORM}; messages[{place}] is {_told(message)}")

    if not isinstance(members.get("role"), str):
        raise ConfigError(f"messages[{place}] must have a `role`, such as 'user'")

    return members


def _members(message: object, place: int) -> Mapping[str, Json] | None:
    """Return the members of a message; None where it is none."""
    if is_object(message):
        return message

    if isinstance(message, type | ChatCompletion | ChatChoice):
        return None

    if not isinstance(message, msgspec.Struct) and not is_dataclass(message):
        return None

    try:
        # By the names that it has in JSON; bytes stay what the encoder refuses.
        members: Json = msgspec.to_builtins(message, builtin_types=_BYTES)
    except TypeError as exc:
        reason = str(exc)
    else:
        return members if is_object(members) else None

    raise ConfigError(f"messages[{place}] cannot be encoded as JSON: {reason}")


def _told(message: object) -> str:
    if isinstance(message, ChatCompletion | ChatChoice):
        return "a whole answer; pass its `message`"

    return f"of type {type(message).__name__}{dump_hint(message)}"


def conversation_of(item: Item) -> Sequence[Json]:
    """
    Return the messages of an item of a run: text is what one user says.

    Raises:
        ConfigError: it is a message rather than a conversation.
    """
    if isinstance(item, str):
        return [{"role": "user", "content": item}]

    if is_array(item):
        return item

    kind = type(item).__name__
    raise ConfigError(f"an item must be text or messages, not {kind}{dump_hint(item)}")
