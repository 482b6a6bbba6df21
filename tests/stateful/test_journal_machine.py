"""A journal, in any order of runs, crashes and files that are cut."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from openrouter_async.fanout.journal import Entry, Journal, Key

T = TypeVar("T")

PARAMETERS = {"model": "a/b"}
BODIES = st.sampled_from([b"a", b"b", b"c"])


class JournalMachine(RuleBasedStateMachine):
    """
    Finish items and end runs; the model is what is known to be in the file.

    Items with the same body are told apart by their number within a run.
    """

    @initialize()
    def begin(self) -> None:
        """Make a folder, and the journal of a first run."""
        self.folder = Path(tempfile.mkdtemp())
        self.path = self.folder / "journal"
        self.runner = asyncio.Runner()
        self.kept: dict[tuple[bytes, int], int] = {}
        self.lines: list[tuple[int, tuple[bytes, int]]] = []  # by the size they end at
        self.open()

    def run(self, step: Coroutine[Any, Any, T]) -> T:
        """Do one thing on the loop."""
        return self.runner.run(step)

    def open(self) -> None:
        """Begin a run: it knows what those before it finished."""
        self.journal = self.run(Journal.open(self.path, PARAMETERS))
        self.numbers: dict[bytes, int] = {}
        self.sent: list[tuple[Key, tuple[bytes, int]]] = []
        assert self.journal.finished == len(self.kept)

    @rule(body=BODIES)
    def take(self, body: bytes) -> None:
        """Take an item: it is found if it was finished, else it is sent."""
        number = self.numbers[body] = self.numbers.get(body, 0) + 1
        key = self.journal.key(body)
        entry = self.run(self.journal.find(key))
        found = None if entry is None else entry.index
        assert found == self.kept.get((body, number))
        if entry is None:
            self.journal.sent(key)
            self.sent.append((key, (body, number)))

    @precondition(lambda self: self.sent)
    @rule(data=st.data(), size=st.integers(0, 3000))
    def finish(self, data: st.DataObject, size: int) -> None:
        """Append the answer of an item that is in flight."""
        place = data.draw(st.integers(0, len(self.sent) - 1))
        key, item = self.sent.pop(place)
        index = len(self.lines)
        answer = b'{"id":"%b"}' % (b"x" * size)
        entry = Entry(index, 1, 0.25, answer, 200, "gen-1")
        self.run(self.journal.append(key, entry))
        self.kept[item] = index
        self.lines.append((self.path.stat().st_size, item))

    @precondition(lambda self: self.sent)
    @rule()
    def fail(self) -> None:
        """See an item fail: the next run sends it again."""
        key, _ = self.sent.pop()
        self.journal.failed(key)

    @rule()
    def end(self) -> None:
        """End the run, and begin another one."""
        self.run(self.journal.aclose())
        self.open()

    @rule()
    def crash(self) -> None:
        """Be killed: what the file holds then is what the next run finds."""
        copy = self.folder / "copy"
        shutil.copyfile(self.path, copy)
        self.run(self.journal.aclose())
        copy.replace(self.path)
        self.open()

    @precondition(lambda self: self.lines)
    @rule(missing=st.integers(1, 200))
    def crash_in_mid_line(self, missing: int) -> None:
        """Be killed, with the end of the file not on the disk: only that is lost."""
        self.run(self.journal.aclose())
        begin = self.lines[-2][0] if len(self.lines) > 1 else self.header_size()
        size = max(begin, self.path.stat().st_size - missing)
        with self.path.open("r+b") as file:
            file.truncate(size)

        end, item = self.lines[-1]
        if size < end - 1:  # without its line break it is whole all the same
            del self.kept[item]
            self.lines.pop()

        self.open()

    def header_size(self) -> int:
        """Return how long the first line is."""
        with self.path.open("rb") as file:
            return len(file.readline())

    @invariant()
    def file_has_whole_lines_first(self) -> None:
        """Expect what was finished on the disk before anybody is told."""
        lines = self.path.read_bytes().count(b"\n")
        assert lines >= 1 + len(self.lines)

    def teardown(self) -> None:
        """Close all, and remove the folder."""
        self.run(self.journal.aclose())
        self.runner.close()
        shutil.rmtree(self.folder)


TestJournal = JournalMachine.TestCase
TestJournal.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
