"""
Server-sent events: bytes in any pieces to the data of whole events, without I/O.

The rules are those of WHATWG HTML, section 9.2.6, as far as they concern a client
that does not reconnect: lines end at CRLF, LF or CR, a leading byte order mark is
dropped, comments and unknown fields are skipped, the data lines of an event are
joined by LF, and an event that the input's end cuts is discarded.
"""

from __future__ import annotations

from collections import deque

from openrouter_async.errors import ResponseTooLargeError

_BOM = b"\xef\xbb\xbf"
_SHORTEST = len(b"data: \n\n")  # of an event, which then has no data


class EventDecoder:
    """
    Decode an event stream.

    Any split of the same bytes gives the same events, in time linear in their
    number.

    Args:
        limit: most bytes that one event may have, comments and an unfinished line
            included.

    Attributes:
        comments: takes the text of comments, where somebody wants them.
    """

    __slots__ = (
        "_after_cr",
        "_data",
        "_data_size",
        "_limit",
        "_overflow",
        "_start",
        "_tail",
        "_tail_size",
        "comments",
    )

    def __init__(self, limit: int) -> None:
        self.comments: deque[str] | None = None
        self._limit = limit
        self._overflow = False
        self._start: bytes | None = b""
        self._after_cr = False
        self._tail: list[bytes] = []  # pieces of an unfinished line
        self._tail_size = 0
        self._data: list[bytes] = []  # data lines of an unfinished event
        self._data_size = 0

    def feed(self, block: bytes) -> list[bytes]:
        """
        Return the data of the events that `block` completes.

        Events without data, or with an empty one, are heartbeats and left out. From
        an event over the limit on there are none: see `check()`.
        """
        # One event in each write is how tokens come: so it takes half the time.
        begun = self._start or self._tail or self._data or self._after_cr
        if (
            block.startswith(b"data: ")
            and block.endswith(b"\n\n")
            and block.find(b"\n") == len(block) - 2
            and _SHORTEST < len(block) <= self._limit
            and b"\r" not in block
            and not (begun or self._overflow)
        ):
            self._start = None
            return [block[6:-2]]

        return self._feed_lines(block)

    def _feed_lines(self, block: bytes) -> list[bytes]:
        """Return the data of the events that `block` completes, line by line."""
        if self._overflow:
            return []

        if self._start is not None:
            block = self._drop_bom(block)

        if self._after_cr or b"\r" in block:
            block = self._newlines(block)

        lines = block.split(b"\n")
        rest = lines.pop()
        events: list[bytes] = []
        crowded = self._tail_size + self._data_size + len(block) > self._limit
        if lines:
            if self._tail:
                lines[0] = b"".join((*self._tail, lines[0]))
                self._tail.clear()
                self._tail_size = 0

            self._read(self._within_limit(lines) if crowded else lines, events)

        if rest:
            self._tail.append(rest)
            self._tail_size += len(rest)

        if self._tail_size + self._data_size > self._limit:
            self._overflow = True

        return events

    def check(self) -> None:
        """
        Raise where an event over the limit came after those handed out.

        Raises:
            ResponseTooLargeError: it did.
        """
        if self._overflow:
            raise ResponseTooLargeError(
                f"an event of the stream is over {self._limit} bytes (SizeLimits.event)"
            )

    def _within_limit(self, lines: list[bytes]) -> list[bytes]:
        """Return the lines before the first that takes its event over the limit."""
        size = self._data_size
        for number, line in enumerate(lines):
            if size + len(line) > self._limit:
                self._overflow = True
                return lines[:number]

            if not line:
                size = 0
            elif line == b"data" or line.startswith(b"data:"):
                size += 1 + len(line[5:].removeprefix(b" "))

        return lines

    def _drop_bom(self, block: bytes) -> bytes:
        begun = (self._start or b"") + block
        if len(begun) < len(_BOM) and _BOM.startswith(begun):
            self._start = begun
            return b""

        self._start = None
        return begun.removeprefix(_BOM)

    def _newlines(self, block: bytes) -> bytes:
        """Turn CRLF and CR into LF; a CR at the end is a line's end at once."""
        if self._after_cr and block.startswith(b"\n"):
            block = block[1:]
            self._after_cr = False

        if block:
            self._after_cr = block.endswith(b"\r")

        return block.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def _read(self, lines: list[bytes], events: list[bytes]) -> None:
        """Add the data of the events that whole lines complete."""
        data = self._data
        known = len(data)  # how many of its lines are in _data_size already
        for line in lines:
            if line.startswith(b"data:"):
                data.append(line[6:] if line.startswith(b"data: ") else line[5:])
            elif not line:
                event = data[0] if len(data) == 1 else b"\n".join(data)
                if event:
                    events.append(event)

                data.clear()
                known = self._data_size = 0
            elif line == b"data":
                data.append(b"")
            elif self.comments is not None and line.startswith(b":"):
                self.comments.append(line[1:].decode("utf-8", "replace").strip())

        if len(data) > known:
            self._data_size += sum(map(len, data[known:])) + len(data) - known
