"""What chats turn fields into on their way out, or refuse with the remedy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import get_origin

from openrouter_async.errors import ConfigError
from openrouter_async.resources.offered_tools import (
    check_chosen,
    named_tool_choice,
    offered_tools,
)
from openrouter_async.types.lenient import Json


def checked_response_format(form: object) -> Json:
    """
    Return a response format as it is sent.

    Raises:
        ConfigError: it is a type, as other clients accept it.
    """
    from openrouter_async.formats.format import Format
    from openrouter_async.formats.refusals import shown_name

    if isinstance(form, Format):
        raise ConfigError("response_format is a Format: pass it as parse=")

    if isinstance(form, type) or get_origin(form) is not None:
        raise ConfigError(f"response_format is a class: use parse={shown_name(form)}")

    return form


CHAT_CONVERTERS: Mapping[str, Callable[[object], Json]] = {
    "tools": offered_tools,
    "deferred_tools": partial(offered_tools, field="deferred_tools"),
    "tool_choice": named_tool_choice,
    "response_format": checked_response_format,
}
CHAT_CHECKERS: Mapping[str, Callable[[Mapping[str, Json]], None]] = {
    "tool_choice": check_chosen
}
