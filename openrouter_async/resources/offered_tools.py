"""The tools of a request, on their way out."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from typing import TypeGuard

from openrouter_async.errors import ConfigError
from openrouter_async.types.lenient import Json, is_array, is_object
from openrouter_async.types.tool_params import DefinesTool

_WORDS = frozenset({"none", "auto", "required"})


class _ByName(dict[str, Json]):
    """Spell out the choice of a tool that was given by its name."""


def offered_tools(tools: object, field: str = "tools") -> Json:
    """
    Return tools as they are sent: those made by `@tool` describe themselves.

    Args:
        tools: what was given.
        field: what it was given as, for messages.

    Raises:
        ConfigError: it is a tool rather than a list, or one of them is a function
            that does not describe itself; it says which.
    """
    if is_array(tools):
        check_tools(tools, field)
        return [each.definition() if defines_tool(each) else each for each in tools]

    if callable(tools) or inspect.iscoroutine(tools):
        check_tools([tools], field)
        raise ConfigError(f"{field} must be a list, such as [{shown_tool(tools)}]")

    return tools


def check_tools(tools: object, field: str = "tools") -> None:
    """
    Check that no tool is a function, or a call of one, that does not describe itself.

    Raises:
        ConfigError: one is; it says which, and the remedy.
    """
    listed = tools if is_array(tools) else ()
    for each in listed:
        if inspect.iscoroutine(each):
            each.close()  # else there is a warning for each that is never awaited

    for place, each in enumerate(listed):
        if inspect.iscoroutine(each):
            name = each.__name__
            raise ConfigError(
                f"{field}[{place}] is a coroutine: pass `{name}`, not `{name}(...)`"
            )

        if isinstance(each, type):
            raise ConfigError(
                f"{field}[{place}] is a class: pass a function that `@tool` decorates,"
                f" such as a method of an instance of {each.__name__}"
            )

        if callable(each) and not defines_tool(each):
            raise ConfigError(
                f"{field}[{place}] is a function that does not describe itself;"
                " decorate it with `@tool`"
            )


def defines_tool(tool: object) -> TypeGuard[DefinesTool]:
    """Tell whether it is a function that describes itself."""
    defines = callable(getattr(tool, "definition", None))
    return defines and not is_object(tool) and not isinstance(tool, type)


def named_tool_choice(choice: object) -> Json:
    """
    Return the choice of a tool as it is sent: a tool, or its name, is spelled out.

    Names of server tools, such as `openrouter:web_search`, have a colon, which those of
    functions cannot have.
    """
    if defines_tool(choice):
        choice = shown_tool(choice)
    elif not isinstance(choice, str) or choice in _WORDS:
        return choice

    if ":" in choice:
        return {"type": choice}

    return _ByName(type="function", function={"name": choice})


def check_chosen(request: Mapping[str, Json]) -> None:
    """
    Check that the tool which a request demands by name is one that it offers.

    A word that is misspelt would be taken for the name of a tool. What was spelled out
    is sent as it is: a preset may offer more tools.

    Raises:
        ConfigError: it is none of them; it says which there are.
    """
    choice = request["tool_choice"]
    name = chosen_name(choice) if isinstance(choice, _ByName) else None
    lists = (request.get("tools"), request.get("deferred_tools"))
    offered = [each for listed in lists if is_array(listed) for each in listed]
    if name is not None and offered:
        check_name(name, filter(None, map(chosen_name, offered)))


def check_name(name: str, known: Iterable[str]) -> None:
    """
    Check the name of the function that is demanded.

    Raises:
        ConfigError: it is none of those that are known.
    """
    names = list(known)
    if name not in names:
        raise ConfigError(
            f"tool_choice: no tool {name!r}; there are: {', '.join(names) or 'none'};"
            " or one of the words 'auto', 'none' and 'required'"
        )


def chosen_name(choice: object) -> str | None:
    """Return the name of the function of a choice, or a tool, as it is sent."""
    function = choice.get("function") if is_object(choice) else None
    name = function.get("name") if is_object(function) else None
    return name if isinstance(name, str) else None


def shown_tool(tool: object) -> str:
    """Return the name of a tool."""
    if defines_tool(tool):
        defined: Mapping[str, Json] = tool.definition()
        return chosen_name(defined) or str(defined.get("type"))

    return str(getattr(tool, "__name__", type(tool).__name__))
