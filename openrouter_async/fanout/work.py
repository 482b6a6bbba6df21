"""What a run does with each item: any async callable will do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

from openrouter_async.fanout.journal import Entry
from openrouter_async.fanout.outcomes import Item

if TYPE_CHECKING:
    from openrouter_async.transport.admission import Admission

T = TypeVar("T")


class Receipt(NamedTuple):
    """
    Say what an answer used.

    Attributes:
        tokens: of prompt and answer; None where it does not say.
        cost: USD; None where it does not say.
    """

    tokens: int | None
    cost: float | None


class Work(Protocol[T]):
    """Turn items into answers, and answers into what a journal keeps."""

    def prepare(self, item: Item) -> tuple[bytes, Callable[[Admission], Awaitable[T]]]:
        """
        Return the encoded request of an item, and what sends it.

        Raises:
            ConfigError: it cannot be sent.
        """
        ...

    def receipt(self, value: T) -> Receipt:
        """Return what an answer used."""
        ...

    def entry(self, value: T, *, index: int, attempts: int, elapsed: float) -> Entry:
        """Return an answer as a journal keeps it."""
        ...

    def restore(self, entry: Entry) -> T:
        """Return an answer that a journal kept."""
        ...
