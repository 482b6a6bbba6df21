"""
Measure what `map` costs on top of `create`: CPU per item, memory of many items.

Run it as `python benchmarks/map_cost.py`; see the README beside it.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median

# Of a script only its own folder is on the path.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.machine import cores, description, versions
from benchmarks.memory import MIB
from benchmarks.processes import Process
from benchmarks.report import MICRO, Measured

_MOST_CPU = 30.0  # microseconds per item
_MOST_GROWTH = 20.0  # MiB


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and return the exit status."""
    options = _parser().parse_args(arguments)
    machine = description()
    rounds = [_round(options) for _ in range(options.rounds)]
    costs = [_cpu(ours) - _cpu(bare) for ours, bare in rounds]
    cost = median(costs)
    print(
        f"CPU per item, {options.in_flight} in flight, median of {len(rounds)} rounds:"
        f" create {median(_cpu(bare) for _, bare in rounds):.1f} us,"
        f" map {median(_cpu(ours) for ours, _ in rounds):.1f} us;"
        f" map adds {cost:.1f} us ({min(costs):.1f} to {max(costs):.1f}),"
        f" target {_MOST_CPU:g}: {_word(cost <= _MOST_CPU)}",
        flush=True,
    )
    results: dict[str, object] = {
        "machine": machine,
        "versions": versions(),
        "rounds": [{"map": ours, "create": bare} for ours, bare in rounds],
        "cpu_us_per_item": cost,
    }
    reached = cost <= _MOST_CPU
    if options.lazy:
        measured = _once("map", options.lazy, options.in_flight)
        growth = (measured["peak_after"] - measured["peak_before"]) / MIB
        print(
            f"peak memory over {options.lazy:,} lazy items: {growth:+.1f} MiB in"
            f" {measured['wall']:.0f} s, target {_MOST_GROWTH:g}:"
            f" {_word(growth <= _MOST_GROWTH)}"
        )
        results |= {"lazy": measured, "growth_mib": growth}
        reached = reached and growth <= _MOST_GROWTH

    if options.json:
        options.json.write_text(f"{json.dumps(results, indent=1)}\n", encoding="utf-8")

    return 1 if options.check and not reached else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="of CPU time (5)")
    parser.add_argument(
        "--items", type=int, default=20_000, help="per round and way (20,000)"
    )
    parser.add_argument(
        "--in-flight", type=int, default=64, help="items at a time (64)"
    )
    parser.add_argument(
        "--lazy",
        type=int,
        default=1_000_000,
        help="items over which memory is measured (1,000,000); 0 for none",
    )
    parser.add_argument("--json", type=Path, metavar="PATH", help="write all results")
    parser.add_argument(
        "--check", action="store_true", help="exit with 1 when a target is missed"
    )
    return parser


def _round(options: argparse.Namespace) -> tuple[Measured, Measured]:
    return (
        _once("map", options.items, options.in_flight),
        _once("create", options.items, options.in_flight),
    )


def _once(way: str, items: int, in_flight: int) -> Measured:
    """Measure in new processes: one keeps its speed for as long as it lives."""
    server_core, client_core = cores()
    with Process("limited_server", ("at-once",), server_core) as server:
        port = server.ask().strip()
        arguments = (way, port, str(items), str(in_flight))
        with Process("map_cost_worker", arguments, client_core) as worker:
            measured: dict[str, float] = json.loads(worker.ask())
            return measured


def _cpu(measured: Measured) -> float:
    return measured["cpu"] / measured["units"] * MICRO


def _word(reached: bool) -> str:
    return "reached" if reached else "NOT REACHED"


if __name__ == "__main__":
    sys.exit(main())
