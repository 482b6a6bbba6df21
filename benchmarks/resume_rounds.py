"""Runs with a journal that are killed and begun again, and what must then hold."""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import msgspec

from benchmarks.ledger import Counts, Ledger
from benchmarks.processes import Process, environment
from benchmarks.resume_worker import Report, items

_ITEM = re.compile(r" item (\d+)\.")
_SHOWN = 5

Key: TypeAlias = tuple[object, object]


class BrokenPromiseError(Exception):
    """Raised when a resumed run did not do what it has to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """
    Say what each round does.

    Attributes:
        count: of prompts.
        distinct: prompts among them.
        in_flight: prompts at a time.
        kills: most of them in a round.
        seconds: that a run takes when it is left alone.
    """

    count: int
    distinct: int
    in_flight: int
    kills: int
    seconds: float


@dataclass(slots=True, kw_only=True)
class Round:
    """
    Hold how a round went.

    Attributes:
        journaled: items in the journal at each kill.
        sent_again: requests in later runs for items that were in flight at a kill.
        seconds: after which each kill came.
        owed: items that the last of the killed runs had sent and not finished.
    """

    journaled: list[int] = field(default_factory=list[int])
    sent_again: int = 0
    seconds: list[float] = field(default_factory=list[float])
    owed: int = 0


class Child:
    """Run `resume_worker` in a process that can be killed."""

    def __init__(self, port: str, run: str, job: Job, journal: Path) -> None:
        numbers = (str(job.count), str(job.distinct), str(job.in_flight))
        told = (port, run, *numbers, "--journal", str(journal))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.resume_worker", *told],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment(),
            text=True,
        )
        assert self._process.stdout is not None
        self._process.stdout.readline()
        assert self._process.stdin is not None
        self._process.stdin.write("go\n")
        self._process.stdin.flush()

    def kill_after(self, seconds: float) -> bool:
        """Kill it at that moment; False if it had ended by itself."""
        try:
            self._process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            said, _ = self._process.communicate()
            return not said

        return False

    def report(self) -> Report:
        """Wait until it has ended by itself."""
        said, _ = self._process.communicate()
        return msgspec.json.decode(said, type=Report)


def play_round(
    server: Process, port: str, job: Job, journal: Path, dice: random.Random
) -> Round:
    """
    Kill runs on one journal at random moments, let the last one end, and check.

    Raises:
        BrokenPromiseError: an item is missing, or twice in the journal, or was sent
            again although it was in the journal, or its run forgot that it may be
            billed again.
    """
    result = Round()
    wanted = Counter(items(job.count, job.distinct))
    before = Counter[int]()
    for number in range(job.kills):
        child = Child(port, str(number), job, journal)
        missing = 1 - before.total() / job.count
        seconds = dice.uniform(0, job.seconds * missing)
        killed = child.kill_after(seconds)
        sent = _sent(server, str(number))
        _check_sent(sent, wanted - before)
        after = journaled(journal)
        result.owed = (sent - (after - before)).total()
        before = after
        if not killed:
            break

        result.seconds.append(seconds)
        result.journaled.append(before.total())

    report = Child(port, "last", job, journal).report()
    _check_sent(_sent(server, "last"), wanted - before, exactly=True)
    _check_end(report, job, before, wanted, journaled(journal))
    _check_interrupted(report.interrupted, result, job)
    result.sent_again = _all_sent(server) - job.count
    return result


def journaled(journal: Path) -> Counter[int]:
    """
    Return how often each item is in the whole lines of a journal.

    Raises:
        BrokenPromiseError: a line is there twice.
    """
    found = Counter[int]()
    keys = set[Key]()
    if not journal.exists():
        return found

    # What follows the last line feed is a torn line, or nothing.
    for line in journal.read_bytes().split(b"\n")[1:-1]:
        entry = json.loads(line)
        if "fingerprint" not in entry:  # a note that an item was sent
            continue

        key: Key = (entry["fingerprint"], entry["occurrence"])
        if key in keys:
            raise BrokenPromiseError(f"{key} is in the journal twice")

        keys.add(key)
        said = _ITEM.search(entry["answer"]["choices"][0]["text"])
        assert said is not None
        found[int(said[1])] += 1

    return found


def _check_sent(
    sent: Counter[int], missing: Counter[int], exactly: bool = False
) -> None:
    if again := sent - missing:
        raise BrokenPromiseError(f"sent although in the journal: {_shown(again)}")

    if exactly and (lacking := missing - sent):
        raise BrokenPromiseError(f"not sent although missing: {_shown(lacking)}")


def _check_end(
    report: Report,
    job: Job,
    before: Counter[int],
    wanted: Counter[int],
    found: Counter[int],
) -> None:
    if found != wanted:
        raise BrokenPromiseError(
            f"the journal lacks {_shown(wanted - found)},"
            f" and has too many of {_shown(found - wanted)}"
        )

    complete = {
        "outcomes": job.count,
        "indexes": job.count,
        "wrong": 0,
        "replayed": before.total(),
    }
    said = {name: getattr(report, name) for name in complete}
    if said != complete:
        raise BrokenPromiseError(f"the last run said {said}, not {complete}")


def _check_interrupted(said: int, result: Round, job: Job) -> None:
    """Each kill interrupts so many items as were in flight, and none is forgotten."""
    most = len(result.seconds) * job.in_flight
    if not result.owed <= said <= most:
        raise BrokenPromiseError(
            f"{said} interrupted items, not from {result.owed} to {most}"
        )


def _shown(found: Counter[int]) -> str:
    first = ", ".join(f"item {item}" for item in sorted(found)[:_SHOWN])
    return f"{found.total()} ({first}...)"


def _ledger(server: Process) -> Ledger:
    return msgspec.json.decode(server.ask("read"), type=Ledger)


def _sent(server: Process, run: str) -> Counter[int]:
    return Counter(_ledger(server).runs.get(run, Counts()).sent)


def _all_sent(server: Process) -> int:
    return sum(sum(run.sent.values()) for run in _ledger(server).runs.values())
