"""
A process that maps over prompts with a journal, and may be killed at any moment.

It says `ready`, begins when a line comes on standard input, and prints a report as a
line of JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Iterator
from contextlib import suppress
from time import monotonic

import msgspec

from benchmarks.fan_out_tally import prompts
from benchmarks.machine import pin
from benchmarks.memory import peak
from benchmarks.payloads import KEY, MODEL
from openrouter_async import OpenRouter

_TICK = 0.002  # seconds between two looks at the event loop


class Report(msgspec.Struct, kw_only=True):
    """
    Say how a run went.

    Attributes:
        outcomes: that were yielded.
        indexes: different ones among them.
        wrong: outcomes with an error, or with another prompt's answer.
        replayed: outcomes from the journal.
        interrupted: items that may be billed again, as the run says.
        seconds: of the run.
        peak: of memory, in bytes.
        lags: of the event loop, in seconds, one for each look.
    """

    outcomes: int = 0
    indexes: int = 0
    wrong: int = 0
    replayed: int = 0
    interrupted: int = 0
    seconds: float = 0.0
    peak: int = 0
    lags: list[float] = []


def items(count: int, distinct: int) -> Iterator[int]:
    """Yield so many items; those beyond the distinct ones come again."""
    return (number % distinct for number in range(count))


async def work(args: argparse.Namespace) -> Report:
    """Map over the prompts."""
    report = Report()
    watcher = asyncio.create_task(_watch(report.lags))
    seen = bytearray(args.count)
    began = monotonic()
    async with (
        OpenRouter(
            KEY,
            base_url=f"http://127.0.0.1:{args.port}/api/v1",
            headers={"X-Run": args.run},
        ) as client,
        client.completions.map(
            prompts(items(args.count, args.distinct)),
            model=MODEL,
            max_in_flight=args.in_flight,
            journal=args.journal,
        ) as outcomes,
    ):
        async for outcome in outcomes:
            report.outcomes += 1
            seen[outcome.index] = 1
            report.replayed += outcome.replayed
            said = f" item {outcome.index % args.distinct}."
            answered = outcome.error is None and outcome.value.text.endswith(said)
            report.wrong += not answered

    report.seconds = monotonic() - began
    report.interrupted = outcomes.statistics().interrupted
    report.indexes = sum(seen)
    watcher.cancel()
    with suppress(asyncio.CancelledError):
        await watcher

    report.peak = peak()
    return report


async def _watch(lags: list[float]) -> None:
    while True:
        before = monotonic()
        await asyncio.sleep(_TICK)
        lags.append(monotonic() - before - _TICK)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int, help="of the server")
    parser.add_argument("run", help="name of this run, for the server's ledger")
    parser.add_argument("count", type=int, help="of prompts")
    parser.add_argument("distinct", type=int, help="prompts among them")
    parser.add_argument("in_flight", type=int, help="prompts at a time")
    parser.add_argument("--journal", help="path; none without it")
    parser.add_argument("--core", type=int, help="the core to run on")
    return parser


if __name__ == "__main__":
    arguments = _parser().parse_args()
    pin(arguments.core)
    print("ready", flush=True)
    sys.stdin.readline()
    print(msgspec.json.encode(asyncio.run(work(arguments))).decode(), flush=True)
