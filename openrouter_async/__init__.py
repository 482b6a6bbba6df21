"""The asyncio client for the OpenRouter API."""

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
from openrouter_async.fanout.map import Outcomes
from openrouter_async.fanout.outcomes import Failure, Outcome, Success
from openrouter_async.fanout.statistics import (
    LaneStatistics,
    LimiterStatistics,
    MapStatistics,
)
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

__all__ = [
    "APIConnectionError",
    "APIError",
    "APITimeoutError",
    "AppInfo",
    "AttemptFailure",
    "AuthenticationError",
    "BadRequestError",
    "Completion",
    "CompletionChoice",
    "CompletionChunk",
    "CompletionStream",
    "ConfigError",
    "ConflictError",
    "Failure",
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
    "PayloadTooLargeError",
    "PaymentRequiredError",
    "PermissionDeniedError",
    "PoolLimits",
    "RateLimitError",
    "RateLimits",
    "RequestTimeoutError",
    "ResponseDecodeError",
    "ResponseMeta",
    "ResponseTooLargeError",
    "RetryPolicy",
    "ServerError",
    "SizeLimits",
    "StreamInterruptedError",
    "Success",
    "Timeout",
    "UnprocessableEntityError",
    "Usage",
    "__version__",
]
