"""Lines into the file, many at a time, while the event loop goes on."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable
from concurrent.futures import Executor

from openrouter_async.fanout.journal.file import JournalFile, Written


class Batch:
    """
    Collect lines that are written with one call.

    Attributes:
        lines: the lines, each with its line break.
        ended: set when they are in the file, or are known not to be.
        error: why they are not.
    """

    def __init__(self) -> None:
        self.lines: list[tuple[bytes, bytes | None]] = []
        self.ended: asyncio.Event = asyncio.Event()
        self.error: OSError | None = None


class JournalWriter:
    """
    Write lines in the order they are handed over.

    While one batch is being written the next one collects. There is no task to
    cancel: what was handed over is written, whoever stops to wait for it, and also if
    the event loop ends while a batch is being written.

    Attributes:
        error: what broke the journal; nothing is written after it.
    """

    def __init__(
        self,
        file: JournalFile,
        executor: Executor,
        written: Callable[[bytes, int], None],
    ) -> None:
        self.error: OSError | None = None
        self._file = file
        self._executor = executor
        self._written = written
        self._loop = asyncio.get_running_loop()
        self._collecting = Batch()
        self._writing: Batch | None = None
        self._then: Callable[[], None] | None = None

    def hand_over(self, line: bytes, digest: bytes | None = None) -> Batch:
        """
        Take a line.

        Args:
            line: with its line break.
            digest: passed on to `written` with the line's place once it is there.

        Returns:
            The batch that it is written with.
        """
        batch = self._collecting
        # Later, so that the lines of one turn of the loop go together.
        if not batch.lines and self._writing is None:
            self._loop.call_soon(self._write)

        batch.lines.append((line, digest))
        return batch

    def finish(self, then: Callable[[], None]) -> None:
        """Call `then` when all that was handed over has been written."""
        self._then = then
        if self._loop.is_closed() or not (self._writing or self._collecting.lines):
            then()

    def _write(self) -> None:
        batch = self._writing = self._collecting
        self._collecting = Batch()
        if self.error is not None:
            self._settle(batch)
            return

        try:
            future = self._loop.run_in_executor(self._executor, self._append, batch)
        except RuntimeError as exc:  # no thread starts, or the interpreter ends
            self._break(exc)
            self._settle(batch)
        else:
            future.add_done_callback(self._end)

    def _append(self, batch: Batch) -> Written:
        """Write a batch, in the thread."""
        written = self._file.append([line for line, _ in batch.lines])
        while self._loop.is_closed() and self._collecting.lines:
            # Nobody else will, and nobody hands over any more.
            rest, self._collecting = self._collecting, Batch()
            self._file.append([line for line, _ in rest.lines])

        return written

    def _end(self, future: asyncio.Future[Written]) -> None:
        batch = self._writing
        assert batch is not None, "a batch was being written"
        try:
            self._note(batch, future.result())
        except (Exception, asyncio.CancelledError) as exc:
            self._break(exc)
        finally:
            self._settle(batch)

    def _note(self, batch: Batch, written: Written) -> None:
        place, end, self.error = written
        for line, digest in batch.lines:
            place += len(line)
            if digest is not None and place <= end:
                self._written(digest, place - len(line))

    def _break(self, exc: BaseException) -> None:
        if self.error is None:
            self.error = OSError(errno.EIO, f"the journal broke: {exc!r}")
            self.error.__cause__ = exc

    def _settle(self, batch: Batch) -> None:
        """Let those go on who wait for a batch, then write the next one."""
        self._writing = None
        batch.error = self.error
        batch.ended.set()
        if self._collecting.lines:
            self._write()
        elif self._then is not None:
            self._then()
