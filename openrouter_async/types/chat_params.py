"""What goes into `POST /chat/completions`: every field by the name the API gives it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, Required, TypeAlias, TypedDict

from openrouter_async.types.completion_params import ResponseFormat, StreamOptions
from openrouter_async.types.lenient import Json
from openrouter_async.types.messages import CacheControl, Message, TextPart
from openrouter_async.types.provider import ProviderPreferences
from openrouter_async.types.reasoning import ReasoningEffort, ReasoningParam
from openrouter_async.types.tool_params import ToolChoice, ToolParam

ServiceTier: TypeAlias = Literal[
    "auto", "default", "fast", "flex", "priority", "scale", "ultrafast"
]


class Prediction(TypedDict):
    """Hold what most of the answer is known to be."""

    type: Literal["content"]
    content: str | Sequence[TextPart | Mapping[str, Json]]


class PromptCacheOptions(TypedDict, total=False):
    """Say that the prompt is cached where it is marked, and for how long."""

    mode: Required[Literal["explicit"]]
    ttl: Literal["30m", "12h"] | None


class AudioParam(TypedDict):
    """Say how the answer is to sound; it comes in streams alone."""

    voice: str
    format: str


class Trace(TypedDict, total=False):
    """Name the request for the destinations it is broadcast to; any others go too."""

    trace_id: str
    trace_name: str
    span_name: str
    generation_name: str
    parent_span_id: str


class DebugOptions(TypedDict, total=False):
    """Have streams begin with what was sent upstream."""

    echo_upstream_body: bool


class ChatParams(TypedDict, total=False):
    """
    Name the request fields of chat beside `messages` and `stream`.

    The first group is the published schema
    (https://openrouter.ai/docs/api/api-reference/chat/send-chat-completion-request);
    the second is documented or accepted beyond it. Fields not named here go into
    `extra_body`.
    """

    model: str
    models: Sequence[str]
    provider: ProviderPreferences | Mapping[str, Json] | None
    plugins: Sequence[Mapping[str, Json]]
    tools: Sequence[ToolParam]
    tool_choice: ToolChoice
    parallel_tool_calls: bool | None
    response_format: ResponseFormat
    reasoning: ReasoningParam | Mapping[str, Json]
    reasoning_effort: ReasoningEffort | None
    max_tokens: int | None
    max_completion_tokens: int | None
    temperature: float | None
    top_p: float | None
    top_k: int | None
    min_p: float | None
    top_a: float | None
    frequency_penalty: float | None
    presence_penalty: float | None
    repetition_penalty: float | None
    logit_bias: Mapping[str, float] | Mapping[int, float] | None
    logprobs: bool | None
    top_logprobs: int | None
    seed: int | None
    stop: str | Sequence[str] | None
    stream_options: StreamOptions | Mapping[str, Json] | None
    modalities: Sequence[Literal["text", "image", "audio"]]
    image_config: Mapping[str, Json]
    prediction: Prediction | Mapping[str, Json] | None
    cache_control: CacheControl | Mapping[str, Json]
    prompt_cache_key: str | None
    prompt_cache_options: PromptCacheOptions | Mapping[str, Json] | None
    service_tier: ServiceTier | None
    session_id: str
    metadata: Mapping[str, str]
    trace: Trace | Mapping[str, Json]
    user: str
    stop_server_tools_when: Sequence[Mapping[str, Json]]
    debug: DebugOptions | Mapping[str, Json]
    route: Literal["fallback", "sort"] | None

    n: int | None
    preset: str
    max_tool_calls: int
    deferred_tools: Sequence[ToolParam]
    verbosity: Literal["low", "medium", "high", "xhigh", "max"]
    include_reasoning: bool
    structured_outputs: bool
    web_search_options: Mapping[str, Json]
    audio: AudioParam | Mapping[str, Json]
    transforms: Sequence[str]
    usage: Mapping[str, Json]


class ChatItemParams(ChatParams):
    """
    Name the parameters of one item of a map: messages, and what differs for it.

    Attributes:
        messages: the conversation.
        extra_body: members that are not typed; they win over those of the map.
    """

    messages: Required[Sequence[Message]]
    extra_body: Mapping[str, Json] | None


ChatItem: TypeAlias = str | Sequence[Message] | ChatItemParams | Mapping[str, Json]
"""An item of a map: what a user says, messages, or its own parameters."""

CHAT_NEVER_NULL = frozenset(
    {
        *("model", "models", "plugins", "tools", "tool_choice", "response_format"),
        *("reasoning", "modalities", "image_config", "cache_control", "session_id"),
        *("metadata", "trace", "user", "stop_server_tools_when", "debug"),
        *("preset", "max_tool_calls", "deferred_tools", "verbosity"),
        *("include_reasoning", "structured_outputs", "web_search_options", "audio"),
        *("transforms", "usage"),
    }
)
"""Fields for which the API knows no null: None there means "not given"."""
