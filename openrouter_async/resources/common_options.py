"""The options of calls, sorted from the fields of their requests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import UNSET, Struct

from openrouter_async.config import RetryPolicy, Timeout
from openrouter_async.errors import ConfigError
from openrouter_async.resources.options import retry_for, timeout_for
from openrouter_async.transport.calls import Transport
from openrouter_async.transport.codec import dump_hint
from openrouter_async.types.lenient import Json, is_object


class CommonOptions(Struct, frozen=True, kw_only=True):
    """
    Hold what all items of a run share.

    Attributes:
        timeout: timers for each call.
        retry: policy for each call.
        extra_body: members of each request that are not typed.
        extra_headers: headers added to, or in place of, the client's.
        params: request fields.
    """

    timeout: Timeout
    retry: RetryPolicy
    extra_body: Mapping[str, Json] | None
    extra_headers: Mapping[str, str] | None
    params: Mapping[str, Json]

    def parameters(self, url: str) -> dict[str, Json]:
        """Return what a journal keeps, so that a later run is known to be the same."""
        given = {name: each for name, each in self.params.items() if each is not UNSET}
        members = {**given, **(self.extra_body or {})}
        if "url" in members:
            members["body.url"] = members.pop("url")

        return {"url": url, **members}

    def with_params(self, params: Mapping[str, Json]) -> CommonOptions:
        """Return the options of an item with fields of its own."""
        return CommonOptions(
            timeout=self.timeout,
            retry=self.retry,
            extra_body=self.extra_body,
            extra_headers=self.extra_headers,
            params=params,
        )

    def check_shared(self, own: str) -> None:
        """
        Refuse a member that each item must have for itself.

        Args:
            own: its name.

        Raises:
            ConfigError: the items share it.
        """
        if own in self.params or own in (self.extra_body or {}):
            raise ConfigError(
                f"`{own}` must not be given for all items, as it would take the place"
                " of theirs; pass it as an input"
            )


def common_options(
    options: Mapping[str, object],
    transport: Transport,
    params_of: Callable[[dict[str, Json]], Mapping[str, Json]],
) -> CommonOptions:
    """
    Sort what `RequestOptions` names from request fields.

    Args:
        options: both.
        transport: has the defaults.
        params_of: makes the request fields as they are sent of those that were given,
            which it may change.

    Raises:
        ConfigError: one cannot be used.
    """
    # Every call comes by here: one copy, and no `cast` of what is checked below.
    rest: dict[str, Any] = dict(options)
    timeout = timeout_for(rest.pop("timeout", UNSET), transport.timeout)
    retry = retry_for(rest.pop("retry", UNSET), transport.retry)
    extra_body = rest.pop("extra_body", None)
    if extra_body is not None and not is_object(extra_body):
        hint = dump_hint(extra_body)
        raise ConfigError(f"extra_body must be a mapping of request fields{hint}")

    headers = rest.pop("extra_headers", None)
    return CommonOptions(
        timeout=timeout,
        retry=retry,
        extra_body=extra_body,
        extra_headers=headers,
        params=params_of(rest),
    )
