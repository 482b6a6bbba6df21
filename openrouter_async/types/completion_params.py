"""What goes into `POST /completions`: every field by the name the API gives it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, Required, TypeAlias, TypedDict

from openrouter_async.types.lenient import Json
from openrouter_async.types.provider import ProviderPreferences
from openrouter_async.types.reasoning import ReasoningParam

Prompt: TypeAlias = str | Sequence[str] | Sequence[int] | Sequence[Sequence[int]]
"""One prompt or several, as text or as token ids."""


class StreamOptions(TypedDict, total=False):
    """Options of a stream; OpenRouter sends the usage whatever they say."""

    include_usage: bool | None


class ResponseFormatText(TypedDict):
    """Ask for plain text."""

    type: Literal["text"]


class ResponseFormatJSONObject(TypedDict):
    """Ask for any JSON object."""

    type: Literal["json_object"]


class _JSONSchemaName(TypedDict):
    name: str


class JSONSchemaConfig(_JSONSchemaName, total=False):
    """Name and describe the JSON schema an answer must match."""

    description: str
    schema: Mapping[str, Json]
    strict: bool | None


class ResponseFormatJSONSchema(TypedDict):
    """Ask for JSON that matches a schema."""

    type: Literal["json_schema"]
    json_schema: JSONSchemaConfig


class ResponseFormatGrammar(TypedDict):
    """Ask for text that a grammar accepts (text completions only)."""

    type: Literal["grammar"]
    grammar: str


class ResponseFormatPython(TypedDict):
    """Ask for Python source (text completions only)."""

    type: Literal["python"]


ResponseFormat: TypeAlias = (
    ResponseFormatText
    | ResponseFormatJSONObject
    | ResponseFormatJSONSchema
    | ResponseFormatGrammar
    | ResponseFormatPython
    | Mapping[str, Json]
)


class CompletionParams(TypedDict, total=False):
    """
    Name the request fields of text completions beside `prompt` and `stream`.

    The first group is the published schema
    (https://openrouter.ai/docs/api/api-reference/completions/create-completions);
    the second is accepted by the live endpoint beyond it. Fields not named here
    go into `extra_body`.
    """

    model: str
    models: Sequence[str]
    best_of: int | None
    echo: bool | None
    frequency_penalty: float | None
    logit_bias: Mapping[str, float] | Mapping[int, float] | None
    logprobs: int | None
    max_tokens: int | None
    n: int | None
    presence_penalty: float | None
    seed: int | None
    stop: str | Sequence[str] | None
    stream_options: StreamOptions | Mapping[str, Json] | None
    suffix: str | None
    temperature: float | None
    top_p: float | None
    user: str
    metadata: Mapping[str, str] | None
    response_format: ResponseFormat | None

    provider: ProviderPreferences | Mapping[str, Json]
    reasoning: ReasoningParam | Mapping[str, Json]
    include_reasoning: bool
    top_k: int
    min_p: float
    top_a: float
    repetition_penalty: float
    transforms: Sequence[str]
    plugins: Sequence[Mapping[str, Json]]


class CompletionItemParams(CompletionParams):
    """
    Name the parameters of one item of a map: a prompt, and what differs for it.

    Attributes:
        prompt: to be completed.
        extra_body: members that are not typed; they win over those of the map.
    """

    prompt: Required[Prompt]
    extra_body: Mapping[str, Json] | None


CompletionItem: TypeAlias = Prompt | CompletionItemParams | Mapping[str, Json]
"""An item of a map: a prompt, or its own parameters."""

NEVER_NULL = frozenset(
    {
        *("model", "models", "user"),
        *("provider", "reasoning", "include_reasoning", "top_k", "min_p", "top_a"),
        *("repetition_penalty", "transforms", "plugins"),
    }
)
"""Fields for which the API knows no null: None there means "not given"."""
