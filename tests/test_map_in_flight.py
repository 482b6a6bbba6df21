"""How many prompts are under way at a time where nobody says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import pytest

from openrouter_async import (
    ChatCompletion,
    Completion,
    OpenRouter,
    Outcomes,
    PoolLimits,
)
from openrouter_async.testing import Simulator
from tests.mapping import turns, until

Done = Outcomes[Completion] | Outcomes[ChatCompletion]
PROMPTS = [f"p{number}" for number in range(300)]
VERBS: dict[str, Callable[[OpenRouter], Done]] = {
    "text": lambda client: client.completions.map(PROMPTS),
    "chat": lambda client: client.chat.completions.map(PROMPTS),
}


@pytest.mark.parametrize(
    ("connections", "most"), [(None, 256), (40, 40)], ids=["any", "of a small pool"]
)
@pytest.mark.parametrize("verb", VERBS)
async def test_so_many_at_a_time(verb: str, connections: int | None, most: int) -> None:
    """256, or as many as the pool has connections; some may wait for their turn."""
    go_on = asyncio.Event()

    async def answer(_: Mapping[str, object]) -> str:
        await go_on.wait()
        return "x"

    pool = PoolLimits() if connections is None else PoolLimits(connections=connections)
    async with Simulator() as simulator, simulator.client(pool=pool) as client:
        simulator.answer_with(answer)
        outcomes = VERBS[verb](client)

        async def run() -> list[bool]:
            return [each.ok async for each in outcomes]

        running = asyncio.create_task(run())
        await until(lambda: outcomes.statistics().pulled >= most)
        await turns()
        told = outcomes.statistics()
        go_on.set()
        found = await running

    assert (told.pulled, told.in_flight + told.waiting) == (most, most)
    assert found == [True] * len(PROMPTS)
