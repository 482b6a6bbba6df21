"""The tools that a request offers to the model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Protocol, Required, TypeAlias, TypedDict

from openrouter_async.types.lenient import Json
from openrouter_async.types.messages import CacheControl


class FunctionParam(TypedDict, total=False):
    """
    Describe a function.

    Attributes:
        name: at most 64 characters.
        description: when and how to call it.
        parameters: a JSON schema of its arguments.
        strict: whether arguments must match it exactly.
    """

    name: Required[str]
    description: str
    parameters: Mapping[str, Json]
    strict: bool | None


class FunctionToolParam(TypedDict, total=False):
    """Offer a function of yours."""

    type: Required[Literal["function"]]
    function: Required[FunctionParam]
    cache_control: CacheControl


class ServerToolParam(TypedDict, total=False):
    """
    Offer a tool that runs at OpenRouter.

    Attributes:
        type: such as `openrouter:web_search`
            (https://openrouter.ai/docs/guides/features/server-tools).
        parameters: its settings.
    """

    type: Required[str]
    parameters: Mapping[str, Json]


class DefinesTool(Protocol):
    """Be a function that describes itself, as `@tool` makes it."""

    def definition(self) -> Mapping[str, Json]:
        """Return what the model is told of it."""
        ...


ToolParam: TypeAlias = (
    FunctionToolParam | ServerToolParam | DefinesTool | Mapping[str, Json]
)


class FunctionName(TypedDict):
    """Name a function."""

    name: str


class NamedToolChoice(TypedDict):
    """Have the model call that function."""

    type: Literal["function"]
    function: FunctionName


class ServerToolChoice(TypedDict):
    """Have the model use that tool of OpenRouter's."""

    type: str


ToolChoice: TypeAlias = (
    Literal["none", "auto", "required"]
    | str
    | DefinesTool
    | NamedToolChoice
    | ServerToolChoice
    | Mapping[str, Json]
)
"""Whether tools are called; a tool that shall be, or its name."""
