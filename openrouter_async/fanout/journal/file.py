"""The file of a journal: all calls here wait for the disk and come from one thread."""

from __future__ import annotations

import errno
import gc
import os
import stat
import weakref
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import BinaryIO, NamedTuple

from openrouter_async.errors import ConfigError
from openrouter_async.fanout.journal.contents import Contents, ContentsBuilder
from openrouter_async.fanout.journal.header import (
    MAGIC,
    check_parameters,
    header_line,
    read_header,
    register_place,
)
from openrouter_async.fanout.journal.lock import lock, unlock
from openrouter_async.fanout.journal.parameters import RunParameters
from openrouter_async.fanout.journal.register import Register
from openrouter_async.types.lenient import Json

_BLOCK = 1 << 18  # bytes read at a time while loading
_LONGEST = 1 << 24  # bytes looked at in the first line of what may be anything
_FLAGS = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)


class Written(NamedTuple):
    """
    Tell how a batch of lines went.

    Attributes:
        start: place of the first line.
        end: place behind the last line that was written whole.
        error: what went wrong, None if nothing did.
    """

    start: int
    end: int
    error: OSError | None


class JournalFile:
    """
    Read and write a journal that no other run has open.

    One that is dropped gives the lock and the descriptor back: its event loop may have
    ended before anybody closed it. A call that waits in the thread keeps it alive.

    Attributes:
        path: the file's path.
        abandoned: set from another thread to end `load` early.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.abandoned = False
        self._descriptor = -1
        self._end = 0
        self._linked = False
        self._error: OSError | None = None
        self._registers: list[Register] = []
        self._give_back: Callable[[], object] | None = None

    def load(self, parameters: Mapping[str, Json]) -> Contents:
        """
        Open, lock and read the file; a last line that was left torn is cut.

        Raises:
            ConfigError: it is no journal, one of other parameters, damaged or in use.
            OSError: it cannot be opened, read or written.
        """
        header = header_line(parameters)
        self._descriptor = os.open(self.path, _FLAGS, 0o600)
        giving_back = weakref.finalize(
            self, _give_back, self._descriptor, self._registers, os.getpid()
        )
        giving_back.atexit = False  # the system does it, and calls may be under way
        self._give_back = giving_back
        try:
            self._take()
            return self._load(header, RunParameters.names(parameters))
        except BaseException as exc:
            self.leave()
            if isinstance(exc, OSError) and exc.filename is None:
                exc.filename = self.path

            raise

    def _take(self) -> None:
        status = os.fstat(self._descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise ConfigError(f"{self.path} is not a regular file: name another one")

        if not (lock(self._descriptor) or self._lock_of_dropped()):
            raise ConfigError(
                f"the journal {self.path} is in use by another run: wait for its end,"
                " or name another journal"
            )

        self._linked = status.st_nlink > 0  # some file systems do not count

    def _lock_of_dropped(self) -> bool:
        """Take the lock if only a dropped run had it; those are in cycles."""
        gc.collect()
        return lock(self._descriptor)

    def _load(self, ours: bytes, called: Mapping[str, str]) -> Contents:
        header = self._first_line()
        if header is None:
            self._create(ours)
            header = ours

        found = read_header(header, self.path)
        check_parameters(found, read_header(ours, self.path), self.path, called)
        builder = self._read_lines(len(header))
        os.ftruncate(self._descriptor, self._end)
        register = Register(self._descriptor, *register_place(header))
        self._registers.append(register)
        return builder.finish(register)

    def _first_line(self) -> bytes | None:
        """Return the first line; None if a journal is yet to be made of the file."""
        with self._reader(0) as file:
            start = file.read(len(MAGIC))
            if len(start) < len(MAGIC) and MAGIC.startswith(start):
                return None

            line = start + file.readline(-1 if start == MAGIC else _LONGEST)

        cut = start == MAGIC and not line.endswith(b"\n")
        return None if cut else line

    def _create(self, header: bytes) -> None:
        os.ftruncate(self._descriptor, 0)
        error = self.append([header]).error
        if error is not None:
            raise error

        # A header that a power cut took would make all lines after it unreadable.
        os.fsync(self._descriptor)

    def _read_lines(self, place: int) -> ContentsBuilder:
        builder = ContentsBuilder(self.path)
        text = b""
        with self._reader(place) as file:
            for number, text in enumerate(file, start=2):
                if self.abandoned:
                    raise InterruptedError(errno.EINTR, "nobody waits for the journal")

                if text.endswith(b"\n"):
                    builder.add(text, place, number)
                    place += len(text)

        self._end = place
        if builder.add_last(text, place):
            # Only its line break is missing.
            self._end += len(text)
            error = self.append([b"\n"]).error
            if error is not None:
                raise error

        return builder

    def _reader(self, place: int) -> BinaryIO:
        os.lseek(self._descriptor, place, os.SEEK_SET)
        return open(self._descriptor, "rb", buffering=_BLOCK, closefd=False)

    def read(self, place: int, size: int) -> bytes:
        """Read up to `size` bytes from a place."""
        os.lseek(self._descriptor, place, os.SEEK_SET)
        return os.read(self._descriptor, size)

    def append(self, lines: Sequence[bytes]) -> Written:
        """
        Write lines at the end; after a failure this and every later call write none.

        Lines of the batch that were written whole stay, a torn one is cut.
        """
        start = self._end
        if self._error is None:
            text = b"".join(lines)
            done, self._error = self._write(text)
            self._end += done
            if done < len(text):
                self._cut_torn(text[:done])

        return Written(start, self._end, self._error)

    def _write(self, text: bytes) -> tuple[int, OSError | None]:
        """Write as much as is possible; return how much that is, and what failed."""
        done = 0
        try:
            self._check_untouched()
            os.lseek(self._descriptor, self._end, os.SEEK_SET)
            with memoryview(text) as view:
                while done < len(text):
                    done += os.write(self._descriptor, view[done:])
        except OSError as exc:
            exc.filename = self.path
            return done, exc

        return done, None

    def _check_untouched(self) -> None:
        """Raise if lines would be lost: the file was deleted, cut or written to."""
        status = os.fstat(self._descriptor)
        if self._linked and not status.st_nlink:
            raise OSError(errno.ENOENT, "the journal was deleted during the run")

        if status.st_size != self._end:
            raise OSError(errno.EIO, "something else wrote to the journal")

    def _cut_torn(self, written: bytes) -> None:
        torn = len(written) - written.rfind(b"\n") - 1
        if torn:
            self._end -= torn
            # If this fails too, the next run cuts it.
            with suppress(OSError):
                os.ftruncate(self._descriptor, self._end)

    def close(self) -> OSError | None:
        """Sync, unlock and close the file; return what of it failed, if it did."""
        error = None
        for step in (self._sync, self.leave):
            try:
                step()
            except OSError as exc:
                error = error or exc

        return error

    def _sync(self) -> None:
        os.fsync(self._descriptor)

    def leave(self) -> None:
        """Unlock and close the file; a second call does nothing."""
        self._descriptor = -1
        if self._give_back is not None:
            self._give_back()


def _give_back(descriptor: int, registers: Sequence[Register], process: int) -> None:
    for register in registers:
        register.close()

    # A forked process shares the lock, and may drop its copy of the journal.
    if process == os.getpid():
        with suppress(OSError):
            unlock(descriptor)

    os.close(descriptor)
