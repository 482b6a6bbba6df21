"""`openrouter-async map` where answers cannot be kept, or nothing was sent yet."""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import signal
import sys
from asyncio.subprocess import PIPE
from contextlib import suppress

import pytest

from openrouter_async.cli.checking import saying_what_takes_long
from openrouter_async.testing import Simulator, Stall
from tests.cli.answers import Files, range_of_prompts, rows
from tests.cli.processes import (
    COMMAND,
    Ended,
    ended,
    environment,
    run,
    started,
)
from tests.cli.test_output import FULL, needs_full


async def bounded(*words: str) -> Ended:
    """Run a command that can make no file of more than 8 KB."""
    script = f"ulimit -f 8; trap '' XFSZ; {shlex.join([*COMMAND, *words])}"
    process = await asyncio.create_subprocess_exec(
        *("bash", "-c", script), env=environment(), stdout=PIPE, stderr=PIPE
    )
    return await ended(process)


async def test_answers_that_are_in_no_output_are_not_counted_as_answered(
    simulator: Simulator, files: Files
) -> None:
    """Those that are in it are; together with the others they are all."""
    files.write(*range_of_prompts(60))
    command = (*files.command, "--no-journal", "--max-in-flight=1", "--json")

    done = await bounded(*command)
    told = json.loads(done.stdout)
    parts = ("answered", "not_kept", "failed", "not_sent")

    assert (done.code, told["in_place"]) == (1, False)
    assert told["answered"] == len(files.answers()) > 0
    assert told["not_kept"] >= 1
    assert sum(told[part] for part in parts) == told["total"] == 60


@needs_full
async def test_a_full_disk_keeps_no_answer_and_says_so(
    simulator: Simulator, files: Files
) -> None:
    """And what is under way then may be billed."""
    files.write(*range_of_prompts(60))
    simulator.script(
        Stall(before="head", times=None),
        when=lambda asked: asked.params["prompt"] != "Prompt 0",
    )
    command = ("map", str(files.prompts), "-o", str(FULL), "--max-in-flight=5")

    done = await run(*command, env=environment())

    assert done.code == 1
    assert rows(done.stderr)["answered"] == "0 of 60"
    assert "not kept    1 received that are not in the output\n" in done.stderr
    assert " under way may be billed\nerror: " in done.stderr


async def test_ctrl_c_during_the_check_says_that_nothing_was_sent(
    simulator: Simulator, files: Files
) -> None:
    """There is no summary: there is nothing to sum up."""
    pipe = files.folder / "pipe"
    os.mkfifo(pipe)
    command = ("map", str(pipe), "-o", str(files.output))
    async with started(*command, env=environment()) as process:
        writing = await asyncio.to_thread(os.open, pipe, os.O_WRONLY)
        process.send_signal(signal.SIGINT)
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), 2)

        if process.returncode is None:  # it came just before the read
            process.send_signal(signal.SIGINT)

        done = await ended(process)
        os.close(writing)

    assert (done.code, done.stdout, done.stderr) == (
        *(130, ""),
        "interrupted; nothing was sent: run the same command again\n",
    )
    assert not files.output.exists()


async def test_a_check_that_takes_long_is_said_in_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Once, with the name of the file."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    shown = ""
    with saying_what_takes_long("prompts.jsonl", seconds=0.001):
        for _ in range(1000):
            shown += capsys.readouterr().err
            if "\n" in shown:
                break

            await asyncio.sleep(0.005)

    assert "checking prompts.jsonl" in shown


@pytest.mark.parametrize("is_terminal", [True, False])
def test_a_check_that_is_short_is_not_said(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    is_terminal: bool,
) -> None:
    """Nor is one whose messages go into a file."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: is_terminal)
    with saying_what_takes_long("prompts.jsonl"):
        pass

    assert capsys.readouterr().err == ""
