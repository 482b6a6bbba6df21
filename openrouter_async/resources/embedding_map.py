"""The outcomes of a large corpus: requests hold many inputs, outcomes one each."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import AsyncIterable, Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from os import PathLike
from types import TracebackType
from typing import Self, cast

from openrouter_async.errors import ConfigError, NotSentError, OpenRouterError
from openrouter_async.fanout.journal import Entry
from openrouter_async.fanout.limiter import Limiter
from openrouter_async.fanout.map import Outcomes
from openrouter_async.fanout.outcomes import Failure, Item, Outcome, Success
from openrouter_async.fanout.run import RunSettings
from openrouter_async.fanout.statistics import MapStatistics
from openrouter_async.fanout.work import Receipt
from openrouter_async.resources.embedding_answers import read_embeddings
from openrouter_async.resources.packs import Pack, Packs
from openrouter_async.transport.admission import Admission
from openrouter_async.transport.calls import Transport
from openrouter_async.transport.exchange import Call
from openrouter_async.types.embeddings import Embedding, EmbeddingResponse
from openrouter_async.types.lenient import Json
from openrouter_async.types.wire import ResponseMeta


class PackWork:
    """
    Make one call for each pack; see `openrouter_async.fanout.work.Work`.

    Args:
        transport: sends it.
        call_for: makes the call for a pack, or raises ConfigError.
    """

    def __init__(self, transport: Transport, call_for: Callable[[Pack], Call]) -> None:
        self._transport = transport
        self._call_for = call_for

    def prepare(
        self, item: Item
    ) -> tuple[bytes, Callable[[Admission], Awaitable[EmbeddingResponse]]]:
        """Return the encoded request of a pack, and what sends it."""
        pack = cast("Pack", item)
        try:
            call = self._call_for(pack)
        except OpenRouterError:
            raise
        except Exception as exc:  # of an input's own code
            raise ConfigError(f"an input cannot be read: {exc!r}") from exc

        return call.body, partial(self._send, call, len(pack))

    def _send(
        self, call: Call, count: int, admission: Admission
    ) -> Awaitable[EmbeddingResponse]:
        return self._transport.fetch(call, read_embeddings(count), admission)

    def receipt(self, value: EmbeddingResponse) -> Receipt:
        """Return what an answer used."""
        usage = value.usage
        if usage is None:
            return Receipt(None, None)

        return Receipt(usage.total_tokens, usage.cost)

    def entry(
        self, value: EmbeddingResponse, *, index: int, attempts: int, elapsed: float
    ) -> Entry:
        """Return an answer as a journal keeps it."""
        return Entry(
            index=index,
            attempts=attempts,
            elapsed=elapsed,
            answer=value.raw,
            status=value.meta.status,
            generation_id=value.meta.generation_id,
        )

    def restore(self, entry: Entry) -> EmbeddingResponse:
        """Return an answer that a journal kept."""
        answer = read_embeddings(None).decode(entry.answer)
        answer.raw = entry.answer
        answer.meta = ResponseMeta(
            status=entry.status,
            generation_id=entry.generation_id,
            attempts=entry.attempts,
            elapsed=entry.elapsed,
        )
        return answer


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
        work: PackWork,
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
