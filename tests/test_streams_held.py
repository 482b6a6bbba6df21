"""Chunks without content, which are held back: thousands of them hold nobody up."""

from __future__ import annotations

import asyncio

from tests.scripted import events
from tests.streams import ask, delta, finish, served, streamed

COUNT = 30_000


async def most_in_a_turn(before: bytes) -> tuple[int, int]:
    """Return how many chunks came, and how many at most in one turn of the loop."""
    turn = 0

    async def count_turns() -> None:
        nonlocal turn
        while True:
            turn += 1
            await asyncio.sleep(0)

    total = most = run = seen = 0
    wire = before + events(delta("a"), finish(), "[DONE]")
    async with served(streamed(wire)) as (_, client), ask(client) as stream:
        counting = asyncio.create_task(count_turns())
        async for _ in stream:
            run, seen = (run + 1, seen) if turn == seen else (1, turn)
            most, total = max(most, run), total + 1

        counting.cancel()

    return total, most


async def test_held_chunks_are_handed_out_in_turns() -> None:
    """110: those that came before the first content let others work between them."""
    total, most = await most_in_a_turn(events(delta("")) * COUNT)

    assert total == COUNT + 2
    assert most <= 200


async def test_chunks_with_content_are_handed_out_in_turns() -> None:
    """110: and so do all others."""
    total, most = await most_in_a_turn(events(delta("x")) * COUNT)

    assert total == COUNT + 2
    assert most <= 200
