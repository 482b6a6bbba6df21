"""A streamed call: opened in as many attempts as it takes, left on every way out."""

from __future__ import annotations

import asyncio
import warnings
from types import TracebackType
from typing import Generic, Literal, Self, TypeVar

from openrouter_async.errors import OpenRouterError, StreamInterruptedError
from openrouter_async.streaming.reader import Reader
from openrouter_async.transport.calls import Running, Transport
from openrouter_async.transport.exchange import Call, Exchange
from openrouter_async.types.usage import Usage
from openrouter_async.types.wire import ResponseMeta

ItemT = TypeVar("ItemT")

LEFT = "the stream was left before its end"


class StreamedCall(Generic[ItemT]):
    """
    Hold one streamed call: its attempts, and how it ended.

    What reads the body of an attempt is named by `_start_reading`; the order of
    reading is left to `StreamedItems`.

    Args:
        transport: sends the call.
        call: what to send.
    """

    def __init__(self, transport: Transport, call: Call) -> None:
        self._transport = transport
        self._call = call
        self._running: Running | None = None
        self._reader: Reader | None = None
        # Read before the first content; the oldest is last once there is content.
        self._held: list[ItemT] = []
        self._begun = False
        self._left_by: asyncio.Task[object] | None = None
        self._entered = False
        self._state: Literal["running", "complete", "left"] | OpenRouterError
        self._state = "running"
        self._meta = ResponseMeta()

    # What each kind of stream does in its own way

    def _start_reading(self, exchange: Exchange, running: Running) -> Reader:
        """Return what reads the body of an attempt, with nothing kept of others."""
        raise NotImplementedError

    def _tell(self, error: OpenRouterError) -> None:
        """Add to an error what came before it."""

    def _tokens_used(self) -> Usage | None:
        """Return what the whole stream used, if it told."""
        return None

    # What there is to see

    @property
    def meta(self) -> ResponseMeta:
        """The exchange that the stream comes from; empty before it is open."""
        return self._meta

    @property
    def time_to_first_event(self) -> float | None:
        """Seconds from the start of the call to the first data event."""
        if self._running is None:
            return None

        first = self._running.watch.first_event_at
        return None if first is None else first - self._running.attempts.started

    def __repr__(self) -> str:
        state = self._state if isinstance(self._state, str) else "failed"
        shown = self._meta.generation_id or self._call.url.path
        return f"<{type(self).__name__} {state} {shown}>"

    # Ways in

    async def __aenter__(self) -> Self:
        self._entered = True
        await self.open()
        return self

    async def open(self) -> None:
        """
        Send the request and receive the head; once open, do nothing.

        Raises:
            OpenRouterError: of the last attempt.
        """
        await self._receive_head()

    async def _receive_head(self) -> None:
        if self._reader is not None or self._state != "running":
            return

        if self._running is None:
            self._running = self._transport.start(self._call)

        while self._reader is None:
            failure = await self._attempt(self._running)
            if self._left:  # by another task, which could not know of the connection
                self._leave()
                raise self._failed(StreamInterruptedError(LEFT))

            if failure is not None:
                await self._repeat(failure)

    async def _attempt(self, running: Running) -> OpenRouterError | None:
        """Open one attempt and read from it; return why there is none."""
        try:
            if running.must_wait():
                await running.wait()

            exchange = running.next_attempt()
            await exchange.open()
        except OpenRouterError as error:
            return error
        except BaseException:
            self._give_up()
            raise

        self._reader = self._start_reading(exchange, running)
        self._meta = running.meta(exchange, None)
        return None

    def _give_up(self) -> None:
        """Leave a call that was cancelled between its attempts: it cannot go on."""
        self._leave()
        self._state = StreamInterruptedError("the stream was cancelled as it opened")

    async def _repeat(self, failure: OpenRouterError) -> None:
        """Wait for the next attempt; raise where there is none."""
        assert self._running is not None
        self._held.clear()
        if self._reader is not None:
            self._reader.close()
            self._reader = None

        watch = self._running.watch
        watch.start_attempt()
        watch.resume()  # for `aclose()` by another task: it ends the wait
        try:
            await self._running.failed(failure)
        except OpenRouterError:
            self._state = failure
            self._running.close()
            raise
        except BaseException:
            if not watch.expired():
                self._give_up()
                raise
        finally:
            watch.pause()

        if self._left:
            raise self._failed(StreamInterruptedError(LEFT))

    # Ways out

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """
        Give the connection back at once; what has not arrived stays unread.

        The server sees it close, which ends the work and the bill at the providers
        that support it (https://openrouter.ai/docs/api-reference/streaming).
        """
        self._leave()

    @property
    def _left(self) -> bool:
        return self._state == "left"

    def _leave(self) -> None:
        if self._state == "running":
            self._state = "left"
            self._left_by = asyncio.current_task()
            self._held.clear()

        if self._reader is not None and self._state != "complete":
            self._reader.close()

        if self._running is not None:
            self._running.watch.interrupt()
            self._running.close()

    def _complete(self) -> None:
        assert self._reader is not None
        assert self._running is not None
        self._state = "complete"
        self._reader.exchange.close_soon()
        self._running.close(self._tokens_used())

    def _failed(self, error: OpenRouterError) -> OpenRouterError:
        """Return the error with what there is to know; after content it is the end."""
        if self._left:
            error = StreamInterruptedError(LEFT)

        self._tell(error)
        error.status = error.status or self._meta.status or None
        error.generation_id = error.generation_id or self._meta.generation_id
        if self._running is not None:
            self._running.attempts.told(error)

        if self._begun:
            self._leave()
            self._state = error

        return error

    def __del__(self) -> None:
        reader: Reader | None = getattr(self, "_reader", None)
        if reader is None or self._state != "running":
            return

        assert self._running is not None
        reader.close_later(self._running.close)
        warnings.warn(
            "a stream was dropped before its end; use `async with`, or"
            " `await stream.aclose()`",
            ResourceWarning,
            source=self,
            stacklevel=2,
        )
