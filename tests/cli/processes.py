"""The command line as processes of its own: in pipes and in a terminal."""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import signal
import sys
import termios
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from openrouter_async.testing import Simulator

COMMAND = (sys.executable, "-m", "openrouter_async")


@dataclass(frozen=True, slots=True)
class Ended:
    """What is left of a process."""

    code: int | None
    stdout: str
    stderr: str


def environment(simulator: Simulator | None = None, **more: str) -> dict[str, str]:
    """Return the environment of a command that uses a simulator."""
    settings = {"COLUMNS": "80", "PYTHONIOENCODING": "utf-8", **more}
    if simulator is not None:
        settings["OPENROUTER_API_KEY"] = simulator.api_key
        settings["OPENROUTER_BASE_URL"] = simulator.base_url

    return {**os.environ, **settings}


def _hear_ctrl_c() -> None:
    """Undo in a child what a shell does to background jobs: they ignore SIGINT."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@asynccontextmanager
async def started(
    *arguments: str, env: dict[str, str] | None = None, stdout: int = PIPE
) -> AsyncGenerator[Process]:
    """Start a command with pipes, and see to it that it ends."""
    process = await asyncio.create_subprocess_exec(
        *(*COMMAND, *arguments),
        stdin=PIPE,
        stdout=stdout,
        stderr=PIPE,
        env=env,
        preexec_fn=_hear_ctrl_c,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()

        await process.communicate()


async def run(
    *arguments: str, env: dict[str, str] | None = None, stdin: bytes = b""
) -> Ended:
    """Run a command with pipes to its end."""
    async with started(*arguments, env=env) as process:
        return await ended(process, stdin)


async def ended(process: Process, stdin: bytes = b"") -> Ended:
    """Wait for the end of a process."""
    stdout, stderr = await process.communicate(stdin if process.stdin else None)
    return Ended(process.returncode, (stdout or b"").decode(), stderr.decode())


async def interrupt(process: Process) -> int:
    """
    Press Ctrl-C, and again if need be, until a process ends.

    Python notices the signal only in the call that it interrupts; one that arrives
    just before a read blocks would wait for the input. The time between is for an
    orderly exit: a signal in the middle of it would kill the process.
    """
    for _ in range(5):
        process.send_signal(signal.SIGINT)
        with suppress(TimeoutError):
            return await asyncio.wait_for(process.wait(), 2)

    message = "Ctrl-C does not end it"
    raise AssertionError(message)


def _own_terminal() -> None:
    """Let a child be the one that a terminal's Ctrl-C reaches."""
    _hear_ctrl_c()
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class Terminal:
    """A pseudo-terminal of 80 columns with a command in it."""

    def __init__(self, process: Process, descriptor: int) -> None:
        self.process = process
        self.shown = ""
        self._descriptor = descriptor

    async def until(self, text: str) -> None:
        """Read until a text was shown."""
        while text not in self.shown:
            if not await self._read():
                message = f"{text!r} was not shown: {self.shown!r}"
                raise AssertionError(message)

    async def end(self) -> int:
        """Read all there is, and return the exit code."""
        while await self._read():
            pass

        return await self.process.wait()

    def type(self, text: str) -> None:
        """Type into the terminal."""
        os.write(self._descriptor, text.encode())

    async def _read(self) -> bool:
        try:
            data = await asyncio.to_thread(os.read, self._descriptor, 4096)
        except OSError:  # the other end is closed
            return False

        self.shown += data.decode(errors="replace")
        return bool(data)


@asynccontextmanager
async def terminal(
    *arguments: str, env: dict[str, str] | None = None
) -> AsyncGenerator[Terminal]:
    """Start a command in a terminal, and see to it that it ends."""
    ours, theirs = pty.openpty()
    try:
        process = await asyncio.create_subprocess_exec(
            *(*COMMAND, *arguments),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=env,
            preexec_fn=_own_terminal,
        )
    finally:
        os.close(theirs)

    try:
        yield Terminal(process, ours)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()

        os.close(ours)
