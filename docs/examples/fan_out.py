"""
Many prompts, a bounded number in flight, and one outcome for each of them.

    python fan_out.py [prompts] [in flight]

To see it work against a limit, run `openrouter-async simulate --rate 100` beside it and
export what that prints.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterable

import anyio

from openrouter_async import Completion, OpenRouter, OpenRouterError, RetryPolicy

MODEL = "openai/gpt-4o-mini-base"

# A limit refuses most first attempts of a fan-out. So: many retries, obey what the
# server asks for up to two minutes, and no budget, which would end a call early.
PATIENT = RetryPolicy(
    max_retries=30, max_backoff=30, max_retry_after=120, budget_ratio=None
)

Outcome = Completion | OpenRouterError


async def complete_all(
    client: OpenRouter, prompts: Iterable[str], in_flight: int
) -> list[Outcome]:
    """
    Complete each prompt; return the outcomes in the order of the prompts.

    The workers share one iterator, so that no more than `in_flight` prompts are drawn
    from it ahead of their answers. A failed item ends nobody else.
    """
    outcomes: dict[int, Outcome] = {}
    items = enumerate(prompts)

    async def work() -> None:
        for index, prompt in items:
            try:
                outcomes[index] = await client.completions.create(
                    model=MODEL, prompt=prompt, max_tokens=16
                )
            except OpenRouterError as error:
                outcomes[index] = error

    async with anyio.create_task_group() as group:
        for _ in range(in_flight):
            group.start_soon(work)

    return [outcomes[index] for index in sorted(outcomes)]


def report(outcomes: list[Outcome], seconds: float) -> None:
    """Print what became of the prompts."""
    answers = [each for each in outcomes if isinstance(each, Completion)]
    errors = [each for each in outcomes if isinstance(each, OpenRouterError)]
    retries = sum(answer.meta.attempts - 1 for answer in answers)
    retries += sum(max(error.attempts - 1, 0) for error in errors)
    cost = sum(answer.usage.cost or 0 for answer in answers if answer.usage)
    print(f"{len(answers)} answered, {len(errors)} failed, {retries} retries")
    print(f"{seconds:.2f} s, {len(outcomes) / seconds:.0f} a second, ${cost:.4f}")
    for error in errors[:5]:
        print(f"  {type(error).__name__}: {error}")


async def main(count: int, in_flight: int) -> None:
    """Complete `count` prompts."""
    prompts = (f"Describe the number {number}." for number in range(count))
    async with OpenRouter(retry=PATIENT) as client:
        start = time.monotonic()
        outcomes = await complete_all(client, prompts, in_flight)
        report(outcomes, time.monotonic() - start)

    assert len(outcomes) == count


if __name__ == "__main__":
    given = [int(argument) for argument in sys.argv[1:]]
    asyncio.run(main(*(given + [500, 64][len(given) :])))
