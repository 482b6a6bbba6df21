"""What holds for any bytes: of an event stream, and of a `Retry-After` header."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from math import inf

from openrouter_async import ResponseTooLargeError
from openrouter_async.streaming.server_event import NamedEventDecoder
from openrouter_async.streaming.sse import EventDecoder
from openrouter_async.transport.retry_after import header_wait, parse_retry_after

_LIMIT = 1 << 20
_SMALL = 24  # bytes of an event: many are over it
_CUTS = 8
_LINE_END = re.compile(b"\r\n|\n|\r")
_BOM = b"\xef\xbb\xbf"
_NOW = 1_796_000_000.0


def check_events(data: bytes) -> None:
    """
    Check that a stream gives the events of the rules, however it is cut.

    Args:
        data: how many cuts, their places, and the stream.
    """
    count = data[0] % _CUTS if data else 0
    places, wire = data[1 : 1 + count], data[1 + count :]
    expected = by_the_rules(wire)
    for pieces in ([wire], _cut(wire, places), _cut(wire, range(len(wire)))):
        for kind in (EventDecoder, NamedEventDecoder):
            found = _decoded(kind(_LIMIT), pieces)
            assert found == expected, (kind, pieces, found, expected)

        _check_limited(pieces, expected)


def _check_limited(pieces: Iterable[bytes], expected: list[bytes]) -> None:
    """Check that a decoder with a low limit gives all events, or those before one."""
    decoder = EventDecoder(_SMALL)
    found = _decoded(decoder, pieces)
    try:
        decoder.check()
    except ResponseTooLargeError:
        assert found == expected[: len(found)], (pieces, found, expected)
    else:
        assert found == expected, (pieces, found, expected)


def _decoded(decoder: EventDecoder, pieces: Iterable[bytes]) -> list[bytes]:
    return [bytes(event) for piece in pieces for event in decoder.feed(piece)]


def _cut(wire: bytes, places: Iterable[int]) -> list[bytes]:
    ends = sorted({min(place, len(wire)) for place in places} | {len(wire)})
    return [wire[a:b] for a, b in zip([0, *ends], ends, strict=False)]


def by_the_rules(wire: bytes) -> list[bytes]:
    """Return the data of all events, as WHATWG HTML, 9.2.6, has it, one by one."""
    events: list[bytes] = []
    data: list[bytes] = []
    *lines, _ = _LINE_END.split(wire.removeprefix(_BOM))
    for line in lines:
        name, _, value = line.partition(b":")
        if not line:
            if event := b"\n".join(data):
                events.append(event)

            data = []
        elif name == b"data":
            data.append(value.removeprefix(b" "))

    return events


def check_retry_after(data: bytes) -> None:
    """Check that a header gives a wait that can be slept, or none."""
    text = data.decode("latin-1")
    names = ("retry-after", "retry-after-ms")
    waits = [parse_retry_after(text, now) for now in (0.0, _NOW)]
    waits += [header_wait({name: text}, _NOW) for name in names]
    for wait in waits:
        assert wait is None or 0 < wait < inf, (text, wait)
        assert wait is None or re.search("[0-9]", text), (text, wait)


PROPERTIES: dict[str, Callable[[bytes], None]] = {
    "events": check_events,
    "retry_after": check_retry_after,
}
"""By the folder of their seeds."""
