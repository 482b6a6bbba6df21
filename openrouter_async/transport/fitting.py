"""Whether aiohttp still has the parts that the short way of a request is built on."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, NamedTuple, cast

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from aiohttp.http import StreamWriter
from multidict import CIMultiDict
from yarl import URL

from openrouter_async.transport.short_request import ShortRequest

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

# The series of aiohttp that the short way was written for.
_SERIES = "3.14."


class Use(NamedTuple):
    """
    Tell how a method is called.

    Attributes:
        owner: the class that it is of.
        name: its name.
        arguments: how many are given by place, beside `self`.
        keywords: those that are given by name.
        awaited: whether it is a coroutine function.
    """

    owner: type
    name: str
    arguments: int = 0
    keywords: tuple[str, ...] = ()
    awaited: bool = False

    def is_possible(self) -> bool:
        """
        Tell whether there is such a method.

        Raises:
            AttributeError: there is none of that name.
            TypeError: it does not take these arguments, or needs more.
        """
        method = getattr(self.owner, self.name)
        places = [None] * (self.arguments + 1)  # with `self`
        inspect.signature(method).bind(*places, **dict.fromkeys(self.keywords))
        return inspect.iscoroutinefunction(method) is self.awaited


_HEAD = ("timer", "request_info", "traces", "loop", "session", "stream_writer")
_READING = ("timer", "skip_payload", "read_until_eof")
_USES = (
    Use(aiohttp.ClientRequest, "update_auto_headers", 1),
    Use(aiohttp.BaseConnector, "connect", 1, ("traces", "timeout"), awaited=True),
    Use(Connection, "close"),
    Use(ResponseHandler, "set_response_params", 0, _READING),
    Use(StreamWriter, "__init__", 2),
    Use(StreamWriter, "write_headers", 2, awaited=True),
    Use(StreamWriter, "write", 1, ("drain",), awaited=True),
    Use(StreamWriter, "set_eof"),
    Use(aiohttp.ClientResponse, "__init__", 2, ("writer", "continue100", *_HEAD)),
    Use(aiohttp.ClientResponse, "start", 1, awaited=True),
    Use(aiohttp.ClientResponse, "close"),
)
# What aiohttp's own request has besides: nothing reads it but what is spared.
_SPARED = frozenset({"_body", "_timer", "_traces", "chunked", "compress", "length"})
_READ_BY_OTHERS = ("connection_key", "request_info", "ssl", "host", "port")


_NONE = cast("aiohttp.ClientSession", None)  # of a request that is not sent


class _NoLoop:
    """Be the loop of a request that is not sent."""

    def get_debug(self) -> bool:
        return False


def fits() -> bool:
    """
    Tell whether all parts of aiohttp that the short way needs are what they were.

    None of them is promised to stay: a patch release may rename one. To ask takes
    half a millisecond.
    """
    if not aiohttp.__version__.startswith(_SERIES):
        return False

    try:
        called = all(use.is_possible() for use in _USES)
        return called and hasattr(Connection, "protocol") and _is_alike()
    except Exception:  # of a part that is not what it was, whatever it raises
        return False


def _is_alike() -> bool:
    """Tell whether a request has the members of aiohttp's own, with the same values."""
    url, loop = URL("https://127.0.0.1/a?b=c"), cast("AbstractEventLoop", _NoLoop())
    theirs = aiohttp.ClientRequest("POST", url, loop=loop)
    ours = ShortRequest("POST", url, CIMultiDict(theirs.headers), b"", _NONE, loop)
    members = {*vars(ours)} - {"_content"}
    return {*vars(theirs)} == members | _SPARED and all(
        getattr(theirs, name) == getattr(ours, name) for name in _READ_BY_OTHERS
    )
