"""What the lines of a journal amount to."""

from __future__ import annotations

from typing import NamedTuple

from openrouter_async.errors import ConfigError
from openrouter_async.fanout.journal.index import Index
from openrouter_async.fanout.journal.lines import Line, Mark, read_line
from openrouter_async.fanout.journal.register import Register


class Contents(NamedTuple):
    """
    Tell what was found in a journal.

    Attributes:
        places: digest of each finished item -> twice the place of its line.
        finished: how many there are.
        interrupted: digests of items that were sent and did not end.
        register: slots for what is in flight.
    """

    places: Index
    finished: int
    interrupted: frozenset[bytes]
    register: Register


class ContentsBuilder:
    """Take in the lines of a journal one after the other."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._index = Index()
        self._finished = 0
        self._marked: set[bytes] = set()

    def add(self, text: bytes, place: int, number: int) -> None:
        """
        Take in a line.

        Args:
            text: the line with its line break.
            place: where it begins, in bytes.
            number: which line it is, from 1.

        Raises:
            ConfigError: it is damaged.
        """
        try:
            self._add(read_line(text), place)
            return
        except ValueError as exc:
            reason = str(exc)

        raise ConfigError(
            f"line {number} of the journal {self._path} is damaged ({reason}): mend or"
            " delete the line; an item without one is sent again"
        )

    def add_last(self, text: bytes, place: int) -> bool:
        """Take in a last line without a line break; return whether it was whole."""
        if not text or text.endswith(b"\n"):
            return False

        try:
            self._add(read_line(text), place)
        except ValueError:
            return False

        return True

    def _add(self, line: Line | Mark, place: int) -> None:
        if isinstance(line, Line):
            digest = line.digest
            if not self._index.get(digest):
                self._index.set(digest, place << 1)
                self._finished += 1
        elif line.sent is not None:
            self._marked.add(line.sent)
        else:
            self._marked.discard(line.failed or b"")

    def finish(self, register: Register) -> Contents:
        """Settle what had been in flight and return the whole."""
        for digest in register:
            if self._index.get(digest):
                register.release(digest)

        marked = {digest for digest in self._marked if not self._index.get(digest)}
        interrupted = frozenset(marked.union(register))
        return Contents(self._index, self._finished, interrupted, register)
