"""The short way from a request to its response head, on a connection of the pool."""

from __future__ import annotations

import asyncio

import aiohttp
from aiohttp import hdrs
from multidict import CIMultiDict
from yarl import URL

from openrouter_async.transport.fitting import fits
from openrouter_async.transport.short_request import TIMER, ShortRequest

# Otherwise requests go the way that every user of aiohttp takes.
_FITS = fits()
_INNER = "_request"
_OF_AIOHTTP = getattr(aiohttp.ClientSession, _INNER, None)
# aiohttp's own timers stand still: a call has ours.
OFF = aiohttp.ClientTimeout(total=None, connect=None, sock_connect=None, sock_read=None)


def goes_short(session: aiohttp.ClientSession) -> bool:
    """
    Tell whether nobody would miss what `ClientSession.request` does beside sending.

    Mocks and tracing agents put something else in the place of its inner part, or
    bring trace configs: they see a request only if it goes through there.
    """
    return (
        _FITS
        and getattr(aiohttp.ClientSession, _INNER, None) is _OF_AIOHTTP
        and not session.trace_configs
    )


async def send_short(
    session: aiohttp.ClientSession,
    method: str,
    url: URL,
    headers: CIMultiDict[str],
    body: bytes,
) -> aiohttp.ClientResponse:
    """
    Send a request on a connection of the session's pool, and receive the head.

    Args:
        session: whose pool it is.
        method: of HTTP, in capitals.
        url: without a fragment.
        headers: `Host` and the others that do not follow from the body; they are
            the request's from now on.
        body: written in one go.

    Raises:
        ClientError: as `ClientSession.request`; so is the next.
        RuntimeError: the session is closed.
    """
    connector = session.connector
    if connector is None:
        raise RuntimeError("Session is closed")

    loop = asyncio.get_running_loop()
    request = ShortRequest(method, url, headers, body, session, loop)
    connection = await connector.connect(request, traces=[], timeout=OFF)
    assert connection.protocol is not None
    connection.protocol.set_response_params(
        timer=TIMER,
        skip_payload=method == hdrs.METH_HEAD,
        read_until_eof=True,
    )
    try:
        response = await request.send(connection)
    except BaseException:
        connection.close()
        raise

    try:
        return await response.start(connection)
    except BaseException:
        response.close()  # and the connection with it
        raise
