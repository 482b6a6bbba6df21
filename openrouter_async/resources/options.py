"""What the verbs of every resource accept beside the request's own fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from os import PathLike
from typing import TypeAlias, TypedDict

from msgspec import UNSET, UnsetType

from openrouter_async.config import NO_TIMEOUT, RetryPolicy, Timeout
from openrouter_async.errors import ConfigError
from openrouter_async.types.lenient import Json

TimeoutOption: TypeAlias = Timeout | float | UnsetType | None
RetryOption: TypeAlias = RetryPolicy | int | UnsetType


class CallOptions(TypedDict, total=False):
    """
    Name what every call accepts.

    Attributes:
        timeout: timers for this call; a number of seconds bounds the whole call, None
            turns all timers off.
        retry: policy for this call; a number is `max_retries`.
        extra_headers: headers added to, or in place of, the client's.
    """

    timeout: TimeoutOption
    retry: RetryOption
    extra_headers: Mapping[str, str] | None


class RequestOptions(CallOptions, total=False):
    """
    Name what every call accepts that has typed fields.

    Attributes:
        extra_body: members of the request that are not typed; they win over typed
            ones and are sent untouched.
    """

    extra_body: Mapping[str, Json] | None


class GatherOptions(RequestOptions, total=False):
    """
    Name what every fan-out accepts.

    Attributes:
        max_in_flight: requests at a time; 256, or what the pool and the limit on
            open files allow.
        journal: path of a file that gets every answer before it is yielded; a run
            that is given it again sends only what is missing.
        max_cost: USD; no item is sent that could overshoot it, by the mean and
            deviation of what was spent.
        max_pause: longest wait that a server may ask for, and longest time with
            nothing but refusals before they count as failures, seconds; None for
            any. Default: the limiter's, 120.
    """

    max_in_flight: int | None
    journal: str | PathLike[str] | None
    max_cost: float | None
    max_pause: float | UnsetType | None


class MapOptions(GatherOptions, total=False):
    """
    Name what a fan-out accepts whose outcomes come one by one.

    Attributes:
        ordered: yield outcomes in the order of the inputs.
    """

    ordered: bool


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

    if option is None:
        return NO_TIMEOUT

    if isinstance(option, int | float):  # pyright: ignore[reportUnnecessaryIsInstance]  # callers may be untyped
        return Timeout(total=option)

    raise ConfigError(
        "timeout= must be seconds for the whole call, None for no timers, or timers by"
        f" name, such as Timeout(total=30, connect=5); not {option!r}"
    )


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

    if isinstance(option, int | float):  # pyright: ignore[reportUnnecessaryIsInstance]  # callers may be untyped
        return replace(default, max_retries=option)

    raise ConfigError(
        "retry= must be a number of retries (retry=0 for none) or a RetryPolicy, such"
        f" as RetryPolicy(max_retries=5); not {option!r}"
    )


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


def given_stream(
    params: Mapping[str, object], stream: bool | UnsetType
) -> Mapping[str, object]:
    """Return the fields of a plain request: False is sent if it was given."""
    return {**params, "stream": False} if stream is False else params


def check_switch(name: str, value: object) -> None:
    """
    Check what turns something on or off: "no" would be true for Python.

    Raises:
        ConfigError: it is no truth value.
    """
    if not isinstance(value, bool):
        raise ConfigError(f"{name} must be True or False, not {value!r}")


def is_streamed(stream: object) -> bool:
    """
    Tell whether a stream is asked for; None and UNSET are not given.

    Raises:
        ConfigError: it is no truth value.
    """
    if stream is None or stream is UNSET:
        return False

    check_switch("stream", stream)
    return stream is True
