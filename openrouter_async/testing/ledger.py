"""What the answers cost, and the records that are kept of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from openrouter_async.testing.prices import price_of
from openrouter_async.testing.refusals import Refusal, RefusedError
from openrouter_async.testing.tokens import tokenise

if TYPE_CHECKING:
    from openrouter_async.testing.exchange import Exchange

# The service's numbers for an account that once bought credits.
FREE_REQUESTS_A_DAY = 1000

_SECONDS_A_DAY = 86_400


@dataclass(frozen=True, kw_only=True, slots=True)
class Generation:
    """
    One answer that was given.

    Attributes:
        id: Its id.
        api_type: `"completions"`, which chats are as well, or `"embeddings"`.
        model: The model that answered.
        created: Seconds since the epoch.
        streamed: Whether it was a stream.
        prompt_tokens: Tokens of what was asked.
        completion_tokens: Tokens of what was answered.
        reasoning_tokens: Those of the reasoning alone.
        finish_reason: Why its first choice ended; None for embeddings.
        native_finish_reason: What the provider calls that.
        cost: What it costs, in credits.
        cancelled: Whether the client left a stream before its end.
        user_agent: What asked for it.
        asked: The parameters of the request.
        completion: The text of its first choice; None for embeddings.
        reasoning: The reasoning before that; None for none.
    """

    id: str
    api_type: str
    model: str
    created: int
    streamed: bool
    prompt_tokens: int
    completion_tokens: int
    reasoning_tokens: int = 0
    finish_reason: str | None = None
    native_finish_reason: str | None = None
    cost: float
    cancelled: bool = False
    user_agent: str | None = None
    asked: Mapping[str, object]
    completion: str | None = None
    reasoning: str | None = None


@dataclass(slots=True)
class _Entry:
    generation: Generation
    posted_at: float
    misses: int


class Ledger:
    """
    Adds up what answers cost and keeps a record of each.

    Args:
        credits: What was paid in.
        misses: How often a record is not found before it is.
        delay: Seconds after an answer in which its record is not found either.
        size: Records to keep; None for all.
        clock: Monotonic time in seconds.
        wall_clock: Seconds since the epoch.

    Attributes:
        credits: What was paid in.
        used: What the answers have cost.
    """

    def __init__(
        self,
        *,
        credits: float,
        misses: int,
        delay: float,
        size: int | None,
        clock: Callable[[], float],
        wall_clock: Callable[[], float],
    ) -> None:
        self.credits = credits
        self.used: float = 0.0
        self._misses = misses
        self._delay = delay
        self._size = size
        self._clock = clock
        self._wall_clock = wall_clock
        self._entries: dict[str, _Entry] = {}
        self._free: Mapping[int, int] = {}

    def clear(self) -> None:
        """Forget all answers and what they cost."""
        self.used = 0.0
        self._entries.clear()
        self._free = {}

    @property
    def free_requests(self) -> int:
        """Requests to free models on this day (UTC)."""
        return self._free.get(self._day(), 0)

    def admit(self, model: str) -> None:
        """
        Let a request pass that will cost something, and count a free one.

        Args:
            model: Who is to answer.

        Raises:
            RefusedError: With 402, if nothing is left to pay with.
        """
        if model.endswith(":free"):
            day = self._day()
            self._free = {day: self._free.get(day, 0) + 1}
        elif self.used >= self.credits:
            metadata = {"limit_source": "openrouter_credits"}
            raise RefusedError(Refusal(status=402, metadata=metadata))

    def post(self, generation: Generation) -> None:
        """Keep the record of an answer and add up its cost."""
        self.used += generation.cost
        self._entries[generation.id] = _Entry(generation, self._clock(), self._misses)
        if self._size is not None and len(self._entries) > self._size:
            del self._entries[next(iter(self._entries))]

    def cancel(self, exchange: Exchange) -> None:
        """Correct the record of a stream whose client left before its end."""
        entry = self._entries.get(exchange.record.generation_id)
        if entry is None or not entry.generation.streamed:
            # Work for a plain answer goes on, and is billed.
            return

        before = entry.generation
        price = price_of(before.model)
        sent = min(exchange.tokens_sent, before.completion_tokens)
        cost = price.of_prompt(before.prompt_tokens) + price.of_completion(sent)
        self.used += cost - before.cost
        entry.generation = replace(
            before,
            cancelled=True,
            completion_tokens=sent,
            completion=_cut(before.completion, sent - before.reasoning_tokens),
            reasoning=_cut(before.reasoning, sent),
            cost=cost,
            finish_reason=None,
            native_finish_reason=None,
        )

    def find(self, name: str) -> Generation | None:
        """
        Return the record of an answer.

        Args:
            name: The answer's id.

        Returns:
            The record, or None if there is none, or not yet.
        """
        entry = self._entries.get(name)
        if entry is None:
            return None

        if entry.misses:
            entry.misses -= 1
            return None

        early = self._clock() - entry.posted_at < self._delay
        return None if early else entry.generation

    def now(self) -> str:
        """Return the time as the service writes it."""
        return written(self._wall_clock())

    def _day(self) -> int:
        return int(self._wall_clock() // _SECONDS_A_DAY)


def _cut(text: str | None, tokens: int) -> str | None:
    return text and "".join(tokenise(text)[: max(0, tokens)])


def written(seconds: float) -> str:
    """Return a time since the epoch as the service writes it."""
    return datetime.fromtimestamp(seconds, UTC).isoformat()
