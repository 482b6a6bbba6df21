"""What the server of the soak answers: whole answers, and faults of every layer."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import TypeAlias

Steps: TypeAlias = Iterator[bytes | float | None]
"""Bytes to write; seconds to wait; None to reset. At the end it closes, if it must."""

Answer: TypeAlias = Callable[[str], Steps]
"""Answers the request of an id."""

DONE = b"data: [DONE]\n\n"
TOKENS = 12
_LATER = 0.002  # seconds
_LONG = 30.0  # longer than any caller waits


def plain(name: str) -> bytes:
    """Return a completion that says whose it is."""
    choice = {"index": 0, "text": name, "finish_reason": "stop"}
    return _json({"id": f"gen-{name}", "model": "m", "choices": [choice]})


def events(name: str) -> list[bytes]:
    """Return the events of a stream that says whose it is, without its end."""
    texts = [name, *(f" {number}" for number in range(TOKENS))]
    return [_event(_chunk(name, text)) for text in texts]


def _chunk(name: str, text: str, reason: str | None = None) -> dict[str, object]:
    choice = {"index": 0, "text": text, "finish_reason": reason}
    return {"id": f"gen-{name}", "model": "m", "choices": [choice]}


def _last(name: str) -> bytes:
    return _event(_chunk(name, "", "stop")) + DONE


def _event(members: object) -> bytes:
    return b"data: " + _json(members) + b"\n\n"


def _json(members: object) -> bytes:
    return json.dumps(members).encode()


def _head(status: int, kind: str, *more: str) -> bytes:
    lines = (f"HTTP/1.1 {status} Said", f"Content-Type: {kind}", *more, "", "")
    return "\r\n".join(lines).encode()


def _whole(body: bytes, status: int = 200, *more: str) -> bytes:
    length = f"Content-Length: {len(body)}"
    return _head(status, "application/json", length, *more) + body


def _stream_head() -> bytes:
    return _head(200, "text/event-stream", "Transfer-Encoding: chunked")


def _piece(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def _refusal(status: int, *more: str) -> Answer:
    body = _json({"error": {"code": status, "message": "no"}})
    return lambda _name: iter([_whole(body, status, *more)])


def _cut(body: bytes) -> bytes:
    return body[: len(body) // 2]


def _plain_in_pieces(name: str) -> Steps:
    answer = _whole(plain(name))
    for place in range(0, len(answer), 40):
        yield answer[place : place + 40]
        yield 0.0


def _padded(name: str) -> Steps:
    body = b" " * 20 + plain(name)
    yield _whole(body)[: -len(body)]
    for place in range(20):
        yield body[place : place + 1]
        yield 0.0

    yield body[20:]


def _streamed(name: str) -> Steps:
    yield _stream_head()
    yield _piece(b": OPENROUTER PROCESSING\n\n")
    for event in events(name):
        yield _piece(event)
        yield 0.0

    yield _piece(_last(name)) + b"0\r\n\r\n"


def _streamed_at_once(name: str) -> Steps:
    body = b"".join(events(name)) + _last(name)
    yield _stream_head() + _piece(body) + b"0\r\n\r\n"


def _streamed_by_bytes(name: str) -> Steps:
    body = b"".join(events(name)[:2]) + _last(name)
    yield _stream_head()
    for place in range(len(body)):
        yield _piece(body[place : place + 1])

    yield b"0\r\n\r\n"


def _stream_until(count: int, end: bytes | float | None) -> Answer:
    def answer(name: str) -> Steps:
        yield _stream_head()
        for event in events(name)[:count]:
            yield _piece(event)

        yield 0.0
        yield end

    return answer


def _error_event(code: int) -> bytes:
    choice = {"index": 0, "text": "", "finish_reason": "error"}
    error = {"code": code, "message": "upstream"}
    event = _event({"id": "gen-e", "error": error, "choices": [choice]})
    return _piece(event + DONE) + b"0\r\n\r\n"


PLAIN: tuple[tuple[int, Answer], ...] = (
    (60, lambda name: iter([_whole(plain(name))])),
    (4, _plain_in_pieces),
    (2, _padded),
    (2, lambda name: iter([_LATER, _whole(plain(name))])),
    (2, lambda _name: iter([])),  # closed without an answer
    (2, lambda _name: iter([None])),
    (2, lambda name: iter([_whole(plain(name))[:30]])),
    (2, lambda name: iter([_whole(plain(name))[:-20]])),
    (2, lambda name: iter([_whole(plain(name))[:-20], None])),
    (2, lambda name: iter([_whole(_cut(plain(name)))])),
    (1, lambda name: iter([_whole(plain(name)) + b"surplus"])),
    (1, lambda _name: iter([b"THIS IS NOT HTTP\r\n\r\n"])),
    (1, lambda name: iter([_stream_head() + b"zz\r\n" + plain(name)])),
    (1, lambda _name: iter([_head(200, "text/html", "Content-Length: 6") + b"<html>"])),
    (1, lambda _name: iter([_whole(b"")])),
    (2, lambda _name: iter([_whole(_json({"error": {"code": 502, "message": "x"}}))])),
    (3, _refusal(429, "Retry-After: 0.001")),
    (2, _refusal(500)),
    (2, _refusal(503)),
    (1, _refusal(400)),
    (1, lambda _name: iter([_LONG])),
)
"""Weights, and answers to calls that are not streamed."""

STREAMED: tuple[tuple[int, Answer], ...] = (
    (40, _streamed),
    (20, _streamed_at_once),
    (2, _streamed_by_bytes),
    (2, lambda name: iter([_whole(plain(name))])),  # of a server that does not stream
    (2, _stream_until(0, b"")),
    (2, _stream_until(0, None)),
    (3, _stream_until(5, b"")),
    (3, _stream_until(5, None)),
    (3, _stream_until(5, b"0\r\n\r\n")),  # a clean end, and yet cut
    (3, _stream_until(0, _error_event(502))),
    (3, _stream_until(5, _error_event(429))),
    (1, _stream_until(5, _LONG)),
    (1, _stream_until(3, _piece(b"data: {broken\n\n") + b"0\r\n\r\n")),
    (3, _refusal(429, "Retry-After: 0.001")),
    (2, _refusal(503)),
)
"""Weights, and answers to calls that are streamed."""
