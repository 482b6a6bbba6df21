"""Where answers are written to: a file that never gets worse, or a stream."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Protocol

from openrouter_async.cli.answer_lines import FAILED, REPLAYED
from openrouter_async.cli.places import STDOUT, Places

_PART = ".part"


class AnswerTarget(Protocol):
    """
    Take lines; all calls wait for the disk or the reader, and come one by one.

    Attributes:
        answers: lines without an error that were written whole.
    """

    answers: int

    def open(self) -> None:
        """
        Begin.

        Raises:
            OSError: nothing can be written there.
        """
        ...

    def write(self, lines: Sequence[bytes]) -> None:
        """
        Write whole lines.

        Raises:
            OSError: they could not all be written; none is there in part.
        """
        ...

    def finish(self, *, whole: bool) -> bool:
        """
        End.

        Args:
            whole: whether every item has its line.

        Returns:
            Whether what was written is in its place.

        Raises:
            OSError: it could not be ended.
        """
        ...


def answer_target(places: Places, *, fresh: bool) -> AnswerTarget:
    """Return where the answers go."""
    if places.output == STDOUT:
        return AnswerStream(None)

    if not places.is_file:
        return AnswerStream(places.output)

    return AnswerFile(os.path.realpath(places.output), fresh=fresh)


class AnswerFile:
    """
    Write a file of answers that holds each item once, from the first line on.

    Where there are no answers yet, lines are appended to the file itself, so that
    `tail -f` shows them as they come. Where there are some, of an earlier run, this
    run writes all of them anew (a failure may have become an answer, the input may
    have other lines) to a file beside it. That takes the other's place, with no moment
    between, as soon as the journal has given as many answers as there were, and grows
    on there. Until then, or if the run ends before, the old one stays. So a kill at
    any moment leaves one of the two, of whole lines but for the last, whose answer is
    in the journal; and a run that comes to nothing, as the key is wrong, takes no
    answer away.

    Args:
        path: of the file, without links.
        fresh: whether the answers in it do not matter.
    """

    def __init__(self, path: str, *, fresh: bool) -> None:
        self._path = path
        self._part = path + _PART
        self._fresh = fresh
        self._descriptor = -1
        self._to_reach = 0
        self._replayed = 0
        self._size = 0
        self._in_place = True
        self.answers: int = 0

    def open(self) -> None:
        """Open the file itself, or the one beside it."""
        self._to_reach = 0 if self._fresh else _count_answers(self._path)
        self._in_place = not self._to_reach
        path = self._path if self._in_place else self._part
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0)
        self._descriptor = os.open(path, flags, 0o666)
        if not self._in_place:
            with suppress(OSError):  # not every file system has modes
                os.chmod(self._part, os.stat(self._path).st_mode & 0o777)

    def write(self, lines: Sequence[bytes]) -> None:
        """Append lines; after a failure the last one that was written is whole."""
        text = b"".join(lines)
        done = 0
        try:
            with memoryview(text) as view:
                while done < len(text):
                    done += os.write(self._descriptor, view[done:])
        except OSError:
            whole = text.rfind(b"\n", 0, done) + 1
            self.answers += _answers_within(lines, whole)
            with suppress(OSError):
                os.ftruncate(self._descriptor, self._size + whole)

            raise

        self._size += done
        self.answers += _answers_within(lines, done)
        self._replayed += sum(REPLAYED in line for line in lines)
        # Windows lets nobody move a file that is open.
        if sys.platform != "win32" and self._replayed >= self._to_reach:
            self._take_place()

    def _take_place(self) -> None:
        if not self._in_place:
            os.replace(self._part, self._path)
            self._in_place = True

    def finish(self, *, whole: bool) -> bool:
        """Close the file, and put it into its place or drop it."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor < 0:
            return self._in_place

        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

        if whole or self._replayed >= self._to_reach:
            self._take_place()

        if not self._in_place:
            os.unlink(self._part)

        return self._in_place


def _answers_within(lines: Sequence[bytes], size: int) -> int:
    """Count the lines without an error that are whole in so many bytes."""
    count = end = 0
    for line in lines:
        end += len(line)
        count += end <= size and FAILED not in line

    return count


def _count_answers(path: str) -> int:
    """Count whole lines without an error; none where there is no file."""
    count = 0
    with suppress(FileNotFoundError), Path(path).open("rb") as file:
        for line in file:
            count += line.endswith(b"\n") and FAILED not in line

    return count


class AnswerStream:
    """
    Write answers to standard output, a pipe or a device.

    Args:
        path: None for standard output.
    """

    def __init__(self, path: str | None) -> None:
        self._path = path
        self._file: BinaryIO | None = None
        self.answers: int = 0

    def open(self) -> None:
        """Open it; a named pipe waits for its reader."""
        if self._path is None:
            self._file = sys.stdout.buffer
        else:
            self._file = Path(self._path).open("wb", buffering=0)

    def write(self, lines: Sequence[bytes]) -> None:
        """Write lines, and hold none of them back."""
        assert self._file is not None, "open() comes first"
        with memoryview(b"".join(lines)) as view:
            done = 0
            while done < len(view):
                # A stream without a buffer may take less than all.
                done += self._file.write(view[done:])

        self._file.flush()
        self.answers += _answers_within(lines, done)

    def finish(self, *, whole: bool) -> bool:
        """Close what was opened."""
        if self._file is not None and self._path is not None:
            self._file.close()

        return True
