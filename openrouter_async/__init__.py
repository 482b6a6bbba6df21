"""The asyncio client for the OpenRouter API."""

import typing

from openrouter_async import _later
from openrouter_async._version import __version__
from openrouter_async.client import OpenRouter
from openrouter_async.config import (
    AppInfo,
    PoolLimits,
    RateLimits,
    RetryPolicy,
    SizeLimits,
    Timeout,
)
from openrouter_async.errors import (
    AnswerMismatchError,
    AnswerRefusedError,
    AnswerTruncatedError,
    APIConnectionError,
    APIError,
    APITimeoutError,
    AuthenticationError,
    BadRequestError,
    ConfigError,
    ConflictError,
    NotFoundError,
    NotSentError,
    OpenRouterError,
    ParseError,
    PayloadTooLargeError,
    PaymentRequiredError,
    PermissionDeniedError,
    RateLimitError,
    RequestTimeoutError,
    ResponseDecodeError,
    ResponseTooLargeError,
    ServerError,
    StreamInterruptedError,
    UnprocessableEntityError,
)
from openrouter_async.fanout.limiter import Limiter
from openrouter_async.resources.completions import CompletionStream
from openrouter_async.types import (
    AttemptFailure,
    Completion,
    CompletionChoice,
    CompletionChunk,
    Logprobs,
    ResponseMeta,
    Usage,
)

if typing.TYPE_CHECKING:
    from openrouter_async.fanout.map import Outcomes
    from openrouter_async.fanout.outcomes import Failure, Outcome, Success
    from openrouter_async.fanout.statistics import (
        LaneStatistics,
        LimiterStatistics,
        MapStatistics,
    )
    from openrouter_async.formats.format import Format
    from openrouter_async.formats.mismatch import FormatMismatch
    from openrouter_async.formats.tool import Tool, tool
    from openrouter_async.formats.tool_use import ToolUse, UnknownToolError
    from openrouter_async.resources.embedding_map import EmbeddingOutcomes
    from openrouter_async.resources.pages import Pages
    from openrouter_async.resources.tool_runs import ToolRun, ToolStep
    from openrouter_async.streaming.chat_stream import (
        ChatCompletionStream,
        ParsedChatCompletionStream,
    )
    from openrouter_async.streaming.raw import ByteStream, EventStream
    from openrouter_async.streaming.server_event import ServerEvent
    from openrouter_async.types.chat import (
        ChatCompletion,
        ChatCompletionChunk,
        ChatMessage,
        ParsedChatCompletion,
    )
    from openrouter_async.types.records import RawResponse, Record
    from openrouter_async.types.stream_events import StreamEvent
    from openrouter_async.types.tool_calls import ToolCall

__all__ = [
    "APIConnectionError",
    "APIError",
    "APITimeoutError",
    "AnswerMismatchError",
    "AnswerRefusedError",
    "AnswerTruncatedError",
    "AppInfo",
    "AttemptFailure",
    "AuthenticationError",
    "BadRequestError",
    "ByteStream",
    "ChatCompletion",
    "ChatCompletionChunk",
    "ChatCompletionStream",
    "ChatMessage",
    "Completion",
    "CompletionChoice",
    "CompletionChunk",
    "CompletionStream",
    "ConfigError",
    "ConflictError",
    "EmbeddingOutcomes",
    "EventStream",
    "Failure",
    "Format",
    "FormatMismatch",
    "LaneStatistics",
    "Limiter",
    "LimiterStatistics",
    "Logprobs",
    "MapStatistics",
    "NotFoundError",
    "NotSentError",
    "OpenRouter",
    "OpenRouterError",
    "Outcome",
    "Outcomes",
    "Pages",
    "ParseError",
    "ParsedChatCompletion",
    "ParsedChatCompletionStream",
    "PayloadTooLargeError",
    "PaymentRequiredError",
    "PermissionDeniedError",
    "PoolLimits",
    "RateLimitError",
    "RateLimits",
    "RawResponse",
    "Record",
    "RequestTimeoutError",
    "ResponseDecodeError",
    "ResponseMeta",
    "ResponseTooLargeError",
    "RetryPolicy",
    "ServerError",
    "ServerEvent",
    "SizeLimits",
    "StreamEvent",
    "StreamInterruptedError",
    "Success",
    "Timeout",
    "Tool",
    "ToolCall",
    "ToolRun",
    "ToolStep",
    "ToolUse",
    "UnknownToolError",
    "UnprocessableEntityError",
    "Usage",
    "__version__",
    "tool",
]

if not typing.TYPE_CHECKING:
    __getattr__, __dir__ = _later.later(
        __name__,
        __all__,
        (
            "fanout.outcomes",
            "fanout.statistics",
            "fanout.map",
            "formats.format",
            "formats.mismatch",
            "formats.tool",
            "formats.tool_use",
            "streaming.chat_stream",
            "resources.embedding_map",
            "resources.pages",
            "resources.tool_runs",
            "streaming.raw",
            "streaming.server_event",
            "types.chat",
            "types.records",
            "types.stream_events",
            "types.tool_calls",
        ),
    )
