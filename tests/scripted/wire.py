"""Bytes to send: responses, event streams, chunks."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

import msgspec


def http_response(
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    body: bytes | Mapping[str, object] = b"",
) -> bytes:
    """
    Build a whole response with a content-length.

    Args:
        status: A code with a reason phrase in the standard, or any other number.
        headers: Added to, or in place of, content-type and content-length.
        body: Bytes as they are, or an object to send as JSON.
    """
    content = body if isinstance(body, bytes) else msgspec.json.encode(body)
    defaults = {"content-type": "application/json", "content-length": len(content)}
    return _head(status, defaults, headers) + content


def event_stream_head(
    chunked: bool = False, headers: Mapping[str, str] | None = None
) -> bytes:
    """Build the head of an event stream that ends with the connection or is chunked."""
    framing = {"transfer-encoding": "chunked"} if chunked else {"connection": "close"}
    return _head(200, {"content-type": "text/event-stream", **framing}, headers)


def chunk(data: bytes) -> bytes:
    """Frame `data` as one chunk of a chunked body; no data makes the last chunk."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def events(*payloads: Mapping[str, object] | str) -> bytes:
    """Build one event per payload: an object as JSON, a string such as [DONE] as is."""
    return b"".join(b"data: %b\n\n" % _line(payload) for payload in payloads)


def _line(payload: Mapping[str, object] | str) -> bytes:
    return (
        payload.encode() if isinstance(payload, str) else msgspec.json.encode(payload)
    )


def _head(
    status: int, defaults: Mapping[str, object], headers: Mapping[str, str] | None
) -> bytes:
    known = {code.value: code.phrase for code in HTTPStatus}
    given = {name.lower(): value for name, value in (headers or {}).items()}
    lines = [f"{name}: {value}" for name, value in {**defaults, **given}.items()]
    first = f"HTTP/1.1 {status} {known.get(status, 'Unknown')}"
    return "\r\n".join([first, *lines, "", ""]).encode("latin-1")
