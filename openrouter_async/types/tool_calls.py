"""The calls of tools that an answer asks for."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from openrouter_async.types.lenient import Json, convert_lenient, is_object


class FunctionCall(msgspec.Struct, kw_only=True, gc=False):
    """
    Name a function and its arguments.

    Attributes:
        name: of the function.
        arguments: JSON text as the model wrote it: it need not parse, nor match.
    """

    name: str = ""
    arguments: str = ""


class ToolCall(msgspec.Struct, kw_only=True, gc=False, repr_omit_defaults=True):
    """
    Hold one call of a tool.

    Attributes:
        id: goes into the `tool_call_id` of the message that answers it.
        type: `function`, but for what is yet to come.
        function: what is called.
        index: place among the calls of a streamed answer; absent from many.
    """

    id: str = ""
    type: str = "function"
    function: FunctionCall = msgspec.field(default_factory=FunctionCall)
    index: int | None = None


def read_tool_call(members: Mapping[str, Json]) -> ToolCall:
    """
    Return a call as its members tell it.

    Some upstreams write the arguments as an object instead of as JSON text.
    """
    call = convert_lenient(members, ToolCall)
    function = members.get("function")
    if is_object(function):
        call.function.arguments = arguments_text(function.get("arguments"))

    return call


def arguments_text(arguments: Json) -> str:
    """Return the arguments of a call, or a piece of them, as JSON text."""
    if isinstance(arguments, str):
        return arguments

    return "" if arguments is None else msgspec.json.encode(arguments).decode()
