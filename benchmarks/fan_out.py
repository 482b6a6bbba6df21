"""
Measure how a fan-out of many prompts does against limits that it does not know.

Run it as `python benchmarks/fan_out.py`; see the README beside it.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import msgspec

# Of a script only its own folder is on the path.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.fan_out_clients import CREATE, MAP
from benchmarks.fan_out_plot import plot
from benchmarks.fan_out_report import HEAD, Result, as_json, row
from benchmarks.fan_out_rivals import (
    BATCH,
    OPENAI,
    RETRY,
    RIVALS,
    TOLD,
    TOLD_RATE,
    is_installed,
)
from benchmarks.fan_out_shapes import CUTOFF, SHAPES, Shape
from benchmarks.fan_out_tally import Tally
from benchmarks.ledger import Ledger
from benchmarks.machine import cores, description, versions
from benchmarks.processes import Process

_PATIENCE = 3.0  # times the ideal


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and return the exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    by_name = {each.name: each for each in SHAPES}
    if unknown := set(options.shapes) - set(by_name):
        parser.error(f"no such shape: {', '.join(sorted(unknown))}")

    shapes = [by_name[name] for name in options.shapes or by_name]
    machine = description()
    found = dict(_versions())
    print(
        f"{machine['cpu']}, {machine['cores']} cores, {machine['system']},"
        f" load {machine['load_before']:.1f} before;",
        ", ".join(f"{name} {number}" for name, number in found.items()),
        f"\n\n{HEAD}",
        flush=True,
    )
    results = list[Result]()
    for each in _results(shapes, options.rivals, options.prompts):
        results.append(each)
        print(row(each), flush=True)

    if options.json:
        text = json.dumps(as_json(results, machine, found), indent=1)
        options.json.write_text(f"{text}\n", encoding="utf-8")

    if options.plot:
        plot([each for each in results if each.judged], options.plot)

    missed = any(each.judged and each.missed for each in results)
    return 1 if options.check and missed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "shapes",
        nargs="*",
        metavar="SHAPE",
        help=f"of {', '.join(each.name for each in SHAPES)}; all",
    )
    parser.add_argument(
        "--rivals",
        action="store_true",
        help=f"other clients too, where planned, each for {CUTOFF:g} s at most",
    )
    parser.add_argument(
        "--prompts", type=int, help="other than planned, for a quick look"
    )
    parser.add_argument(
        "--check", action="store_true", help="exit with 1 when a target is missed"
    )
    parser.add_argument("--json", type=Path, metavar="PATH", help="write all results")
    parser.add_argument(
        "--plot", type=Path, metavar="PATH", help="draw rates over time, as SVG"
    )
    return parser


def _results(
    shapes: Sequence[Shape], rivals: bool, prompts: int | None
) -> Iterator[Result]:
    for shape in shapes:
        for client in (MAP, *(_others(shape) if rivals else ())):
            if client in RIVALS and not is_installed(client):
                print(f"left out: {client} is not installed", file=sys.stderr)
                continue

            print(f"measuring {shape.name}: {client}", file=sys.stderr)
            yield measure(shape, client, prompts or shape.prompts)


def _others(shape: Shape) -> Iterator[str]:
    if not shape.rivals:
        return

    yield CREATE
    # To be told more than there is helps nobody.
    told = shape.limit().rate(0.0, shape.latency) >= TOLD_RATE
    yield from (name for name in RIVALS if told or name != TOLD)


def measure(shape: Shape, client: str, prompts: int) -> Result:
    """Let one client answer all prompts, in new processes."""
    server_core, client_core = cores()
    share = prompts // shape.processes
    # What hangs must not hang the measurement.
    patience = _PATIENCE * shape.limit().ideal(prompts, shape.latency)
    cutoff = max(CUTOFF, patience) if client == MAP else CUTOFF
    with ExitStack() as stack:
        server = stack.enter_context(
            Process("limited_server", (shape.name,), server_core)
        )
        port = server.ask().strip()
        workers = [
            stack.enter_context(
                Process(
                    "fan_out_worker",
                    (client, port, str(number * share), str(share), str(cutoff)),
                    client_core,
                )
            )
            for number in range(shape.processes)
        ]
        for worker in workers:
            worker.ask()

        with ThreadPoolExecutor(len(workers)) as threads:
            lines = list(threads.map(_go, workers))

        ledger = msgspec.json.decode(server.ask("read"), type=Ledger)

    return Result(
        shape=shape,
        client=client,
        prompts=share * shape.processes,
        tallies=[msgspec.json.decode(line, type=Tally) for line in lines],
        ledger=ledger,
        judged=client == MAP,
    )


def _go(worker: Process) -> str:
    return worker.ask("go")


def _versions() -> Iterator[tuple[str, str]]:
    yield from versions().items()
    for name in (OPENAI, RETRY, BATCH):
        try:
            yield name, version(name)
        except PackageNotFoundError:
            continue


if __name__ == "__main__":
    sys.exit(main())
