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


def sent_tool_call(members: Mapping[str, Json]) -> dict[str, Json]:
    """
    Return a call of an answer as a request has to have it.

    A place in a stream means nothing there, and OpenAI refuses it. What upstreams leave
    out, or write in another form, the API demands as its own examples have it.
    """
    sent = {name: value for name, value in members.items() if name != "index"}
    if _is_whole(sent) or sent.get("type") not in (None, "function"):
        return sent

    if "function" not in sent and is_object(sent.get("custom")):
        return {**sent, "type": "custom"}

    call, function = read_tool_call(members), members.get("function")
    own: Mapping[str, Json] = function if is_object(function) else {}
    # No text at all is no JSON: some providers refuse it.
    arguments = call.function.arguments if call.function.arguments.strip() else "{}"
    told = {"name": call.function.name, "arguments": arguments}
    return {**sent, "id": call.id, "type": "function", "function": {**own, **told}}


def _is_whole(call: Mapping[str, Json]) -> bool:
    """Tell whether a request can have a call as it is, as nearly always."""
    function = call.get("function")
    if call.get("type") != "function" or not is_object(function):
        return False

    arguments = function.get("arguments")
    texts = isinstance(call.get("id"), str) and isinstance(function.get("name"), str)
    return texts and isinstance(arguments, str) and bool(arguments.strip())


def arguments_text(arguments: Json) -> str:
    """Return the arguments of a call, or a piece of them, as JSON text."""
    if isinstance(arguments, str):
        return arguments

    return "" if arguments is None else msgspec.json.encode(arguments).decode()
