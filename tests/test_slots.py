"""Slots of a run: handed out in order, given back by whoever is held."""

from __future__ import annotations

import asyncio

from openrouter_async.fanout.slots import Slots


class Freed:
    """Count how often a slot was free with nobody waiting."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> None:
        """Count."""
        self.times += 1


async def settled() -> None:
    """Let all tasks run until they wait."""
    for _ in range(5):
        await asyncio.sleep(0)


async def taking(
    slots: Slots, count: int
) -> tuple[list[asyncio.Task[None]], list[int]]:
    """Start tasks that wait for a slot; return them, and the order they got it in."""
    order: list[int] = []

    async def take(number: int) -> None:
        await slots.take()
        order.append(number)

    tasks = [asyncio.create_task(take(number)) for number in range(count)]
    await settled()
    return tasks, order


def test_takes_what_is_free() -> None:
    """There are as many slots as were asked for."""
    slots = Slots(2, Freed())

    assert [slots.try_take() for _ in range(3)] == [True, True, False]
    assert slots.free == 0


def test_gives_back() -> None:
    """A slot that nobody waits for is free, and somebody is told."""
    freed = Freed()
    slots = Slots(1, freed)
    slots.try_take()
    slots.give()

    assert (slots.free, freed.times) == (1, 1)


async def test_take_of_a_free_one() -> None:
    """Nobody waits while there is a slot."""
    slots = Slots(1, Freed())
    await slots.take()

    assert slots.free == 0


async def test_first_come_first_served() -> None:
    """Who asks first gets a slot first, and nobody can come between."""
    freed = Freed()
    slots = Slots(1, freed)
    slots.try_take()
    tasks, order = await taking(slots, 3)
    slots.give()
    got_between = slots.try_take()
    slots.give()
    slots.give()
    await asyncio.gather(*tasks)

    assert (order, got_between, freed.times) == ([0, 1, 2], False, 0)


async def test_cancelled_while_waiting() -> None:
    """One that was cancelled is passed over."""
    slots = Slots(1, Freed())
    slots.try_take()
    tasks, order = await taking(slots, 2)
    tasks[0].cancel()
    await settled()
    slots.give()
    await tasks[1]

    assert (order, slots.free) == ([1], 0)


async def test_cancelled_before_it_knows() -> None:
    """One that is cancelled as it gets the slot hands it on."""
    slots = Slots(1, Freed())
    slots.try_take()
    tasks, order = await taking(slots, 2)
    slots.give()
    tasks[0].cancel()
    await tasks[1]

    assert (order, tasks[0].cancelled(), slots.free) == ([1], True, 0)


async def test_last_one_cancelled_as_it_gets_the_slot() -> None:
    """With nobody else waiting, the slot is free again."""
    freed = Freed()
    slots = Slots(1, freed)
    slots.try_take()
    [task], order = await taking(slots, 1)
    slots.give()
    task.cancel()
    await asyncio.wait([task])

    assert (order, slots.free, freed.times) == ([], 1, 1)


async def test_all_cancelled() -> None:
    """A slot that comes back when everybody has gone is free."""
    slots = Slots(1, Freed())
    slots.try_take()
    tasks, _ = await taking(slots, 3)
    for task in tasks:
        task.cancel()

    slots.give()
    await asyncio.wait(tasks)

    assert slots.free == 1
