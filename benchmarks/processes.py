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

from benchmarks.workloads import Workload

ROOT = Path(__file__).resolve().parents[1]

_TIMED_IMPORT = """
from time import perf_counter, process_time
wall, cpu = perf_counter(), process_time()
import {}
print(process_time() - cpu, perf_counter() - wall)
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
        self._child = subprocess.Popen(
            [sys.executable, "-m", f"benchmarks.{module}", *arguments, *pinned],
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
            raise RuntimeError(f"{self._child.args!r} ended")

        return answer


class Worker(Process):
    """Hold one client in a process."""

    def __init__(
        self, client: str, workload: Workload, port: str, core: int | None
    ) -> None:
        super().__init__("worker", (client, workload.name, port), core)

    def measure(self, seconds: float) -> dict[str, float]:
        """Return units, and CPU and wall time in seconds, of one measurement."""
        measured: dict[str, float] = json.loads(self.ask(str(seconds)))
        return measured


def measure_import(modules: str) -> dict[str, float]:
    """Return CPU and wall time of an import in a new interpreter, in seconds."""
    done = subprocess.run(
        [sys.executable, "-c", _TIMED_IMPORT.format(modules)],
        env=environment(),
        capture_output=True,
        check=True,
        text=True,
    )
    cpu, wall = map(float, done.stdout.split())
    return {"units": 1, "cpu": cpu, "wall": wall}


def environment() -> dict[str, str]:
    """Return an environment in which the library is that of this checkout."""
    paths = (str(ROOT), os.environ.get("PYTHONPATH", ""))
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}
