"""The arguments of a tool: described to a model, and as it writes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NotRequired, TypedDict, cast

import msgspec
from msgspec import NODEFAULT

from openrouter_async.errors import ConfigError
from openrouter_async.formats.annotations import translated
from openrouter_async.formats.format import Format
from openrouter_async.formats.tool_parameter import ToolParameter
from openrouter_async.formats.type_schema import Schema
from openrouter_async.types.lenient import is_object

# As a value: checkers know it in annotations alone.
_NOT_REQUIRED = cast("Mapping[object, object]", NotRequired)


def arguments_format(
    name: str,
    parameters: Mapping[str, ToolParameter],
    said: Mapping[str, str],
    *,
    strict: bool,
) -> Format[dict[str, object]]:
    """
    Describe arguments as a TypedDict, so that those left out stay left out.

    Args:
        name: of the tool.
        parameters: those of its function, by name.
        said: what its docstring says of them.
        strict: whether the provider has to keep to the schema.

    Raises:
        ConfigError: one has no JSON schema; with the path and the remedy.
    """
    members: dict[str, object] = {}
    about: dict[str, Schema] = {}
    make = cast("Callable[[str, object], type[dict[str, object]]]", TypedDict)
    try:
        for each, parameter in parameters.items():
            own = translated(parameter.annotation, name, f"$.{each}")
            members[each] = own if parameter.required else _NOT_REQUIRED[own]
            words = said.get(each, parameter.description)
            description: Schema = {"description": words} if words else {}
            about[each] = description | _default(parameter.default)

        return Format(make(name, members), strict=strict, about=about)
    except ConfigError as found:
        problem = str(found)

    raise ConfigError(f"`{name}` cannot be a tool: {problem}")


def json_text(arguments: object) -> str:
    """
    Return arguments as a model writes them.

    Raises:
        ConfigError: they are neither text nor a mapping that JSON can hold.
    """
    if isinstance(arguments, str):
        return arguments

    if not is_object(arguments):
        kind = type(arguments).__name__
        raise ConfigError(f"arguments must be JSON text or a mapping, not {kind}")

    try:
        return msgspec.json.encode(arguments).decode()
    except (TypeError, ValueError, OverflowError) as found:
        problem = str(found)

    raise ConfigError(f"the arguments cannot be encoded as JSON: {problem}")


def _default(value: object) -> Schema:
    if value is NODEFAULT:
        return {}

    try:
        return {"default": msgspec.to_builtins(value, str_keys=True)}
    except (TypeError, ValueError, NotImplementedError):
        return {}  # has no JSON form, so the model is not told
