"""Functions that models can call."""

from __future__ import annotations

import copy
import inspect
import re
from collections.abc import Callable, Mapping
from functools import partial, update_wrapper
from typing import (
    Concatenate,
    Generic,
    ParamSpec,
    Self,
    TypeVar,
    cast,
    overload,
)

from anyio import to_thread

from openrouter_async.errors import ConfigError
from openrouter_async.formats.arguments import arguments_format, json_text
from openrouter_async.formats.docstrings import read_docstring
from openrouter_async.formats.signatures import (
    called,
    implementation,
    is_method,
    names_around,
    parameters_of,
)
from openrouter_async.formats.type_schema import Schema
from openrouter_async.types.lenient import Json
from openrouter_async.types.tool_params import FunctionParam, FunctionToolParam

P = ParamSpec("P")
Q = ParamSpec("Q")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)
InstanceT = TypeVar("InstanceT")

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")


class Tool(Generic[P, R_co]):
    """
    Hold a function that models can call, and describe it to them.

    It is called as the function is. `tool` makes it.

    Attributes:
        name: what the model calls it.
        description: what the model is told of it.
        parameters: JSON schema of its arguments; not to be changed.
        strict: whether the provider has to keep to the schema.
        function: the function itself.
    """

    __name__: str

    def __init__(
        self,
        function: Callable[P, R_co],
        *,
        name: str | None = None,
        description: str | None = None,
        strict: bool = True,
        local_names: Mapping[str, object] | None = None,
    ) -> None:
        source = implementation(function)
        said = read_docstring(source.__doc__)
        self.function: Callable[P, R_co] = function
        self.name: str = _checked_name(
            _name_of(function, source) if name is None else name
        )
        self.description: str = said.summary if description is None else description
        self.strict: bool = strict
        self._unbound = is_method(function)
        self._format = arguments_format(
            self.name,
            parameters_of(function, local_names or {}),
            said.members,
            strict=strict,
        )
        self.parameters: Schema = {
            name: value
            for name, value in self._format.schema.items()
            if name != "title"
        }
        update_wrapper(self, function, updated=())  # its attributes are not ours

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R_co:
        """Call the function."""
        return self.function(*args, **kwargs)

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...

    @overload
    def __get__(
        self: Tool[Concatenate[InstanceT, Q], R], instance: InstanceT, owner: type
    ) -> Tool[Q, R]: ...

    @overload
    def __get__(self, instance: object, owner: type) -> Self: ...

    def __get__(self, instance: object, owner: type) -> object:
        if instance is None or not self._unbound:
            return self

        bound = copy.copy(self)
        bound._unbound = False
        bound.function = partial(cast("Callable[..., R_co]", self.function), instance)
        return bound

    def __repr__(self) -> str:
        return f"<Tool {self.name}>"

    def definition(self) -> FunctionToolParam:
        """
        Return what goes into the `tools` of a request.

        Raises:
            ConfigError: it is a method that has no instance.
        """
        if self._unbound:
            raise ConfigError(
                f"tool `{self.name}` is a method: take it from an instance, as in"
                f" tools=[instance.{self.name}]"
            )

        function: FunctionParam = {
            "name": self.name,
            "description": self.description,
            "parameters": self.parameters,
            "strict": self.strict,
        }
        if not self.description:
            del function["description"]

        return {"type": "function", "function": function}

    def arguments_of(self, arguments: str | Mapping[str, Json]) -> dict[str, object]:
        """
        Return the arguments that a model wrote, as the types of the parameters.

        Those that are left out, or null where they cannot be, are left out.

        Args:
            arguments: JSON of an object, or what it stands for; no text at all is an
                empty one.

        Raises:
            FormatMismatch: it is not JSON, or not of these types; with the path.
            ConfigError: it is neither text nor a mapping that JSON can hold.
        """
        text = json_text(arguments)
        return self._format.read(text if text.strip() else "{}")

    async def run(self, arguments: str | Mapping[str, Json]) -> object:
        """
        Call the function with the arguments that a model wrote.

        A function that is not `async` runs in a thread, with a copy of the context
        variables; while it does, a cancellation waits.

        Returns:
            What the function returns, awaited where it can be.

        Raises:
            FormatMismatch: the arguments are not JSON, or not of the right types.
            ConfigError: they are neither text nor a mapping that JSON can hold.
            Exception: whatever the function raises.
        """
        given = self.arguments_of(arguments)
        call = cast("Callable[..., object]", self.function)
        if _is_async(call):
            result = call(**given)
        else:
            result = await to_thread.run_sync(partial(call, **given))

        return await result if inspect.isawaitable(result) else result


@overload
def tool(
    function: Callable[P, R],
    /,
    *,
    name: str | None = None,
    description: str | None = None,
    strict: bool = True,
) -> Tool[P, R]: ...


@overload
def tool(
    function: None = None,
    /,
    *,
    name: str | None = None,
    description: str | None = None,
    strict: bool = True,
) -> Callable[[Callable[P, R]], Tool[P, R]]: ...


def tool(
    function: Callable[P, R] | None = None,
    /,
    *,
    name: str | None = None,
    description: str | None = None,
    strict: bool = True,
) -> Tool[P, R] | Callable[[Callable[P, R]], Tool[P, R]]:
    """
    Make a function one that models can call.

    The types of the parameters become a JSON schema, and the docstring says what it
    and its arguments are for (in the style of Google, NumPy or reST). Plain and
    `async` functions, methods, closures and `functools.partial` all do.

    Args:
        function: what is called.
        name: what the model calls it; the function's name by default.
        description: what the model is told of it; the first paragraph of the
            docstring by default.
        strict: whether the provider has to keep to the schema. Without, parameters
            may be maps, or of any type.

    Returns:
        The function as a Tool, which is called as before; without `function`, a
        decorator.

    Raises:
        ConfigError: a parameter has no type, or one that JSON cannot hold, or cannot
            be given by name; or the name is none that providers accept.
    """
    # Types that are local where the function is written are found there.
    frame = inspect.currentframe()
    local_names = names_around(frame.f_back if frame else None)
    make = partial(
        Tool[P, R],
        name=name,
        description=description,
        strict=strict,
        local_names=local_names,
    )
    return make if function is None else make(function)


def _name_of(function: object, source: Callable[..., object]) -> str:
    name = getattr(function, "__name__", source.__name__)
    return type(function).__name__ if name == "__call__" else str(name)


def _checked_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f"a tool cannot be called {name!r}; give it a `name` of at most 64 letters,"
            " digits, `_` and `-`"
        )

    return name


def _is_async(function: Callable[..., object]) -> bool:
    return any(map(inspect.iscoroutinefunction, (function, called(function))))
