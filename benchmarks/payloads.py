"""The bytes that go over the wire, made once, before anything is measured."""

from __future__ import annotations

import json
from typing import Literal, TypeAlias

Shape: TypeAlias = Literal["text", "chat"]

CHUNKS_IN_BLOCKS = 2_000
CHUNKS_ONE_BY_ONE = 200
_BLOCK = 64 * 1024  # bytes of events in one HTTP chunk

MODEL = "mistralai/mistral-small-3.2-24b-instruct"
PROMPT = "Explain in two sentences why the sky is blue, for a child of eight."
PARAMS = {"max_tokens": 256, "temperature": 0.7}
PLAIN_BODY = json.dumps({"prompt": PROMPT, "model": MODEL, **PARAMS}).encode()
STREAM_BODY = json.dumps(
    {"prompt": PROMPT, "model": MODEL, **PARAMS, "stream": True}
).encode()
KEY = "sk-or-v1-0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

_TEXT = (
    " Sunlight looks white, but it is made of all colours, and the air is full of"
    " tiny bits that bounce blue light around much more than red light. So wherever"
    " you look, some of that bounced blue light comes to your eyes."
)
_USAGE: dict[str, object] = {
    "prompt_tokens": 17,
    "completion_tokens": 48,
    "total_tokens": 65,
    "cost": 6.5e-06,
    "is_byok": False,
    "prompt_tokens_details": {"cached_tokens": 0},
    "cost_details": {"upstream_inference_cost": None},
    "completion_tokens_details": {"reasoning_tokens": 0},
}
_ENVELOPE: dict[str, object] = {
    "id": "gen-1763916271-Qm3sZtX0bVhY7LdKcE2w",
    "provider": "Mistral",
    "model": MODEL,
    "created": 1763916271,
}
_HEADERS = (
    "HTTP/1.1 200 OK\r\n"
    "Date: Sun, 23 Nov 2025 16:44:31 GMT\r\n"
    "Content-Type: {kind}\r\n"
    "{length}\r\n"
    "Connection: keep-alive\r\n"
    "Server: cloudflare\r\n"
    "Vary: Accept-Encoding\r\n"
    "Permissions-Policy: payment=(self)\r\n"
    "Referrer-Policy: no-referrer, strict-origin-when-cross-origin\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "CF-RAY: 9a31b7f0ce8f2c4e-FRA\r\n"
    "\r\n"
)


def plain_answer(shape: Shape = "text") -> bytes:
    """Return a whole response with a completion of about 700 bytes."""
    choice: dict[str, object] = {
        "logprobs": None,
        "finish_reason": "stop",
        "native_finish_reason": "stop",
        **_said(shape, "message", _TEXT),
        "index": 0,
    }
    body = _dump(
        _ENVELOPE | {"object": "chat.completion", "choices": [choice], "usage": _USAGE}
    )
    head = _HEADERS.format(
        kind="application/json", length=f"Content-Length: {len(body)}"
    )
    return head.encode() + body


def stream_head() -> bytes:
    """Return the head of a response whose body is a chunked event stream."""
    return _HEADERS.format(
        kind="text/event-stream", length="Transfer-Encoding: chunked"
    ).encode()


def _said(shape: Shape, name: str, text: str) -> dict[str, object]:
    """Return what a choice says, as text completions have it or as chat has it."""
    if shape == "text":
        return {"text": text, "reasoning": None}

    return {name: {"role": "assistant", "content": text}}


def blocks(shape: Shape = "text") -> bytes:
    """Return the body of a stream in HTTP chunks of about 64 KiB, events whole."""
    body = bytearray()
    block = bytearray()
    for event in _events(CHUNKS_IN_BLOCKS, shape):
        block += event
        if len(block) >= _BLOCK:
            body += _http_chunk(block)
            block.clear()

    return bytes(body + _http_chunk(block)) + b"0\r\n\r\n"


def one_by_one(shape: Shape = "text") -> list[bytes]:
    """Return the pieces of a stream's body: an HTTP chunk for each event."""
    pieces = [_http_chunk(event) for event in _events(CHUNKS_ONE_BY_ONE, shape)]
    pieces[-1] += b"0\r\n\r\n"
    return pieces


def _events(count: int, shape: Shape) -> list[bytes]:
    """Return `count` chunks of about 370 bytes, the last with usage, and `[DONE]`."""
    words = _TEXT.split()
    texts = [f" {words[i % len(words)]}" for i in range(count - 2)]
    events = [_event(shape, text, None) for text in texts]
    events.append(_event(shape, "", "stop"))
    events.append(_event(shape, "", None, _USAGE))
    return [*events, b"data: [DONE]\n\n"]


def _event(
    shape: Shape,
    text: str,
    finish_reason: str | None,
    usage: dict[str, object] | None = None,
) -> bytes:
    choice: dict[str, object] = {
        "index": 0,
        **_said(shape, "delta", text),
        "finish_reason": finish_reason,
        "native_finish_reason": finish_reason,
        "logprobs": None,
    }
    chunk = _ENVELOPE | {
        "object": "chat.completion.chunk",
        "choices": [choice],
        "system_fingerprint": "fp_5f2c8a9d3b7e4410",
        "service_tier": None,
    }
    if usage:
        chunk["usage"] = usage

    return b"data: " + _dump(chunk) + b"\n\n"


def _http_chunk(data: bytes | bytearray) -> bytes:
    return b"%x\r\n" % len(data) + data + b"\r\n"


def _dump(value: dict[str, object]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
