"""`openrouter-async demo`: in a pipe, in a terminal, and against a service."""

from __future__ import annotations

import asyncio
import os
import re
import signal

import pytest

from openrouter_async.testing import Fail, FailInside, Simulator
from tests.cli.conftest import Invoke
from tests.cli.processes import ended, environment, interrupt, run, started, terminal


def figures(shown: str) -> dict[str, str]:
    """Read the table at the end."""
    table = shown[shown.rindex("\n   answered  ") :]
    return dict(re.findall(r"^   (\S.*?)  +(\S.*?)\s*$", table, re.MULTILINE))


async def test_in_a_pipe_it_is_plain_and_loses_nothing() -> None:
    """All acts are there, no line is too long, and no control codes are among them."""
    done = await run("demo", "--prompts", "50", env=environment())
    lines = done.stdout.splitlines()

    assert (done.code, done.stderr) == (0, "")
    assert re.search(r"[\x00-\x09\x0b-\x1f\x7f]", done.stdout) is None
    assert [line for line in lines if len(line) > 80 or line != line.rstrip()] == []
    assert [line for line in lines if line[:1].isdigit() or line[:4] == "What"] == [
        "1. A completion, awaited",
        "2. A token stream, printed as it arrives",
        "What can go wrong",
        "3. 50 prompts, against 200 requests a second",
    ]
    assert "StreamInterruptedError, kept as error.partial: '" in done.stdout
    assert "ServerError (502: Provider returned error)" in done.stdout
    assert "answered at attempt 2, waited 0.3" in done.stdout
    assert (figures(done.stdout)["answered"], figures(done.stdout)["lost"]) == (
        "50 of 50",
        "0",
    )


@pytest.fixture
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the acts before the fan-out take no time."""
    monkeypatch.setattr("openrouter_async.cli.acts._TOKEN_INTERVAL", 0.0)
    monkeypatch.setattr("openrouter_async.cli.acts._WAIT", 0.01)
    monkeypatch.setattr("openrouter_async.cli.demo._LATENCY", 0.002)


@pytest.mark.usefixtures("fast")
async def test_refused_prompts_are_answered_in_the_end(invoke: Invoke) -> None:
    """Every refusal is a request of its own, and no prompt is lost to it."""
    done = await invoke("demo", "--prompts", "60", "--rate", "100", "--seed", "3")
    table = figures(done.stdout)
    refused = int(table["refused with 429"])
    wall, ideal = (
        float(table[row][:-2]) for row in ("wall time", "ideal time at this limit")
    )

    assert done.code == 0
    assert (table["answered"], table["lost"]) == ("60 of 60", "0")
    assert refused > 0
    assert int(table["requests sent"]) == 60 + refused
    assert float(table["refused per prompt"]) == pytest.approx(refused / 60, abs=0.001)
    assert wall >= ideal
    assert float(table["ideal : wall"]) == pytest.approx(ideal / wall, abs=0.02)


@pytest.mark.usefixtures("fast")
async def test_one_of_a_thing_is_not_called_several(invoke: Invoke) -> None:
    """A prompt and a request that are alone are in the singular."""
    done = await invoke("demo", "--prompts=1", "--rate=1")

    assert done.code == 0
    assert "3. 1 prompt, against 1 request a second\n" in done.stdout


@pytest.mark.usefixtures("fast")
async def test_seeds_give_other_answers(invoke: Invoke) -> None:
    """The same seed gives the same ones."""
    options = ("demo", "--prompts=1", "--model=openai/gpt-4o")
    shown = [await invoke(*options, f"--seed={seed}") for seed in (1, 1, 2)]
    texts = [run.stdout.split("prompt: ")[1].split(" tokens,")[0] for run in shown]

    assert texts[0] == texts[1]
    assert texts[0] != texts[2]


async def test_a_terminal_gets_a_bar_that_ends_cleanly_on_ctrl_c() -> None:
    """The exit code is 130, the cursor is back, and there is no traceback."""
    env = environment(TERM="xterm-256color", COLORTERM="")
    async with terminal("demo", "--rate", "50", env=env) as shown:
        await shown.until("/1000")
        await shown.until(" left")
        shown.process.send_signal(signal.SIGINT)
        code = await shown.end()

    assert code == 130
    assert "\x1b[?25l" in shown.shown  # the cursor is hidden while there is a bar
    assert shown.shown.rindex("\x1b[?25h") > shown.shown.rindex("\x1b[?25l")
    assert "━" in shown.shown
    assert "Traceback" not in shown.shown


async def test_ctrl_c_in_a_pipe() -> None:
    """It ends in the middle of the stream, with 130 and nothing on stderr."""
    async with started("demo", env=environment()) as process:
        assert process.stdout is not None
        await process.stdout.readuntil(b"Europe.\n")
        process.send_signal(signal.SIGINT)
        done = await ended(process)

    assert (done.code, done.stderr) == (130, "")


async def test_a_closed_pipe_ends_it_quietly() -> None:
    """`demo | head` says nothing about the pipe."""
    ours, theirs = os.pipe()
    async with started("demo", env=environment(), stdout=theirs) as process:
        os.close(theirs)
        first = await asyncio.to_thread(os.read, ours, 8)
        os.close(ours)
        done = await ended(process)

    assert (first, done.code, done.stderr) == (b"openrout", 141, "")


async def test_live_needs_a_key(invoke: Invoke) -> None:
    """Without one it says so and what to do."""
    done = await invoke("demo", "--live", "--yes")

    assert (done.code, done.stdout) == (2, "")
    assert done.stderr.startswith("error: there is no API key\nhint: set OPENROUTER")


async def test_live_asks_the_service(simulator: Simulator, invoke: Invoke) -> None:
    """It warns of the cost, sends few requests with a bound, and plays no faults."""
    done = await invoke("demo", "--live", "--yes", "--prompts=3", "--model=a/b")

    assert done.code == 0
    assert "This sends 5 requests of at most 48 tokens each to a/b." in done.stdout
    assert "It leaves out the faults" in done.stdout
    assert "3. 3 prompts, against whatever rate the API allows" in done.stdout
    assert "What can go wrong" not in done.stdout
    assert "ideal time" not in done.stdout
    assert figures(done.stdout)["answered"] == "3 of 3"
    assert [record.params["max_tokens"] for record in simulator.journal] == [48] * 5


async def test_live_wants_consent(simulator: Simulator, invoke: Invoke) -> None:
    """Where nobody can be asked, only `--yes` is one."""
    done = await invoke("demo", "--live")

    assert (done.code, simulator.journal) == (2, [])
    assert done.stderr == "error: there is no terminal to ask on\nhint: add --yes\n"


@pytest.mark.parametrize(
    ("typed", "code", "requests"),
    [("y\n", 0, 3), ("\n", 1, 0), ("\x04", 1, 0)],
    ids=["yes", "no", "end of input"],
)
async def test_live_asks_in_a_terminal(
    simulator: Simulator, typed: str, code: int, requests: int
) -> None:
    """Whatever is not a yes is a no, and nothing is sent."""
    command = ("demo", "--live", "--prompts", "1")
    async with terminal(*command, env=environment(TERM="dumb")) as shown:
        await shown.until("Go on? [y/N] ")
        shown.type(typed)
        assert await shown.end() == code

    assert len(simulator.journal) == requests


async def test_ctrl_c_instead_of_consent(simulator: Simulator) -> None:
    """It ends there and then."""
    command = ("demo", "--live")
    async with terminal(*command, env=environment(TERM="dumb")) as shown:
        await shown.until("Go on? [y/N] ")
        assert await interrupt(shown.process) == 130

    assert "Traceback" not in shown.shown
    assert simulator.journal == []


async def test_a_lost_prompt_is_told(simulator: Simulator, invoke: Invoke) -> None:
    """The table counts it, its error follows, and the exit code is 1."""
    simulator.script(
        Fail(400, "Not this one"), when=lambda request: request.number == 4
    )

    done = await invoke("demo", "--live", "--yes", "--prompts=3")

    assert (done.code, done.stderr) == (1, "error: 400: Not this one\n")
    assert (figures(done.stdout)["answered"], figures(done.stdout)["lost"]) == (
        "2 of 3",
        "1",
    )


async def test_an_error_before_the_fan_out_ends_it(
    simulator: Simulator, invoke: Invoke
) -> None:
    """It is told as by any other command."""
    simulator.script(FailInside(400))

    done = await invoke("demo", "--live", "--yes")

    assert (done.code, done.stderr) == (1, "error: 400: Invalid request\n")
