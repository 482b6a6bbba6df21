"""The blocks of a body of any kind, looked at only for an error in place of it."""

from __future__ import annotations

from openrouter_async.streaming.reader import Reader
from openrouter_async.transport.failures import from_answer
from openrouter_async.transport.replies import reported_error

# The largest body of JSON that is looked into before its bytes are handed out.
_SNIFFED = 1 << 16


class BlockReader(Reader):
    """Read the blocks of one attempt as they come."""

    _begun = False

    async def refill(self) -> bool:
        """
        Make the next block pending, waiting for it if need be.

        Returns:
            Whether the body goes on; False at its clean end.

        Raises:
            APIError: the body is JSON that reports an error.
            StreamInterruptedError: the connection was lost.
            APITimeoutError: nothing came in time.
        """
        block = await self._next()
        if not self._begun and self.exchange.content_type == "application/json":
            block = await self._checked(block)

        self._begun = True
        self.offer((block,) if block else ())
        return bool(block)

    async def _next(self) -> bytes:
        block = await self.exchange.read_some()
        if block:
            self._watch.note_event()

        return block

    async def _checked(self, block: bytes) -> bytes:
        """Return the first bytes of what is no error."""
        while len(block) < _SNIFFED and (more := await self._next()):
            block += more

        error = reported_error(block) if len(block) < _SNIFFED else None
        if error is None:
            return block

        redacted = self.exchange.redact(block)
        head = self.exchange.head()
        raise from_answer(reported_error(redacted), head, redacted, None)
