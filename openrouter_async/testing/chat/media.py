"""Pictures and sounds that answers come with: as small as they can be."""

from __future__ import annotations

import base64
import struct
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from openrouter_async.testing.wire import Envelope

# Seconds that the service keeps a sound for the next turn.
_SOUND_KEPT = 3600
_SILENCE = base64.b64encode(bytes(48)).decode()


def _chunk(kind: bytes, data: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(kind + data))
    return struct.pack(">I", len(data)) + kind + data + checksum


def _png() -> bytes:
    """Return a picture of one grey pixel."""
    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    chunks = (
        _chunk(b"IHDR", header),
        _chunk(b"IDAT", zlib.compress(b"\x00\x80")),
        _chunk(b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


PNG = _png()
PICTURE = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"


def image_parts(addresses: Sequence[str]) -> list[dict[str, object]]:
    """Return the `images` member of a message."""
    return [
        {"type": "image_url", "image_url": {"url": address}, "index": index}
        for index, address in enumerate(addresses)
    ]


def audio_deltas(
    envelope: Envelope, tokens: Sequence[str]
) -> Iterator[dict[str, object]]:
    """
    Yield the `audio` members of a stream: the spoken words, then the sound.

    Args:
        envelope: Of the answer.
        tokens: What is said.

    Yields:
        A transcript for each token, silence of one millisecond for each, and when
        the sound expires.
    """
    name = f"audio_{envelope.id.removeprefix('gen-')}"
    for token in tokens:
        yield {"id": name, "transcript": token}

    for _ in tokens:
        yield {"id": name, "data": _SILENCE}

    yield {"id": name, "expires_at": envelope.created + _SOUND_KEPT}
