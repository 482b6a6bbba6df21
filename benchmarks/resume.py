"""
Measure a `map` with a journal: kills and resumes, memory, and lag of the event loop.

Run it as `python benchmarks/resume.py`; see the README beside it.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory

import msgspec

# Of a script only its own folder is on the path.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.machine import cores, description, versions
from benchmarks.processes import Process
from benchmarks.resume_rounds import BrokenPromiseError, Job, Round, play_round
from benchmarks.resume_worker import Report

_MOST_BYTES = 150.0  # per journaled item
_MOST_LAG = 20.0  # milliseconds, 99th percentile
_COUNT, _DISTINCT, _KILLS = 3_000, 2_400, 3
_LAG_COUNT = 20_000
_IN_FLIGHT = 64


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and return the exit status."""
    options = _parser().parse_args(arguments)
    seed = random.randrange(2**32) if options.seed is None else options.seed
    results: dict[str, object] = {
        "machine": description(),
        "versions": versions(),
        "seed": seed,
    }
    verdicts = list[bool]()
    with TemporaryDirectory() as name:
        folder = Path(name)
        if options.rounds:
            verdicts.append(_kill(options.rounds, seed, folder, results))

        if options.items:
            verdicts.append(_weigh(options.items, folder, results))

        if options.lag:
            verdicts.append(_watch(options.lag, folder, results))

    if options.json:
        options.json.write_text(f"{json.dumps(results, indent=1)}\n", encoding="utf-8")

    return 1 if options.check and not all(verdicts) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=100, help="of kills (100)")
    parser.add_argument("--seed", type=int, help="of the moments; any")
    parser.add_argument(
        "--items",
        type=int,
        default=100_000,
        help="over which memory is measured (100,000); 0 for none",
    )
    parser.add_argument(
        "--lag",
        type=int,
        default=_LAG_COUNT,
        help=f"items over which lag is measured ({_LAG_COUNT:,}); 0 for none",
    )
    parser.add_argument("--json", type=Path, metavar="PATH", help="write all results")
    parser.add_argument(
        "--check", action="store_true", help="exit with 1 when a target is missed"
    )
    return parser


def _kill(rounds: int, seed: int, folder: Path, results: dict[str, object]) -> bool:
    dice = random.Random(seed)
    played = list[Round]()
    broken = list[str]()
    with _server("brisk") as (server, port):
        alone = _run(port, _COUNT, _DISTINCT, folder / "alone.jsonl")
        job = Job(
            count=_COUNT,
            distinct=_DISTINCT,
            in_flight=_IN_FLIGHT,
            kills=_KILLS,
            seconds=alone.seconds,
        )
        for number in range(rounds):
            server.ask("reset")
            journal = folder / f"{number}.jsonl"
            try:
                played.append(play_round(server, port, job, journal, dice))
            except BrokenPromiseError as error:
                broken.append(f"round {number}: {error}")
                print(broken[-1], flush=True)

    kills = [done for each in played for done in each.journaled]
    again = sum(each.sent_again for each in played)
    print(
        f"{rounds} rounds of SIGKILL and resume, seed {seed}: {len(kills)} kills at"
        f" {min(kills, default=0):,} to {max(kills, default=0):,} of {_COUNT:,} items"
        f" in the journal; {again:,} items that were in flight were sent again, none"
        f" that was in the journal; every item is there once: {_word(not broken)}",
        flush=True,
    )
    results |= {"rounds": [asdict(each) for each in played], "broken": broken}
    return not broken


def _weigh(count: int, folder: Path, results: dict[str, object]) -> bool:
    """Compare the memory of runs with a journal with that of one without."""
    journal = folder / "memory.jsonl"
    ways = {"without": None, "written": journal, "replayed": journal}
    with _server("at-once") as (_, port):
        peaks = {
            name: _run(port, count, count, path).peak for name, path in ways.items()
        }

    written, replayed = (
        (peaks[name] - peaks["without"]) / count for name in ("written", "replayed")
    )
    reached = max(written, replayed) <= _MOST_BYTES
    print(
        f"peak memory per journaled item, over {count:,}: {written:+.0f} bytes when"
        f" written, {replayed:+.0f} when replayed, target {_MOST_BYTES:g}:"
        f" {_word(reached)}",
        flush=True,
    )
    results["memory"] = peaks | {"items": count}
    return reached


def _watch(count: int, folder: Path, results: dict[str, object]) -> bool:
    """Measure the lag of runs without a journal, with one, and from one."""
    journal = folder / "lag.jsonl"
    lags = dict[str, float]()
    ways = {"without": None, "with": journal, "replayed": journal}
    with _server("steady") as (_, port):
        for name, path in ways.items():
            found = _run(port, count, count, path).lags
            lags[name] = quantiles(found, n=100, method="inclusive")[-1] * 1000
            lags[f"{name}, most"] = max(found) * 1000

    reached = lags["with"] <= _MOST_LAG
    shown = "; ".join(
        f"{name} {lags[name]:.1f} ms (most {lags[f'{name}, most']:.1f})"
        for name in ("without", "with", "replayed")
    )
    print(
        f"lag of the event loop, 99th percentile, {_IN_FLIGHT} in flight, by journal:"
        f" {shown}; target {_MOST_LAG:g} with one: {_word(reached)}"
    )
    results["lag_ms"] = lags
    return reached


@contextmanager
def _server(shape: str) -> Generator[tuple[Process, str], None, None]:
    """Yield a server and its port: to a journal another port is another API."""
    with Process("limited_server", (shape,), cores()[0]) as server:
        yield server, server.ask().strip()


def _run(port: str, count: int, distinct: int, journal: Path | None) -> Report:
    """Let a run end by itself, in a new process."""
    numbers = (str(count), str(distinct), str(_IN_FLIGHT))
    kept = ("--journal", str(journal)) if journal else ()
    arguments = (port, "alone", *numbers, *kept)
    with Process("resume_worker", arguments, cores()[1]) as worker:
        worker.ask()
        report = msgspec.json.decode(worker.ask("go"), type=Report)

    if report.wrong or report.indexes != count:
        raise RuntimeError(f"{report.wrong} wrong, {report.indexes} of {count} came")

    return report


def _word(reached: bool) -> str:
    return "reached" if reached else "NOT REACHED"


if __name__ == "__main__":
    sys.exit(main())
