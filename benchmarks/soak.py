"""
Make 100,000 calls through a seeded mix of faults, and see what is left of them.

Run it as `python benchmarks/soak.py`; see the README beside it.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import random
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from time import perf_counter

# Of a script only its own folder is on the path.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.machine import cores, description, pin, raise_descriptor_limit
from benchmarks.memory import MIB, resident
from benchmarks.processes import Process
from benchmarks.soak_calls import Caller

_CALLS = 100_000
_WORKERS = 64
_LOOKS = 100  # at memory, over the whole soak
_WARM = 10  # of these looks
_AT_AN_END = 10  # looks that are compared, after the warm-up and at the end
_MOST_GROWTH = 0.05


@dataclass(slots=True)
class Soak:
    """
    Collect what a soak finds.

    Attributes:
        calls: how many there are to be.
        ends: how many ended in which way.
        looks: resident bytes, at equal distances.
        descriptors: before the first call, and after the client was closed.
        tasks: that were left besides that of the soak.
    """

    calls: int
    ends: Counter[str] = field(default_factory=Counter[str])
    looks: list[int] = field(default_factory=list[int])
    descriptors: tuple[int, int] = (0, 0)
    tasks: int = 0

    @property
    def growth(self) -> float:
        """The share by which memory has grown since the warm-up."""
        warm = self.looks[_WARM : _WARM + _AT_AN_END]
        return median(self.looks[-_AT_AN_END:]) / median(warm) - 1

    @property
    def problems(self) -> list[str]:
        """What should not be."""
        before, after = self.descriptors
        found = {
            f"{self.ends['crossed']} answers of other requests": self.ends["crossed"],
            f"{self.calls - self.ends.total()} calls without an end": (
                self.ends.total() != self.calls
            ),
            f"memory grew by {self.growth:.1%}": self.growth > _MOST_GROWTH,
            f"{after - before:+} descriptors": after != before,
            f"{self.tasks} tasks were left": self.tasks,
        }
        return [problem for problem, is_there in found.items() if is_there]


async def soak(port: str, seed: int, calls: int) -> Soak:
    """Make the calls, and close the client."""
    found = Soak(calls)
    before = _descriptors()
    async with Caller(f"http://127.0.0.1:{port}/api/v1", seed) as caller:
        numbers = iter(range(calls))

        async def work() -> None:
            for number in numbers:
                found.ends[await caller.call(number)] += 1
                if found.ends.total() % max(1, calls // _LOOKS) == 0:
                    gc.collect()
                    found.looks.append(resident())

        await asyncio.gather(*(work() for _ in range(_WORKERS)))

    for _ in range(10):
        await asyncio.sleep(0.05)  # sockets close in their own time

    gc.collect()
    found.descriptors = before, _descriptors()
    found.tasks = len(asyncio.all_tasks()) - 1
    return found


def _descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def main(arguments: Sequence[str] | None = None) -> int:
    """Soak, print, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=_CALLS, help=f"{_CALLS:,}")
    parser.add_argument("--seed", type=int, help="of faults and calls; any")
    options = parser.parse_args(arguments)
    seed: int = random.randrange(2**32) if options.seed is None else options.seed
    server_core, own_core = cores()
    raise_descriptor_limit()
    pin(own_core)
    machine = description()
    print(f"{machine['cpu']}, {machine['cores']} cores; seed {seed}", flush=True)
    with Process("soak_server", (str(seed),), server_core) as server:
        began = perf_counter()
        found = asyncio.run(soak(server.ask().strip(), seed, options.calls))
        seconds = perf_counter() - began

    for end, count in found.ends.most_common():
        print(f"{count:>9,}  {end}")

    warm = median(found.looks[_WARM : _WARM + _AT_AN_END]) / MIB
    print(
        f"{found.calls:,} calls in {seconds:.0f} s; {warm:.1f} MiB after the warm-up,"
        f" {found.growth:+.1%} at the end; {found.descriptors[0]} descriptors before,"
        f" {found.descriptors[1]} after"
    )
    for problem in found.problems:
        print(f"PROBLEM: {problem}")

    return 1 if found.problems else 0


if __name__ == "__main__":
    sys.exit(main())
