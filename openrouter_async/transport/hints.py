"""What can be done about an error that the API reported, where that is known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from openrouter_async.types.lenient import Json, is_array, json_members

if TYPE_CHECKING:
    from openrouter_async.transport.envelopes import Envelope

IN_FLIGHT = "openrouter_in_flight_budget"
CHECK_BASE_URL = "Check base_url: it should end in /api/v1"

_NOWHERE = frozenset({404, 405})
_NO_SUCH_PATH = "not found"  # of a record the API says more
_TOO_LONG = "context_length_exceeded"
_SHORTEN = (
    "Send less, lower max_tokens, take a model with a longer context, or leave out the"
    ' middle: plugins=[{"id": "context-compression"}]'
)
_NO_ENDPOINT = (
    "Name another model, leave parameters out, or ask less of `provider`"
    " (require_parameters, only, data_collection ...)"
)
_TOO_SLOW = (
    "An answer in one piece has 100 s: a stream is not cut off, so use `stream`, or a"
    " lower max_tokens"
)
_LIMITED = (
    "Limits pass: a higher `retry` tries for longer; `map`, and a client with"
    " `rate_limits` or `limiter`, wait until there is room"
)


def hint_for(code: int | None, envelope: Envelope) -> str | None:
    """
    Return what can be done about an error, None where nothing is known.

    Args:
        code: that decides its class.
        envelope: what the error says.
    """
    match code:
        case 400 | 413 if _is_too_long(envelope):
            return _SHORTEN
        case 401:
            return "Check the key: OPENROUTER_API_KEY or api_key="
        case 402 if envelope.limit_source == IN_FLIGHT:
            return (
                "Too much is in flight for the balance: a lower max_tokens reserves"
                " less"
            )
        case 402:
            return "Add credits, or ask for less with a lower max_tokens"
        case 403:
            return _reasons(envelope.metadata or {})
        case 404 if envelope.message.startswith("No endpoints found"):
            return _NO_ENDPOINT
        case 404 if envelope.message.strip(".").lower() == _NO_SUCH_PATH:
            return CHECK_BASE_URL
        case 524:
            return _TOO_SLOW
        case 429 if "per-day" not in envelope.message:
            return _LIMITED
        case _:
            return None


def place_hint(status: int, body: bytes) -> str | None:
    """
    Return a hint where it was not the API that answered, None where it was.

    Args:
        status: of HTTP.
        body: of the response.
    """
    if status in _NOWHERE and not json_members(body).get("error"):
        return CHECK_BASE_URL

    return None


def page_hint(text: bytes) -> str | None:
    """Return a hint where an answer is a page for readers, None where it is not."""
    return CHECK_BASE_URL if text.lstrip()[:1] == b"<" else None


def _is_too_long(envelope: Envelope) -> bool:
    told = _TOO_LONG in (envelope.error_type, envelope.code)
    return told or "maximum context length" in envelope.message


def _reasons(metadata: Mapping[str, Json]) -> str | None:
    """Return why moderation refused; the excerpt that it quotes stays in `metadata`."""
    reasons = metadata.get("reasons")
    if not is_array(reasons):
        return None

    told = ", ".join(each for each in reasons if isinstance(each, str))
    return f"Reasons: {told}" if told else None
