"""What became of an item of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Generic, Literal, TypeAlias, TypeVar

import msgspec

from openrouter_async.errors import OpenRouterError

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

Item: TypeAlias = str | Sequence[object] | Mapping[str, object]
"""A prompt, or a mapping of request parameters."""


# Structs: a frozen dataclass takes five times as long to make.
class Success(msgspec.Struct, Generic[T_co], frozen=True, kw_only=True):
    """
    Hold the answer to an item.

    Attributes:
        index: place of the item in the input, from 0.
        input: the item.
        value: the answer.
        attempts: requests sent for it.
        elapsed: seconds from the pull of the item to its answer; for a replayed one
            those of the run that it comes from.
        replayed: whether the answer comes from the journal.
        ok: tells it from a failure.
        error: always None.
    """

    index: int
    input: Item
    value: T_co
    attempts: int
    elapsed: float
    replayed: bool = False
    ok: Literal[True] = True
    error: None = None


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """
    Hold the error that an item ended with.

    Attributes:
        index: place of the item in the input, from 0.
        input: the item.
        error: why there is no answer; `NotSentError` if the run stopped first.
        attempts: requests sent for it.
        elapsed: seconds from the pull of the item to the error.
        replayed: always false: a later run sends the item again.
        ok: tells it from a success.
        value: always None; what came before the error is in `error.partial`.
    """

    index: int
    input: Item
    error: OpenRouterError
    attempts: int
    elapsed: float
    replayed: Literal[False] = False
    ok: Literal[False] = False
    value: None = None


Outcome: TypeAlias = Success[T] | Failure
"""One for each item that was pulled; `ok`, `error` and `value` tell which it is."""
