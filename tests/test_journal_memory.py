"""How much memory a journal takes."""

from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from openrouter_async.fanout.journal import Entry, Journal
from openrouter_async.fanout.journal.index import Index

PARAMETERS = {"model": "a/b"}
ENTRY = Entry(0, 1, 0.25, b'{"text":"hi"}', 200, "gen-1")
LIMIT = 150  # bytes per item


def bodies(count: int) -> Iterator[bytes]:
    """Make so many bodies, every tenth of them for the second time."""
    for number in range(count):
        yield b"%d" % (number - 1 if number % 10 == 9 else number)


async def _fill(journal: Journal, count: int, at_once: int) -> None:
    remaining = bodies(count)

    async def work() -> None:
        for body in remaining:
            key = journal.key(body)
            journal.sent(key)
            await journal.append(key, ENTRY)

    await asyncio.gather(*(work() for _ in range(at_once)))


async def test_run_that_finishes(tmp_path: Path) -> None:
    """What a journal needs for each item that it writes is bounded."""
    count = 30_000
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        journal = await Journal.open(tmp_path / "j", PARAMETERS)
        await _fill(journal, count, 100)
        peak = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()

    await journal.aclose()

    assert 24 * count < peak <= LIMIT * count


@pytest.mark.timeout(60)  # tracing makes each of 200,000 steps several times slower
async def test_run_that_finds(tmp_path: Path) -> None:
    """What a journal needs for each item that it finds is bounded."""
    count = 100_000
    journal = await Journal.open(tmp_path / "j", PARAMETERS)
    await _fill(journal, count, 500)
    await journal.aclose()
    tracemalloc.start()
    try:
        journal = await Journal.open(tmp_path / "j", PARAMETERS)
        keys = sum(journal.key(body).occurrence for body in bodies(count))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    await journal.aclose()

    assert (journal.finished, keys) == (count, count + count // 10)
    assert 24 * count < peak <= LIMIT * count


@pytest.mark.parametrize("shift", [1, 8, 14])
def test_same_bytes_across_records(shift: int) -> None:
    """A digest is not found where two others happen to spell it."""
    index = Index()
    # All begin with the same fourteen bits: they are kept side by side.
    first = bytes(16)
    record = first + (256**8 - 1).to_bytes(8, "little")
    second = bytes(2) + bytes(range(1, 15))
    wanted = (record + second)[shift : shift + 16]
    index.set(first, 256**8 - 1)
    index.set(second, 7)
    before = index.get(wanted)
    index.set(wanted, 9)

    assert before == 0
    assert (index.get(first), index.get(second)) == (256**8 - 1, 7)
    assert index.get(wanted) == 9
