"""The outcomes of a large corpus: requests hold many inputs, outcomes one each."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Mapping
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

    def __init__(
        self, transport: Transport, call_for: Callable[[Pack], Call]
    ) -> None:
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
        return Receipt(usage and usage.total_tokens, usage and usage.cost)

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
        self._told = MapStatistics()
        self._ended = False

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
        self._ended = True
        self._ready.clear()
        self._packs.cancel()
        await self._run.aclose()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Outcome[Embedding]:
        while not self._ready:
            if self._ended:
                # Once more: it raises what broke the run, after all outcomes.
                await anext(self._run)
                raise StopAsyncIteration

            await self._take()

        return self._ready.popleft()

    async def _take(self) -> None:
        """Take the outcome of a pack apart; at the end, what is left over."""
        run = self._run
        try:
            outcome = await anext(run)
        except asyncio.CancelledError:
            raise
        except (Exception, StopAsyncIteration) as exc:
            ended = exc
        else:
            self._settle(outcome)
            return

        self._ended = True
        self._give_up()
        if not self._ready:
            raise ended
