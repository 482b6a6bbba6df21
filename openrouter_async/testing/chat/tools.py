"""Calls of tools, forced or scripted."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from openrouter_async.testing import prose
from openrouter_async.testing.dice import Dice
from openrouter_async.testing.instances import schema_answer
from openrouter_async.testing.refusals import InvalidRequestError
from openrouter_async.testing.replies import ToolCall, ToolCalls

if TYPE_CHECKING:
    from collections.abc import Mapping

    from openrouter_async.testing.answers import Choice
    from openrouter_async.testing.chat.requests import ChatRequest, Function
    from openrouter_async.testing.requests import Prompt


def forced_function(request: ChatRequest) -> Function | None:
    """
    Return the function that an answer has to call.

    Args:
        request: The parameters.

    Returns:
        The one that `tool_choice` names, the first for `"required"`, or None if the
        model is free.

    Raises:
        InvalidRequestError: If there is no such function.
    """
    choice = request.tool_choice
    if isinstance(choice, dict):
        return _named(request, choice)

    if choice != "required":
        return None

    if not request.functions:
        message = "tool_choice: required, but tools has no function"
        raise InvalidRequestError(message)

    return request.functions[0]


def forced_call(function: Function, prompt: Prompt) -> ToolCalls:
    """Return a call of a function with arguments that satisfy its schema."""
    dice = Dice("call", function.name, prompt.text)
    topics = prose.topics_of(prompt.about)
    field = f"tools.{function.name}.parameters"
    schema = function.parameters or {"type": "object", "properties": {}}
    arguments = schema_answer(schema, dice, topics, field)
    return ToolCalls(ToolCall(function.name, arguments))


def call_id(call: ToolCall, index: int, choice: Choice) -> str:
    """Return the id of a call: scripted, or made from the conversation before it."""
    if call.id is not None:
        return call.id

    dice = Dice("call id", choice.prompt.text, choice.index, index, call.name)
    digits = "".join(f"{dice.roll(1 << 16):04x}" for _ in range(6))
    return f"call_{digits}"


def _named(request: ChatRequest, choice: Mapping[str, object]) -> Function | None:
    function = choice.get("function")
    if not isinstance(function, dict):
        return None  # a tool of the service's own

    name = cast("dict[str, object]", function).get("name")
    for candidate in request.functions:
        if candidate.name == name:
            return candidate

    message = f"tool_choice.function.name: tools has no function {name!r}"
    raise InvalidRequestError(message)
