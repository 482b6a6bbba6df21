"""A request of aiohttp that is ready to be written as it is."""

from __future__ import annotations

import asyncio

import aiohttp
from aiohttp import hdrs
from aiohttp.connector import Connection
from aiohttp.helpers import TimerNoop
from aiohttp.http import HttpVersion, HttpVersion11, StreamWriter
from multidict import CIMultiDict
from yarl import URL

TIMER: TimerNoop = TimerNoop()
"""One that does nothing: a call has timers of its own."""

_WITHOUT_BODY = frozenset({hdrs.METH_GET, hdrs.METH_HEAD, hdrs.METH_OPTIONS})


class ShortRequest(aiohttp.ClientRequest):
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
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        # Without `super().__init__()`: that is what is spared.
        self.method = method
        self.url = url
        self.original_url: URL = url
        self.version: HttpVersion = HttpVersion11
        self.loop = loop
        self.response_class: type[aiohttp.ClientResponse] = aiohttp.ClientResponse
        self.proxy: None = None
        self.proxy_auth: None = None
        self.proxy_headers: None = None
        self.server_hostname: None = None
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
            timer=TIMER,
            request_info=self.request_info,
            traces=[],
            loop=self.loop,
            session=self._session,
            stream_writer=writer,
        )
