"""A streamed call: opened in as many attempts as it takes, left on every way out."""

from __future__ import annotations

import asyncio
import warnings
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from types import TracebackType
from typing import Generic, Literal, Self

from openrouter_async.errors import (
    OpenRouterError,
    ResponseDecodeError,
    StreamInterruptedError,
)
from openrouter_async.streaming.chunks import Accumulator, AnswerT_co, ChunkT
from openrouter_async.streaming.events import EventReader
from openrouter_async.transport.calls import Running, Transport
from openrouter_async.transport.exchange import Call
from openrouter_async.transport.failures import from_answer
from openrouter_async.types.usage import Usage
from openrouter_async.types.wire import ResponseMeta

LEFT = "the stream was left before its end"


class StreamedCall(Generic[ChunkT, AnswerT_co]):
    """
    Hold one streamed call: its attempts, what came of it, and how it ended.

    Reading it is left to `Stream`.

    Args:
        transport: sends the call.
        call: what to send.
        accumulator: makes what folds the chunks, anew for every attempt.
        finish: completes the whole answer, or raises what it lacks.
    """

    def __init__(
        self,
        transport: Transport,
        call: Call,
        accumulator: Callable[[], Accumulator[ChunkT, AnswerT_co]],
        finish: Callable[[AnswerT_co], None] | None = None,
    ) -> None:
        self._transport = transport
        self._call = call
        self._new_accumulator = accumulator
        self._accumulator = accumulator()
        self._finish = finish
        self._running: Running | None = None
        self._reader: EventReader | None = None
        self._held: deque[ChunkT] = deque()
        self._begun = False
        self._left_by: asyncio.Task[object] | None = None
        self._advancing = False
        self._comments: deque[str] | None = None
        self._listening = False  # the one who reads wants comments as they come
        self._entered = False
        self._state: Literal["running", "complete", "left"] | OpenRouterError
        self._state = "running"
        self._meta = ResponseMeta()

    # What there is to see

    @property
    def snapshot(self) -> AnswerT_co:
        """The answer so far: one object, brought up to date by each look at it."""
        answer = self._accumulator.answer
        answer.meta = self._meta
        return answer

    @property
    def usage(self) -> Usage | None:
        """Token counts and cost, which come with the last chunks."""
        return self._accumulator.usage

    @property
    def meta(self) -> ResponseMeta:
        """The exchange that the answer comes from; empty before it is open."""
        return self._meta

    @property
    def time_to_first_event(self) -> float | None:
        """Seconds from the start of the call to the first data event."""
        if self._running is None or self._reader is None:
            return None

        first = self._reader.first_event_at
        return None if first is None else first - self._running.attempts.started

    # Ways in and out

    async def __aenter__(self) -> Self:
        self._entered = True
        await self.open()
        return self

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

    def __repr__(self) -> str:
        state = self._state if isinstance(self._state, str) else "failed"
        return f"<{type(self).__name__} {state} {self._meta.generation_id or ''}>"

    def __del__(self) -> None:
        reader: EventReader | None = getattr(self, "_reader", None)
        if reader is not None and self._state == "running":
            assert self._running is not None
            reader.close_later(self._running.close)
            warnings.warn(
                "a stream was dropped before its end; use `async with`, or"
                " `await stream.aclose()`",
                ResourceWarning,
                source=self,
                stacklevel=2,
            )

    async def open(self) -> None:
        """
        Send the request and receive the head; once open, do nothing.

        Raises:
            OpenRouterError: of the last attempt.
        """
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

        self._reader = EventReader(exchange, running.watch, self._call.sizes.event)
        if self._comments is not None:
            self._reader.hear(self._comments)

        self._accumulator = self._new_accumulator()
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

    # Ways to fail

    def _reported(self, event: bytes) -> OpenRouterError:
        """Return the error that an event reports, or is by being no JSON."""
        assert self._reader is not None
        exchange = self._reader.exchange
        # Servers can quote the request in what they report, and the key with it.
        event = exchange.redact(event)
        try:
            chunk = self._accumulator.decode(event)
        except ResponseDecodeError as error:
            return error

        head = replace(exchange.head(), generation_id=self._meta.generation_id)
        return from_answer(self._accumulator.fold_error(chunk), head, event, None)

    def _failed(self, error: OpenRouterError) -> OpenRouterError:
        """Return the error with what there is to know; after content it is the end."""
        if self._left:
            error = StreamInterruptedError(LEFT)

        if self._reader is not None:
            self._meta = self._reader.exchange.redact_meta(self._meta)

        if self._accumulator.has_content:
            error.partial = self.snapshot

        error.status = error.status or self._meta.status or None
        known = self._meta.generation_id or self._accumulator.answer.id
        error.generation_id = error.generation_id or known
        if self._running is not None:
            self._running.attempts.told(error)

        if self._begun:
            self._leave()
            self._state = error

        return error
