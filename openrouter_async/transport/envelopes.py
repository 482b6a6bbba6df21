"""
What an error body says, in any of the forms OpenRouter sends.

1. Classic: `{"error": {"code": 429, "message": ..., "metadata": {...}}}`.
2. Availability: `{"error": {"message", "error_type", "http_status", "availability"}}`,
   without a code.
3. Validation: `{"success": false, "error": {"name": "ZodError", "message": "[...]"}}`.
4. HTML or plain text from the edge, such as `error code: 1015`.
5. Anthropic's: `{"type": "error", "error": {"type", "message"}, "request_id"}`.
6. A bare `{"error": "text"}`, `{"message": ...}` or `{"detail": ...}`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from openrouter_async.types.lenient import Json, is_object, json_value


class Envelope(Struct, frozen=True, kw_only=True):
    """Hold what an error body says; members are None where it does not say it."""

    message: str
    code: int | str | None = None
    http_status: int | None = None
    error_type: str | None = None
    metadata: Mapping[str, Json] | None = None
    limit_source: str | None = None
    provider_name: str | None = None
    retryable: bool | None = None
    wait_hints: tuple[Json, ...] = ()
    quoted_headers: Mapping[str, str] = field(default_factory=dict[str, str])
    hint: str | None = None


def read_envelope(body: bytes) -> Envelope:
    """Read an error's body, whatever it is."""
    try:
        value = json_value(body)
    except ValueError:
        return Envelope(message=_page_text(body))

    members = _members(value)
    envelope = read_error(members.get("error") or members or value)
    if envelope.error_type is None:
        # Of Responses: beside the error, not in it.
        return replace(envelope, error_type=_text(members.get("error_type")))

    return envelope


def read_error(error: Json) -> Envelope:
    """Read the value of an `error` member, of a body, a choice or an event."""
    members = _members(error)
    if not members:
        return Envelope(message=error if isinstance(error, str) else _json_text(error))

    metadata = _members(members.get("metadata"))
    availability = _members(members.get("availability"))
    retryable = availability.get("retryable")
    return Envelope(
        message=_message(members, metadata),
        code=_code(members.get("code")),
        http_status=_status(members.get("http_status")),
        error_type=_first(members, metadata, "error_type")
        or _text(availability.get("code"))
        or _text(members.get("type")),
        metadata=_with_availability(metadata, availability) or None,
        limit_source=_first(metadata, members, "limit_source"),
        provider_name=_first(metadata, members, "provider_name"),
        retryable=retryable if isinstance(retryable, bool) else None,
        wait_hints=(
            availability.get("retry_after"),
            metadata.get("retry_after_seconds"),
        ),
        quoted_headers=_quoted_headers(metadata),
        hint=_text(metadata.get("remedy_hint")),
    )


def _with_availability(
    metadata: Mapping[str, Json], availability: Mapping[str, Json]
) -> Mapping[str, Json]:
    # Which models and providers would do stands beside `metadata` in this form.
    return {**metadata, "availability": availability} if availability else metadata


def _members(value: Json) -> Mapping[str, Json]:
    return value if is_object(value) else {}


def _text(value: Json) -> str | None:
    return value if isinstance(value, str) and value else None


def _first(one: Mapping[str, Json], other: Mapping[str, Json], name: str) -> str | None:
    return _text(one.get(name)) or _text(other.get(name))


def _code(value: Json) -> int | str | None:
    if isinstance(value, float) and value.is_integer():
        return int(value)

    if isinstance(value, bool):
        return None

    return value if isinstance(value, int | str) else None


def _status(value: Json) -> int | None:
    code = _code(value)
    return code if isinstance(code, int) else None


def _message(members: Mapping[str, Json], metadata: Mapping[str, Json]) -> str:
    message = next(
        (
            text
            for name in ("message", "detail", "error", "name")
            if (text := _text(members.get(name)))
        ),
        None,
    )
    if message is None:
        return _json_text(members)

    # "Provider returned error" alone helps nobody; the upstream's words do.
    raw = metadata.get("raw")
    detail = raw if isinstance(raw, str) else _json_text(raw) if raw else ""
    return f"{message}: {detail}" if detail and detail not in message else message


def _quoted_headers(metadata: Mapping[str, Json]) -> dict[str, str]:
    quoted = _members(metadata.get("headers"))
    return {name.lower(): str(value) for name, value in quoted.items()}


def _json_text(value: Json) -> str:
    return msgspec.json.encode(value).decode() if value else "no details were given"


_TAGS = re.compile(r"<(script|style)\b.*?</\1\s*>|<[^>]*>", re.DOTALL | re.IGNORECASE)


_TITLE = re.compile(r"<title[^>]*>(.*?)</title", re.DOTALL | re.IGNORECASE)


def _page_text(body: bytes) -> str:
    """Return the title of an HTML page, or the readable text of anything else."""
    page = body[:65536].decode("utf-8", "replace")
    from html import unescape  # a large table, and hardly ever needed

    title = _TITLE.search(page)
    text = unescape(_TAGS.sub(" ", title[1] if title else page))
    return " ".join(text.split())[:500] or "no details were given"
