"""`openrouter-async chat` as a process: timing, signals, pipes, terminals."""

from __future__ import annotations

import asyncio
import os
import signal

from openrouter_async.testing import Simulator, Stall, Text
from tests.cli.processes import ended, environment, started, terminal


async def test_tokens_arrive_before_the_end(simulator: Simulator) -> None:
    """The first ones are in the pipe while the server still holds the others back."""
    release = asyncio.Event()
    simulator.script(Stall(after_tokens=3, release=release))
    async with started("chat", "Say hi", "--stream", env=environment()) as process:
        assert process.stdout is not None
        first = await process.stdout.readuntil(b"is a")
        release.set()
        done = await ended(process)

    assert first == b"Here is a"
    assert (done.code, done.stderr) == (0, "")
    assert done.stdout.startswith(" curious thought")


async def test_ctrl_c_keeps_what_came(simulator: Simulator) -> None:
    """The exit code is 130, there is no traceback, and the server is left."""
    simulator.script(Stall(after_tokens=3))
    async with started("chat", "Say hi", "--stream", env=environment()) as process:
        assert process.stdout is not None
        await process.stdout.readuntil(b"is a")
        process.send_signal(signal.SIGINT)
        done = await ended(process)

    await simulator.wait_idle()
    assert (done.code, done.stdout[-1:], done.stderr) == (130, "\n", "")
    assert [record.outcome for record in simulator.journal] == ["disconnected"]


async def test_a_closed_pipe_ends_it_quietly(simulator: Simulator) -> None:
    """The exit code is that of a program which SIGPIPE ended."""
    release = asyncio.Event()
    simulator.script(Stall(after_tokens=3, release=release))
    ours, theirs = os.pipe()
    command = ("chat", "Say hi", "--stream")
    async with started(*command, env=environment(), stdout=theirs) as process:
        os.close(theirs)
        await asyncio.to_thread(os.read, ours, 2)
        os.close(ours)
        release.set()
        done = await ended(process)

    assert (done.code, done.stderr) == (141, "")


async def test_a_terminal_gets_reasoning_dimmed_before_the_text(
    simulator: Simulator,
) -> None:
    """Both as they arrive, without control characters, and the summary last."""
    simulator.script(Text("Forty\x1b[2J two", reasoning="Six\x1b[2J times"))
    env = environment(TERM="xterm-256color")
    command = ("chat", "What is it?", "--show-reasoning")
    async with terminal(*command, env=env) as shown:
        assert await shown.end() == 0

    dimmed, text = shown.shown.split("\r\n")[:2]
    assert dimmed.replace("\x1b[2m", "").replace("\x1b[0m", "") == "Six\ufffd[2J times"
    assert dimmed.startswith("\x1b[2m")
    assert text == "Forty\ufffd[2J two"
    assert " 1 attempt, " in shown.shown
