"""From any failure, wherever it was reported, to one error that knows its kind."""

from __future__ import annotations

import errno
import re
import ssl
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import aiohttp
from msgspec import Struct

from openrouter_async import errors
from openrouter_async.config import RetryPolicy
from openrouter_async.errors import (
    APIConnectionError,
    APIError,
    Kind,
    OpenRouterError,
    ResponseDecodeError,
    ResponseTooLargeError,
)
from openrouter_async.transport.envelopes import Envelope, read_envelope, read_error
from openrouter_async.transport.hints import IN_FLIGHT, hint_for, place_hint
from openrouter_async.transport.retry_after import requested_wait, reset_wait
from openrouter_async.types.lenient import Json, is_object, json_members

if TYPE_CHECKING:
    from openrouter_async.types.chat import ChatCompletion
    from openrouter_async.types.completion import Completion

_KEPT_BYTES = 4096

_CLASSES: dict[int, type[APIError]] = {
    400: errors.BadRequestError,
    401: errors.AuthenticationError,
    402: errors.PaymentRequiredError,
    403: errors.PermissionDeniedError,
    404: errors.NotFoundError,
    408: errors.RequestTimeoutError,
    409: errors.ConflictError,
    413: errors.PayloadTooLargeError,
    422: errors.UnprocessableEntityError,
    429: errors.RateLimitError,
}

# The names that stand for a code where none is given: OpenRouter's, and those of the
# Messages API (https://openrouter.ai/docs/api-reference/errors).
_NAMED: dict[str, int] = {
    "context_length_exceeded": 400,
    "max_tokens_exceeded": 400,
    "token_limit_exceeded": 400,
    "string_too_long": 400,
    "invalid_request": 400,
    "invalid_request_error": 400,
    "invalid_prompt": 400,
    "invalid_image": 400,
    "image_too_large": 400,
    "image_too_small": 400,
    "unsupported_image_format": 400,
    "image_not_found": 400,
    "image_download_failed": 400,
    "authentication": 401,
    "authentication_error": 401,
    "payment_required": 402,
    "billing_error": 402,
    "permission_denied": 403,
    "permission_error": 403,
    "content_policy_violation": 403,
    "refusal": 403,
    "not_found": 404,
    "not_found_error": 404,
    "timeout": 408,
    "timeout_error": 408,
    "precondition_failed": 412,
    "payload_too_large": 413,
    "request_too_large": 413,
    "unprocessable": 422,
    "rate_limit_exceeded": 429,
    "rate_limit_error": 429,
    "server": 500,
    "server_error": 500,
    "api_error": 500,
    "provider_unavailable": 502,
    "provider_overloaded": 529,
    "overloaded_error": 529,
}
_THROTTLED = frozenset({429, 529})
_SHOULD_RETRY = {"true": True, "false": False}  # the values of x-should-retry
_NO_CONTENT = frozenset({204, 205, 304})
# Of what aiohttp says about a head that it refuses, by how it begins. Another attempt
# would bring the same head, and may be billed.
_REFUSALS: dict[str, type[ResponseDecodeError]] = {
    "Can not decode content-encoding": ResponseDecodeError,
    "Got more than": ResponseTooLargeError,
    "Too many headers": ResponseTooLargeError,
}
# The origin works on while Cloudflare gives up after 100 s.
_TOOK_TOO_LONG = 524
_NO_DESCRIPTORS = frozenset({errno.EMFILE, errno.ENFILE})
_CLOSED = "the connection was closed"
# What OpenSSL calls answers that are none to a handshake.
_NOT_TLS = frozenset(
    {"HTTP_REQUEST", "RECORD_LAYER_FAILURE", "UNKNOWN_PROTOCOL", "WRONG_VERSION_NUMBER"}
)
_THREE_DIGITS = re.compile("[0-9]{3}")
# Not billed (https://openrouter.ai/docs/features/zero-completion-insurance).
_UNTOLD = Envelope(
    message="the provider ended the answer with an error and gave no details",
    retryable=True,
)


class Head(Struct, frozen=True):
    """
    Hold what the failure of an answered request is told with.

    Attributes:
        status: HTTP status.
        headers: response headers by lower-case name.
        generation_id: from the headers, or from the body once that is read.
        policy: which codes are worth a repetition.
    """

    status: int
    headers: Mapping[str, str]
    generation_id: str | None
    policy: RetryPolicy


def from_response(head: Head, body: bytes) -> APIError:
    """Return the error for a response that is no answer: not 2xx, or without body."""
    envelope = read_envelope(body)
    if "location" in head.headers and 300 <= head.status < 400:
        target = head.headers["location"].partition("?")[0]
        envelope = Envelope(message=f"redirected to {target}, which is not followed")
    elif head.status in _NO_CONTENT:
        envelope = Envelope(
            message=f"the server answered {head.status}, without content"
        )

    return _api_error(envelope, head, body, None, place_hint(head.status, body))


def from_answer(
    error: Json, head: Head, body: bytes, partial: Completion | ChatCompletion | None
) -> APIError:
    """
    Return the error for what a successful response reports in its body.

    Args:
        error: the `error` member of the body, of a choice or of an event; None
            where only a finish reason says that something failed.
        head: of the response.
        body: the JSON text it stands in.
        partial: the answer so far.
    """
    envelope = read_error(error) if error else _UNTOLD
    return _api_error(envelope, head, body, partial)


def _api_error(
    envelope: Envelope,
    head: Head,
    body: bytes,
    partial: Completion | ChatCompletion | None,
    hint: str | None = None,
) -> APIError:
    code = _status_code(envelope, head.status)
    routing = json_members(body).get("openrouter_metadata")
    headers = head.headers
    now, quoted = time.time(), envelope.quoted_headers
    limited = code == 429
    wait = requested_wait(headers, envelope.wait_hints, quoted, now, limited=limited)
    resets_in = reset_wait(headers, now) or reset_wait(quoted, now) if limited else None
    return _class_for(code)(
        envelope.message,
        status=head.status,
        code=envelope.code,
        error_type=envelope.error_type,
        metadata=envelope.metadata,
        openrouter_metadata=routing if is_object(routing) else None,
        limit_source=envelope.limit_source,
        provider_name=envelope.provider_name or headers.get("x-provider-name"),
        retry_after=wait,
        limit_resets_in=resets_in,
        generation_id=head.generation_id,
        partial=partial,
        hint=envelope.hint or hint or hint_for(code, envelope),
        body=body[:_KEPT_BYTES],
        kind=_kind(code, envelope, head),
    )


def _status_code(envelope: Envelope, status: int) -> int | None:
    """Return the HTTP-like code that decides the class, None if none is usable."""
    name = str(envelope.code)
    numbers = [int(name) if _THREE_DIGITS.fullmatch(name) else None]
    numbers += [envelope.http_status, _NAMED.get(name)]
    if status >= 300:
        numbers.append(status)

    numbers.append(_NAMED.get(envelope.error_type or ""))
    return next((number for number in numbers if number and 300 <= number < 600), None)


def _class_for(code: int | None) -> type[APIError]:
    if code is not None and 500 <= code < 600:
        return errors.ServerError

    return _CLASSES.get(code or 0, APIError)


def _kind(code: int | None, envelope: Envelope, head: Head) -> Kind:
    """Return what the failure means for a repetition; the server's own word first."""
    kind: Kind = "throttled" if code in _THROTTLED else "refused"
    asked = head.headers.get("x-should-retry", "").lower()
    told = _SHOULD_RETRY.get(asked, envelope.retryable)
    if told is not None:
        return kind if told else "final"

    if code == 402 and envelope.limit_source == IN_FLIGHT:
        return "throttled"

    repeated = head.policy.statuses | head.policy.statuses_once
    if code in repeated and not _is_hidden(envelope, repeated):
        return "ambiguous" if code == _TOOK_TOO_LONG else kind

    return "final"


def _is_hidden(envelope: Envelope, repeated: frozenset[int]) -> bool:
    """
    Tell whether a name says that the request itself is at fault.

    A 502 can hide that: what the request holds will not be accepted a second time.
    """
    names = (envelope.error_type, str(envelope.code))
    codes = {_NAMED[name] for name in names if name in _NAMED}
    return any(400 <= code < 500 and code not in repeated for code in codes)


def from_exception(
    exc: BaseException,
    *,
    sent: bool,
    reused: bool,
    answered: bool,
    redact: Callable[[str], str],
) -> OpenRouterError:
    """
    Return the error for an exception of the transport.

    The exception itself is not kept: aiohttp's hold the request headers, and the
    key with them.

    Args:
        exc: what aiohttp or the socket raised.
        sent: whether there was a connection to send on.
        reused: whether that connection came from the pool, and failed at once.
        answered: whether a response head had arrived.
        redact: blots the key out: parsers quote what they could not read.
    """
    text = _in_words(exc)
    for begin, refusal in _REFUSALS.items():
        if isinstance(exc, aiohttp.ClientResponseError) and text.startswith(begin):
            return refusal(redact(text), kind="final")

    kind = "ambiguous" if answered else _connection_kind(exc, sent, reused)
    error = APIConnectionError(f"{redact(text)} ({type(exc).__name__})", kind=kind)
    error.is_local = isinstance(exc, OSError) and exc.errno in _NO_DESCRIPTORS
    return error


def _in_words(exc: BaseException) -> str:
    """Say what happened without what only readers of aiohttp's source understand."""
    match exc:
        case aiohttp.ClientConnectorDNSError():
            return f"the host {exc.host} was not found"
        case aiohttp.ClientConnectorCertificateError():
            flaw = exc.certificate_error
            return f"the certificate of {exc.host} was not accepted: {flaw}"
        case aiohttp.ClientConnectorError() if _speaks_no_tls(exc.os_error):
            return f"{exc.host}:{exc.port} speaks no TLS"
        case aiohttp.ClientConnectorError():
            reason = exc.os_error.strerror or str(exc.os_error) or _CLOSED
            return f"no connection to {exc.host}:{exc.port}: {reason}"
        case aiohttp.ClientResponseError():
            # Its status is aiohttp's guess for a response that it could not parse.
            return exc.message or "the response could not be parsed"
        case aiohttp.ClientPayloadError():
            return "the answer broke off"
        case aiohttp.ServerDisconnectedError() if _has_begun(exc):
            return "the connection was lost within the response head"
        case aiohttp.ServerDisconnectedError():
            return "the server closed the connection without an answer"
        case _:
            return str(exc) or "the connection was lost"


def _speaks_no_tls(error: OSError) -> bool:
    return isinstance(error, ssl.SSLError) and error.reason in _NOT_TLS


def _has_begun(exc: BaseException) -> bool:
    # In place of a text aiohttp gives the head as far as it came.
    return isinstance(exc, aiohttp.ServerDisconnectedError) and not isinstance(
        exc.message, str
    )


def _connection_kind(exc: BaseException, sent: bool, reused: bool) -> Kind:
    # A certificate does not change, and neither does a server that speaks no TLS.
    if isinstance(exc, aiohttp.ClientSSLError | ssl.SSLError):
        return "final"

    if isinstance(exc, aiohttp.ClientHttpProxyError):
        return "unsent" if exc.status >= 500 else "final"

    if not sent or isinstance(exc, aiohttp.ClientConnectorError):
        return "unsent"

    lost = isinstance(exc, aiohttp.ClientOSError | aiohttp.ServerDisconnectedError)
    if lost and reused and not _has_begun(exc):
        return "stale"

    # aiohttp names a failed write like this; the server has not got all of it.
    return "unsent" if lost and "Can not write" in str(exc) else "ambiguous"
