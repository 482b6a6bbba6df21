"""The aiohttp pool of each event loop: when it is made, kept and closed."""

from __future__ import annotations

import asyncio
import os
import ssl
import warnings
from collections.abc import AsyncGenerator
from functools import partial
from math import inf
from typing import TYPE_CHECKING, Protocol
from weakref import WeakKeyDictionary, WeakSet

import aiohttp
import anyio
from aiohttp.client_proto import ResponseHandler
from msgspec import Struct

from openrouter_async.config import PoolLimits
from openrouter_async.errors import ConfigError
from openrouter_async.transport.timers import Alarms

if TYPE_CHECKING:
    from aiohttp import ClientRequest, ClientTimeout
    from aiohttp.client_reqrep import ConnectionKey
    from aiohttp.connector import Connection
    from aiohttp.tracing import Trace

_CLOSE_GRACE = 1.0  # seconds for connections to say goodbye
_LINGER = 0.1  # seconds a finished stream's connection may take to end


class ConnectionObserver(Protocol):
    """Hear how a request came to its connection."""

    fresh_only: bool

    def connecting(self) -> None:
        """Hear that a new connection is being made."""
        ...

    def connected(self, *, reused: bool) -> None:
        """Hear that there is a connection to write to."""
        ...


# Of the request that a task is making. A ContextVar would take a twelfth of a plain
# call's time, and each connection would keep the context it was made in.
OBSERVERS: dict[asyncio.Task[object], ConnectionObserver] = {}


def _observer() -> ConnectionObserver | None:
    task = asyncio.current_task()
    return None if task is None else OBSERVERS.get(task)


class AlertHandler(ResponseHandler):
    """
    Tell the reader of a body when the rest of it cannot be parsed.

    Nor is a connection used again on which a request was answered before it was
    written: the server need not read the rest. Nor is one that is too old.

    Args:
        loop: of the connection.
        max_age: seconds after which it is.
    """

    _made_at = inf

    def __init__(self, loop: asyncio.AbstractEventLoop, max_age: float) -> None:
        super().__init__(loop)
        self._max_age = max_age

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note when the connection was made."""
        super().connection_made(transport)
        self._made_at = self._loop.time()

    @property
    def should_close(self) -> bool:
        """Whether the connection is of no further use."""
        transport = self.transport
        unsent = transport is not None and transport.get_write_buffer_size()
        aged = self._loop.time() - self._made_at > self._max_age
        return bool(unsent) or aged or super().should_close

    def set_exception(
        self, exc: BaseException, exc_cause: BaseException | None = None
    ) -> None:
        """Fail whoever waits for a head, and whoever reads a body."""
        super().set_exception(exc, exc if exc_cause is None else exc_cause)
        # aiohttp tells only those who wait for a head: after a bad chunk size whoever
        # reads the body would wait until a timer runs out.
        self.tell_reader("the body is malformed")

    def tell_reader(self, message: str) -> None:
        """Fail whoever reads a body that has not come to its end."""
        body = self._payload
        if body is not None and not body.is_eof() and body.exception() is None:
            body.set_exception(aiohttp.ClientPayloadError(message))


class ObservedConnector(aiohttp.TCPConnector):
    """
    Tell the observer of the running request about its connection.

    The two methods are those in which every connector of aiohttp takes a pooled
    connection or makes a new one. A TraceConfig would tell the same for an eighth
    of a call's time.
    """

    def watch_connections(self, max_age: float) -> None:
        """Have new connections tell of bodies that cannot be parsed, and grow old."""
        self._factory = partial(AlertHandler, self._loop, max_age)  # type: ignore[assignment]  # partial is invariant

    async def close(self, *, abort_ssl: bool = False) -> None:
        """Close all connections, and tell whoever reads from one."""
        # aiohttp forgets the readers: they would wait until a timer runs out.
        for protocol in self._acquired:
            if isinstance(protocol, AlertHandler):
                protocol.tell_reader("the connection was closed")

        await super().close(abort_ssl=abort_ssl)

    async def _get(self, key: ConnectionKey, traces: list[Trace]) -> Connection | None:
        observer = _observer()
        if observer is None:
            return await super()._get(key, traces)

        if observer.fresh_only:
            return None

        connection = await super()._get(key, traces)
        if connection is not None:
            observer.connected(reused=True)

        return connection

    async def _create_connection(
        self, req: ClientRequest, traces: list[Trace], timeout: ClientTimeout
    ) -> ResponseHandler:
        observer = _observer()
        if observer is None:
            return await super()._create_connection(req, traces, timeout)

        observer.connecting()
        protocol = await super()._create_connection(req, traces, timeout)
        observer.connected(reused=False)
        return protocol


class PoolSettings(Struct, frozen=True, kw_only=True):
    """Hold what a pool is made with."""

    limits: PoolLimits
    ssl: ssl.SSLContext | bool


class _Pool(Struct, frozen=True):
    session: aiohttp.ClientSession
    keeper: AsyncGenerator[None]
    lingering: set[aiohttp.ClientResponse]
    forks: int

    @property
    def usable(self) -> bool:
        return self.forks == _forks and not self.session.closed


_forks = 0


def _count_fork() -> None:
    global _forks
    _forks += 1


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_count_fork)


async def _keep(
    session: aiohttp.ClientSession, lingering: set[aiohttp.ClientResponse]
) -> AsyncGenerator[None]:
    """
    Close the session, and the responses that linger, when the event loop ends.

    `asyncio.run` closes its loop's asynchronous generators last of all: so a
    client that outlives the loop leaves neither sockets nor warnings behind.
    """
    try:
        yield
    finally:
        for response in tuple(lingering):
            response.close()

        await session.close()


def _import_what_failures_need() -> None:
    """Import it now: on a failure descriptors may be what is lacking."""
    from openrouter_async.transport import failures

    _ = failures.from_exception, anyio.move_on_after


class SessionManager:
    """
    Own one aiohttp session per event loop, made on first use.

    A second `asyncio.run`, a loop in another thread and a forked child each get
    connections of their own. A session that was passed in is used as it is, on its
    own loop only, and never closed.
    """

    def __init__(
        self, settings: PoolSettings, injected: aiohttp.ClientSession | None = None
    ) -> None:
        self._settings = settings
        self._injected = injected
        # aiohttp has no public name for it that does not warn.
        self._injected_loop: asyncio.AbstractEventLoop | None = getattr(
            injected, "_loop", None
        )
        self._pools: WeakKeyDictionary[asyncio.AbstractEventLoop, _Pool]
        self._pools = WeakKeyDictionary()
        self._abandoned: list[_Pool] = []
        self.alarms: Alarms = Alarms()
        self._closed: WeakSet[asyncio.AbstractEventLoop] = WeakSet()

    @property
    def connections(self) -> int | None:
        """Most connections at a time; None for any."""
        if self._injected is None:
            return self._settings.limits.connections

        connector = self._injected.connector
        return (connector.limit or None) if connector is not None else None

    @property
    def observes(self) -> bool:
        """Whether connections are observed: not those of a session passed in."""
        return self._injected is None

    async def session(self) -> aiohttp.ClientSession:
        """
        Return the session of the running loop, made now if need be.

        Raises:
            ConfigError: the client was closed, or an injected session belongs to
                another loop or was closed by its owner.
        """
        loop = asyncio.get_running_loop()
        if self._injected is not None:
            return self._injected_session(self._injected, loop)

        pool = self._pools.get(loop)
        if pool is not None and pool.usable:
            return pool.session

        if loop in self._closed:
            raise ConfigError(
                "the client is closed; make a new one, or enter it again"
                " with `async with`"
            )

        return await self._open(loop, pool)

    def reopen(self) -> None:
        """Allow use on the running loop again after `aclose()`."""
        self._closed.discard(asyncio.get_running_loop())

    async def aclose(self) -> None:
        """
        Close the running loop's pool; calls still running fail.

        Closing twice does nothing. A cancellation waits for it: at most a second.
        """
        loop = asyncio.get_running_loop()
        self._closed.add(loop)
        pool = self._pools.pop(loop, None)
        if pool is None or not pool.usable:
            return

        with anyio.move_on_after(_CLOSE_GRACE, shield=True):
            await pool.keeper.aclose()

    def close_soon(self, response: aiohttp.ClientResponse) -> None:
        """
        Give a connection back whose response is about to end.

        aiohttp returns it to the pool when the end arrives. A server that does not
        end the body loses the connection, and nobody waits for that.
        """
        loop = asyncio.get_running_loop()
        pool = self._pools.get(loop)
        lingering = set[aiohttp.ClientResponse]() if pool is None else pool.lingering

        def end() -> None:
            handle.cancel()
            lingering.discard(response)
            if not response.closed:
                response.close()

        handle = loop.call_later(_LINGER, end)
        lingering.add(response)
        response.content.on_eof(end)

    def is_closed(self) -> bool:
        """Tell whether the pool has been closed, by the client or its owner."""
        if self._injected is not None and self._injected.closed:
            return True

        return asyncio.get_running_loop() in self._closed

    async def _open(
        self, loop: asyncio.AbstractEventLoop, stale: _Pool | None
    ) -> aiohttp.ClientSession:
        if stale is not None and stale.forks != _forks:
            # The parent's sockets: closing them here would shut down its TLS
            # connections, so they are kept and never touched.
            self._abandoned.append(stale)

        # Their pools keep loops alive that have ended.
        for ended in [each for each in self._pools if each.is_closed()]:
            del self._pools[ended]

        _import_what_failures_need()
        session = self._make_session()
        lingering: set[aiohttp.ClientResponse] = set()
        keeper = _keep(session, lingering)
        self._pools[loop] = _Pool(session, keeper, lingering, _forks)
        await anext(keeper)
        return session

    def _make_session(self) -> aiohttp.ClientSession:
        limits = self._settings.limits
        connector = ObservedConnector(
            limit=limits.connections or 0,
            keepalive_timeout=limits.keepalive,
            ttl_dns_cache=round(limits.dns_ttl),
            ssl=self._settings.ssl,
        )
        connector.watch_connections(inf if limits.max_age is None else limits.max_age)
        session = aiohttp.ClientSession(
            connector=connector, cookie_jar=aiohttp.DummyCookieJar()
        )
        # A GET on a dead connection is repeated by us, who count it; as aiohttp's own
        # test client does, since there is no public way.
        session._retry_connection = False  # pyright: ignore[reportPrivateUsage]  # see above
        return session

    def _injected_session(
        self, session: aiohttp.ClientSession, loop: asyncio.AbstractEventLoop
    ) -> aiohttp.ClientSession:
        if self._injected_loop is not loop:
            raise ConfigError(
                "session= belongs to another event loop; pass none, and the client"
                " keeps one per loop"
            )

        if session.auth is not None:
            raise ConfigError("session= has an auth= of its own; the key goes there")

        if session.closed:
            raise ConfigError("session= is closed; only its owner can open another")

        if loop in self._closed:
            raise ConfigError("the client is closed; make a new one")

        return session

    def __del__(self) -> None:
        pools = getattr(self, "_pools", None)
        if pools and any(pool.usable for pool in pools.values()):
            warnings.warn(
                "an OpenRouter client was dropped with connections open; use"
                " `async with` or `await client.aclose()`",
                ResourceWarning,
                source=self,
                stacklevel=2,
            )
