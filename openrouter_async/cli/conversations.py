"""What a user says, as the messages of a request."""

from __future__ import annotations

from collections.abc import Sequence

from openrouter_async.errors import ConfigError
from openrouter_async.types.lenient import Json, is_object

_INSTRUCTING = ("system", "developer")


def conversation(content: Json, system: str | None) -> list[dict[str, Json]]:
    """
    Return the messages that a conversation begins with.

    Args:
        content: what the user says: text, or content parts.
        system: what the model is told before; None for nothing.
    """
    said: dict[str, Json] = {"role": "user", "content": content}
    return [said] if system is None else [_instruction(system), said]


def with_system(messages: Sequence[Json], system: str | None) -> Sequence[Json]:
    """
    Return messages with a system message before them, but for those that have one.

    Args:
        messages: the conversation.
        system: what the model is told before; None for nothing.
    """
    first = messages[0]
    own = is_object(first) and first.get("role") in _INSTRUCTING
    return messages if own or system is None else [_instruction(system), *messages]


def _instruction(system: str) -> dict[str, Json]:
    return {"role": "system", "content": system}


def checked_system(system: str | None) -> str | None:
    """
    Return what `--system` says.

    Raises:
        ConfigError: it says nothing.
    """
    if system == "":
        raise ConfigError("--system is empty")

    return system
