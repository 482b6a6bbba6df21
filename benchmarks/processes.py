"""The server and the workers, as processes of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from benchmarks.clients import KINDS
from benchmarks.payloads import CONNECTIONS
from benchmarks.workload import Case, Workload

ROOT = Path(__file__).resolve().parents[1]

_TIMED_IMPORT = """
{}
from time import perf_counter, process_time
wall, cpu = perf_counter(), process_time()
import {}
cpu, wall = process_time() - cpu, perf_counter() - wall
import json
from benchmarks.memory import peak
print(json.dumps({{"units": 1, "cpu": cpu, "wall": wall, "peak": peak()}}))
"""


class Process:
    """
    Run a module of this folder; leaving the block ends it.

    Args:
        module: its name.
        arguments: for its command line.
        core: to run on; None for any.
    """

    def __init__(
        self, module: str, arguments: Sequence[str] = (), core: int | None = None
    ) -> None:
        pinned = () if core is None else ("--core", str(core))
        self._arguments = (f"benchmarks.{module}", *arguments, *pinned)
        self._child = subprocess.Popen(
            [sys.executable, "-m", *self._arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment(),
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if exc is not None:
            self._child.kill()

        # Both end when their standard input does.
        self._child.communicate()

    def ask(self, line: str = "") -> str:
        """
        Send a line, if there is one, and return the line that comes back.

        Raises:
            RuntimeError: the process has ended; it has said why on standard error.
        """
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        if line:
            self._child.stdin.write(f"{line}\n")
            self._child.stdin.flush()

        answer = self._child.stdout.readline()
        if not answer:
            raise RuntimeError(f"{' '.join(self._arguments)} ended without an answer")

        return answer


class Server(Process):
    """Run the loopback server."""

    def __init__(self, core: int | None) -> None:
        super().__init__("server", core=core)
        self.port = self.ask().strip()


def measure_once(
    workload: Workload, case: Case, port: str, core: int | None, seconds: float
) -> dict[str, float]:
    """
    Measure a client in a process of its own, which warms it up first.

    A process keeps one speed for as long as it lives, and the next one can differ by
    a quarter (layout of memory and hash tables): so no process is measured twice.
    """
    arguments = (workload.name, case.client, str(case.size), port, str(seconds))
    with Process("worker", arguments, core) as worker:
        return _numbers(worker.ask())


def measure_first_call(client: str, port: str, core: int | None) -> dict[str, float]:
    """Return what import, client and one call cost a new interpreter."""
    kind = KINDS[client]
    place = (kind.module, kind.factory, port, "" if core is None else str(core))
    with Process("first_call", place) as worker:
        return _numbers(worker.ask())


def measure_import(client: str, core: int | None) -> dict[str, float]:
    """Return CPU and wall time, in seconds, of an import in a new interpreter."""
    pinning = "" if core is None else f"import os; os.sched_setaffinity(0, {{{core}}})"
    done = subprocess.run(
        [sys.executable, "-c", _TIMED_IMPORT.format(pinning, KINDS[client].imports)],
        env=environment(),
        capture_output=True,
        check=True,
        text=True,
    )
    return _numbers(done.stdout)


def _numbers(line: str) -> dict[str, float]:
    numbers: dict[str, float] = json.loads(line)
    return numbers


def environment() -> dict[str, str]:
    """Return an environment in which the library is that of this checkout."""
    paths = (str(ROOT), os.environ.get("PYTHONPATH", ""))
    inherited = {**os.environ}
    # Where no bytecode is kept, an import would be that of a first start for ever.
    inherited.pop("PYTHONDONTWRITEBYTECODE", None)
    return (
        inherited
        | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}
        | {
            # Its import would ask the network for prices, and 500 is its default.
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            "AIOHTTP_CONNECTOR_LIMIT_PER_HOST": str(CONNECTIONS),
        }
    )
