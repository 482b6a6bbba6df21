"""The data events of one response, in turns short enough for other tasks."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator

from openrouter_async.errors import ResponseDecodeError
from openrouter_async.streaming.reader import Reader
from openrouter_async.streaming.sse import EventDecoder
from openrouter_async.transport.answers import check_choices
from openrouter_async.transport.exchange import Exchange
from openrouter_async.transport.timers import Watch
from openrouter_async.types.lenient import is_object, json_value

DONE = b"[DONE]"
# Bytes decoded at a time: a read can bring thousands of events.
_PIECE = 1 << 16
# Events handed out before other tasks get a turn: less than a millisecond of work, as
# many streams may have events at the same time.
_TURN = 100
_FIELDS = (b":", b"data", b"event", b"id", b"retry")
_SHOWN = 200
_BOM = b"\xef\xbb\xbf"


class EventReader(Reader):
    """
    Read the events of one attempt.

    Args:
        exchange: whose head has arrived.
        watch: keeps the call's time.
        limit: most bytes of one event.
    """

    pending: Iterator[bytes]

    def __init__(self, exchange: Exchange, watch: Watch, limit: int) -> None:
        super().__init__(exchange, watch)
        self._decoder = EventDecoder(limit)
        self._turn: list[bytes] = []
        self._backlog: list[bytes] = []
        self._unfed = b""
        # What the body begins with; None once it is known to be an event stream.
        self._start: bytes | None = b""

    async def refill(self) -> bool:
        """
        Make more events pending, waiting for them if need be.

        Returns:
            Whether the body goes on; False at its clean end.

        Raises:
            StreamInterruptedError: the connection was lost.
            APITimeoutError: nothing came in time.
            ResponseDecodeError: a plain body came that is no answer.
            ResponseTooLargeError: an event is over the limit.
        """
        if self._backlog or self._unfed:
            await asyncio.sleep(0)
        else:
            self._decoder.check()
            block = await self.exchange.read_some()
            if not block:
                self._check_start()
                return False

            if self._start == b"" and block.startswith(_FIELDS):
                self._start = None

            if self._start is None:
                self._unfed = block
            else:
                await self._sniff(block)

        self._feed()
        self._turn = self._backlog[:_TURN]
        del self._backlog[:_TURN]
        self.pending = iter(self._turn)
        return True

    def _feed(self) -> None:
        """Decode what was read, until there is an event to hand out."""
        while self._unfed and not self._backlog:
            piece, self._unfed = self._unfed[:_PIECE], self._unfed[_PIECE:]
            self._backlog = self._decoder.feed(piece)

        if self._backlog:
            self._watch.note_event()
            self._start = None

    def hear(self, comments: deque[str]) -> None:
        """Have the text of comments put there, from the next read on."""
        self._decoder.comments = comments

    def close(self) -> None:
        """Give the connection back, and forget what was not taken."""
        self._turn.clear()
        self._backlog.clear()
        self._unfed = b""
        super().close()

    async def _sniff(self, block: bytes) -> None:
        """
        Take a block of what may be no event stream, whatever its label says.

        No line of an event stream begins like JSON or HTML; errors, and answers of
        servers that do not stream, do.
        """
        before = self._start or b""
        if len(before) < _SHOWN:
            self._start = (before + block[:_SHOWN]).lstrip()

        start = block.removeprefix(_BOM).lstrip()
        if before.removeprefix(_BOM) or start[:1] not in (b"{", b"<"):
            self._unfed = block
        else:
            self._backlog = [await self._plain(block), DONE]

    async def _plain(self, block: bytes) -> bytes:
        """Return a whole body that is no event stream."""
        plain = await self.exchange.read(block)
        try:
            answer = json_value(plain)
        except ValueError:
            return plain  # cut, or a page: decoding tells that

        if is_object(answer) and not answer.get("error"):
            self._check_plain(plain)

        return plain

    def _check_plain(self, plain: bytes) -> None:
        """Refuse a plain answer that is none to what was asked."""
        check_choices(self.exchange.redact(plain))

    def _check_start(self) -> None:
        """Raise for a whole body that was something else, such as an error's text."""
        start = (self._start or b"").removeprefix(_BOM)
        if start and not start.startswith(_FIELDS):
            text = self.exchange.redact(start)[:_SHOWN]
            raise ResponseDecodeError(
                f"the answer is no event stream: {text.decode('utf-8', 'replace')}",
                body=text,
            )
