"""What the resources that only read have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict, TypeVar

from msgspec import UNSET

from openrouter_async.resources.options import (
    RetryOption,
    TimeoutOption,
    retry_for,
    timeout_for,
)
from openrouter_async.transport.calls import Transport
from openrouter_async.transport.paths import Params, Path, operation_url
from openrouter_async.transport.replies import ReplyReader

T = TypeVar("T")


class CallOptions(TypedDict, total=False):
    """
    Set what every call can be given.

    Attributes:
        timeout: timers; a number of seconds bounds the whole call, None turns all
            timers off.
        retry: policy; a number is `max_retries`.
        extra_headers: headers added to, or in place of, the client's.
    """

    timeout: TimeoutOption
    retry: RetryOption
    extra_headers: Mapping[str, str] | None


async def read(
    transport: Transport,
    path: Path,
    reader: ReplyReader[T],
    options: CallOptions,
    params: Params | None = None,
) -> T:
    """
    Get what is at a path.

    Args:
        transport: sends the call.
        path: below the base URL.
        reader: makes the value.
        options: of the call.
        params: of the query.

    Raises:
        ConfigError: something passed cannot be sent; nothing was.
        OpenRouterError: of the last attempt.
    """
    call = transport.call(
        operation_url(transport.base_url, path, params),
        b"",
        method="GET",
        timeout=timeout_for(options.get("timeout", UNSET), transport.timeout),
        retry=retry_for(options.get("retry", UNSET), transport.retry),
        headers=options.get("extra_headers") or {},
    )
    return await transport.fetch(call, reader)
