"""What goes over the wire: Structs for what comes, TypedDicts for what goes."""

from openrouter_async.types.admission import Scope
from openrouter_async.types.completion import (
    Completion,
    CompletionChoice,
    CompletionChunk,
    Logprobs,
)
from openrouter_async.types.completion_params import (
    CompletionItem,
    CompletionItemParams,
    CompletionParams,
    JSONSchemaConfig,
    Prompt,
    ResponseFormat,
    ResponseFormatGrammar,
    ResponseFormatJSONObject,
    ResponseFormatJSONSchema,
    ResponseFormatPython,
    ResponseFormatText,
    StreamOptions,
)
from openrouter_async.types.lenient import Json
from openrouter_async.types.usage import (
    CompletionTokensDetails,
    CostDetails,
    PromptTokensDetails,
    ServerToolUseDetails,
    Usage,
)
from openrouter_async.types.wire import AttemptFailure, ResponseMeta

__all__ = [
    "AttemptFailure",
    "Completion",
    "CompletionChoice",
    "CompletionChunk",
    "CompletionItem",
    "CompletionItemParams",
    "CompletionParams",
    "CompletionTokensDetails",
    "CostDetails",
    "JSONSchemaConfig",
    "Json",
    "Logprobs",
    "Prompt",
    "PromptTokensDetails",
    "ResponseFormat",
    "ResponseFormatGrammar",
    "ResponseFormatJSONObject",
    "ResponseFormatJSONSchema",
    "ResponseFormatPython",
    "ResponseFormatText",
    "ResponseMeta",
    "Scope",
    "ServerToolUseDetails",
    "StreamOptions",
    "Usage",
]
