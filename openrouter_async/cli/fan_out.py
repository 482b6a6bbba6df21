"""Many prompts at a time: a bounded group of tasks, and a count of what came."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import anyio

from openrouter_async.client import OpenRouter
from openrouter_async.config import RetryPolicy
from openrouter_async.errors import OpenRouterError
from openrouter_async.types.completion_params import CompletionParams
from openrouter_async.types.wire import AttemptFailure

_TOO_MANY = 429
_RATE_OVER = 2.0  # seconds


@dataclass(slots=True)
class Tally:
    """
    Count how a fan-out goes.

    Attributes:
        total: prompts there are.
        started: when it began, on the event loop's clock.
        answered: prompts with an answer.
        lost: prompts without one.
        retried: answered ones that took more than one attempt.
        sent: requests.
        refused: requests that were answered with 429.
        begun: prompts that were sent at least once, or are about to be.
        in_flight: prompts under way, those that wait for a retry among them.
        cost: of all answers, in dollars.
        first_error: why the first lost one was lost.
    """

    total: int
    started: float
    answered: int = 0
    lost: int = 0
    retried: int = 0
    sent: int = 0
    refused: int = 0
    begun: int = 0
    in_flight: int = 0
    cost: float = 0.0
    first_error: OpenRouterError | None = None
    _recent: deque[tuple[float, int]] = field(default_factory=deque[tuple[float, int]])

    @property
    def done(self) -> int:
        """Prompts that are over."""
        return self.answered + self.lost

    def add_attempts(self, attempts: int, history: Iterable[AttemptFailure]) -> None:
        """Count the requests of a prompt that is over."""
        self.sent += attempts
        self.refused += sum(failure.code == _TOO_MANY for failure in history)

    def rate(self, now: float) -> float:
        """Return how many prompts were done per second of the last two."""
        recent = self._recent
        if not recent:
            recent.append((self.started, 0))

        recent.append((now, self.done))
        while len(recent) > 2 and recent[1][0] <= now - _RATE_OVER:
            recent.popleft()

        then, done = recent[0]
        return (self.done - done) / (now - then) if now > then else 0.0


async def fan_out(
    client: OpenRouter,
    prompts: Iterable[str],
    params: CompletionParams,
    retry: RetryPolicy,
    in_flight: int,
    tally: Tally,
) -> None:
    """
    Complete every prompt, so many at a time.

    Args:
        client: that asks.
        prompts: taken one by one.
        params: the other fields of each request.
        retry: what is tried again.
        in_flight: prompts at a time.
        tally: brought up to date as answers come.
    """
    waiting = iter(prompts)

    async def work() -> None:
        await _work(client, waiting, params, retry, tally)

    async with anyio.create_task_group() as group:
        for _ in range(min(in_flight, tally.total)):
            group.start_soon(work)


async def _work(
    client: OpenRouter,
    waiting: Iterator[str],
    params: CompletionParams,
    retry: RetryPolicy,
    tally: Tally,
) -> None:
    for prompt in waiting:
        tally.begun += 1
        tally.in_flight += 1
        try:
            done = await client.completions.create(prompt=prompt, retry=retry, **params)
        except OpenRouterError as error:
            tally.lost += 1
            tally.first_error = tally.first_error or error
            tally.add_attempts(error.attempts, error.history)
        else:
            tally.answered += 1
            tally.retried += done.meta.attempts > 1
            tally.cost += (done.usage and done.usage.cost) or 0.0
            tally.add_attempts(done.meta.attempts, done.meta.history)
        finally:
            tally.in_flight -= 1
