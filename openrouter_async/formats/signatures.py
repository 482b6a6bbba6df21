"""The parameters of a function, as a model that calls it sees them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from types import FrameType
from typing import NamedTuple, TypeAlias, cast, get_type_hints

from openrouter_async.errors import ConfigError
from openrouter_async.formats.metadata import Metadata, is_field
from openrouter_async.formats.refusals import NOT_FOUND

Function: TypeAlias = Callable[..., object]

_CALL = "__call__"  # checkers do not agree on whether all that can be called has it
_REMEDIES = {
    inspect.Parameter.POSITIONAL_ONLY: "models name arguments, so leave out the `/`",
    inspect.Parameter.VAR_POSITIONAL: "models name arguments, so take a list",
    inspect.Parameter.VAR_KEYWORD: "name the parameters one by one",
}


class ToolParameter(NamedTuple):
    """
    Tell what a parameter takes.

    Attributes:
        annotation: its type, with metadata.
        required: whether it has no default.
        default: what it is without an argument; None where it is required.
    """

    annotation: object
    required: bool
    default: object


def implementation(function: object) -> Function:
    """
    Return the function that has the annotations and the docstring of a callable.

    Raises:
        ConfigError: it is no function, nor anything that stands for one.
    """
    while isinstance(function, partial):
        function = cast("partial[object]", function).func

    if isinstance(function, type):
        raise ConfigError(
            "a tool must be a function, not a class; decorate a method, or a function"
            " that makes one"
        )

    if not callable(function):
        raise ConfigError(
            f"a tool must be a function, not {type(function).__name__}; decorate a"
            " class method from outside: tool(Class.method)"
        )

    found = called(inspect.unwrap(function))
    if inspect.isgeneratorfunction(found) or inspect.isasyncgenfunction(found):
        raise ConfigError(
            f"`{found.__qualname__}` is a generator, and a tool returns its result at"
            " once: return a list"
        )

    return found


def names_around(frame: FrameType | None) -> dict[str, object]:
    """
    Return the names that are local where a function is defined.

    The body of a class sees those of the function around it.
    """
    names: dict[str, object] = {}
    while frame is not None:
        names = dict(frame.f_locals) | names
        frame = frame.f_back if _is_class_body(frame) else None
        if frame is not None and frame.f_locals is frame.f_globals:
            break  # the function knows its own module

    return names


def _is_class_body(frame: FrameType) -> bool:
    code = frame.f_code
    if code.co_name.startswith("<generic parameters"):  # is around that of a class
        return True

    return not code.co_flags & inspect.CO_OPTIMIZED and "__qualname__" in frame.f_locals


def called(function: Function) -> Function:
    """Return the method that a callable object runs; a function is its own."""
    if inspect.isroutine(function):
        return cast("Function", function)

    return cast("Function", getattr(function, _CALL))


def is_method(function: object) -> bool:
    """Tell whether a function is of a class, and waits for its instance."""
    if not inspect.isfunction(function):
        return False

    scope = function.__qualname__.rpartition(".")[0]
    first = next(iter(inspect.signature(function).parameters), "")
    return first in ("self", "cls") and not scope.endswith("<locals>") and bool(scope)


def parameters_of(
    function: Function, local_names: Mapping[str, object]
) -> dict[str, ToolParameter]:
    """
    Return the parameters that a model gives arguments for, by name.

    Args:
        function: what is called. What a `partial` has given already is left out, and
            the instance of a method.
        local_names: what annotations can mean beside what the module knows.

    Raises:
        ConfigError: a parameter cannot be given by name, or its type is not known.
    """
    of = implementation(function)
    listed = list(inspect.signature(function).parameters.values())
    given: set[str] = set(getattr(function, "keywords", ()))  # of a `partial`
    return {
        parameter.name: _tool_parameter(parameter, of, local_names)
        for parameter in listed[is_method(function) :]
        if parameter.name not in given
    }


def _tool_parameter(
    parameter: inspect.Parameter, of: Function, local_names: Mapping[str, object]
) -> ToolParameter:
    what = f"parameter `{parameter.name}` of `{of.__qualname__}`"
    if parameter.kind in _REMEDIES:
        raise ConfigError(f"{what}: {_REMEDIES[parameter.kind]}")

    if parameter.annotation is inspect.Parameter.empty:
        raise ConfigError(
            f"{what} has no type; annotate it, as in `{parameter.name}: str`"
        )

    if is_field(parameter.default):
        said = Metadata([parameter.default])
        raise ConfigError(
            f"{what}: functions do not read a default of pydantic; write"
            f" `{parameter.name}: Annotated[..., {said.as_code}]`, and its default"
            " behind `=`"
        )

    holder = type("", (), {"__annotations__": {parameter.name: parameter.annotation}})
    names = dict(getattr(of, "__globals__", {}))
    try:
        hints = get_type_hints(holder, names, dict(local_names), include_extras=True)
    except (NameError, TypeError, SyntaxError, AttributeError) as found:
        problem = str(found)
    else:
        required = parameter.default is inspect.Parameter.empty
        default = None if required else parameter.default
        return ToolParameter(hints[parameter.name], required, default)

    raise ConfigError(f"{what}: its type cannot be found ({problem}); {NOT_FOUND}")
