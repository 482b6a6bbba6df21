"""An aiohttp server that numbers its connections and can drop them all."""

from __future__ import annotations

import asyncio
import logging
from itertools import count
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from openrouter_async.testing.service import Service

_logger = logging.getLogger("openrouter_async.testing.server")
_logger.addHandler(logging.NullHandler())

# Connections that wait to be accepted: a fan-out opens thousands at a time.
_BACKLOG = 4096

# Seconds that aiohttp gives its own tasks; the service's have ended by then.
_SHUTDOWN_TIMEOUT = 1.0


class Server(web.Server):
    """
    Brings requests to the service.

    The low-level server of aiohttp: a router and middlewares would take longer
    than the answers do.

    Args:
        service: Answers them.
    """

    def __init__(self, service: Service) -> None:
        super().__init__(
            self._handle,
            # Work for a client that has gone ends at once.
            handler_cancellation=True,
            access_log=None,
            logger=_logger,
        )
        self._service = service
        self._numbers = count(1)
        self._open: dict[web.RequestHandler, tuple[int, asyncio.Transport]] = {}
        self._empty = asyncio.Event()
        self._empty.set()
        self._runner = web.ServerRunner(self, shutdown_timeout=_SHUTDOWN_TIMEOUT)

    async def listen(self, host: str, port: int) -> int:
        """
        Accept connections.

        Args:
            host: Address to bind.
            port: TCP port; 0 takes a free one.

        Returns:
            The port.
        """
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port, backlog=_BACKLOG)
        await site.start()
        return int(self._runner.addresses[0][1])

    async def aclose(self) -> None:
        """Give up all requests and drop all connections."""
        self._service.close()
        await self._runner.cleanup()
        for _, transport in tuple(self._open.values()):
            # Closing alone would wait for clients that do not read.
            transport.abort()

        await self._empty.wait()

    def connection_made(
        self, handler: web.RequestHandler, transport: asyncio.Transport
    ) -> None:
        """Give a connection its number."""
        super().connection_made(handler, transport)
        self._open[handler] = (next(self._numbers), transport)
        self._empty.clear()
        self._service.journal.connected()

    def connection_lost(
        self, handler: web.RequestHandler, exc: BaseException | None = None
    ) -> None:
        """Forget a connection."""
        super().connection_lost(handler, exc)
        self._open.pop(handler, None)
        if not self._open:
            self._empty.set()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        number, _ = self._open[request.protocol]
        return await self._service.handle(request, number)
