"""
Measure the CPU time of plain calls, streamed chunks and the import.

Run it as `python benchmarks/core.py`; see the README beside it.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

# Of a script only its own folder is on the path.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.machine import cores, description, versions
from benchmarks.processes import Process, Worker, measure_import
from benchmarks.report import Row, as_json, table, target_table, verdicts
from benchmarks.workloads import IMPORT, OURS, STACK, WORKLOADS, Workload

_WARM_UP = 0.3  # of a measurement's CPU seconds


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and return the exit status."""
    options = _parser().parse_args(arguments)
    names = options.workloads or [*(each.name for each in WORKLOADS), IMPORT]
    machine = description()
    rows = list(_rows(names, options.rounds, options.seconds))
    found = verdicts(rows)
    print(
        f"{machine['cpu']}, {machine['cores']} cores, {machine['system']},"
        f" load {machine['load_before']:.1f} before;"
        f" median of {options.rounds} rounds of {options.seconds:g} CPU seconds;",
        ", ".join(f"{name} {version}" for name, version in versions().items()),
        f"\n\n{table(rows)}\n\n{target_table(found)}",
    )
    if options.json:
        results = json.dumps(as_json(rows, machine, versions()), indent=1)
        options.json.write_text(f"{results}\n", encoding="utf-8")

    reached = all(verdict.reached for verdict in found)
    return 1 if options.check and not reached else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    names = [*(each.name for each in WORKLOADS), IMPORT]
    parser.add_argument(
        "workloads", nargs="*", metavar="WORKLOAD", help=f"of {', '.join(names)}; all"
    )
    parser.add_argument("--rounds", type=int, default=5, help="per client (5)")
    parser.add_argument(
        "--seconds", type=float, default=1.0, help="of CPU per measurement (1)"
    )
    parser.add_argument(
        "--check", action="store_true", help="exit with 1 when a target is missed"
    )
    parser.add_argument("--json", type=Path, metavar="PATH", help="write all results")
    return parser


def _rows(names: Sequence[str], rounds: int, seconds: float) -> Iterator[Row]:
    by_name = {each.name: each for each in WORKLOADS}
    for name in names:
        print(f"measuring {name}", file=sys.stderr)
        if name == IMPORT:
            yield _import_row(rounds)
        else:
            yield _row(by_name[name], rounds, seconds)


def _row(workload: Workload, rounds: int, seconds: float) -> Row:
    server_core, client_core = cores()
    if workload.one_core:
        server_core = client_core

    with ExitStack() as stack:
        server = stack.enter_context(Process("server", core=server_core))
        port = server.ask().strip()
        once = partial(_once, workload, port, client_core, seconds)
        measuring: dict[str, Callable[[], Mapping[str, float]]] = {
            name: partial(once, name) for name in workload.clients
        }
        measured = _alternate(measuring, rounds)

    return Row(
        name=workload.name, title=workload.title, unit=workload.unit, rounds=measured
    )


def _once(
    workload: Workload, port: str, core: int | None, seconds: float, client: str
) -> Mapping[str, float]:
    """
    Measure a client in a process of its own, warmed up.

    A process keeps one speed for as long as it lives, and the next one can differ by
    a quarter (layout of memory and hash tables): so no process is measured twice.
    """
    with Worker(client, workload, port, core) as worker:
        worker.measure(seconds * _WARM_UP)
        return worker.measure(seconds)


def _import_row(rounds: int) -> Row:
    modules = {OURS: "openrouter_async", STACK: STACK}
    for each in modules.values():
        measure_import(each)  # compiles what is not compiled yet

    # Short, and so many more of them.
    measured = _alternate(
        {name: partial(measure_import, each) for name, each in modules.items()},
        rounds * 3,
    )
    return Row(name=IMPORT, title="import", unit="import", rounds=measured)


def _alternate(
    measure: Mapping[str, Callable[[], Mapping[str, float]]], rounds: int
) -> dict[str, list[Mapping[str, float]]]:
    """Measure the clients in turn, so that what else runs hits all of them."""
    measured: dict[str, list[Mapping[str, float]]] = {name: [] for name in measure}
    for _ in range(rounds):
        for name, once in measure.items():
            measured[name].append(once())

    return measured


if __name__ == "__main__":
    sys.exit(main())
