"""The outcomes of a large corpus: requests hold many inputs, outcomes one each."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import AsyncIterable, Mapping
from dataclasses import replace
from os import PathLike
from types import TracebackType
from typing import Self, cast

from openrouter_async.errors import NotSentError, OpenRouterError
from openrouter_async.fanout.limiter import Limiter
from openrouter_async.fanout.map import Outcomes
from openrouter_async.fanout.outcomes import Failure, Item, Outcome, Success
from openrouter_async.fanout.run import RunSettings
from openrouter_async.fanout.statistics import MapStatistics
from openrouter_async.fanout.work import Work
from openrouter_async.resources.packs import Pack, Packs
from openrouter_async.types.embeddings import Embedding, EmbeddingResponse
from openrouter_async.types.lenient import Json


class EmbeddingOutcomes:
    """
    Iterate over the outcomes of a corpus: one for each input that was pulled.

    Use it as `async with ... as outcomes: async for outcome in outcomes`: leaving the
    block stops everything at once. Nothing is sent before the first outcome is asked
    for.
    """

    def __init__(
        self,
        packs: Packs,
        work: Work[EmbeddingResponse],
        limiter: Limiter,
        settings: RunSettings,
        journal: str | PathLike[str] | None,
        parameters: Mapping[str, Json],
    ) -> None:
        self._packs = packs
        self._ordered = settings.ordered
        # Halves come in any order: this one puts inputs in order, not the run.
        settings = replace(settings, ordered=False)
        feed = cast("AsyncIterable[Item]", packs)
        self._run = Outcomes(feed, work, limiter, settings, journal, parameters)
        self._ready: deque[Outcome[Embedding]] = deque()
        self._waiting: dict[int, Outcome[Embedding]] = {}
        self._next = 0
        self._counts = Counter[str]()
        self._end: Exception | None = None

    async def __aenter__(self) -> Self:
        await self._run.__aenter__()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """
        Stop everything: requests under way are cancelled, and no new ones are sent.

        Raises:
            OSError: the journal could not be written to its end, and nobody was told.
        """
        self._end = StopAsyncIteration()
        self._ready.clear()
        self._packs.cancel()
        await self._run.aclose()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Outcome[Embedding]:
        while not self._ready:
            if self._end is not None:
                end, self._end = self._end, StopAsyncIteration()
                raise end

            await self._take()

        return self._ready.popleft()

    async def _take(self) -> None:
        """Take the outcome of a pack apart; at the end, see what is left over."""
        try:
            outcome = await anext(self._run)
        except Exception as exc:  # the end, or what broke the run
            self._end = self._end or exc
        else:
            self._settle(outcome)
            return

        told = NotSentError(f"not sent, as the run had stopped: {self._run_cause()}")
        for pack in self._packs.left_over():
            self._fail(pack, pack.error or told, attempts=0, elapsed=0.0)

        while self._waiting:  # behind what has no outcome
            self._ready.append(self._waiting.pop(min(self._waiting)))

    def _run_cause(self) -> Exception | None:
        return self._run.statistics().cause

    def _settle(self, outcome: Outcome[EmbeddingResponse]) -> None:
        pack = cast("Pack", outcome.input)
        if not self._packs.settled(pack, outcome.error):
            return

        if outcome.error is not None:
            self._fail(pack, outcome.error, outcome.attempts, outcome.elapsed)
            return

        embeddings = zip(pack, outcome.value.data, strict=True)
        for index, (item, embedding) in enumerate(embeddings, pack.first):
            self._put(
                Success(
                    index=index,
                    input=item,
                    value=embedding,
                    attempts=outcome.attempts,
                    elapsed=outcome.elapsed,
                    replayed=outcome.replayed,
                )
            )

    def _fail(
        self, pack: Pack, error: OpenRouterError, attempts: int, elapsed: float
    ) -> None:
        for index, item in enumerate(pack, pack.first):
            self._put(
                Failure(
                    index=index,
                    input=item,
                    error=error,
                    attempts=attempts,
                    elapsed=elapsed,
                )
            )

    def _put(self, outcome: Outcome[Embedding]) -> None:
        unsent = isinstance(outcome.error, NotSentError)
        kind = "not_sent" if unsent else "succeeded" if outcome.ok else "failed"
        self._counts[kind] += 1
        self._counts["replayed"] += outcome.replayed
        if not self._ordered:
            self._ready.append(outcome)
            return

        self._waiting[outcome.index] = outcome
        while (found := self._waiting.pop(self._next, None)) is not None:
            self._ready.append(found)
            self._next += 1

    def statistics(self) -> MapStatistics:
        """
        Return how the run stands: inputs are counted, and requests as requests.

        `in_flight`, `waiting` and `interrupted` count requests too.
        """
        counts = self._counts
        return replace(
            self._run.statistics(),
            pulled=self._packs.pulled,
            succeeded=counts["succeeded"],
            failed=counts["failed"],
            not_sent=counts["not_sent"],
            replayed=counts["replayed"],
            input_ended=self._packs.input_ended,
        )

    def __repr__(self) -> str:
        told = self.statistics()
        return f"<EmbeddingOutcomes {told.finished} of {told.pulled} inputs finished>"
