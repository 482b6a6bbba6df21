"""A map from 128-bit digests to numbers that keeps tens of millions of them small."""

from __future__ import annotations

_KEY = 16
_RECORD = 24
_BUCKETS = 1 << 14


class Index:
    """
    Map digests to numbers above 0, in 24 bytes each and some room to grow.

    A dict takes up to 150 bytes for such a pair, and copies itself in one go when it
    grows, which holds up the event loop. Here a digest picks one of many byte
    arrays, and the search in it is one call.
    """

    def __init__(self) -> None:
        self._buckets: list[bytearray | None] = [None] * _BUCKETS

    def get(self, digest: bytes) -> int:
        """Return the number of a digest, 0 if there is none."""
        bucket = self._buckets[(digest[0] << 6) | (digest[1] >> 2)]
        if bucket is None:
            return 0

        place = _place(bucket, digest)
        if place < 0:
            return 0

        return int.from_bytes(bucket[place + _KEY : place + _RECORD], "little")

    def set(self, digest: bytes, number: int) -> None:
        """Give a digest its number."""
        chosen = (digest[0] << 6) | (digest[1] >> 2)
        value = number.to_bytes(_RECORD - _KEY, "little")
        bucket = self._buckets[chosen]
        if bucket is None:
            self._buckets[chosen] = bytearray(digest + value)
            return

        place = _place(bucket, digest)
        if place < 0:
            bucket += digest + value
        else:
            bucket[place + _KEY : place + _RECORD] = value


def _place(bucket: bytearray, digest: bytes) -> int:
    place = bucket.find(digest)
    # The same bytes can stand across two records.
    while place > 0 and place % _RECORD:
        place = bucket.find(digest, place + 1)

    return place
