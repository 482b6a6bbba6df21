"""What a journal knows after runs that ended in any way."""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from openrouter_async.fanout.journal import Entry, Journal, Key

PARAMETERS = {"model": "a/b"}


def entry_of(index: int) -> Entry:
    """Make a finished item."""
    return Entry(index, 1, 0.25, b'{"id":"gen-1"}', 200, "gen-1")


async def test_sent_again(tmp_path: Path) -> None:
    """Items that were in flight are counted, and again when they are sent again."""
    first = await Journal.open(tmp_path / "j", PARAMETERS)
    keys = [first.key(body) for body in (b"done", b"failed", b"left", b"lost")]
    for key in keys:
        first.sent(key)
        first.sent(key)

    await first.append(keys[0], entry_of(0))
    first.failed(keys[1])
    await first.aclose()

    second = await Journal.open(tmp_path / "j", PARAMETERS)
    second.sent(keys[2])
    second.sent(keys[1])
    second.failed(keys[2])
    await second.aclose()

    third = await Journal.open(tmp_path / "j", PARAMETERS)
    await third.aclose()

    assert (first.interrupted, second.interrupted, second.sent_again) == (0, 2, 1)
    assert third.interrupted == 3


async def test_killed_before_the_slot_was_given_back(tmp_path: Path) -> None:
    """An item whose line is in the file is finished, whatever its slot says."""
    journal = await Journal.open(tmp_path / "j", PARAMETERS)
    key = journal.key(b"a")
    journal.sent(key)
    header = (tmp_path / "j").read_bytes()
    await journal.append(key, entry_of(0))
    await journal.aclose()
    line = (tmp_path / "j").read_bytes().splitlines(keepends=True)[1]
    (tmp_path / "j").write_bytes(header + line)

    journal = await Journal.open(tmp_path / "j", PARAMETERS)
    await journal.aclose()
    content = (tmp_path / "j").read_bytes()

    assert (journal.finished, journal.interrupted) == (1, 0)
    assert content != header + line
    assert content.endswith(b' "}\n' + line)


async def test_failed_after_the_close(tmp_path: Path) -> None:
    """What ends after the close is not known to have ended."""
    journal = await Journal.open(tmp_path / "j", PARAMETERS)
    key = journal.key(b"a")
    journal.sent(key)
    await journal.aclose()
    journal.failed(key)

    journal = await Journal.open(tmp_path / "j", PARAMETERS)
    await journal.aclose()

    assert journal.interrupted == 1


Run = list[tuple[int, str]]
RUNS = st.lists(
    st.lists(
        st.tuples(
            st.integers(0, 3), st.sampled_from(("finish", "fail", "leave", "skip"))
        ),
        max_size=12,
    ),
    max_size=4,
)


class Model:
    """What a journal is expected to know after each run."""

    def __init__(self) -> None:
        self.finished: dict[tuple[int, int], int] = {}
        self.owed: set[tuple[int, int]] = set()

    async def go(self, journal: Journal, run: Run) -> None:
        """Do one run and compare item by item."""
        assert (journal.finished, journal.interrupted) == (
            len(self.finished),
            len(self.owed),
        )
        seen = Counter[int]()
        before = frozenset(self.owed)
        for index, (body, end) in enumerate(run):
            seen[body] += 1
            name = (body, seen[body])
            key = journal.key(b"%d" % body)
            entry = await journal.find(key)
            assert (entry and entry.index) == self.finished.get(name)
            if entry is None and end != "skip":
                await self.send(journal, key, name, end, index, name in before)

    async def send(
        self,
        journal: Journal,
        key: Key,
        name: tuple[int, int],
        end: str,
        index: int,
        owed: bool,
    ) -> None:
        """Send one item and let it end."""
        journal.sent(key)
        self.owed.add(name)
        if end == "finish":
            await journal.append(key, entry_of(index))
            self.finished[name] = index
            self.owed.discard(name)
        elif end == "fail":
            journal.failed(key)
            if not owed:
                self.owed.discard(name)


async def _check_runs(folder: Path, runs: list[Run], *, killed: bool) -> None:
    model = Model()
    path = folder / "0"
    for number, run in enumerate([*runs, []]):
        journal = await Journal.open(path, PARAMETERS)
        await model.go(journal, run)
        if killed:
            # What a killed process leaves is what the file holds at this moment.
            path = folder / str(number + 1)
            path.write_bytes((folder / str(number)).read_bytes())

        await journal.aclose()


@given(RUNS)
@example([[(0, "leave"), (0, "leave")], [(0, "fail"), (0, "finish")], [(0, "finish")]])
@settings(max_examples=40, deadline=None)
def test_runs_that_are_killed(runs: list[Run]) -> None:
    """After any runs, each killed, a journal knows what ended and what did not."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_check_runs(Path(folder), runs, killed=True))


@given(RUNS)
@example([[(0, "leave")] * 4 + [(1, "fail"), (2, "finish")], [(0, "finish")] * 4])
@settings(max_examples=40, deadline=None)
def test_more_in_flight_than_slots(runs: list[Run]) -> None:
    """Items that find no slot in the header are known by lines of their own."""
    slots = mock.patch("openrouter_async.fanout.journal.header.SLOTS", 1)
    with tempfile.TemporaryDirectory() as folder, slots:
        asyncio.run(_check_runs(Path(folder), runs, killed=False))


async def test_no_mapped_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where files cannot be mapped, what is in flight is written."""
    refused = mock.Mock(side_effect=OSError(19, "No such device"))
    monkeypatch.setattr("openrouter_async.fanout.journal.register.mmap.mmap", refused)
    runs: list[Run] = [[(0, "leave"), (1, "finish"), (2, "fail")], [(0, "finish")]]

    await _check_runs(tmp_path, runs, killed=True)
