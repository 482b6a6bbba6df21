"""The bytes that go over the wire, made once, before anything is measured."""

from __future__ import annotations

import json
from functools import cache
from typing import Literal, TypeAlias

Shape: TypeAlias = Literal["text", "chat"]

KEEPALIVE = 600.0  # seconds: while the others are measured
CONNECTIONS = 1_000  # at most, for clients that want to be told
DONE = b"data: [DONE]\n\n"
# The time of the server's write stands in the first chunk, in so many digits.
STAMP = "@%020d@"
_NO_STAMP = (STAMP % 0).encode()
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
    "X-Generation-Id: gen-1763916271-Qm3sZtX0bVhY7LdKcE2w\r\n"
    "CF-RAY: 9a31b7f0ce8f2c4e-FRA\r\n"
    "\r\n"
)


def plain_answer(shape: Shape = "text", size: int = len(_TEXT)) -> bytes:
    """Return a response with a completion of so much text, and 700 bytes around it."""
    choice: dict[str, object] = {
        "logprobs": None,
        "finish_reason": "stop",
        "native_finish_reason": "stop",
        **_said(shape, "message", _words(size)),
        "index": 0,
    }
    body = _dump(
        _ENVELOPE
        | {
            "object": "chat.completion",
            "choices": [choice],
            "system_fingerprint": None,
            "usage": _USAGE,
        }
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


def _words(size: int) -> str:
    return (_TEXT * (size // len(_TEXT) + 1))[:size]


def blocks(shape: Shape, count: int) -> bytes:
    """Return a stream's body in HTTP chunks of about 64 KiB, events whole."""
    return _in_blocks([*_events(count, shape), DONE])


def small_blocks(shape: Shape, count: int) -> bytes:
    """Return the same with the least that an event can be: thousands fit in a read."""
    said = _said(shape, "delta", " a")
    said.pop("reasoning", None)
    event = _line({"choices": [{"index": 0, **said}]})
    events = [event] * (count - 1)
    return _in_blocks([*events, _event(shape, "", "stop"), DONE])


def one_event(shape: Shape, size: int) -> bytes:
    """Return a stream's body whose first of three events has so much text."""
    events = [_event(shape, _words(size), None), *_events(2, shape), DONE]
    return b"".join(map(_http_chunk, events)) + b"0\r\n\r\n"


def one_by_one(shape: Shape, count: int) -> list[bytes]:
    """Return the pieces of a stream's body: an HTTP chunk for each event."""
    pieces = [_http_chunk(event) for event in _events(count, shape)]
    pieces[-1] = _http_chunk(_events(count, shape)[-1] + DONE) + b"0\r\n\r\n"
    return pieces


def stamped(shape: Shape, stamp: int) -> bytes:
    """Return the first piece of a stream, with a time in it."""
    # Between two writes of a volley there is no time to encode.
    return _unstamped(shape).replace(_NO_STAMP, (STAMP % stamp).encode())


@cache
def _unstamped(shape: Shape) -> bytes:
    return _http_chunk(_event(shape, STAMP % 0, None))


def _in_blocks(events: list[bytes]) -> bytes:
    body = bytearray()
    block = bytearray()
    for event in events:
        block += event
        if len(block) >= _BLOCK:
            body += _http_chunk(block)
            block.clear()

    return bytes(body + (_http_chunk(block) if block else b"")) + b"0\r\n\r\n"


def _events(count: int, shape: Shape) -> list[bytes]:
    """Return `count` chunks of about 370 bytes, the last with usage."""
    words = _TEXT.split()
    texts = [f" {words[i % len(words)]}" for i in range(count - 2)]
    events = [_event(shape, text, None) for text in texts]
    events.append(_event(shape, "", "stop"))
    events.append(_event(shape, "", None, _USAGE))
    return events


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

    return _line(chunk)


def _line(chunk: dict[str, object]) -> bytes:
    return b"data: " + _dump(chunk) + b"\n\n"


def _http_chunk(data: bytes | bytearray) -> bytes:
    return b"%x\r\n" % len(data) + data + b"\r\n"


def _dump(value: dict[str, object]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
