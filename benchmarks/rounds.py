"""Workloads run in rounds in which the clients take turns."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from subprocess import CalledProcessError

from benchmarks.clients import missing
from benchmarks.machine import cores
from benchmarks.memory import SEES_RESIDENT
from benchmarks.processes import (
    Server,
    measure_first_call,
    measure_import,
    measure_once,
)
from benchmarks.results import Measured, Part
from benchmarks.workload import Case, Workload
from benchmarks.workloads import RIVALS


def play(
    workload: Workload,
    clients: Sequence[str] | None,
    *,
    rounds: int,
    seconds: float,
    quick: bool,
    run: str,
) -> Part:
    """
    Measure one workload.

    Args:
        workload: what to do.
        clients: names of those that take part; None for all.
        rounds: measurements of each.
        seconds: CPU time of a measurement.
        quick: whether with less of what takes long.
        run: of which this is a part.
    """
    wanted = [
        case
        for case in workload.cases(quick)
        if clients is None or case.client in clients
    ]
    absent = {case.client: _absent(case.client, workload) for case in wanted}
    notes = [f"{client} left out: {why}" for client, why in absent.items() if why]
    cases = [case for case in wanted if not absent[case.client]]
    rounds = 1 if workload.once else rounds
    often = rounds if quick else rounds * workload.oftener
    counts = {case: rounds if case.client in RIVALS else often for case in cases}
    measured = _measure(workload, counts, seconds, notes) if cases else {}
    return Part(run=run, workload=workload.name, rounds=measured, notes=notes)


def _absent(client: str, workload: Workload) -> str:
    """Return why a client cannot take part, or nothing."""
    if workload.way == "open" and not SEES_RESIDENT:
        return "memory in use can be seen on Linux only"

    needed = missing(client)
    return f"{', '.join(needed)} not installed" if needed else ""


def _measure(
    workload: Workload,
    counts: Mapping[Case, int],
    seconds: float,
    notes: list[str],
) -> dict[str, list[Measured]]:
    with ExitStack() as stack:
        server_core, client_core = cores()
        if workload.one_core:
            server_core = client_core

        server = stack.enter_context(Server(server_core))
        once = _once(workload, server.port, client_core, seconds)
        if workload.way == "import":
            for case in counts:
                once(case)  # compiles what is not compiled yet

        return _alternate(once, counts, notes)


def _once(
    workload: Workload, port: str, core: int | None, seconds: float
) -> Callable[[Case], Measured]:
    if workload.way == "import":
        return lambda case: measure_import(case.client, core)

    if workload.way == "first-call":
        return lambda case: measure_first_call(case.client, port, core)

    return partial(measure_once, workload, port=port, core=core, seconds=seconds)


def _alternate(
    once: Callable[[Case], Measured],
    counts: Mapping[Case, int],
    notes: list[str],
) -> dict[str, list[Measured]]:
    """Measure the cases in turn, so that what else runs hits all of them."""
    measured: dict[str, list[Measured]] = {case.name: [] for case in counts}
    for number in range(1, max(counts.values()) + 1):
        for case, count in counts.items():
            if case.name not in measured or number > count:
                continue

            if sys.stderr.isatty():
                print(f"  {number}: {case.name}", end="\033[K\r", file=sys.stderr)

            try:
                measured[case.name].append(once(case))
            except (RuntimeError, CalledProcessError) as error:
                # A rival that breaks must not end a run of half an hour.
                if case.client not in RIVALS:
                    raise

                del measured[case.name]
                notes.append(f"{case.name} left out: round {number} failed, {error}")

    return measured
