"""What the verbs of every resource accept beside the request's own fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeAlias

from msgspec import UNSET, UnsetType

from openrouter_async.config import NO_TIMEOUT, RetryPolicy, Timeout
from openrouter_async.types.lenient import Json

TimeoutOption: TypeAlias = Timeout | float | UnsetType | None
RetryOption: TypeAlias = RetryPolicy | int | UnsetType


def timeout_for(option: TimeoutOption, default: Timeout) -> Timeout:
    """
    Return the timers that an option asks for.

    Args:
        option: timers; seconds for the whole call; None for none; UNSET for the
            default.
        default: the client's.

    Raises:
        ConfigError: it is none of these, or out of bounds.
    """
    if isinstance(option, UnsetType):
        return default

    if isinstance(option, Timeout):
        return option

    return NO_TIMEOUT if option is None else Timeout(total=option)


def retry_for(option: RetryOption, default: RetryPolicy) -> RetryPolicy:
    """
    Return the policy that an option asks for.

    Args:
        option: a policy; a number of retries for the default one; UNSET for it.
        default: the client's.

    Raises:
        ConfigError: it is none of these, or out of bounds.
    """
    if isinstance(option, UnsetType):
        return default

    if isinstance(option, RetryPolicy):
        return option

    return replace(default, max_retries=option)


def request_members(
    required: Mapping[str, object],
    params: Mapping[str, object],
    never_null: frozenset[str],
) -> dict[str, Json]:
    """
    Return the members of a request body, in the order they were given.

    Args:
        required: members that come first.
        params: fields by name; UNSET ones are left out.
        never_null: fields for which None means "not given".
    """
    members = dict(required)
    for name, value in params.items():
        if value is UNSET or (value is None and name in never_null):
            continue

        members[name] = value

    return members
