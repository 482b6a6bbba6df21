"""What is in flight, written into the header of a journal as it changes."""

from __future__ import annotations

import errno
import mmap
import os
import sys
from binascii import Error, a2b_base64, b2a_base64
from collections.abc import Iterator

from openrouter_async.fanout.journal.header import SLOT
from openrouter_async.fanout.journal.lines import SIZE, fingerprint_of

_BLANK = b" " * SLOT

if sys.platform == "win32":  # pragma: no cover

    def _write_at(descriptor: int, text: bytes, at: int) -> None:
        """Fail: Windows maps every file, and cannot write without moving a place."""
        raise OSError(errno.ENOTSUP, "the journal's file cannot be mapped")

else:

    def _write_at(descriptor: int, text: bytes, at: int) -> None:
        os.pwrite(descriptor, text, at)


class Register:
    """
    Hold the digests of items that were sent and have not ended, in fixed slots.

    A slot is changed by a write to mapped memory: no system call, no wait for a
    batch of lines that is being written, and it survives the end of the process at
    any moment. Slots go from blank to full and back, so one with a blank in it was
    being changed: its item was not sent yet, or has ended.

    Attributes:
        error: the first that a slot could not be changed for. It stops nothing: at
            worst, items that ended are counted as interrupted by the next run.
    """

    def __init__(self, descriptor: int, start: int, size: int) -> None:
        self.error: OSError | None = None
        self._start = start
        self._mapped: mmap.mmap | None = None
        self._descriptor: int | None = None
        text = _read(descriptor, start, size)
        slots = {at: _digest(text[at : at + SLOT]) for at in range(0, size, SLOT)}
        self._held = {digest: at for at, digest in slots.items() if digest}
        self._free = sorted(set(slots) - set(self._held.values()), reverse=True)
        self._map(descriptor, start + size)

    def _map(self, descriptor: int, size: int) -> None:
        try:
            self._mapped = mmap.mmap(descriptor, size)
        except OSError:
            # Some network file systems cannot map. A duplicate, as the file may be
            # closed before the last slot is given back.
            self._descriptor = os.dup(descriptor)

    def __iter__(self) -> Iterator[bytes]:
        return iter(tuple(self._held))

    def __contains__(self, digest: bytes) -> bool:
        return digest in self._held

    def take(self, digest: bytes) -> bool:
        """Put a digest into a slot; return whether it is in one."""
        if not self._free:
            return False

        at = self._free.pop()
        if not self._store(at, b2a_base64(digest, newline=False)):
            return False  # and the slot is not tried again

        self._held[digest] = at
        return True

    def release(self, digest: bytes) -> None:
        """Blank the slot of a digest, if it has one."""
        at = self._held.pop(digest, None)
        if at is not None:
            self._store(at, _BLANK)
            self._free.append(at)

    def _store(self, at: int, text: bytes) -> bool:
        at += self._start
        if self._mapped is not None:
            self._mapped[at : at + SLOT] = text
        elif self._descriptor is not None:
            try:
                _write_at(self._descriptor, text, at)
            except OSError as exc:
                self.error = self.error or exc
                return False

        return True

    def close(self) -> None:
        """Let the file go; later changes are not kept."""
        mapped, self._mapped = self._mapped, None
        descriptor, self._descriptor = self._descriptor, None
        if mapped is not None:
            mapped.close()

        if descriptor is not None:
            try:
                os.close(descriptor)
            except OSError as exc:
                self.error = self.error or exc


def _read(descriptor: int, start: int, size: int) -> bytes:
    os.lseek(descriptor, start, os.SEEK_SET)
    return os.read(descriptor, size)


def _digest(slot: bytes) -> bytes | None:
    if b" " in slot:
        return None

    try:
        digest = a2b_base64(slot)
    except Error:
        digest = b""

    # What does not decode is of no known item, but of one.
    return digest if len(digest) == SIZE else fingerprint_of(slot)
