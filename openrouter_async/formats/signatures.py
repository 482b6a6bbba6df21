"""The parameters of a function, as a model that calls it sees them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping
from functools import partial
from types import FrameType
from typing import TypeAlias, TypeVar, cast, get_type_hints

from openrouter_async.errors import ConfigError
from openrouter_async.formats.hints import UNRESOLVED
from openrouter_async.formats.metadata import Metadata, is_field
from openrouter_async.formats.refusals import NOT_FOUND, shown_name
from openrouter_async.formats.tool_parameter import (
    ToolParameter,
    keyword_parameters,
    unpacked,
)

Function: TypeAlias = Callable[..., object]
T = TypeVar("T")

_CALL = "__call__"  # checkers do not agree on whether all that can be called has it
_REMEDIES = {
    inspect.Parameter.POSITIONAL_ONLY: "models name arguments, so leave out the `/`",
    inspect.Parameter.VAR_POSITIONAL: "models name arguments, so take a list",
}
_KEYWORDS_REMEDY = (
    "name the parameters one by one, or as the members of a TypedDict:"
    " `**{}: Unpack[...]`"
)


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
    listed = list(inspect.signature(function).parameters.values())
    given: set[str] = set(getattr(function, "keywords", ()))  # of a `partial`
    signature = _Signature(implementation(function), local_names)
    found: dict[str, ToolParameter] = {}
    for each in listed[is_method(function) :]:
        if each.kind is inspect.Parameter.VAR_KEYWORD:
            names = {other.name for other in listed if other is not each}
            found |= signature.keywords(each, names)
        elif each.name not in given:
            found[each.name] = signature.parameter(each)

    return {name: each for name, each in found.items() if name not in given}


class _Signature:
    """
    Describe the parameters of a function.

    Args:
        of: the function that has the annotations.
        local_names: what they can mean beside what its module knows.
    """

    def __init__(self, of: Function, local_names: Mapping[str, object]) -> None:
        self.of = of
        self.local_names = local_names

    def parameter(self, parameter: inspect.Parameter) -> ToolParameter:
        if parameter.kind in _REMEDIES:
            raise self._refusal(parameter, _REMEDIES[parameter.kind])

        name = parameter.name
        if parameter.annotation is inspect.Parameter.empty:
            reason = f"annotate it, as in `{name}: str`"
            raise self._refusal(parameter, reason, " has no type; ")

        if is_field(parameter.default):
            said = Metadata([parameter.default])
            raise self._refusal(
                parameter,
                "functions do not read a default of pydantic; write"
                f" `{name}: Annotated[..., {said.as_code}]`, and its default behind"
                " `=`",
            )

        annotation = self._annotation(parameter)
        if parameter.default is inspect.Parameter.empty:
            return ToolParameter(annotation, required=True)

        return ToolParameter(annotation, required=False, default=parameter.default)

    def keywords(
        self, parameter: inspect.Parameter, names: Collection[str]
    ) -> dict[str, ToolParameter]:
        """Return the members of `**kwargs: Unpack[...]`; `names` are of the others."""
        bare = parameter.annotation is inspect.Parameter.empty
        of = None if bare else unpacked(self._annotation(parameter))
        if of is None:
            remedy = _KEYWORDS_REMEDY.format(parameter.name)
            raise self._refusal(parameter, remedy)

        found = self._known(parameter, lambda: keyword_parameters(of, self.local_names))
        for name in found.keys() & names:
            reason = f"is a parameter as well as a member of {shown_name(of)}"
            raise self._refusal(parameter, f"`{name}` {reason}; rename either")

        return found

    def _annotation(self, parameter: inspect.Parameter) -> object:
        members = {"__annotations__": {parameter.name: parameter.annotation}}
        holder = type("", (), members)
        names = dict(getattr(self.of, "__globals__", {}))
        local = dict(self.local_names)
        read = partial(get_type_hints, holder, names, local, include_extras=True)
        return self._known(parameter, read)[parameter.name]

    def _known(self, parameter: inspect.Parameter, read: Callable[[], T]) -> T:
        """Return types that are read, if all of their names are known."""
        try:
            return read()
        except UNRESOLVED as found:
            problem = str(found)

        reason = f"its type cannot be found ({problem}); {NOT_FOUND}"
        raise self._refusal(parameter, reason)

    def _refusal(
        self, parameter: inspect.Parameter, reason: str, link: str = ": "
    ) -> ConfigError:
        what = f"parameter `{parameter.name}` of `{self.of.__qualname__}`"
        return ConfigError(f"{what}{link}{reason}")
