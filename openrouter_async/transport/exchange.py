"""One attempt: a request goes out, and a head and a body come back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TYPE_CHECKING, TypeVar

import aiohttp
from msgspec import Struct, structs
from multidict import CIMultiDict
from yarl import URL

from openrouter_async.config import RetryPolicy, SizeLimits, Timeout
from openrouter_async.errors import (
    APIConnectionError,
    APITimeoutError,
    AuthenticationError,
    OpenRouterError,
    ResponseTooLargeError,
    StreamInterruptedError,
)
from openrouter_async.transport.connection_notes import ConnectionNotes
from openrouter_async.transport.heads import check_encoding, check_kind, check_status
from openrouter_async.transport.keys import KeyCallableFailed, KeySource
from openrouter_async.transport.requests import OFF, goes_short, send_short
from openrouter_async.transport.session import OBSERVERS, SessionManager
from openrouter_async.transport.timers import Watch
from openrouter_async.transport.uploads import Upload
from openrouter_async.types.wire import ResponseMeta, joined_headers

if TYPE_CHECKING:
    # What only failed calls need is imported when one fails.
    from openrouter_async.transport.failures import Head

T = TypeVar("T")

# aiohttp warns of larger bodies that are passed as bytes: they are written in one go.
_ONE_WRITE = 1 << 20
# What waits to be written past this size is reported as unsent when that fails.
_SHORT = 1 << 16
_ERROR_BODY_TIME = 5.0  # seconds
_DEAD_WITHIN = 1.0  # seconds in which a dead pooled connection is known to be dead
_NO_BODY = frozenset({204, 205})


class Call(Struct, frozen=True, kw_only=True):
    """
    Hold what stays the same over all attempts of a call.

    A Struct, as a frozen dataclass sets fourteen members one by one.

    Attributes:
        streams: whether a stream of events may come.
        padded: whether white space before the answer is padding, and no part of it.
        uncompressed: whether the body is of use only as it is.
        may_be_empty: whether 204 and 205 are answers.
    """

    method: str
    url: URL
    body: bytes
    headers: CIMultiDict[str]
    key: KeySource
    timeout: Timeout
    retry: RetryPolicy
    sizes: SizeLimits
    proxy: URL | None
    model: str | None = None
    max_tokens: int | None = None
    streams: bool = True
    padded: bool = True
    uncompressed: bool = False
    may_be_empty: bool = False

    def __repr__(self) -> str:
        return f"<Call {self.method} {self.url}>"


def _as_cut(error: OpenRouterError) -> OpenRouterError:
    """Return the error of a body that breaks off, unless it is a timer's or final."""
    if isinstance(error, APITimeoutError) or error.kind == "final":
        return error

    cut = StreamInterruptedError(f"the stream was cut: {error.message}")
    cut.status, cut.generation_id = error.status, error.generation_id
    return cut


class Exchange:
    """
    Carry one attempt of a call, from the connection to the last byte.

    Whatever is raised, `close()` gives the connection back: to the pool when the
    response was read to its end, else to nobody.
    """

    __slots__ = (
        "_call",
        "_notes",
        "_response",
        "_sessions",
        "_upload",
        "_watch",
    )

    def __init__(
        self, call: Call, sessions: SessionManager, watch: Watch, *, fresh_only: bool
    ) -> None:
        self._call = call
        self._sessions = sessions
        self._watch = watch
        self._notes = ConnectionNotes(watch, fresh_only=fresh_only)
        self._response: aiohttp.ClientResponse | None = None
        self._upload: Upload | None = None
        watch.start_attempt()

    @property
    def response(self) -> aiohttp.ClientResponse:
        """The response whose head `open()` has received."""
        assert self._response is not None, "open() comes first"
        return self._response

    @property
    def generation_id(self) -> str | None:
        """The id of the usage record that the head gives."""
        given = self.response.headers.get("X-Generation-Id")
        return given and self._call.key.redact_text(given)

    @property
    def content_type(self) -> str:
        """What the head says that the body is, without parameters; or ''."""
        given = self.response.headers.get("Content-Type", "")
        return given.partition(";")[0].strip().lower()

    def head(self) -> Head:
        """Return what a failure of the response is told with."""
        from openrouter_async.transport.failures import Head

        redact = self._call.key.redact_text
        headers = joined_headers(self.response.raw_headers)
        return Head(
            status=self.response.status,
            headers={name: redact(value) for name, value in headers.items()},
            generation_id=self.generation_id,
            policy=self._call.retry,
        )

    def redact(self, text: bytes) -> bytes:
        """Blot the key out of what the server sent and an error will keep."""
        return self._call.key.redact(text)

    def redact_meta(self, meta: ResponseMeta) -> ResponseMeta:
        """Blot the key out of the headers of an answer that an error will keep."""
        headers = tuple((name, self.redact(value)) for name, value in meta.raw_headers)
        return structs.replace(meta, raw_headers=headers)

    async def open(self) -> None:
        """
        Send the request and receive the head.

        Raises:
            APIError: the status is not 2xx; its body has been read.
            APIConnectionError: no head arrived, or not in time.
        """
        session = await self._sessions.session()
        if not self._sessions.observes:
            self._notes.connected(reused=False)

        cause: BaseException | None = None
        try:
            self._response = await self._guard(self._request(session))
        except KeyCallableFailed as failed:
            cause = failed.__cause__

        if cause is not None:
            raise cause  # the caller's own: outside of the except, without a context

        status = self.response.status
        if status >= 300 or (status in _NO_BODY and not self._call.may_be_empty):
            raise await self._status_error()

        try:
            self._check_head(status)
        except OpenRouterError as error:
            self._ended(error)
            raise

    def _check_head(self, status: int) -> None:
        call, encoding = self._call, self.response.headers.get("Content-Encoding")
        check_status(status)
        check_kind(self.content_type, stream=call.streams)
        if encoding is not None:
            check_encoding(encoding, uncompressed=call.uncompressed)

    async def _request(self, session: aiohttp.ClientSession) -> aiohttp.ClientResponse:
        call = self._call
        headers = await call.key.add_to(call.headers)
        task = asyncio.current_task()
        assert task is not None, "coroutines run in tasks"
        OBSERVERS[task] = self._notes
        try:
            if self._is_short(session):
                return await send_short(
                    session, call.method, call.url, headers, call.body
                )

            return await session.request(
                call.method,
                call.url,
                data=self._data(call.body),
                headers=headers,
                allow_redirects=False,
                raise_for_status=False,
                timeout=OFF if self._sessions.observes else self._connect_timer(),
                proxy=call.proxy,
            )
        finally:
            del OBSERVERS[task]

    def _data(self, body: bytes) -> bytes | Upload | None:
        if len(body) < _ONE_WRITE:
            return body or None

        self._upload = Upload(body)
        return self._upload

    def _is_short(self, session: aiohttp.ClientSession) -> bool:
        # One that was passed in may have settings and headers of its own.
        return (
            self._sessions.observes
            and self._call.proxy is None
            and len(self._call.body) <= _SHORT
            and goes_short(session)
        )

    def _connect_timer(self) -> aiohttp.ClientTimeout:
        # A session that was passed in has a connector that does not tell.
        return aiohttp.ClientTimeout(total=None, connect=self._call.timeout.connect)

    async def read(self, start: bytes = b"") -> bytes:
        """
        Read the whole body, without the padding before it.

        Args:
            start: what has been read of it.

        Raises:
            APIConnectionError: it did not arrive whole, or not in time.
            ResponseTooLargeError: it is over `SizeLimits.body`.
        """
        content = self.response.content
        if content.is_eof() and content.exception() is None:
            body = start + content.read_nowait()  # it came with the head
            body = body.lstrip() if self._call.padded else body
            self._check_size(len(body))
            return body

        # A 205 without a length would be read until the server closes.
        if self.response.status in _NO_BODY:
            return b""

        return await self._guard(self._read_all(start))

    async def _read_all(self, start: bytes) -> bytes:
        content = self.response.content
        blocks = [start] if start else []
        size = len(start)
        while not content.at_eof():
            if not content.is_eof():
                self._watch.await_bytes()

            block = await content.readany()
            # OpenRouter pads with white space while the model works.
            if not blocks and self._call.padded:
                block = block.lstrip()
                if not block:
                    continue

            self._watch.saw_answer()
            blocks.append(block)
            size += len(block)
            self._check_size(size)

        return blocks[0] if len(blocks) == 1 else b"".join(blocks)

    def _check_size(self, size: int) -> None:
        limit = self._call.sizes.body
        if size > limit:
            raise ResponseTooLargeError(
                f"the answer is over {limit} bytes (SizeLimits.body)",
                generation_id=self.generation_id,
                status=self.response.status,
            )

    async def read_some(self) -> bytes:
        """
        Read the bytes that are there, or wait for more; b"" at the end.

        Raises:
            StreamInterruptedError: the body was cut.
            APITimeoutError: nothing came in time.
            APIConnectionError: the client was closed.
        """
        content = self.response.content
        if content.exception() is not None:
            return self._rest(content)

        watch = self._watch
        if content.is_eof():
            watch.resume()  # all of it is here: no byte is waited for
        else:
            watch.await_bytes()

        # As `_guard`, which would be two coroutines more for every read.
        try:
            return await content.readany()
        except BaseException as exc:
            error = self._explained(exc)
            if error is None:
                exc.with_traceback(None)
                raise
        finally:
            watch.pause()

        raise _as_cut(self._ended(error))

    def _rest(self, content: aiohttp.StreamReader) -> bytes:
        """Return what had arrived before the connection broke, then raise."""
        buffered = len(content._buffer)  # pyright: ignore[reportPrivateUsage]  # see below
        if buffered:
            # readany() raises what broke the connection and keeps what came first.
            return content._read_nowait(-1)  # pyright: ignore[reportPrivateUsage]  # no public way

        exc = content.exception()
        assert exc is not None
        raise _as_cut(self._failure(exc))

    async def _guard(self, step: Awaitable[T]) -> T:
        """Await under the timers, and turn the transport's exceptions into ours."""
        watch = self._watch
        watch.resume()
        try:
            return await step
        except BaseException as exc:
            error = self._explained(exc)
            if error is None:
                # The frames below have the headers among their locals, which some
                # reporters show; a TimeoutError of the caller's leads there.
                exc.with_traceback(None)
                raise
        finally:
            watch.pause()

        # Outside the except block: aiohttp's exceptions hold the request headers,
        # and so __context__ must not lead to them.
        raise self._ended(error)

    def _explained(self, exc: BaseException) -> OpenRouterError | None:
        """Return the error that an exception stands for; None where it is its own."""
        if isinstance(exc, asyncio.CancelledError):
            if self._watch.expired():
                return self._watch.error()

            return self._failure(None) if self._closed_by_owner(self._watch) else None

        if isinstance(exc, aiohttp.ClientError | OSError):
            return self._failure(exc)

        closed = isinstance(exc, RuntimeError) and self._sessions.is_closed()
        return self._failure(None) if closed else None

    def _ended(self, error: OpenRouterError) -> OpenRouterError:
        """Return the error with what the head said, and give the connection back."""
        self.close()
        if self._response is not None:
            error.status = self.response.status
            error.generation_id = self.generation_id

        return error

    def _closed_by_owner(self, watch: Watch) -> bool:
        # Closing the pool cancels the futures of those who wait for a connection.
        return self._sessions.is_closed() and not watch.cancelled_by_others()

    def _failure(self, exc: BaseException | None) -> OpenRouterError:
        if exc is None or self._sessions.is_closed():
            return APIConnectionError(
                "the client was closed while the call ran", kind="final"
            )

        from openrouter_async.transport.failures import from_exception

        answered = self._response is not None
        notes = self._notes
        if isinstance(exc, aiohttp.ConnectionTimeoutError):
            return self._watch.connect_error()

        return from_exception(
            exc,
            # A server does nothing about a request that it has not got all of.
            sent=notes.sent and (self._upload is None or self._upload.is_written),
            # One that dies later was alive, and the request may have been carried out.
            reused=notes.reused and self._watch.now() - notes.since < _DEAD_WITHIN,
            answered=answered,
            redact=self._call.key.redact_text,
        )

    async def _status_error(self) -> OpenRouterError:
        from openrouter_async.transport.failures import from_response

        body = await self._read_error_body()
        head = self.head()
        error = from_response(head, body)
        if isinstance(error, AuthenticationError) and self._call.key.refreshable:
            error.kind = "expired"

        return error

    async def _read_error_body(self) -> bytes:
        """Read as much of the body as an error may keep, whatever becomes of it."""
        # A 205 without a length would be read until the server closes.
        none = self.response.status in _NO_BODY
        limit = 0 if none else self._call.sizes.error_body
        body = b""
        try:
            # What the head says is known: it need not wait for a body that stalls.
            async with asyncio.timeout(_ERROR_BODY_TIME):
                while len(body) < limit and (block := await self.read_some()):
                    body += block
        except (APIConnectionError, TimeoutError):
            pass
        finally:
            self.close()

        return self.redact(body)[:limit]

    def close(self) -> None:
        """Give the connection back: at once, and whole or not at all."""
        if self._response is not None and not self._response.closed:
            self._response.close()

    def close_soon(self) -> None:
        """Give the connection back after `[DONE]`: the body's end is on its way."""
        if not self.response.closed:
            self._sessions.close_soon(self.response)
