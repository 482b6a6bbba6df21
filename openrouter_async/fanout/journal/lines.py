"""What a journal's lines say after the header: one per finished item, and marks."""

from __future__ import annotations

from hashlib import blake2b
from typing import Annotated

import msgspec

from openrouter_async.errors import ResponseDecodeError
from openrouter_async.types.lenient import json_value

SIZE = 16  # bytes of a digest
_MARKS = (b'{"sent"', b'{"failed"')

Digest = Annotated[bytes, msgspec.Meta(min_length=SIZE, max_length=SIZE)]
_Count = Annotated[int, msgspec.Meta(ge=1)]


class Key(msgspec.Struct, frozen=True):
    """
    Name one item of a run, the same in every run.

    Attributes:
        fingerprint: 128-bit hash of the encoded body.
        occurrence: 1 for the first item with this body, 2 for the second.
        digest: 16 bytes that stand for both.
    """

    fingerprint: bytes
    occurrence: int
    digest: bytes

    @classmethod
    def of(cls, fingerprint: bytes, occurrence: int) -> Key:
        """Make the key of the item that has this body for the n-th time."""
        if occurrence == 1:
            return cls(fingerprint, 1, fingerprint)

        numbered = fingerprint + occurrence.to_bytes(8, "little")
        return cls(fingerprint, occurrence, fingerprint_of(numbered))


class Entry(msgspec.Struct, frozen=True):
    """
    Hold one finished item as a journal keeps it.

    Attributes:
        index: place in the input of the run that finished it.
        attempts: requests sent for it.
        elapsed: seconds from the start of the call to the answer.
        answer: JSON text as it came; line breaks are spaces, and what is no strict
            JSON (a byte order mark, NaN, bytes that are not UTF-8) is mended.
        status: HTTP status.
        generation_id: the id of the usage record.
    """

    index: int
    attempts: int
    elapsed: float
    answer: bytes
    status: int = 0
    generation_id: str | None = None


class Line(msgspec.Struct, frozen=True):
    """Hold a key and its entry the way they are written."""

    fingerprint: Digest
    occurrence: _Count
    index: int
    attempts: int
    elapsed: float
    status: int
    generation_id: str | None
    answer: msgspec.Raw

    @property
    def digest(self) -> bytes:
        """Digest of the key."""
        if self.occurrence == 1:
            return self.fingerprint

        return Key.of(self.fingerprint, self.occurrence).digest

    def entry(self) -> Entry:
        """Return the finished item."""
        return Entry(
            index=self.index,
            attempts=self.attempts,
            elapsed=self.elapsed,
            answer=bytes(self.answer),
            status=self.status,
            generation_id=self.generation_id,
        )


class Mark(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    """Tell of an item that found no slot in the header's register."""

    sent: Digest | None = None
    failed: Digest | None = None


_lines = msgspec.json.Decoder(Line)
_marks = msgspec.json.Decoder(Mark)


def fingerprint_of(text: bytes) -> bytes:
    """Hash a text to 128 bits."""
    return blake2b(text, digest_size=SIZE).digest()


def entry_line(key: Key, entry: Entry) -> bytes:
    """
    Encode a finished item, so that it can be decoded again.

    Raises:
        ResponseDecodeError: the answer is not JSON.
    """
    answer = entry.answer
    try:
        answer.decode()
        return _encoded(key, entry, answer)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass

    try:
        return _encoded(key, entry, msgspec.json.encode(json_value(answer)))
    except (ValueError, RecursionError) as exc:
        reason = str(exc)

    raise ResponseDecodeError(
        f"the answer cannot be kept in a journal, it is not JSON: {reason}",
        body=answer[:4096],
    )


def _encoded(key: Key, entry: Entry, answer: bytes) -> bytes:
    # JSON has line breaks between its tokens only: in a string they are escaped.
    answer = answer.strip().replace(b"\n", b" ").replace(b"\r", b" ")
    line = Line(
        fingerprint=key.fingerprint,
        occurrence=key.occurrence,
        index=entry.index,
        attempts=entry.attempts,
        elapsed=entry.elapsed,
        status=entry.status,
        generation_id=entry.generation_id,
        answer=msgspec.Raw(answer),
    )
    text = msgspec.json.encode(line)
    _lines.decode(text)
    return text + b"\n"


def mark_line(*, sent: bytes | None = None, failed: bytes | None = None) -> bytes:
    """Encode what happened to an item that found no slot."""
    return msgspec.json.encode(Mark(sent, failed)) + b"\n"


def read_line(text: bytes) -> Line | Mark:
    """
    Decode a line after the first.

    Raises:
        ValueError: it is damaged.
    """
    try:
        if text.startswith(_MARKS):
            return _marks.decode(text)

        return _lines.decode(text)
    except RecursionError as exc:
        raise ValueError("nested too deeply") from exc
