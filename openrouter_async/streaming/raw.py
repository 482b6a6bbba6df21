"""Streams of operations without types of their own: events, or blocks of bytes."""

from __future__ import annotations

import asyncio
import warnings
from collections import deque
from contextlib import suppress
from types import TracebackType
from typing import Generic, Literal, Self, TypeVar

from openrouter_async.errors import (
    APIConnectionError,
    APITimeoutError,
    ConfigError,
    OpenRouterError,
    StreamInterruptedError,
)
from openrouter_async.streaming.events import DONE
from openrouter_async.streaming.server_event import (
    NamedEventReader,
    ServerEvent,
    named_event,
)
from openrouter_async.transport.calls import Running, Transport
from openrouter_async.transport.exchange import Call, Exchange
from openrouter_async.transport.failures import from_answer
from openrouter_async.transport.replies import reported_error
from openrouter_async.types.lenient import Json, is_object, json_members
from openrouter_async.types.wire import ResponseMeta

T = TypeVar("T")

_LEFT = "the stream was left before its end"
# The largest body of JSON that is looked into before its bytes are handed out.
_SNIFFED = 1 << 16
# What begins like this has an end of its own: a body that only ends was cut.
_ENDS = {
    "response.created": ("response.completed", "response.incomplete"),
    "message_start": ("message_stop",),
}


_FAILURES = frozenset({"error", "response.error", "response.failed"})


class OpenedStream(Generic[T]):
    """
    Iterate over what an operation sends, as it arrives.

    Use it as `async with await client.request(..., stream=True) as stream`: the
    connection is given back however the block is left. An attempt that fails before
    the first item is repeated as the call's retry policy says.

    Args:
        transport: sends the call.
        call: what to send.
    """

    def __init__(self, transport: Transport, call: Call) -> None:
        self._call = call
        self._running: Running = transport.start(call)
        self._exchange: Exchange | None = None
        self._loop = asyncio.get_running_loop()
        self._state: Literal["running", "complete", "left"] | OpenRouterError
        self._state = "running"
        self._advancing = False
        self._held: deque[T] = deque()
        self._meta = ResponseMeta()

    @property
    def meta(self) -> ResponseMeta:
        """The exchange that the stream comes from."""
        return self._meta

    async def open(self) -> None:
        """
        Send the request and receive the first item, in as many attempts as it takes.

        Raises:
            OpenRouterError: of the last attempt.
        """
        running = self._running
        try:
            while True:
                failure = await self._attempt(running)
                if failure is None:
                    running.accepted()
                    return

                await running.failed(failure)
        except BaseException as exc:
            self._state = exc if isinstance(exc, OpenRouterError) else "left"
            running.close()
            raise

    async def _attempt(self, running: Running) -> OpenRouterError | None:
        if running.must_wait():
            await running.wait()

        exchange = running.next_attempt()
        try:
            await exchange.open()
            self._meta = running.meta(exchange, None)
            self._exchange = exchange
            self._begin(exchange)
            await self._receive()
        except OpenRouterError as error:
            exchange.close()
            return error
        except BaseException:
            exchange.close()
            raise

        return None

    def _begin(self, exchange: Exchange) -> None:
        """Take up what a head announces."""

    async def _receive(self) -> None:
        """Put items into `_held`, waiting for them; none at the end."""
        raise NotImplementedError

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Give the connection back at once; what has not arrived stays unread."""
        if self._state == "running":
            self._leave("left")

    def _leave(self, state: Literal["left"] | OpenRouterError) -> None:
        self._state = state
        self._held.clear()
        if self._exchange is not None:
            self._exchange.close()

        self._running.watch.interrupt()
        self._running.close()

    def _complete(self) -> None:
        assert self._exchange is not None, "it was opened"
        self._state = "complete"
        self._exchange.close_soon()
        self._running.close()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        if self._advancing:
            raise ConfigError("another task is reading this stream; it has one reader")

        self._advancing = True
        try:
            return await self._next()
        finally:
            self._advancing = False

    async def _next(self) -> T:
        while True:
            if self._held:
                return self._held.popleft()

            if isinstance(self._state, OpenRouterError):
                raise self._state

            if self._state != "running":
                raise StopAsyncIteration

            try:
                await self._receive()
            except OpenRouterError as error:
                failure = error
            else:
                continue

            self._fail(failure)

    def _fail(self, error: OpenRouterError) -> None:
        if self._state == "left":  # by another task, while this one was waiting
            error = StreamInterruptedError(_LEFT)

        error.status = error.status or self._meta.status or None
        error.generation_id = error.generation_id or self._meta.generation_id
        self._leave(self._running.attempts.told(error))

    def __repr__(self) -> str:
        state = self._state if isinstance(self._state, str) else "failed"
        return f"<{type(self).__name__} {state} {self._call.url.path}>"

    def __del__(self) -> None:
        exchange: Exchange | None = getattr(self, "_exchange", None)
        if exchange is None or self._state != "running":
            return

        # A finaliser does no I/O, and runs in any thread.
        with suppress(RuntimeError):  # the loop is closed, and its sockets with it
            self._loop.call_soon_threadsafe(_drop, exchange, self._running)

        warnings.warn(
            "a stream was dropped before its end; use `async with`, or"
            " `await stream.aclose()`",
            ResourceWarning,
            source=self,
            stacklevel=2,
        )


def _drop(exchange: Exchange, running: Running) -> None:
    exchange.close()
    running.close()


class ByteStream(OpenedStream[bytes]):
    """Iterate over the blocks of a body, without ever holding the whole of it."""

    _begun = False

    def _begin(self, exchange: Exchange) -> None:
        self._begun = False

    async def _receive(self) -> None:
        assert self._exchange is not None, "it was opened"
        block = await self._block(self._exchange)
        if not self._begun and self._exchange.content_type == "application/json":
            block = await self._checked(self._exchange, block)

        self._begun = True
        if block:
            self._held.append(block)
        else:
            self._complete()

    async def _checked(self, exchange: Exchange, block: bytes) -> bytes:
        """Return the first bytes of what is no error."""
        while len(block) < _SNIFFED and (more := await self._block(exchange)):
            block += more

        error = reported_error(block) if len(block) < _SNIFFED else None
        if error is None:
            return block

        redacted = exchange.redact(block)
        raise from_answer(reported_error(redacted), exchange.head(), redacted, None)

    async def _block(self, exchange: Exchange) -> bytes:
        try:
            block = await exchange.read_some()
        except APITimeoutError:
            raise
        except APIConnectionError as error:
            if error.kind == "final":
                raise

            message = f"the body was cut: {error.message}"
        else:
            if block:
                watch = self._running.watch
                watch.saw_event(watch.now())

            return block

        raise StreamInterruptedError(message)


class EventStream(OpenedStream[ServerEvent]):
    """
    Iterate over server-sent events, up to `[DONE]` or the end of the body.

    An event that reports an error raises it, in its class by code.
    """

    _reader: NamedEventReader | None = None
    _first: ServerEvent | None = None
    _last: ServerEvent | None = None

    def _begin(self, exchange: Exchange) -> None:
        limit = self._call.sizes.event
        self._reader = NamedEventReader(exchange, self._running.watch, limit)
        self._first = self._last = None

    async def _receive(self) -> None:
        assert self._reader is not None, "it was opened"
        while True:
            for data in self._reader.pending:
                self._take(data)
                return

            if not await self._reader.refill():
                self._check_end()
                self._complete()
                return

    def _take(self, data: bytes) -> None:
        if data.startswith(DONE):
            self._complete()
            return

        event = named_event(data)
        if _error_in(event) is not None:
            raise self._reported(event)

        self._first = self._first or event
        self._last = event
        self._held.append(event)

    def _reported(self, event: ServerEvent) -> OpenRouterError:
        assert self._exchange is not None, "it was opened"
        # Servers can quote the request in what they report, and the key with it.
        event = event._replace(raw=self._exchange.redact(event.raw))
        head = self._exchange.head()
        return from_answer(_error_in(event), head, event.raw, None)

    def _check_end(self) -> None:
        if self._first is None or self._last is None:
            return

        ends = _ENDS.get(self._first.type or "")
        if ends is not None and self._last.type not in ends:
            raise StreamInterruptedError(f"the stream ended without `{ends[0]}`")


def _error_in(event: ServerEvent) -> Json:
    """Return what an event reports, None if it is no error."""
    raw = event.raw
    if event.event not in _FAILURES and b"error" not in raw and b"failed" not in raw:
        return None

    error = reported_error(raw)
    if error is not None:
        return error

    members = json_members(raw)
    kind = event.event or members.get("type")
    if kind not in _FAILURES:
        return None

    if kind == "error":
        return members or event.data

    response = members.get("response")
    return (response.get("error") if is_object(response) else None) or members
