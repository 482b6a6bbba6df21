"""Output that cannot be written, and Ctrl-C in terminals: what processes leave."""

from __future__ import annotations

import asyncio
import os
import re
from contextlib import suppress
from pathlib import Path

import pytest

from openrouter_async.testing import Simulator, Stall, Text
from tests.cli.processes import (
    COMMAND,
    ended,
    environment,
    interrupt,
    run,
    started,
    terminal,
)

FULL = Path("/dev/full")
MEMORY = Path("/proc/self/mem")
NO_SPACE = "error: cannot write to standard output: No space left on device\n"
NOT_OPEN = "error: cannot write to standard output: Bad file descriptor\n"

needs_full = pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full")


@needs_full
@pytest.mark.parametrize(
    "arguments",
    [
        ["complete", "hi"],
        ["complete", "hi", "--stream"],
        ["complete", "hi", "--json"],
        ["demo"],
        ["simulate", "--port=0"],
        ["complete", "--help"],
        ["--version"],
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("unbuffered", ["", "1"], ids=["buffered", "unbuffered"])
async def test_a_full_disk_is_said_in_a_line(
    simulator: Simulator, arguments: list[str], unbuffered: str
) -> None:
    """The exit code is 1, and Python has nothing to add when it ends."""
    env = environment(PYTHONUNBUFFERED=unbuffered)
    full = os.open(FULL, os.O_WRONLY)
    async with started(*arguments, env=env, stdout=full) as process:
        os.close(full)
        done = await ended(process)

    assert (done.code, done.stderr) == (1, NO_SPACE)


@needs_full
async def test_a_full_disk_for_standard_error_does_not_matter(
    simulator: Simulator,
) -> None:
    """The answer is there all the same."""
    command = f"{shell('complete', 'hi', '-v')} 2>{FULL}"
    process = await asyncio.create_subprocess_exec(
        *("sh", "-c", command), stdout=asyncio.subprocess.PIPE
    )
    stdout, _ = await process.communicate()

    assert stdout.endswith(b".\n")


def shell(*arguments: str) -> str:
    """Write a command for a shell; its words hold nothing that needs quotes."""
    return " ".join((*COMMAND, *arguments))


@pytest.mark.parametrize(
    "arguments",
    [("complete", "hi", "--stream"), ("demo",), ("simulate", "--port=0")],
    ids=" ".join,
)
async def test_a_closed_output_is_said_in_a_line(
    simulator: Simulator, arguments: tuple[str, ...]
) -> None:
    """Nothing is sent for an answer that could not be shown."""
    process = await asyncio.create_subprocess_exec(
        *("sh", "-c", f"{shell(*arguments)} >&-"),
        stderr=asyncio.subprocess.PIPE,
    )
    done = await ended(process)

    assert (done.code, done.stderr) == (1, NOT_OPEN)
    assert simulator.journal == []


async def test_a_closed_input_is_said_in_a_line(simulator: Simulator) -> None:
    """There is no prompt to send."""
    process = await asyncio.create_subprocess_exec(
        *("sh", "-c", f"{shell('complete', '-')} <&-"),
        stderr=asyncio.subprocess.PIPE,
    )
    done = await ended(process)

    assert (done.code, done.stderr) == (2, "error: standard input is closed\n")


@pytest.mark.skipif(not MEMORY.exists(), reason="there is no /proc/self/mem")
@pytest.mark.parametrize(
    ("prompt", "source"),
    [(f"--file={MEMORY}", str(MEMORY)), (f"- <{MEMORY}", "standard input")],
    ids=["file", "stdin"],
)
async def test_what_cannot_be_read_is_said_in_a_line(
    simulator: Simulator, prompt: str, source: str
) -> None:
    """At its start nothing of a process's memory can be."""
    process = await asyncio.create_subprocess_exec(
        *("sh", "-c", f"{shell('complete')} {prompt}"),
        stderr=asyncio.subprocess.PIPE,
    )
    done = await ended(process)

    assert (done.code, done.stderr) == (
        2,
        f"error: {source} cannot be read: Input/output error\n",
    )


async def test_without_standard_error_there_is_an_answer(simulator: Simulator) -> None:
    """What would be said there is dropped."""
    process = await asyncio.create_subprocess_exec(
        *("sh", "-c", f"{shell('complete', 'hi', '-v')} 2>&-"),
        stdout=asyncio.subprocess.PIPE,
    )
    stdout, _ = await process.communicate()

    assert (process.returncode, stdout[-2:]) == (0, b".\n")


@pytest.mark.parametrize("way", ["--stream", "--no-stream"])
async def test_ctrl_c_leaves_a_line_for_the_prompt(
    simulator: Simulator, way: str
) -> None:
    """A terminal echoes ^C where the cursor is; the shell goes on below it."""
    simulator.script(Stall())
    env = environment(TERM="dumb")
    async with terminal("complete", "hi", way, env=env) as shown:
        await arrived(simulator)
        shown.type("\x03")
        code = await shown.end()

    assert (code, shown.shown) == (130, "^C\r\n")


async def test_ctrl_c_after_a_piece_of_text_adds_no_empty_line(
    simulator: Simulator,
) -> None:
    """One line end is enough."""
    simulator.script(Stall(after_tokens=3))
    async with terminal("complete", "Say hi", env=environment(TERM="dumb")) as shown:
        await shown.until("about")
        shown.type("\x03")
        code = await shown.end()

    assert (code, shown.shown) == (130, " A question about^C\r\n")


async def test_reading_from_a_terminal_is_said(simulator: Simulator) -> None:
    """Who forgot to pipe something in learns what it waits for, and can leave."""
    async with terminal("complete", "-", env=environment(TERM="dumb")) as shown:
        await shown.until("reading standard input, Ctrl-D ends it\r\n")
        # The line comes before the read: what is typed in between goes nowhere.
        for _ in range(5):
            shown.type("\x03")
            with suppress(TimeoutError):
                await asyncio.wait_for(shown.process.wait(), 2)
                break

        code = await shown.end()

    assert code == 130
    assert shown.shown.endswith("\r\n")
    assert "Traceback" not in shown.shown


async def test_ctrl_d_ends_a_prompt(simulator: Simulator) -> None:
    """What was typed is the prompt."""
    simulator.script(Text("Hi."))
    async with terminal("complete", "-", env=environment(TERM="dumb")) as shown:
        await shown.until("Ctrl-D ends it\r\n")
        shown.type("Say hi\n\x04")
        code = await shown.end()

    assert (code, simulator.journal[0].params["prompt"]) == (0, "Say hi\n")


async def test_a_pipe_is_read_without_a_word(simulator: Simulator) -> None:
    """Nobody has to be told."""
    done = await run("complete", "-", env=environment(), stdin=b"Say hi")

    assert (done.code, done.stderr) == (0, "")


async def test_ctrl_c_in_the_demos_stream_leaves_a_line_for_the_prompt() -> None:
    """The stream is in the middle of a line then."""
    async with terminal("demo", env=environment(TERM="dumb")) as shown:
        # The indent is written before the first word.
        await shown.until("Europe.\r\n   In")
        shown.type("\x03")
        code = await shown.end()

    assert code == 130
    assert shown.shown.endswith("^C\r\n")


async def test_ctrl_c_at_the_question_leaves_a_line_for_the_prompt(
    simulator: Simulator,
) -> None:
    """The question has no line end of its own."""
    async with terminal("demo", "--live", env=environment(TERM="dumb")) as shown:
        await shown.until("Go on? [y/N] ")
        assert await interrupt(shown.process) == 130
        await shown.end()

    assert shown.shown.endswith("Go on? [y/N] \r\n")


@pytest.mark.parametrize("term", ["dumb", "xterm-256color"])
async def test_ctrl_c_in_the_fan_out_sums_up(term: str) -> None:
    """Prompts are answered, sent or not sent; together they are all."""
    env = environment(TERM=term, COLORTERM="", NO_COLOR="1")
    async with terminal("demo", "--prompts=200", "--rate=50", env=env) as shown:
        # Lines come with each fifth; a bar shows each tenth of a second.
        await shown.until("/200  " if term == "dumb" else "3 s left")
        shown.type("\x03")
        code = await shown.end()

    last = shown.shown.splitlines()[-1]
    found = re.search(
        r"   stopped: (\d+) of 200 prompts answered, (\d+) sent, (\d+) not sent$", last
    )
    assert code == 130
    assert found is not None, last
    answered, sent, not_sent = map(int, found.groups())
    assert 0 < answered < sent
    assert sent + not_sent == 200
    assert shown.shown.endswith("\r\n")


async def arrived(simulator: Simulator) -> None:
    """Wait until a request is in flight."""
    for _ in range(2000):
        if simulator.statistics().in_flight:
            return

        await asyncio.sleep(0.005)

    pytest.fail("no request came")


async def test_a_closed_pipe_is_no_error(simulator: Simulator) -> None:
    """A reader that has enough ends the command as SIGPIPE would."""
    ours, theirs = os.pipe()
    os.close(ours)
    async with started("complete", "hi", env=environment(), stdout=theirs) as process:
        os.close(theirs)
        done = await ended(process)

    assert (done.code, done.stderr) == (141, "")
