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
from importlib.util import find_spec
from pathlib import Path

# Of a script only its own folder is on the path.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.machine import cores, description, versions
from benchmarks.processes import Process, Worker, measure_import
from benchmarks.report import Row, as_json, table, target_table, verdicts
from benchmarks.workloads import IMPORT, OPENAI, OURS, STACK, WORKLOADS, Workload

_WARM_UP = 0.3  # of a measurement's CPU seconds


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and return the exit status."""
    options = _parser().parse_args(arguments)
    names = options.workloads or [*(each.name for each in WORKLOADS), IMPORT]
    machine = description()
    rows = list(_rows(names, options.rounds, options.seconds, options.others))
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
        "--others", action="store_true", help="measure installed other clients, too"
    )
    parser.add_argument(
        "--check", action="store_true", help="exit with 1 when a target is missed"
    )
    parser.add_argument("--json", type=Path, metavar="PATH", help="write all results")
    return parser


def _rows(
    names: Sequence[str], rounds: int, seconds: float, others: bool
) -> Iterator[Row]:
    server_core, client_core = cores()
    by_name = {each.name: each for each in WORKLOADS}
    with Process("server", core=server_core) as server:
        port = server.ask().strip()
        for name in names:
            print(f"measuring {name}", file=sys.stderr)
            if name == IMPORT:
                yield _import_row(rounds)
                continue

            workload = by_name[name]
            with ExitStack() as stack:
                workers = {
                    client: stack.enter_context(
                        Worker(client, workload, port, client_core)
                    )
                    for client in _clients(workload, others)
                }
                yield _row(workload, workers, rounds, seconds)


def _clients(workload: Workload, others: bool) -> list[str]:
    with_openai = others and find_spec("openai") is not None
    return [name for name in workload.clients if name != OPENAI or with_openai]


def _row(
    workload: Workload, workers: Mapping[str, Worker], rounds: int, seconds: float
) -> Row:
    for worker in workers.values():
        worker.measure(seconds * _WARM_UP)

    measured = _alternate(
        {name: _measuring(worker, seconds) for name, worker in workers.items()}, rounds
    )
    return Row(
        name=workload.name, title=workload.title, unit=workload.unit, rounds=measured
    )


def _measuring(worker: Worker, seconds: float) -> Callable[[], Mapping[str, float]]:
    return lambda: worker.measure(seconds)


def _import_row(rounds: int) -> Row:
    modules = {OURS: "openrouter_async", STACK: STACK}
    for each in modules.values():
        measure_import(each)  # compiles what is not compiled yet

    # Short, and so many more of them.
    measured = _alternate(
        {name: _importing(each) for name, each in modules.items()}, rounds * 3
    )
    return Row(name=IMPORT, title="import", unit="import", rounds=measured)


def _importing(modules: str) -> Callable[[], Mapping[str, float]]:
    return lambda: measure_import(modules)


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
