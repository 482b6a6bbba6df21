"""What a client sends its calls with, and the loop that makes one of attempts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import TypeAlias, TypeVar

from aiohttp import hdrs
from msgspec import Struct, field
from msgspec.structs import force_setattr
from multidict import CIMultiDict
from yarl import URL

from openrouter_async.config import RetryPolicy, SizeLimits, Timeout
from openrouter_async.errors import ConfigError, OpenRouterError
from openrouter_async.transport.admission import Admission, Turn
from openrouter_async.transport.exchange import Call, Exchange
from openrouter_async.transport.keys import KeySource, check_header
from openrouter_async.transport.retry import Attempts, RetryBudget
from openrouter_async.transport.session import SessionManager
from openrouter_async.transport.timers import Watch
from openrouter_async.types.admission import Hold, Scope
from openrouter_async.types.usage import Usage
from openrouter_async.types.wire import ResponseMeta

T = TypeVar("T")
_Terms: TypeAlias = tuple[str, float | None, float]  # origin, ratio, reserve

_BYTES_PER_TOKEN = 4
_FAULT = Hold("fault")
_STREAM_HEADERS = {
    hdrs.ACCEPT: "text/event-stream",
    hdrs.ACCEPT_ENCODING: "identity",
}


class Transport(Struct, frozen=True, kw_only=True, eq=False):
    """
    Hold what the calls of a client have in common.

    Copies made by `OpenRouter.with_options` share `sessions` and `budgets`.
    """

    sessions: SessionManager
    base_url: URL
    key: KeySource
    headers: CIMultiDict[str]
    timeout: Timeout
    retry: RetryPolicy
    sizes: SizeLimits
    proxy: URL | None
    shown_url: str
    admission: Admission | None = None
    budgets: dict[_Terms, RetryBudget] = field(
        default_factory=dict["_Terms", RetryBudget]
    )
    _origin: str = ""
    _stream_headers: CIMultiDict[str] = field(default_factory=CIMultiDict[str])

    def __post_init__(self) -> None:
        stream_headers = self.headers.copy()
        stream_headers.update(_STREAM_HEADERS)
        force_setattr(self, "_stream_headers", stream_headers)
        # Looked up by every call: a string knows its hash, a URL has to be asked.
        force_setattr(self, "_origin", str(self.base_url.origin()))

    def __repr__(self) -> str:
        return f"<Transport to {self.shown_url}>"

    def call(
        self,
        url: URL,
        body: bytes,
        *,
        timeout: Timeout,
        retry: RetryPolicy,
        headers: Mapping[str, str],
        stream: bool = False,
        model: str | None = None,
        max_tokens: int | None = None,
        method: str = "POST",
        content_type: str | None = None,
        padded: bool = True,
        uncompressed: bool = False,
        may_be_empty: bool = False,
    ) -> Call:
        """
        Return a call that sends `body`.

        Args:
            url: of the operation.
            body: the encoded request, the same bytes on every attempt; empty for none.
            timeout: its timers.
            retry: its policy.
            headers: added to the client's, or in place of them.
            stream: whether the answer is read as it comes. Its body is asked for
                uncompressed: aiohttp takes a cut gzip body for a whole one.
            model: that is asked for, if one is named: limits are counted by it.
            max_tokens: how many the answer may have, if that is known.
            method: of HTTP.
            content_type: of the body, where it is not JSON.
            padded: whether white space before the answer is padding.
            uncompressed: whether the body is of use only as it is: nothing in it
                tells where it ends.
            may_be_empty: whether 204 and 205 are answers.

        Raises:
            ConfigError: a header cannot be sent as it is.
        """
        merged = self._stream_headers if stream else self.headers
        if headers or content_type or not body:
            merged = merged.copy()
            if content_type is not None:
                merged["Content-Type"] = content_type
            elif not body:
                merged.popall("Content-Type", None)

            if not isinstance(headers, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]  # callers may be untyped
                raise ConfigError("extra_headers must be a mapping of names to values")

            for name, value in headers.items():
                check_header(name, value)
                merged[name] = value

        return Call(
            method=method,
            url=url,
            body=body,
            headers=merged,
            key=self.key,
            timeout=timeout,
            retry=retry,
            sizes=self.sizes,
            proxy=self.proxy,
            model=model,
            max_tokens=max_tokens,
            # Whoever takes a body as it is takes a stream of events as well.
            streams=stream or uncompressed,
            padded=padded,
            uncompressed=uncompressed,
            may_be_empty=may_be_empty,
        )

    def start(self, call: Call, admission: Admission | None = None) -> Running:
        """Return the call with its clock running, and queued where it is limited."""
        watch = Watch(call.timeout, self.sessions.alarms)
        budget = self._budget(call.retry)
        turn = self._turn(call, admission or self.admission)
        queued = admission is not None
        return Running(call, self.sessions, watch, budget, turn, queued=queued)

    def _budget(self, policy: RetryPolicy) -> RetryBudget:
        terms = (self._origin, policy.budget_ratio, policy.budget_reserve)
        budget = self.budgets.get(terms)
        if budget is None:
            now = asyncio.get_running_loop().time()
            budget = RetryBudget(policy.budget_ratio, policy.budget_reserve, now)
            self.budgets[terms] = budget

        return budget

    def _turn(self, call: Call, admission: Admission | None) -> Turn | None:
        if admission is None:
            return None

        scope = Scope(self.shown_url, call.key.identity, call.model)
        size = len(call.body) // _BYTES_PER_TOKEN
        return admission.enter(scope, size, call.max_tokens)

    async def fetch(
        self,
        call: Call,
        decode: Callable[[Running, Exchange, bytes], T],
        admission: Admission | None = None,
    ) -> T:
        """
        Make the call, however many attempts it takes.

        Args:
            call: what to send.
            decode: turns a body into an answer; what it raises counts as the
                attempt's failure.
            admission: lets it in, in place of what limits every call.

        Raises:
            OpenRouterError: of the last attempt.
        """
        running = self.start(call, admission)
        try:
            while True:
                if running.must_wait():
                    await running.wait()

                exchange = running.next_attempt()
                try:
                    await exchange.open()
                    return decode(running, exchange, await exchange.read())
                except OpenRouterError as error:
                    failure = error
                finally:
                    exchange.close()

                await running.failed(failure)
        finally:
            running.close()


class Running:
    """Hold one call under way: its attempts and its time."""

    __slots__ = (
        "_call", "_given_up", "_queued", "_sessions", "_tokens", "_turn", "attempts",
        "watch",
    )  # fmt: skip

    def __init__(
        self,
        call: Call,
        sessions: SessionManager,
        watch: Watch,
        budget: RetryBudget,
        turn: Turn | None,
        *,
        queued: bool,
    ) -> None:
        self._call = call
        self._sessions = sessions
        self.watch: Watch = watch
        self.attempts: Attempts = Attempts(call.retry, budget, watch)
        self._turn = turn
        # In a run's own queue: what comes before it there is not the call's time.
        self._queued = queued
        self._tokens: int | None = None
        self._given_up: OpenRouterError | None = None  # it will not have its turn

    def must_wait(self) -> bool:
        """Go ahead if nothing limits the call, or it is its turn; else tell so."""
        return self._turn is not None and not self._turn.try_now()

    async def wait(self) -> None:
        """
        Return when it is the call's turn.

        Raises:
            APITimeoutError: `total` ran out first; it stands still in a run's queue.
            RateLimitError: nobody is let in for longer than the call wants to wait.
        """
        assert self._turn is not None, "must_wait() comes first"
        if self._queued:
            await self._wait_outside(self._turn)
            return

        watch = self.watch
        watch.start_attempt()
        watch.resume()
        try:
            await self._turn.wait()
        except asyncio.CancelledError:
            if not watch.expired():
                raise

            error: OpenRouterError = watch.error()
        except OpenRouterError as refused:
            error = refused
        else:
            return
        finally:
            watch.pause()

        self._given_up = error
        raise self.attempts.told(error)

    async def _wait_outside(self, turn: Turn) -> None:
        began = self.watch.now()
        try:
            await turn.wait()
        except OpenRouterError as error:
            raise self.attempts.told(error) from None

        waited = self.watch.now() - began
        self.watch.shift(waited)
        self.attempts.started += waited

    async def failed(self, error: OpenRouterError) -> None:
        """
        Return when it is time for the next attempt.

        Raises:
            OpenRouterError: `error`, when there is none.
        """
        if error is self._given_up:
            raise error

        hold = _FAULT if self._turn is None else self._turn.refused(error)
        if hold.verdict == "fault":
            await self.attempts.failed(error)
        elif hold.verdict == "stop":
            raise self.attempts.stopped(error, hold.reason)
        else:
            await self.attempts.hold(error, hold.seconds)

    def used(self, usage: Usage | None) -> None:
        """Take in what an answer used, whatever it is worth."""
        self._tokens = usage.total_tokens if usage is not None else None

    def accepted(self) -> None:
        """Take in that the server let the call in."""
        if self._turn is not None:
            self._turn.accepted()

    def next_attempt(self) -> Exchange:
        """Return the next attempt, to be opened."""
        self.attempts.count += 1
        fresh_only = self.attempts.fresh_only
        return Exchange(self._call, self._sessions, self.watch, fresh_only=fresh_only)

    def meta(self, exchange: Exchange, answer_id: str | None) -> ResponseMeta:
        """
        Return the meta data of an answer.

        Args:
            exchange: the attempt that brought it.
            answer_id: the `id` in its body, where the head names none.
        """
        response = exchange.response
        return ResponseMeta(
            status=response.status,
            generation_id=exchange.generation_id or answer_id,
            attempts=self.attempts.count,
            history=self.attempts.history,
            elapsed=self.attempts.elapsed,
            raw_headers=response.raw_headers,
        )

    def close(self, usage: Usage | None = None) -> None:
        """Give the timer back, and the turn; `usage` is that of a stream."""
        self.watch.close()
        if self._turn is not None:
            tokens = self._tokens if usage is None else usage.total_tokens
            self._turn.leave(tokens)
