"""What `map` returns: the outcomes of a run, one by one."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import AsyncIterable, Iterable, Mapping
from os import PathLike
from types import TracebackType
from typing import TYPE_CHECKING, Generic, Self, TypeVar

from openrouter_async.config import is_number
from openrouter_async.errors import ConfigError
from openrouter_async.fanout.inputs import Inputs
from openrouter_async.fanout.limiter import Limiter, check_max_pause
from openrouter_async.fanout.outcomes import Item, Outcome
from openrouter_async.fanout.run import Run, RunSettings
from openrouter_async.fanout.statistics import MapStatistics
from openrouter_async.fanout.work import Work
from openrouter_async.types.lenient import Json

if TYPE_CHECKING:
    from openrouter_async.fanout.journal import Journal

T = TypeVar("T")


class Outcomes(Generic[T]):
    """
    Iterate over the outcomes of a run: one for each item that was pulled.

    Use it as `async with ... as outcomes: async for outcome in outcomes`: leaving the
    block stops everything at once. A bare iterator is stopped when it is dropped.
    Nothing is sent before the first outcome is asked for.

    What raises out of the iteration broke the run as a whole (the input, the journal);
    it comes after the outcomes of all items that were under way.
    """

    def __init__(
        self,
        inputs: Iterable[Item] | AsyncIterable[Item],
        work: Work[T],
        limiter: Limiter,
        settings: RunSettings,
        journal: str | PathLike[str] | None,
        parameters: Mapping[str, Json],
    ) -> None:
        self._inputs = Inputs(inputs)
        self._work = work
        self._limiter = limiter
        self._settings = settings
        self._path = journal
        self._parameters = parameters
        self._run: Run[T] | None = None
        self._opening = asyncio.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False

    async def __aenter__(self) -> Self:
        await self._open()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Outcome[T]:
        if self._closed:
            raise StopAsyncIteration

        run = self._run or await self._open()
        outcome = await run.next()
        if outcome is not None:
            return outcome

        await self._end(run)
        raise StopAsyncIteration

    async def _end(self, run: Run[T]) -> None:
        """Close what has come to its end, and raise what broke it, if anything did."""
        crash = run.crash
        try:
            # A wait that is given up here leaves the end to the next call.
            await run.aclose()
        except OSError as exc:
            if crash is None or self._closed:
                self._closed = True
                raise

            crash.add_note(f"the journal could not be closed either: {exc!r}")

        told, self._closed = self._closed, True
        if crash is None or told:
            return

        if isinstance(crash, StopAsyncIteration):
            raise RuntimeError("something raised StopAsyncIteration") from crash

        raise crash

    async def _open(self) -> Run[T]:
        async with self._opening:
            if self._run is None:
                self._check_open()
                journal = None
                if self._path is not None:
                    journal = await _open_journal(self._path, self._parameters)
                    if self._closed:
                        await journal.aclose()
                        self._check_open()

                self._loop = asyncio.get_running_loop()
                self._run = Run(
                    self._inputs, self._work, self._limiter, self._settings, journal
                )

        return self._run

    def _check_open(self) -> None:
        if self._closed:
            raise ConfigError("these outcomes were closed; call map() again")

    async def aclose(self) -> None:
        """
        Stop everything: requests under way are cancelled, and no new ones are sent.

        Raises:
            OSError: the journal could not be written to its end, and nobody was told.
        """
        self._closed = True
        if self._run is not None:
            await self._run.aclose()

    def statistics(self) -> MapStatistics:
        """Return how the run stands at this moment, or stood at its end."""
        return MapStatistics() if self._run is None else self._run.statistics()

    def __repr__(self) -> str:
        told = self.statistics()
        state = "closed" if self._closed else "open"
        return f"<Outcomes {state}, {told.finished} of {told.pulled} items finished>"

    def __del__(self) -> None:
        run: Run[T] | None = getattr(self, "_run", None)
        if run is None or self._closed:
            return

        assert self._loop is not None
        if not self._loop.is_closed():
            # Garbage may be collected in any thread.
            self._loop.call_soon_threadsafe(run.abandon)

        warnings.warn(
            "the outcomes of a map were dropped before their end; use `async with`,"
            " or `await outcomes.aclose()`",
            ResourceWarning,
            source=self,
            stacklevel=2,
        )


async def _open_journal(
    path: str | PathLike[str], parameters: Mapping[str, Json]
) -> Journal:
    from openrouter_async.fanout.journal import Journal  # most runs have none

    return await Journal.open(path, parameters)


def check_run(settings: RunSettings, journal: object) -> None:
    """
    Refuse settings that no run can have.

    Raises:
        ConfigError: it names the setting and what it must be.
    """
    max_in_flight, max_cost = settings.max_in_flight, settings.max_cost
    if type(max_in_flight) is not int or max_in_flight < 1:
        raise ConfigError(
            f"max_in_flight must be a whole number >= 1, not {max_in_flight!r}"
        )

    if max_cost is not None and not is_number(max_cost, 0):
        raise ConfigError(f"max_cost must be USD >= 0, or None; not {max_cost!r}")

    check_max_pause("max_pause", settings.max_pause)
    if journal is not None and not isinstance(journal, str | PathLike):
        raise ConfigError(f"journal must be a path, not {type(journal).__name__}")
