"""The short way from a request to its response head, on a connection of the pool."""

from __future__ import annotations

import asyncio

import aiohttp
from aiohttp import hdrs
from aiohttp.connector import Connection
from aiohttp.helpers import TimerNoop
from aiohttp.http import HttpVersion11, StreamWriter
from multidict import CIMultiDict
from yarl import URL

# The series of aiohttp whose parts this was written for. With any other, requests go
# the way that every user of aiohttp takes.
_SERIES = "3.14."
_FITS = aiohttp.__version__.startswith(_SERIES)
_INNER = "_request"
_OF_AIOHTTP = getattr(aiohttp.ClientSession, _INNER, None)
_WITHOUT_BODY = frozenset({hdrs.METH_GET, hdrs.METH_HEAD, hdrs.METH_OPTIONS})
_TIMER = TimerNoop()

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


class _Request(aiohttp.ClientRequest):
    """
    Be a request whose URL, headers and body need no further preparation.

    aiohttp's own would look at each header three times and, before Python 3.12, spend
    a task on the body: that and the rest of `ClientSession.request` are a quarter of
    the instructions of a call.
    """

    def __init__(
        self,
        method: str,
        url: URL,
        headers: CIMultiDict[str],
        body: bytes,
        session: aiohttp.ClientSession,
    ) -> None:
        # Without `super().__init__()`: that is what is spared.
        self.method = method
        self.url = self.original_url = url
        self.version = HttpVersion11
        self.loop = asyncio.get_running_loop()
        self.response_class = aiohttp.ClientResponse
        self.proxy = self.proxy_auth = self.proxy_headers = None
        self.server_hostname = None
        self.headers = headers
        self.update_auto_headers(None)
        if body or method not in _WITHOUT_BODY:
            self.headers[hdrs.CONTENT_LENGTH] = str(len(body))

        self._session = session
        self._ssl = True
        self._content = body

    async def send(self, conn: Connection) -> aiohttp.ClientResponse:
        """
        Write head and body at once, without waiting for either.

        Raises:
            ClientOSError: the connection was closed meanwhile.
        """
        assert conn.protocol is not None
        writer = StreamWriter(conn.protocol, self.loop)
        line = f"{self.method} {self.url.raw_path_qs} HTTP/1.1"
        await writer.write_headers(line, self.headers)
        try:
            await writer.write(self._content, drain=False)
        except aiohttp.ClientConnectionResetError:
            problem = f"Can not write request body for {self.url}"
            raise aiohttp.ClientOSError(None, problem) from None  # as aiohttp has it

        writer.set_eof()
        return self.response_class(
            self.method,
            self.url,
            writer=None,
            continue100=None,
            timer=_TIMER,
            request_info=self.request_info,
            traces=[],
            loop=self.loop,
            session=self._session,
            stream_writer=writer,
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

    request = _Request(method, url, headers, body, session)
    connection = await connector.connect(request, traces=[], timeout=OFF)
    assert connection.protocol is not None
    connection.protocol.set_response_params(
        timer=_TIMER,
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
