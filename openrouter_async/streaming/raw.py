"""Streams of operations without types of their own: events, or blocks of bytes."""

from __future__ import annotations

from contextlib import suppress
from typing import TypeVar

from openrouter_async.errors import (
    OpenRouterError,
    ResponseDecodeError,
    StreamInterruptedError,
)
from openrouter_async.streaming.blocks import BlockReader
from openrouter_async.streaming.endings import Ending
from openrouter_async.streaming.events import DONE
from openrouter_async.streaming.server_event import (
    NamedEventReader,
    ServerEvent,
    named_event,
)
from openrouter_async.streaming.streamed_items import StreamedItems
from openrouter_async.transport.calls import Running, Transport
from openrouter_async.transport.exchange import Call, Exchange
from openrouter_async.transport.failures import from_answer
from openrouter_async.transport.replies import error_of_choices, reported_error
from openrouter_async.types.lenient import Json, is_object, json_members
from openrouter_async.types.usage import Usage

T = TypeVar("T")

_FAILURES = frozenset({"error", "response.error", "response.failed"})


class OpenedStream(StreamedItems[T]):
    """
    Iterate over what an operation sends, as it arrives.

    Use it as `async with await client.request(..., stream=True) as stream`, or bare
    as `async for ... in await client.request(...)`: the connection is given back
    however the block or the loop is left. An attempt that fails before the first
    item is repeated as the call's retry policy says.

    Args:
        transport: sends the call.
        call: what to send.
    """

    async def open(self) -> None:
        """
        Send the request and receive the first item; once open, do nothing.

        Raises:
            OpenRouterError: of the last attempt.
        """
        if self._begun or self._state != "running":
            return

        try:
            await self._begin()
        except BaseException:
            self._leave()  # nobody has the stream yet
            raise


class ByteStream(OpenedStream[bytes]):
    """Iterate over the blocks of a body, without ever holding the whole of it."""

    def _start_reading(self, exchange: Exchange, running: Running) -> BlockReader:
        return BlockReader(exchange, running.watch)

    def _take(self, data: bytes) -> bytes:
        return data


class EventStream(OpenedStream[ServerEvent]):
    """
    Iterate over server-sent events, up to `[DONE]` or the end of the body.

    An event that reports an error raises it, in its class by code. A body that ends
    before its protocol does is a StreamInterruptedError, and so is one without any
    event.
    """

    def __init__(self, transport: Transport, call: Call) -> None:
        super().__init__(transport, call)
        self._ending = Ending()

    def _start_reading(self, exchange: Exchange, running: Running) -> NamedEventReader:
        self._ending = Ending()
        return NamedEventReader(exchange, running.watch, self._call.sizes.event)

    def _take(self, data: bytes) -> ServerEvent | None:
        """Return an event; None at the end of the stream."""
        if data.startswith(DONE):
            self._complete()
            return None

        event = self._named(data)
        if _error_in(event) is not None:
            raise self._failed(self._reported(event))

        self._ending.note(event.event, event.raw)
        return event

    def _named(self, data: bytes) -> ServerEvent:
        with suppress(ResponseDecodeError):
            return named_event(data)

        assert self._reader is not None
        try:  # again, so that no key is in what the error shows
            return named_event(self._reader.exchange.redact(data))
        except ResponseDecodeError as error:
            failure = error

        raise self._failed(failure)

    def _reported(self, event: ServerEvent) -> OpenRouterError:
        assert self._reader is not None
        exchange = self._reader.exchange
        # Servers can quote the request in what they report, and the key with it.
        event = event._replace(raw=exchange.redact(event.raw))
        return from_answer(_error_in(event), exchange.head(), event.raw, None)

    def _check_end(self) -> None:
        missing = self._ending.missing
        if missing is not None:
            raise StreamInterruptedError(f"the stream ended without {missing}")

    def _tokens_used(self) -> Usage | None:
        return Usage(total_tokens=self._ending.tokens)


def _error_in(event: ServerEvent) -> Json:
    """Return what an event reports, None if it is no error; {} has no details."""
    raw = event.raw
    if event.event not in _FAILURES and b"error" not in raw and b"failed" not in raw:
        return None

    error = reported_error(raw)
    if error is not None:
        return error

    members = json_members(raw)
    kind = event.event or members.get("type")
    if kind not in _FAILURES:
        return error_of_choices(members.get("choices"))

    if kind == "error":
        return members or event.data

    response = members.get("response")
    return (response.get("error") if is_object(response) else None) or members
