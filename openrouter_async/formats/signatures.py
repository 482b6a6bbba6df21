"""What a model is told of a function: its parameters, by signature and docstring."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple, get_type_hints

from openrouter_async.errors import ConfigError
from openrouter_async.types.lenient import Json

Function = Callable[..., object]

_REMEDIES = {
    inspect.Parameter.POSITIONAL_ONLY: "models name arguments, so remove the `/`",
    inspect.Parameter.VAR_POSITIONAL: "take a list instead",
    inspect.Parameter.VAR_KEYWORD: "name the parameters",
}


class ParameterType(NamedTuple):
    """
    Tell what a parameter takes.

    Attributes:
        annotation: its type.
        required: whether it has no default.
        default: what it has; None where it has none.
    """

    annotation: object
    required: bool
    default: Json


def parameters_of(
    function: Function, local_names: Mapping[str, object], *, skip_first: bool
) -> dict[str, ParameterType]:
    """
    Return the parameters of a function that a model gives arguments for.

    Args:
        function: what is called; arguments that a `partial` binds are left out.
        local_names: what annotations may mean beside the names of the module.
        skip_first: whether the first parameter is the instance.

    Raises:
        ConfigError: a parameter cannot be given by name, or its type is not known.
    """
    bound = bound_keywords(function)
    listed = list(inspect.signature(function).parameters.values())[skip_first:]
    hints = _hints(function, local_names)
    parameters: dict[str, ParameterType] = {}
    for parameter in listed:
        if parameter.name in bound:
            continue

        _check(parameter, function, hints)
        has_default = parameter.default is not inspect.Parameter.empty
        parameters[parameter.name] = ParameterType(
            annotation=hints[parameter.name],
            required=not has_default,
            default=parameter.default if has_default else None,
        )

    return parameters


def bound_keywords(function: object) -> frozenset[str]:
    """Name the keyword arguments that a `partial` has given already."""
    return frozenset(function.keywords) if isinstance(function, partial) else frozenset()


def implementation(function: object) -> Function:
    """Return what carries the annotations and the docstring of a callable."""
    ...
