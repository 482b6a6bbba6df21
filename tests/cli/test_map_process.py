"""`openrouter-async map` as a process: signals, kills, pipes, disks, terminals."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shlex
import signal
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from openrouter_async.testing import RateLimit, Simulator, Stall
from tests.cli.answers import Files, read_lines, rows
from tests.cli.processes import (
    COMMAND,
    Ended,
    ended,
    environment,
    interrupt,
    run,
    started,
    terminal,
)
from tests.cli.test_output import FULL, needs_full

PROMPTS = [f"Prompt {number}" for number in range(1, 61)]
PROGRAM = shlex.join(COMMAND)


@pytest.fixture(autouse=True)
def prompts(files: Files) -> None:
    """Sixty prompts are there."""
    files.write(*PROMPTS)


@pytest.fixture
def stalling(simulator: Simulator) -> asyncio.Event:
    """Hold back the answers to all prompts but the first ten, until it is set."""
    release = asyncio.Event()
    simulator.script(
        Stall(before="head", release=release, times=None),
        when=lambda asked: asked.params["prompt"] not in PROMPTS[:10],
    )
    return release


def untraced() -> dict[str, str]:
    """Return the environment of a process whose coverage would not be saved whole."""
    return {
        name: value
        for name, value in environment().items()
        if not name.startswith("COVERAGE_")
    }


async def written(files: Files, number: int) -> None:
    """Wait until so many lines are in the output."""
    for _ in range(2000):
        if files.output.exists() and files.output.read_text().count("\n") >= number:
            return

        await asyncio.sleep(0.005)

    pytest.fail("the answers do not come")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_a_signal_ends_it_in_good_order(
    simulator: Simulator, files: Files, stalling: asyncio.Event, number: signal.Signals
) -> None:
    """130, whole lines, what may be billed, and the command that goes on; it does."""
    if signal.getsignal(number) is signal.SIG_IGN:
        pytest.skip("what runs the tests ignores this signal, as nohup does")

    command = (*files.command, "--max-in-flight=20", "--max-tokens=2")
    async with started(*command, env=environment()) as process:
        await written(files, 10)
        await in_flight(simulator, 20)
        process.send_signal(number)
        done = await ended(process)

    told = rows(done.stderr)
    assert (done.code, done.stdout) == (130, "")
    assert (told["answered"], told["sent"] if "sent" in told else None) == (
        "10 of 60",
        None,
    )
    assert "not sent    50\n" in done.stderr
    assert done.stderr.splitlines()[-2:] == [
        "interrupted; 20 requests under way may be billed",
        f"to go on: openrouter-async {' '.join(command)}",
    ]
    assert files.numbers() == [*range(1, 11)]

    stalling.set()
    again = await run(*command, env=environment())

    assert (again.code, files.numbers()) == (0, [*range(1, 61)])
    assert "10 of them from the journal" in again.stderr
    assert "20 were sent by an earlier run without a known end" in again.stderr
    assert len(simulator.journal) == 10 + 20 + 50


async def in_flight(simulator: Simulator, number: int) -> None:
    """Wait until so many requests are under way."""
    for _ in range(2000):
        if simulator.statistics().in_flight >= number:
            return

        await asyncio.sleep(0.005)

    pytest.fail("the requests do not come")


async def test_json_tells_of_an_interruption(
    simulator: Simulator, files: Files, stalling: asyncio.Event
) -> None:
    """With all that a program needs to go on."""
    command = (*files.command, "--max-in-flight=20", "--json", "--quiet")
    async with started(*command, env=environment()) as process:
        await written(files, 10)
        await in_flight(simulator, 20)
        process.send_signal(signal.SIGTERM)
        done = await ended(process)

    told = json.loads(done.stdout)
    some = ("interrupted", "cut_off", "answered", "not_sent", "exit_code", "resume")
    assert (done.code, done.stderr) == (130, "")
    assert [told[name] for name in some] == [
        *(True, 20, 10, 50, 130),
        f"openrouter-async {' '.join(command)}",
    ]


async def test_signals_that_are_ignored_stay_so(
    simulator: Simulator, files: Files
) -> None:
    """`nohup` keeps a run alive when its terminal is closed."""
    release = asyncio.Event()
    simulator.script(Stall(before="head", release=release))
    words = " ".join((*files.command, "--quiet"))
    process = await asyncio.create_subprocess_exec(
        *("sh", "-c", f"trap '' HUP; exec {PROGRAM} {words}"),
        env=environment(),
        stderr=asyncio.subprocess.PIPE,
    )
    await in_flight(simulator, 1)
    process.send_signal(signal.SIGHUP)
    await written(files, len(PROMPTS) - 1)
    release.set()
    done = await ended(process)

    assert (done.code, done.stderr, len(files.answers())) == (0, "", len(PROMPTS))


async def test_a_second_ctrl_c_ends_it_at_once(
    simulator: Simulator, files: Files
) -> None:
    """Also while it waits for a reader that does not read."""
    ours, theirs = os.pipe()
    files.write(*[f"{number} {'x' * 300_000}" for number in range(3)])
    command = ("map", str(files.prompts), "-o", "-", "--quiet")
    async with started(*command, env=untraced(), stdout=theirs) as process:
        os.close(theirs)
        await until_readable(ours)
        process.send_signal(signal.SIGINT)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(process.wait(), 0.3)

        code = await interrupt(process)
        os.close(ours)

    assert code == -signal.SIGINT


async def until_readable(pipe: int) -> None:
    """Wait until something is in a pipe: no pipe holds all of a long line."""
    loop, readable = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(pipe, readable.set)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(pipe)


async def test_killed_again_and_again(simulator: Simulator, files: Files) -> None:
    """Each item is there once, the file never shrinks, no answer is asked for twice."""
    dice = Random(7)
    simulator.rate_limit = RateLimit(100, 10, retry_after=None)
    command = (*files.command, "--max-tokens=2", "--max-in-flight=10", "--json")
    kept: dict[str, int] = {}
    for _ in range(3):
        before = len(kept)
        async with started(*command, env=untraced()) as process:
            await written(files, before + dice.randint(1, 8))
            process.kill()
            await process.wait()

        await simulator.wait_idle()
        whole = files.output.read_text().rpartition("\n")[0]
        inputs = [answer["input"] for answer in read_lines(f"{whole}\n")]
        assert len(inputs) == len(set(inputs)) > before
        asked = requests(simulator)
        assert {each: asked[each] for each in kept} == kept
        kept = {each: asked[each] for each in [*kept, *inputs]}

    done = await run(*command, env=environment())
    asked = requests(simulator)

    assert (done.code, files.numbers()) == (0, [*range(1, 61)])
    assert not files.part.exists()
    assert {each: asked[each] for each in kept} == kept


def requests(simulator: Simulator) -> Counter[str]:
    """Count the requests that were let in, by prompt."""
    return Counter(
        str(record.params["prompt"])
        for record in simulator.journal
        if record.outcome != "refused"
    )


async def test_a_closed_pipe_ends_it_quietly(
    simulator: Simulator, files: Files
) -> None:
    """`map ... -o - | head` says nothing about the pipe."""
    files.write("One")
    ours, theirs = os.pipe()
    os.close(ours)
    command = ("map", str(files.prompts), "-o", "-")
    async with started(*command, env=environment(), stdout=theirs) as process:
        os.close(theirs)
        done = await ended(process)

    assert (done.code, done.stderr) == (141, "")


async def test_a_pipe_gets_answers_as_they_come(
    simulator: Simulator, files: Files, stalling: asyncio.Event
) -> None:
    """None is held back for others."""
    command = ("map", str(files.prompts), "-o", "-", "--quiet")
    async with started(*command, env=environment()) as process:
        assert process.stdout is not None
        first = [await process.stdout.readline() for _ in range(10)]
        stalling.set()
        done = await ended(process)

    assert len(read_lines(b"".join(first).decode() + done.stdout)) == 60


@needs_full
async def test_a_disk_that_is_full_is_said_in_a_line(
    simulator: Simulator, files: Files
) -> None:
    """The run stops, and with a journal it can go on."""
    journal = files.folder / "journal"
    command = ("map", str(files.prompts), "-o", str(FULL), f"--journal={journal}")

    done = await run(*command, "--max-in-flight=1", env=environment())

    assert done.code == 1
    assert done.stderr.splitlines()[-2:] == [
        f"error: {FULL} cannot be written: No space left on device",
        f"to go on: openrouter-async {' '.join(command)} --max-in-flight=1",
    ]
    assert len(simulator.journal) < 60


@needs_full
@pytest.mark.parametrize("unbuffered", ["", "1"], ids=["buffered", "unbuffered"])
async def test_standard_output_on_a_full_disk(
    simulator: Simulator, files: Files, unbuffered: str
) -> None:
    """It is named; Python has nothing to add when it ends."""
    full = os.open(FULL, os.O_WRONLY)
    env = environment(PYTHONUNBUFFERED=unbuffered)
    command = ("map", str(files.prompts), "-o", "-", "--quiet")
    async with started(*command, env=env, stdout=full) as process:
        os.close(full)
        done = await ended(process)

    assert (done.code, done.stderr) == (
        1,
        "error: standard output cannot be written: No space left on device\n",
    )


async def test_a_journal_that_is_full_stops_the_run(
    simulator: Simulator, files: Files
) -> None:
    """What was received is written; files may be no larger here than 40 KB."""
    words = " ".join((*files.command, "--full", "--max-in-flight=1"))
    bounds = "ulimit -f 40; trap '' XFSZ"
    done = await shell(f"{bounds}; {PROGRAM} {words}")
    count = len(files.answers())
    again = await run(*files.command, "--full", env=environment())

    assert done.code == 1
    assert f"\nerror: {files.journal} cannot be written: File too" in done.stderr
    assert 0 < count < 60
    assert (again.code, files.numbers()) == (0, [*range(1, 61)])
    assert len(simulator.journal) <= 62


async def test_prompts_can_come_from_a_pipe_that_is_a_file(
    simulator: Simulator, files: Files
) -> None:
    """As shells make of `<(command)`, and it is read from where a shell has left it."""
    words = f"{PROGRAM} map -o {files.output} --quiet"
    named = await shell(f"{words} <(head -n 3 {files.prompts})")
    files.journal.unlink()
    rest = f"read -r first; {words} - --fresh"
    passed = await shell(f"{{ {rest}; }} < {files.prompts}")

    assert (named.code, named.stderr) == (0, "")
    assert (passed.code, passed.stderr) == (0, "")
    assert [line["input"] for line in files.answers() if line["line"] == 1] == [
        PROMPTS[1]
    ]


async def shell(script: str) -> Ended:
    """Run a script with bash."""
    process = await asyncio.create_subprocess_exec(
        *("bash", "-c", script), env=environment(), stderr=asyncio.subprocess.PIPE
    )
    return await ended(process)


async def test_a_named_pipe_gets_answers(simulator: Simulator, files: Files) -> None:
    """It is no file to go on with: there is no journal beside it."""
    pipe = files.folder / "pipe"
    os.mkfifo(pipe)
    done = await shell(
        f"cat {pipe} > {files.output} &"
        f" {PROGRAM} map {files.prompts} -o {pipe} --quiet; wait"
    )

    assert (done.code, len(files.answers())) == (0, 60)
    assert not Path(f"{pipe}.journal").exists()


async def test_where_there_is_no_terminal_there_are_some_lines(
    simulator: Simulator, files: Files
) -> None:
    """They tell how far it is, how fast, and what holds it up."""
    simulator.rate_limit = RateLimit(100, 10, retry_after=None)

    done = await run(*files.command, env=environment())

    told = [line for line in done.stderr.splitlines() if line.startswith("   ")]
    assert done.code == 0
    assert 1 <= len(told) <= 5
    assert re.fullmatch(
        r"   \d+/60  \d+/s  (\d+ s|\?) left  \d+ in flight  \d+ waiting"
        r"(  limit \d+/s)?  \d+ refused  \$\S+",
        told[-1],
    )


async def test_a_terminal_gets_a_bar_that_ends_cleanly_on_ctrl_c(
    simulator: Simulator, files: Files
) -> None:
    """The cursor is back, the summary follows, the exit code is 130."""
    simulator.rate_limit = RateLimit(20, 5, retry_after=None)
    env = environment(TERM="xterm-256color", COLORTERM="")
    async with terminal(*files.command, env=env) as shown:
        await shown.until("/60")
        await shown.until(" refused")
        shown.type("\x03")
        code = await shown.end()

    assert code == 130
    assert shown.shown.rindex("\x1b[?25h") > shown.shown.rindex("\x1b[?25l")
    assert "━" in shown.shown
    assert "to go on: " in shown.shown
    assert "Traceback" not in shown.shown


async def test_a_dumb_terminal_gets_lines(simulator: Simulator, files: Files) -> None:
    """What follows the ^C has a line of its own."""
    simulator.rate_limit = RateLimit(20, 5, retry_after=None)
    async with terminal(*files.command, env=environment(TERM="dumb")) as shown:
        await shown.until(" refused")
        shown.type("\x03")
        code = await shown.end()

    assert code == 130
    assert "^C\r\nanswered " in shown.shown


async def test_a_terminal_that_shows_answers_shows_no_bar(
    simulator: Simulator, files: Files
) -> None:
    """The two would be mixed."""
    env = environment(TERM="xterm-256color", NO_COLOR="1")
    command = ("map", str(files.prompts), "-o", "-")
    async with terminal(*command, env=env) as shown:
        code = await shown.end()

    assert code == 0
    assert "━" not in shown.shown
    assert shown.shown.count('"line":') == 60
