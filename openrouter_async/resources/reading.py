"""What the resources that only read have in common."""

from __future__ import annotations

from typing import TypeVar

from msgspec import UNSET

from openrouter_async.errors import OpenRouterError
from openrouter_async.resources.keywords import Keywords
from openrouter_async.resources.options import (
    CallOptions,
    retry_for,
    timeout_for,
)
from openrouter_async.transport.calls import Transport
from openrouter_async.transport.hints import CHECK_BASE_URL, place_hint
from openrouter_async.transport.paths import Params, Path, operation_url
from openrouter_async.transport.replies import ReplyReader

T = TypeVar("T")


CALL_KEYWORDS = Keywords(CallOptions.__optional_keys__, unknown="")
"""Options alone: nothing that is passed beside them would be sent."""

_NO_SUCH_PATH = frozenset({404, 405})


class Resource:
    """Send the calls of one part of the API."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._transport.shown_url}>"


async def read(
    transport: Transport,
    path: Path,
    reader: ReplyReader[T],
    options: CallOptions,
    params: Params | None = None,
    *,
    free: bool = False,
) -> T:
    """
    Get what is at a path.

    Args:
        transport: sends the call.
        path: below the base URL.
        reader: makes the value.
        options: of the call.
        params: of the query.
        free: whether the caller wrote the path.

    Raises:
        ConfigError: something passed cannot be sent; nothing was.
        OpenRouterError: of the last attempt.
    """
    CALL_KEYWORDS.check_known(options)
    call = transport.call(
        operation_url(transport.base_url, path, params),
        b"",
        method="GET",
        timeout=timeout_for(options.get("timeout", UNSET), transport.timeout),
        retry=retry_for(options.get("retry", UNSET), transport.retry),
        headers=options.get("extra_headers") or {},
    )
    try:
        return await transport.fetch(call, reader)
    except OpenRouterError as error:
        explain(error, "GET", path, free=free)
        raise


def explain(
    error: OpenRouterError,
    method: str,
    path: Path,
    *,
    once: bool = False,
    free: bool = False,
) -> None:
    """
    Have an error tell which operation it is of, and what can be done.

    Args:
        error: what ended the call.
        method: of HTTP.
        path: as it was passed.
        once: whether the operation is not repeated where it may have been carried
            out, without anybody having said so.
        free: whether the caller wrote the path, which may be wrong.
    """
    hints = [error.hint.rstrip(".")] if error.hint else []
    if free and error.status in _NO_SUCH_PATH:
        if place_hint(error.status, error.body) is None:
            hints = [hint for hint in hints if hint != CHECK_BASE_URL]  # it is the path

        hints.append("Paths stand below base_url, such as /keys")

    if once and error.kind in ("ambiguous", "stale"):
        hints = [f"{method} is not repeated; the request may have been carried out"]

    error.hint = ". ".join([*hints, f"The operation was {method} {shown_path(path)}"])


def shown_path(path: Path) -> str:
    """Return a path as the API's documents write it."""
    if not isinstance(path, str):
        return f"/{'/'.join(path)}"

    if "://" in path:
        return path.partition("?")[0]

    return f"/{path.removeprefix('/')}"
