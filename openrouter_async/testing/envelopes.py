"""Errors as OpenRouter writes them: the classic envelope and its metadata."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

ErrorObject: TypeAlias = dict[str, object]

USER_ID = "user_simulator"

_MESSAGES = {
    400: "Invalid request",
    401: "User not found.",
    402: "Insufficient credits. Add more using https://openrouter.ai/credits",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request timed out",
    413: "Request Entity Too Large",
    429: "Rate limit exceeded",
    500: "Internal Server Error",
    502: "Provider returned error",
    503: "No allowed providers are available for the selected model.",
    504: "Gateway timeout",
    529: "Provider is overloaded",
}


def error_object(
    code: int | str,
    message: str | None = None,
    error_type: str | None = None,
    metadata: Mapping[str, object] | None = None,
) -> ErrorObject:
    """
    Return the value of an `error` member.

    Args:
        code: The code as it goes on the wire.
        message: What went wrong; by default what the service says for the code.
        error_type: Goes into the metadata as `error_type`.
        metadata: Further metadata.

    Returns:
        `code`, `message` and, when there is any, `metadata`.
    """
    if message is None:
        message = _MESSAGES.get(code, "Error") if isinstance(code, int) else "Error"

    error: ErrorObject = {"code": code, "message": message}
    details = dict(metadata or {})
    if error_type is not None:
        details["error_type"] = error_type

    if details:
        error["metadata"] = details

    return error


def error_body(error: ErrorObject, *, known_user: bool = True) -> bytes:
    """
    Return the body of an error response.

    Args:
        error: The value of the `error` member.
        known_user: Whether the key was accepted; then `user_id` is added.

    Returns:
        JSON.
    """
    body: dict[str, object] = {"error": error}
    if known_user:
        body["user_id"] = USER_ID

    return msgspec.json.encode(body)
