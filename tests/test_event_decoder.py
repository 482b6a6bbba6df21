"""Bytes to the data of events: the rules of WHATWG HTML 9.2.6, one by one."""

from __future__ import annotations

import contextlib
import weakref
from typing import Any, SupportsIndex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openrouter_async import ResponseTooLargeError
from openrouter_async.streaming.sse import EventDecoder

LIMIT = 1 << 20

RULES: dict[str, tuple[bytes, list[bytes]]] = {
    "line feeds": (b"data: a\n\ndata: b\n\n", [b"a", b"b"]),
    "carriage returns": (b"data: a\r\rdata: b\r\r", [b"a", b"b"]),
    "both": (b"data: a\r\n\r\ndata: b\r\n\r\n", [b"a", b"b"]),
    "mixed line ends": (b"data: a\r\n\ndata: b\n\r\ndata: c\r\r\n", [b"a", b"b", b"c"]),
    "other separators are data": (
        "data: \u2028\u2029\u0085\v\f\x1c\x1d\x1e\n\n".encode(),
        ["\u2028\u2029\u0085\v\f\x1c\x1d\x1e".encode()],
    ),
    "byte order mark": (b"\xef\xbb\xbfdata: a\n\n", [b"a"]),
    "second byte order mark spoils the field": (
        b"\xef\xbb\xbf\xef\xbb\xbfdata: a\n\ndata: b\n\n",
        [b"b"],
    ),
    "later byte order mark spoils the field": (
        b"data: a\n\n\xef\xbb\xbfdata: b\n\n",
        [b"a"],
    ),
    "part of a byte order mark is no mark": (b"\xef\xbbdata: a\n\n", []),
    "comments": (b": OPENROUTER PROCESSING\n\n:\n:x\ndata: a\n:y\n\n", [b"a"]),
    "one space is dropped": (b"data:  a\n\n", [b" a"]),
    "no space is needed": (b"data:a\n\n", [b"a"]),
    "a tab is kept": (b"data:\ta\n\n", [b"\ta"]),
    "first colon splits": (b"data: a: b:c\n\n", [b"a: b:c"]),
    "several lines are joined": (b"data: a\ndata:b\ndata: c\n\n", [b"a\nb\nc"]),
    "empty lines of data count": (b"data: a\ndata\ndata:\ndata: b\n\n", [b"a\n\n\nb"]),
    "name without a colon": (b"data\ndata\n\n", [b"\n"]),
    "unknown fields": (b"foo: 1\ndata: a\nbar\n\n", [b"a"]),
    "names compare exactly": (
        b"Data: a\nDATA: b\ndata : c\n data: d\ndatab: e\n\n",
        [],
    ),
    "event, id and retry": (
        b"event: x\nid: 1\nretry: " + b"9" * 5000 + b"\ndata: a\n\n",
        [b"a"],
    ),
    "events without data": (b"retry: 3\n\nevent: ping\n\n\n\ndata: a\n\n", [b"a"]),
    "empty data is a heartbeat": (b"data:\n\ndata: \n\ndata\n\ndata: a\n\n", [b"a"]),
    "unterminated event is discarded": (b"data: a\n\ndata: b\n", [b"a"]),
    "unterminated line is discarded": (b"data: a\n\ndata: b", [b"a"]),
    "null characters": (b"data: a\0b\nid: \0\n\n", [b"a\0b"]),
    "bytes that are not UTF-8": (b"data: \xff\xfe\n\n", [b"\xff\xfe"]),
    "nothing": (b"", []),
}


def decode(*pieces: bytes, limit: int = LIMIT) -> list[bytes]:
    """Feed the pieces to a new decoder and return the events."""
    decoder = EventDecoder(limit)
    return [event for piece in pieces for event in decoder.feed(piece)]


def cut(wire: bytes, places: list[int]) -> list[bytes]:
    """Cut bytes at the places, whatever their order."""
    ends = sorted({min(place, len(wire)) for place in places} | {len(wire)})
    return [wire[a:b] for a, b in zip([0, *ends], ends, strict=False)]


@pytest.mark.parametrize(("wire", "events"), RULES.values(), ids=RULES)
def test_rule(wire: bytes, events: list[bytes]) -> None:
    """A stream in one piece gives the events that the rule asks for."""
    assert decode(wire) == events


@pytest.mark.parametrize(("wire", "events"), RULES.values(), ids=RULES)
def test_rule_byte_by_byte(wire: bytes, events: list[bytes]) -> None:
    """The same stream in pieces of one byte, empty ones among them, gives the same."""
    pieces = [wire[place : place + 1] for place in range(len(wire))]
    empty_between = [piece for pair in pieces for piece in (b"", bytes([pair[0]]), b"")]

    assert decode(*pieces) == events
    assert decode(*empty_between) == events


@pytest.mark.parametrize(("wire", "events"), RULES.values(), ids=RULES)
def test_rule_cut_once(wire: bytes, events: list[bytes]) -> None:
    """The same stream cut in two, at every place, gives the same."""
    short = wire if len(wire) < 200 else wire[:40] + wire[-40:]
    for place in range(len(short)):
        assert decode(short[:place], short[place:]) == events


LINES = st.one_of(
    st.sampled_from([b"", b"data", b"data:", b"data: ", b":", b": x", b"id: 1"]),
    st.sampled_from([b"data: {}", b"data:  a", b"event: x", b"retry: 1", b"\xef\xbb"]),
    st.binary(max_size=6).map(lambda value: b"data: " + value),
    st.binary(max_size=6),
)
WIRES = st.one_of(
    st.binary(max_size=200),
    st.lists(st.tuples(LINES, st.sampled_from([b"\n", b"\r", b"\r\n"]))).map(
        lambda lines: b"".join(line + end for line, end in lines)
    ),
).flatmap(lambda wire: st.sampled_from([wire, b"\xef\xbb\xbf" + wire]))


@given(WIRES, st.lists(st.integers(0, 200)))
def test_any_split_gives_the_same(wire: bytes, places: list[int]) -> None:
    """However the same bytes are cut, the events are the same."""
    assert decode(*cut(wire, places)) == decode(wire)


@given(WIRES, st.lists(st.integers(0, 200)), st.integers(1, 40))
def test_any_split_meets_the_limit_alike(
    wire: bytes, places: list[int], limit: int
) -> None:
    """However the same bytes are cut, the same events come before the limit does."""
    assert bounded(cut(wire, places), limit) == bounded([wire], limit)


def bounded(pieces: list[bytes], limit: int) -> tuple[list[bytes], bool]:
    """Return the events before the limit was met, and whether it was."""
    decoder = EventDecoder(limit)
    events: list[bytes] = []
    for piece in pieces:
        events += decoder.feed(piece)

    try:
        decoder.check()
    except ResponseTooLargeError:
        return events, True

    return events, False


PAYLOADS = st.lists(
    st.text(
        st.characters(exclude_characters="\r\n", codec="utf-8"), min_size=1, max_size=8
    ).map(str.encode),
    max_size=8,
)
NOISE = st.lists(
    st.sampled_from([b": comment", b":", b"foo: bar", b"id: 7", b"retry: 1", b"x"]),
    max_size=3,
)


@given(PAYLOADS, st.data())
def test_noise_changes_nothing(payloads: list[bytes], data: st.DataObject) -> None:
    """Comments, unknown fields, blank lines and other line ends do not matter."""
    lines: list[bytes] = []
    for payload in payloads:
        lines += [*data.draw(NOISE), b"data: " + payload, *data.draw(NOISE), b""]
        lines += [b""] * data.draw(st.integers(0, 2))

    wire = b""
    for line in lines:
        end = data.draw(st.sampled_from([b"\n", b"\r", b"\r\n"]))
        # LF right after CR would be no empty line but the second half of a CRLF.
        apart = line or end != b"\n" or not wire.endswith(b"\r")
        wire += line + (end if apart else b"\r\n")

    assert decode(wire) == payloads


@given(st.lists(st.binary(max_size=50)), st.integers(1, 60))
def test_arbitrary_bytes_raise_only_our_errors(pieces: list[bytes], limit: int) -> None:
    """Whatever comes, nothing but the library's own errors is raised."""
    decoder = EventDecoder(limit)
    for piece in pieces:
        decoder.feed(piece)

    with contextlib.suppress(ResponseTooLargeError):
        decoder.check()


LONG = {
    "one line of data": b"data: " + b"x" * 95 + b"\n\n",
    "a comment": b": " + b"x" * 99 + b"\n",
    "an unknown field": b"foo: " + b"x" * 96 + b"\n",
    "a line without end": b"data: " + b"x" * 95,
    "many lines of data": b"data: 234\n" * 25,
    "many empty lines of data": b"data:\n" * 101,
}


@pytest.mark.parametrize("size", [1, 7, 1000], ids="in pieces of {}".format)
@pytest.mark.parametrize("wire", LONG.values(), ids=LONG)
def test_limit(wire: bytes, size: int) -> None:
    """An event over 100 bytes is refused, and what came before it is handed out."""
    decoder = EventDecoder(100)
    whole = b"data: before\n\n" + wire
    pieces = [whole[place : place + size] for place in range(0, len(whole), size)]
    events = [event for piece in pieces for event in decoder.feed(piece)]
    with pytest.raises(ResponseTooLargeError) as caught:
        decoder.check()

    assert events == [b"before"]
    assert str(caught.value) == (
        "an event of the stream is over 100 bytes (SizeLimits.event)"
    )


@pytest.mark.parametrize("size", [1, 7, 1000], ids="in pieces of {}".format)
def test_limit_is_for_one_event(size: int) -> None:
    """Events of exactly the limit pass in any number, and so do comments."""
    wire = (b": " + b"x" * 98 + b"\n" + b"data: " + b"x" * 94 + b"\n\n") * 5
    pieces = [wire[place : place + size] for place in range(0, len(wire), size)]

    assert decode(*pieces, limit=100) == [b"x" * 94] * 5


class Counted(bytes):
    """Count what is done with the bytes, and hold what tells whether they are kept."""

    work = 0
    held: set[int]

    def split(self, *_: object, **__: object) -> list[bytes]:
        """Count the bytes that are looked at."""
        Counted.work += bytes.__len__(self)
        parts = bytes(self).split(b"\n")
        return [self] if len(parts) == 1 else [Counted(part) for part in parts]

    def __getitem__(self, place: SupportsIndex | slice) -> Any:
        """Count a copy."""
        Counted.work += 1
        found = bytes(self)[place]
        return Counted(found) if isinstance(found, bytes) else found

    def __len__(self) -> int:
        """Count a look at the size."""
        Counted.work += 1
        return bytes.__len__(self)


def work(piece: bytes, count: int) -> int:
    """Return how much is done to feed so many of these pieces."""
    decoder = EventDecoder(LIMIT)
    decoder.feed(b"data: ")
    Counted.work = 0
    for _ in range(count):
        decoder.feed(Counted(piece))

    return Counted.work


@pytest.mark.parametrize(
    "piece",
    [b"x" * 20, b"data: x\n", b": x\n", b"data: x\n\n"],
    ids=["a long line", "many lines", "comments", "events"],
)
def test_work_is_linear(piece: bytes) -> None:
    """Ten times the pieces are ten times the work."""
    assert work(piece, 2000) == pytest.approx(10 * work(piece, 200), rel=0.05)


def test_long_line_is_joined_once() -> None:
    """The pieces of an unfinished line are kept as they came, not copied each time."""
    pieces = [Counted(b"x" * 100) for _ in range(100)]
    for number, piece in enumerate(pieces):
        piece.held = {number}

    alive = [weakref.ref(piece.held) for piece in pieces]
    del piece  # pyright: ignore[reportPossiblyUnboundVariable]  # there are some
    decoder = EventDecoder(LIMIT)
    decoder.feed(b"data: ")
    while pieces:
        decoder.feed(pieces.pop(0))

    assert all(reference() is not None for reference in alive)
    assert decoder.feed(b"\n\n") == [b"x" * 10_000]
    assert all(reference() is None for reference in alive)
