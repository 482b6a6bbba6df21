"""The journal of a fan-out run: what is finished outlives the process."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from openrouter_async.errors import ConfigError
from openrouter_async.fanout.journal.contents import Contents
from openrouter_async.fanout.journal.file import JournalFile
from openrouter_async.fanout.journal.index import Index
from openrouter_async.fanout.journal.lines import (
    Entry,
    Key,
    Line,
    entry_line,
    fingerprint_of,
    mark_line,
    read_line,
)
from openrouter_async.fanout.journal.reader import JournalReader
from openrouter_async.fanout.journal.writer import Batch, JournalWriter
from openrouter_async.types.lenient import Json

_SEEN = 1  # bit of a number in the index: this run had the key's body


class Journal:
    """
    Keep the finished items of a run in a file, so that a later run can go on.

    The file is JSON lines: a header with the common parameters and what is in flight,
    then one line per finished item in the order they finished. It belongs to one run
    at a time and is used on one event loop.

    Attributes:
        path: the file's path.
        finished: how many items were in the file when it was opened.
        interrupted: how many items earlier runs had sent that neither finished nor
            failed; they may be billed again when they are sent again.
    """

    def __init__(
        self, file: JournalFile, executor: ThreadPoolExecutor, contents: Contents
    ) -> None:
        self.path: str = file.path
        self.finished: int = contents.finished
        self.interrupted: int = len(contents.interrupted)
        self._file = file
        self._executor = executor
        self._index = contents.places
        self._register = contents.register
        self._interrupted = contents.interrupted
        self._repeats = Index()
        self._resent: set[bytes] = set()
        self._marked: set[bytes] = set()
        self._waiting: dict[bytes, Batch] = {}
        self._reader = JournalReader(file, executor)
        self._writer = JournalWriter(file, executor, self._written)
        self._close_error: OSError | None = None
        self._told = False
        self._closing: asyncio.Future[None] | None = None

    @classmethod
    async def open(
        cls, path: str | os.PathLike[str], parameters: Mapping[str, Json]
    ) -> Journal:
        """
        Open a journal, or start one where there is no file or an empty one.

        Args:
            path: the file; a new one can be read by its owner only.
            parameters: what all items of the run share. Their values are written
                into the file.

        Raises:
            ConfigError: the file is no journal, one of other parameters or of a later
                version, damaged, or in use by another run. It is left as it is.
            OSError: the file cannot be opened, read or written.
        """
        file = JournalFile(os.fspath(path))
        # A thread of its own: a shared pool can be full of what others wait for.
        executor = ThreadPoolExecutor(1, thread_name_prefix="journal")
        loop = asyncio.get_running_loop()
        loading = loop.run_in_executor(executor, file.load, parameters)
        try:
            contents = await asyncio.shield(loading)
        except BaseException:
            file.abandoned = True
            executor.submit(file.leave)
            executor.shutdown(wait=False)
            raise

        return cls(file, executor, contents)

    @property
    def sent_again(self) -> int:
        """How many of the interrupted items this run has sent so far."""
        return len(self._resent)

    def key(self, body: bytes) -> Key:
        """
        Return the key of the next item of this run that has this body.

        Args:
            body: the encoded request.
        """
        fingerprint = fingerprint_of(body)
        number = self._index.get(fingerprint)
        if not number & _SEEN:
            self._index.set(fingerprint, number | _SEEN)
            return Key.of(fingerprint, 1)

        occurrence = (self._repeats.get(fingerprint) or 1) + 1
        self._repeats.set(fingerprint, occurrence)
        return Key.of(fingerprint, occurrence)

    async def find(self, key: Key) -> Entry | None:
        """
        Return the item as the file has it, None if it is not finished.

        Raises:
            ConfigError: the journal is closed, or its file was changed meanwhile.
            OSError: the file cannot be read.
        """
        self._check_open()
        place = self._index.get(key.digest) >> 1
        if not place:
            return None

        line = _decoded(await self._reader.line(place))
        if line is None or line.digest != key.digest:
            raise ConfigError(
                f"the journal {self.path} was changed while it was in use:"
                f" there is another line at byte {place}"
            )

        return line.entry()

    def sent(self, key: Key) -> None:
        """
        Note that the item's request goes out now.

        Raises:
            ConfigError: the journal is closed.
            OSError: the journal broke; the answer could not be kept.
        """
        self._check_open()
        self._check_whole()
        digest = key.digest
        if digest in self._interrupted:
            self._resent.add(digest)
        elif digest in self._register or digest in self._marked:
            return
        elif not self._register.take(digest):
            self._marked.add(digest)
            self._mark(mark_line(sent=digest))

    def failed(self, key: Key) -> None:
        """Note that the item ended with an error for which nothing can be billed."""
        digest = key.digest
        if digest in self._interrupted:
            return  # what an earlier run sent may still be billed

        self._register.release(digest)
        if digest in self._marked:
            self._marked.remove(digest)
            self._mark(mark_line(failed=digest))

    def _mark(self, line: bytes) -> None:
        if self._closing is None and self._writer.error is None:
            self._writer.hand_over(line)

    async def append(self, key: Key, entry: Entry) -> None:
        """
        Write a finished item, and return when its line is in the file.

        One that is in the file already is not written again. If the wait is
        cancelled the line is written all the same.

        Raises:
            ConfigError: the journal is closed.
            OSError: the line, or one before it, could not be written. No line is
                written after that.
            ResponseDecodeError: the answer is not JSON.
        """
        self._check_open()
        self._check_whole()
        digest = key.digest
        if self._index.get(digest) >> 1:
            return

        batch = self._waiting.get(digest)
        if batch is None:
            batch = self._writer.hand_over(entry_line(key, entry), digest)
            self._waiting[digest] = batch

        await batch.ended.wait()
        if batch.error is not None:
            raise self._failure(batch.error)

    def _written(self, digest: bytes, place: int) -> None:
        """Take note of a line that is in the file."""
        self._index.set(digest, place << 1 | self._index.get(digest) & _SEEN)
        del self._waiting[digest]
        self._marked.discard(digest)
        self._register.release(digest)

    def _check_open(self) -> None:
        if self._closing is not None:
            raise ConfigError(f"the journal {self.path} is closed")

    def _check_whole(self) -> None:
        if self._writer.error is not None:
            raise self._failure(self._writer.error)

    def _failure(self, error: OSError) -> OSError:
        """Return the error anew: each that waits gets a traceback of its own."""
        self._told = True
        return OSError(error.errno, error.strerror, self.path)

    async def aclose(self) -> None:
        """
        Wait for what is being written, sync, unlock and close the file.

        A second call waits for the same. If the wait is cancelled the file is closed
        all the same.

        Raises:
            OSError: something could not be written, and nobody was told yet.
        """
        if self._closing is None:
            self._closing = asyncio.get_running_loop().create_future()
            self._writer.finish(self._close)

        await asyncio.shield(self._closing)
        error = self._writer.error or self._register.error or self._close_error
        if error is not None and not self._told:
            raise self._failure(error)

    def _close(self) -> None:
        self._register.close()
        loop = asyncio.get_running_loop()
        try:
            closing = loop.run_in_executor(self._executor, self._file.close)
        except RuntimeError:  # the interpreter ends: the thread took its last call
            self._close_error = self._file.close()
            self._closed()
            return

        self._executor.shutdown(wait=False)
        closing.add_done_callback(self._end)

    def _end(self, closing: asyncio.Future[OSError | None]) -> None:
        try:
            self._close_error = closing.result()
        finally:
            self._closed()

    def _closed(self) -> None:
        assert self._closing is not None, "it is being closed"
        self._closing.set_result(None)


def _decoded(text: bytes) -> Line | None:
    try:
        line = read_line(text)
    except ValueError:
        return None

    return line if isinstance(line, Line) else None
