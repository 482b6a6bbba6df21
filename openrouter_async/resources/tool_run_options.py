"""What a run of tools is given, checked before anything is paid for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from msgspec import UNSET

from openrouter_async.errors import ConfigError
from openrouter_async.formats.tool import Tool
from openrouter_async.resources.offered_tools import (
    check_name,
    check_tools,
    chosen_name,
    named_tool_choice,
    shown_tool,
)
from openrouter_async.types.lenient import is_array, is_object

# What a run reads, or changes between its requests.
_CHANGED = ("tools", "deferred_tools", "tool_choice", "provider")


def check_steps(max_steps: object) -> None:
    """
    Check how many requests a run may send.

    Raises:
        ConfigError: it is no whole number, or less than 1.
    """
    if type(max_steps) is not int or max_steps < 1:
        raise ConfigError(f"max_steps must be a whole number >= 1, not {max_steps!r}")


def check_pin(pin_provider: object) -> None:
    """
    Check whether one provider is to serve the whole run.

    Raises:
        ConfigError: it is neither a truth value nor None.
    """
    if pin_provider is not None and not isinstance(pin_provider, bool):
        raise ConfigError(
            f"pin_provider must be True, False or None, not {pin_provider!r}"
        )


def own_params(params: Mapping[str, object]) -> Mapping[str, object]:
    """
    Return the parameters with what a run changes taken out of the extra body.

    There it would win over what the run makes of it.

    Raises:
        ConfigError: the conversation stands in the extra body.
    """
    body = params.get("extra_body")
    if not is_object(body):
        return params

    if "messages" in body:
        raise ConfigError(
            "extra_body: the conversation of a run grows; pass it as messages="
        )

    moved = {name: body[name] for name in _CHANGED if name in body}
    rest = {name: value for name, value in body.items() if name not in moved}
    return {**params, **moved, "extra_body": rest} if moved else params


def functions_of(params: Mapping[str, object]) -> dict[str, Tool[..., object]]:
    """
    Return the tools that run here by name; others run at OpenRouter.

    Those that the model has to search for first can be called as well.

    Raises:
        ConfigError: one has no function, or the name of another.
    """
    functions: dict[str, Tool[..., object]] = {}
    for field in ("tools", "deferred_tools"):
        if params.get(field) not in (None, UNSET):
            _add_functions(functions, params[field], field)

    if not params.get("tools") and not params.get("deferred_tools"):
        raise ConfigError("there are no tools to run; use `create`")

    return functions


def _add_functions(
    functions: dict[str, Tool[..., object]], tools: object, field: str
) -> None:
    if not is_array(tools):
        check_tools([tools], field)
        raise ConfigError(f"{field} must be a list, such as [{shown_tool(tools)}]")

    check_tools(tools, field)
    for place, tool in enumerate(tools):
        if is_object(tool) and tool.get("type") != "function":
            continue

        if not isinstance(tool, Tool):
            raise ConfigError(
                f"{field}[{place}] has no Python function to run; decorate one with"
                " `@tool`, or answer calls yourself with `create`"
            )

        known = cast("Tool[..., object]", tool)
        if known.name in functions:
            raise ConfigError(f"{field}[{place}]: there are two tools {known.name!r}")

        functions[known.name] = known


def checked_params(
    params: Mapping[str, object], functions: Mapping[str, Tool[..., object]]
) -> Mapping[str, object]:
    """
    Return the parameters with the choice of a tool as it is sent.

    Raises:
        ConfigError: the choice is none of the tools, or a stream is asked for.
    """
    if params.get("stream"):
        raise ConfigError(
            "run_tools does not stream; see docs/examples/conversation.py for a loop"
            " of your own around `stream`"
        )

    if "tool_choice" not in params:
        return params

    choice = named_tool_choice(params["tool_choice"])
    name = chosen_name(choice)
    if name is not None:
        check_name(name, functions)

    return {**params, "tool_choice": choice}


def ending_exceptions(raises: object) -> tuple[type[BaseException], ...]:
    """
    Return the exceptions that end a run.

    Raises:
        ConfigError: one is no class of exceptions.
    """
    listed = raises if is_array(raises) else (raises,)
    for each in listed:
        if not isinstance(each, type) or not issubclass(each, BaseException):
            raise ConfigError(
                f"raises must be a class of exceptions, or a list of them; {each!r} is"
                " none"
            )

    return tuple(cast("Sequence[type[BaseException]]", listed))
