"""Choices that look random and are the same on every machine and every run."""

from __future__ import annotations

import hashlib
import struct
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")

_ROLLS = struct.Struct("<32H")
_SIDES = 1 << 16


class Dice:
    """
    Rolls that are decided by a key alone.

    `hash()` differs between processes and `random.Random` costs ten times as
    much to seed as a whole answer needs, so the rolls are read from BLAKE2b.
    """

    __slots__ = ("_block", "_key", "_rolls")

    def __init__(self, *key: object) -> None:
        self._key = "\x1f".join(map(str, key)).encode("utf-8", "surrogatepass")
        self._block = 0
        self._rolls: list[int] = []

    def roll(self, sides: int) -> int:
        """Return a whole number from 0 up to `sides`, which is left out."""
        if not self._rolls:
            self._refill()

        return self._rolls.pop() % sides

    def pick(self, options: Sequence[T]) -> T:
        """Return one of the options."""
        return options[self.roll(len(options))]

    def fraction(self) -> float:
        """Return a number from 0.0 up to 1.0, which is left out."""
        return self.roll(_SIDES) / _SIDES

    def _refill(self) -> None:
        digest = hashlib.blake2b(self._key, salt=self._block.to_bytes(16, "little"))
        self._rolls.extend(_ROLLS.unpack(digest.digest()))
        self._block += 1
