"""Looks at a record that may not be written yet, told of as one call."""

from __future__ import annotations

from asyncio import get_running_loop
from dataclasses import replace

from msgspec import structs

from openrouter_async.config import Timeout
from openrouter_async.errors import (
    APITimeoutError,
    NotFoundError,
    OpenRouterError,
    printable,
)
from openrouter_async.transport.hints import CHECK_BASE_URL
from openrouter_async.types.lenient import json_members
from openrouter_async.types.wire import AttemptFailure, ResponseMeta

_KEPT_CHARACTERS = 200  # of a message


class Looks:
    """
    Tell of all looks at a record as of the attempts of one call.

    Args:
        timeout: timers of each look, but for `total`, which is that of all together.
    """

    def __init__(self, timeout: Timeout) -> None:
        self._timeout = timeout
        self._now = get_running_loop().time
        self._began = self._now()
        self._before = 0.0  # this look, seconds
        self._attempts = 0
        self._history: tuple[AttemptFailure, ...] = ()

    @property
    def elapsed(self) -> float:
        """Seconds since the first look."""
        return self._now() - self._began

    def begin(self) -> Timeout:
        """Take in that a look begins, and return its timers."""
        total, self._before = self._timeout.total, self.elapsed
        if total is None:
            return self._timeout

        return replace(self._timeout, total=max(total - self._before, 0.0))

    def has_no_time_for(self, wait: float) -> bool:
        """Tell whether all time would be over with a wait."""
        total = self._timeout.total
        return total is not None and self.elapsed + wait >= total

    def missed(self, error: OpenRouterError, wait: float) -> None:
        """Take in a look that found nothing, and how long the next is away."""
        failure = AttemptFailure(
            error=type(error).__name__,
            message=printable(error.message)[:_KEPT_CHARACTERS],
            status=error.status,
            code=error.code,
            at=self.elapsed,
            waited=wait,
        )
        self._history = (*self._with(error.history), failure)
        self._attempts += error.attempts

    def told(self, error: OpenRouterError) -> OpenRouterError:
        """Return the error of the last look, which knows of those before."""
        error.history = self._with(error.history)
        error.attempts += self._attempts
        error.elapsed = self.elapsed
        if isinstance(error, NotFoundError) and is_waited_for(error):
            # The API answered: it is not the place that is wrong.
            hint = (error.hint or "").removeprefix(f"{CHECK_BASE_URL}. ")
            error.hint = f"Is the record still being written? {hint}"

        if isinstance(error, APITimeoutError) and error.phase in ("pool", "total"):
            # It knows the seconds that were left for it.
            error.message = f"there was no record within {self._total}"

        return error

    def told_as_last(self, error: NotFoundError) -> OpenRouterError:
        """Return the error of a look after which there is no time for another."""
        told = self.told(error)
        told.hint = f"There is no time for another look: {self._total}. {told.hint}"
        return told

    @property
    def _total(self) -> str:
        return f"{self._timeout.total:g} s (Timeout.total)"

    def joined(self, meta: ResponseMeta) -> ResponseMeta:
        """Return the meta data of the last look, with those before."""
        return structs.replace(
            meta,
            attempts=meta.attempts + self._attempts,
            history=self._with(meta.history),
            elapsed=self.elapsed,
        )

    def _with(self, history: tuple[AttemptFailure, ...]) -> tuple[AttemptFailure, ...]:
        later = [structs.replace(each, at=each.at + self._before) for each in history]
        return (*self._history, *later)


def is_waited_for(error: NotFoundError) -> bool:
    """Tell a record that is not there from a page about a path that is not."""
    return error.code is not None or bool(json_members(error.body).get("error"))
