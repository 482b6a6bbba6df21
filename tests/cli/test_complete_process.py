"""`openrouter-async complete` as a process: timing, signals, pipes, terminals."""

from __future__ import annotations

import asyncio
import os
import signal
import sys

import pytest

from openrouter_async import __version__
from openrouter_async.testing import Fail, Simulator, Stall, Text
from tests.cli.processes import ended, environment, interrupt, run, started, terminal

WITHOUT = """
import sys
sys.modules[{name!r}] = None
from openrouter_async.cli import main
main()
"""


async def test_tokens_arrive_before_the_end(simulator: Simulator) -> None:
    """The first ones are in the pipe while the server still holds the others back."""
    release = asyncio.Event()
    simulator.script(Stall(after_tokens=3, release=release))
    async with started("complete", "Say hi", "--stream", env=environment()) as process:
        assert process.stdout is not None
        first = await process.stdout.readuntil(b"question about")
        release.set()
        done = await ended(process)

    assert first == b" A question about"
    assert (done.code, done.stderr) == (0, "")
    assert done.stdout.endswith(".\n")


@pytest.mark.parametrize("arguments", [["--stream"], ["--stream", "--json"]])
async def test_ctrl_c_keeps_what_came(
    simulator: Simulator, arguments: list[str]
) -> None:
    """The exit code is 130, there is no traceback, and the server is left."""
    simulator.script(Stall(after_tokens=3))
    command = ("complete", "Say hi", *arguments)
    async with started(*command, env=environment()) as process:
        assert process.stdout is not None
        first = await process.stdout.readuntil(b"about")
        process.send_signal(signal.SIGINT)
        done = await ended(process)

    await simulator.wait_idle()
    assert b"question" in first
    assert (done.code, done.stdout[-1:], done.stderr) == (130, "\n", "")
    assert [record.outcome for record in simulator.journal] == ["disconnected"]


async def test_ctrl_c_while_the_prompt_is_read(simulator: Simulator) -> None:
    """Nothing is sent."""
    async with started("complete", "-", "-v", env=environment()) as process:
        assert process.stdin is not None
        # More than a pipe holds: once it is taken, the command is reading.
        process.stdin.write(b"x" * 1_000_000)
        await process.stdin.drain()
        code = await interrupt(process)
        done = await ended(process)

    assert (code, done.stdout, done.stderr) == (130, "", "")
    assert simulator.journal == []


async def test_a_closed_pipe_ends_it_quietly(simulator: Simulator) -> None:
    """The exit code is that of a program which SIGPIPE ended."""
    release = asyncio.Event()
    simulator.script(Stall(after_tokens=3, release=release))
    ours, theirs = os.pipe()
    command = ("complete", "Say hi", "--stream")
    async with started(*command, env=environment(), stdout=theirs) as process:
        os.close(theirs)
        first = await asyncio.to_thread(os.read, ours, 2)
        os.close(ours)
        release.set()
        done = await ended(process)

    assert (first, done.code, done.stderr) == (b" A", 141, "")


async def test_a_pipe_that_cannot_hold_the_text_gets_question_marks(
    simulator: Simulator,
) -> None:
    """An encoding without the characters of an answer is no reason to fail."""
    simulator.script(Text("Café ✓"))
    env = environment(PYTHONIOENCODING="latin-1", PYTHONUTF8="0")
    async with started("complete", "Say hi", env=env) as process:
        assert process.stdout is not None
        text = await process.stdout.read()

    assert text == "Café ?\n".encode("latin-1")


async def test_a_terminal_gets_a_stream_and_a_summary(simulator: Simulator) -> None:
    """Tokens appear as they arrive, what the answer took follows in dim."""
    release = asyncio.Event()
    simulator.script(Stall(after_tokens=3, release=release))
    env = environment(TERM="xterm-256color")
    async with terminal("complete", "Say hi", env=env) as shown:
        await shown.until("question about")
        before = shown.shown
        release.set()
        assert await shown.end() == 0

    assert before == " A question about"
    assert "\r\n\x1b[2m2 + " in shown.shown
    assert " 1 attempt, " in shown.shown


async def test_a_terminal_gets_no_control_characters_of_a_model(
    simulator: Simulator,
) -> None:
    """An answer cannot clear the screen or retitle the window."""
    simulator.script(Text("a\x1b[2J\x9b0mb\tc"))
    env = environment(TERM="dumb")
    async with terminal("complete", "Say hi", env=env) as shown:
        assert await shown.end() == 0

    assert shown.shown.startswith("a\ufffd[2J\ufffd0mb")
    assert "\x1b" not in shown.shown


@pytest.mark.parametrize(
    ("more", "line"),
    [
        ({}, "\x1b[1;31merror: \x1b[0m"),
        ({"NO_COLOR": "1"}, "\x1b[1merror: \x1b[0m"),
        ({"TERM": "dumb"}, "error: "),
    ],
    ids=["colour", "no colour", "dumb"],
)
async def test_an_error_is_red_where_a_terminal_can_show_it(
    simulator: Simulator, more: dict[str, str], line: str
) -> None:
    """NO_COLOR takes the colour away, a dumb terminal gets plain text."""
    simulator.script(Fail(400, "No such thing"))
    env = environment() | {"TERM": "xterm-256color"} | more
    async with terminal("complete", "Say hi", env=env) as shown:
        assert await shown.end() == 1

    assert shown.shown.startswith(line)
    assert "400: No such thing" in shown.shown


async def test_version() -> None:
    """`python -m openrouter_async` is the command."""
    done = await run("--version")

    assert (done.code, done.stdout) == (0, f"openrouter-async {__version__}\n")


async def test_without_a_command_there_is_help() -> None:
    """It names all commands."""
    done = await run(env=environment())

    assert done.code in (0, 2)
    for command in ("chat", "complete", "map", "models", "key", "simulate", "demo"):
        assert f"\n  {command} " in done.stdout + done.stderr


@pytest.mark.parametrize("name", ["typer", "rich", "jsonschema"])
async def test_without_the_extra_it_says_what_to_install(name: str) -> None:
    """There is no traceback."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", WITHOUT.format(name=name)),
        stderr=asyncio.subprocess.PIPE,
    )
    _, stderr = await process.communicate()

    assert process.returncode == 2
    assert stderr.decode() == (
        f"error: the command line needs {name}\n"
        "hint: pip install -e '.[cli]' in the checkout brings it\n"
    )


@pytest.mark.parametrize("words", ["--help", "--version", "chat --help"])
async def test_a_reader_that_is_gone_is_no_failure_of_help(words: str) -> None:
    """It has the code of all closed pipes."""
    ours, theirs = os.pipe()
    os.close(ours)
    try:
        async with started(*words.split(), env=environment(), stdout=theirs) as process:
            done = await ended(process)
    finally:
        os.close(theirs)

    assert (done.code, done.stderr) == (141, "")
