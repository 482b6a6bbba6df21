"""The tools of a request, on their way out."""

from __future__ import annotations

from openrouter_async.errors import ConfigError
from openrouter_async.types.lenient import Json, is_array, is_object


def offered_tools(tools: object) -> Json:
    """
    Return tools as they are sent: those made by `@tool` describe themselves.

    Raises:
        ConfigError: one is a function that does not; it says which.
    """
    if not is_array(tools):
        return tools

    return [_definition(each, place) for place, each in enumerate(tools)]


def _definition(tool: object, place: int) -> Json:
    define = getattr(tool, "definition", None)
    if callable(define) and not is_object(tool):
        return define()

    if callable(tool):
        raise ConfigError(
            f"tools[{place}] is a function that does not describe itself; decorate it"
            " with `@tool`"
        )

    return tool
