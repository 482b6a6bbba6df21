"""What all readers of one attempt's body have in common."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

from openrouter_async.transport.exchange import Exchange
from openrouter_async.transport.timers import Watch


class Reader:
    """
    Read the body of one attempt, piece by piece.

    Args:
        exchange: whose head has arrived.
        watch: keeps the call's time.

    Attributes:
        exchange: whose body it is.
        pending: the pieces that have arrived and are not taken yet.
    """

    def __init__(self, exchange: Exchange, watch: Watch) -> None:
        self.exchange: Exchange = exchange
        self.pending: Iterator[bytes] = iter(())
        self._watch = watch
        self._loop = asyncio.get_running_loop()

    def offer(self, pieces: Iterable[bytes]) -> None:
        """Make these pieces pending."""
        self.pending = iter(pieces)

    async def refill(self) -> bool:
        """
        Make more pieces pending, waiting for them if need be.

        Returns:
            Whether the body goes on; False at its clean end.

        Raises:
            StreamInterruptedError: the connection was lost.
            APITimeoutError: nothing came in time.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Give the connection back."""
        self.exchange.close()

    def close_later(self, left: Callable[[], None]) -> None:
        """
        Have the event loop do it: a finaliser does no I/O, and runs anywhere.

        Args:
            left: called by it afterwards.
        """
        # aiohttp's protocol holds its response: dropping that closes nothing.
        with suppress(RuntimeError):  # the loop is closed, and its sockets with it
            self._loop.call_soon_threadsafe(self._drop, left)

    def _drop(self, left: Callable[[], None]) -> None:
        self.close()
        left()
