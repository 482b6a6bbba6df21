"""
Every exception this library raises.

OpenRouterError
├── ConfigError (also ValueError)    what the caller passed cannot be used
├── APIError                         what the API reported, wherever it did
│   ├── BadRequestError              400
│   ├── AuthenticationError          401
│   ├── PaymentRequiredError         402
│   ├── PermissionDeniedError        403
│   ├── NotFoundError                404
│   ├── RequestTimeoutError          408
│   ├── ConflictError                409
│   ├── PayloadTooLargeError         413
│   ├── UnprocessableEntityError     422
│   ├── RateLimitError               429
│   └── ServerError                  5xx
├── APIConnectionError               no answer arrived
│   ├── APITimeoutError              a timer ran out (also TimeoutError)
│   └── StreamInterruptedError       a stream ended before its answer did
├── ResponseDecodeError              an answer arrived that cannot be read
│   └── ResponseTooLargeError        ... because it is over a size limit
├── ParseError                       an answer holds no value of the type asked for
│   ├── AnswerTruncatedError         ... because it was cut by a token limit
│   ├── AnswerRefusedError           ... because the model, or a filter, refused
│   └── AnswerMismatchError          ... because it is none, or one of another shape
└── NotSentError                     a fan-out item that a stopped run did not send
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from openrouter_async.types.chat import ChatCompletion
    from openrouter_async.types.completion import Completion
    from openrouter_async.types.lenient import Json
    from openrouter_async.types.wire import AttemptFailure

Kind: TypeAlias = Literal[
    "final", "refused", "throttled", "unsent", "stale", "expired", "ambiguous"
]
"""
What a failure means for a repetition: no use; the server refused; it refused because
of load; nothing reached it; a pooled connection was dead; a key was, and there may be a
new one; unknown (may be billed).
"""

Phase: TypeAlias = Literal[
    "pool", "connect", "first_event", "idle", "transport_idle", "total"
]

_SHOWN = 600  # characters of a server's message in str()


class OpenRouterError(Exception):
    """
    Base of every exception of this library.

    Attributes:
        message: what happened; text from the server is as it came.
        status: HTTP status; 200 when the error came inside a successful answer;
            None when no response head arrived.
        code: the code as reported on the wire, a number or a name.
        error_type: OpenRouter's class of the error, such as `rate_limit_exceeded`.
        metadata: `error.metadata` as it came, and `error.availability` as its
            member `availability`.
        openrouter_metadata: how the request was routed, if that was asked for.
        limit_source: which limit was hit, such as `openrouter_in_flight_budget`.
        provider_name: the upstream that failed.
        kind: what the failure means for a repetition.
        retryable: whether the same call may succeed later.
        retry_after: seconds the server asked to wait.
        limit_resets_in: seconds until the limit's window ends for everybody, from
            `X-RateLimit-Reset`.
        generation_id: the id of the usage record, for a look-up of the bill.
        attempts: requests sent for this call.
        history: the attempts that failed before this error.
        elapsed: seconds from the start of the call to this error.
        partial: the answer so far; the same object as the stream's `snapshot`.
        hint: what can be done about it, when that is known.
        maybe_billed: whether the request may have been carried out and billed.
        budget_exhausted: whether a retry was due but the retry budget was spent.
    """

    kind: Kind = "final"

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        code: int | str | None = None,
        error_type: str | None = None,
        metadata: Mapping[str, Json] | None = None,
        openrouter_metadata: Mapping[str, Json] | None = None,
        limit_source: str | None = None,
        provider_name: str | None = None,
        retry_after: float | None = None,
        limit_resets_in: float | None = None,
        generation_id: str | None = None,
        partial: Completion | ChatCompletion | None = None,
        hint: str | None = None,
        body: bytes = b"",
        kind: Kind | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.code = code
        self.error_type = error_type
        self.metadata = metadata
        self.openrouter_metadata = openrouter_metadata
        self.limit_source = limit_source
        self.provider_name = provider_name
        self.retry_after = retry_after
        self.limit_resets_in = limit_resets_in
        self.generation_id = generation_id
        self.partial = partial
        self.hint = hint
        self.body = body
        self.kind = kind or type(self).kind
        self.attempts: int = 0
        self.history: tuple[AttemptFailure, ...] = ()
        self.elapsed: float = 0.0
        self.budget_exhausted = False

    @property
    def retryable(self) -> bool:
        """Whether the same call may succeed later."""
        return self.kind != "final"

    @property
    def maybe_billed(self) -> bool:
        """Whether the request may have been carried out and billed."""
        return self.kind == "ambiguous" or self.partial is not None

    def __str__(self) -> str:
        label = self.code
        if label is None and self.status is not None and self.status >= 300:
            label = self.status

        told = label is None or self.message.startswith(str(label))
        text = self.message if told else f"{label}: {self.message}"
        if self.attempts > 1:
            text = f"{text} (after {self.attempts} attempts, {self.elapsed:.1f} s)"

        return printable(f"{text.rstrip('.')}. {self.hint}" if self.hint else text)

    def __reduce__(self) -> tuple[object, ...]:
        # Called without __init__: subclasses are free to build their own message.
        return _restore, (type(self), self.args, self.__dict__)


def _restore(
    error_class: type[OpenRouterError],
    args: tuple[object, ...],
    state: dict[str, object],
) -> OpenRouterError:
    error = error_class.__new__(error_class, *args)
    error.args = args  # OSError, a base of TimeoutError, leaves it to __init__
    error.__dict__.update(state)
    return error


def printable(text: str) -> str:
    """Escape control characters and shorten: the text may come from anywhere."""
    shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
    if shown.isprintable():
        return shown

    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode()
        for char in shown
    )


class ConfigError(OpenRouterError, ValueError):
    """Raised when something the caller passed cannot be used; nothing was sent."""


class APIError(OpenRouterError):
    """
    Raised when the API reported an error: by status, in a body, or in a stream.

    The class follows the code that was reported; with no usable code it is this
    one. `body` holds the first 4 KiB of what came.
    """


class BadRequestError(APIError):
    """Raised for 400: a parameter is bad or missing, or the model is unknown."""


class AuthenticationError(APIError):
    """Raised for 401: the key is missing, unknown or disabled."""


class PaymentRequiredError(APIError):
    """Raised for 402: credits, a key's limit, or the budget of what is in flight."""


class PermissionDeniedError(APIError):
    """Raised for 403: moderation, a guardrail, a region, or a spent budget."""


class NotFoundError(APIError):
    """Raised for 404: no such model, or no endpoint that meets the request."""


class RequestTimeoutError(APIError):
    """Raised for 408: the request took the server too long."""


class ConflictError(APIError):
    """Raised for 409: the request conflicts with the state of a resource."""


class PayloadTooLargeError(APIError):
    """Raised for 413: the request is too large."""


class UnprocessableEntityError(APIError):
    """Raised for 422: the request is well-formed but cannot be carried out."""


class RateLimitError(APIError):
    """Raised for 429: a limit of OpenRouter or of the upstream was reached."""


class ServerError(APIError):
    """Raised for every 5xx code: OpenRouter or the upstream failed."""


class APIConnectionError(OpenRouterError):
    """
    Raised when the connection could not be made or was lost before an answer.

    Attributes:
        is_local: whether it was this process that had no descriptor left for one: the
            server has no part in it. Such a call waits for as long as one may connect.
    """

    kind: Kind = "ambiguous"
    is_local: bool = False


class APITimeoutError(APIConnectionError, TimeoutError):
    """
    Raised when a timer of `Timeout` ran out.

    Attributes:
        phase: the timer: `connect`, `first_event`, `idle`, `transport_idle` or
            `total`; `pool` when `total` ran out while all connections were taken.
    """

    def __init__(self, message: str, *, phase: Phase, kind: Kind | None = None) -> None:
        super().__init__(message, kind=kind)
        self.phase: Phase = phase


class StreamInterruptedError(APIConnectionError):
    """Raised when a stream ended before its answer did; see `partial`."""


class ResponseDecodeError(OpenRouterError):
    """Raised when an answer is not what the API promises: cut, HTML, not JSON."""

    kind: Kind = "refused"

    @property
    def maybe_billed(self) -> bool:
        """Whether the request may have been billed: something did answer it."""
        return True


class ResponseTooLargeError(ResponseDecodeError):
    """Raised when an answer or one event of it is over a limit of `SizeLimits`."""

    kind: Kind = "final"


class ParseError(OpenRouterError):
    """
    Raised when an answer holds no value of the type that `parse=` named.

    It was billed, and a repetition would be: it is for the caller to ask again.
    `partial` holds the answer.

    Attributes:
        text: what the model said.
        path: where in its JSON the trouble is, such as `$.items[2].price`; None where
            that is not known.
    """

    def __init__(self, message: str, *, text: str, path: str | None = None) -> None:
        super().__init__(message)
        self.text: str = text
        self.path: str | None = path


class AnswerTruncatedError(ParseError):
    """Raised when a token limit cut the answer before its JSON was whole."""


class AnswerRefusedError(ParseError):
    """Raised when the model refused, or a content filter did; `text` says why."""


class AnswerMismatchError(ParseError):
    """Raised when the answer is no JSON, or not of the type that was asked for."""


class NotSentError(OpenRouterError):
    """Raised, or put into an outcome, when a stopped run did not send an item."""

    kind: Kind = "unsent"
