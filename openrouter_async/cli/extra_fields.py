"""What `--extra` adds to a request, by one rule for all commands that have it."""

from __future__ import annotations

from collections.abc import Mapping

from openrouter_async.cli.field_names import (
    CHAT_FIELDS,
    LIBRARY_ALONE,
    TEXT_FIELDS,
    meant_by,
)
from openrouter_async.cli.request_options import json_object
from openrouter_async.errors import ConfigError

_OPTION = "--extra"


def extra_members(text: str | None, own: Mapping[str, str]) -> dict[str, object]:
    """
    Return the members that `--extra` holds.

    A field that the API has and this library does not know is sent as it is.

    Args:
        text: JSON text; None where it is not given.
        own: members that the command makes itself, with what to do in their place.

    Raises:
        ConfigError: it is no JSON object, or holds a member of the command's own, an
            option, or what is most likely a slip.
    """
    members = json_object(_OPTION, text) or {}
    for name in members:
        remedy = own.get(name) or _remedy(name)
        if remedy is not None:
            raise ConfigError(f"{_OPTION} must not hold `{name}`; {remedy}")

    return members


def _remedy(name: str) -> str | None:
    if name in LIBRARY_ALONE:
        return "it is no request field"

    # Which of the two a file of prompts holds is not known yet.
    fields = TEXT_FIELDS | CHAT_FIELDS
    return None if name in fields else meant_by(name, fields)
