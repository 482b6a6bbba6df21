"""`openrouter-async simulate`: a simulator for other processes."""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import signal
import socket
from asyncio.subprocess import Process
from collections.abc import AsyncGenerator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from openrouter_async import OpenRouter, OpenRouterError, RateLimitError
from openrouter_async.cli.simulation import Settings, serve
from tests.cli.conftest import Invoke
from tests.cli.processes import ended, environment, started

SETTINGS = Settings(
    host="127.0.0.1",
    port=0,
    api_key=None,
    latency=0.0,
    token_interval=0.0,
    rate=None,
    burst=None,
    retry_after=None,
    window=None,
    in_flight=None,
    fail_rate=0.0,
    log=False,
)


@asynccontextmanager
async def simulating(*options: str) -> AsyncGenerator[tuple[Process, OpenRouter]]:
    """Start the command, and give a client made from what it prints."""
    command = ("simulate", "--port", "0", *options)
    async with started(*command, env=environment()) as process:
        exported = await exports(process)
        client = OpenRouter(
            exported["OPENROUTER_API_KEY"],
            base_url=exported["OPENROUTER_BASE_URL"],
            retry=0,
        )
        async with client:
            yield process, client


async def exports(process: Process) -> dict[str, str]:
    """Read what it prints up to the empty line after the exports."""
    assert process.stdout is not None
    head = await process.stdout.readuntil(b"\n\n")
    lines = await process.stdout.readuntil(b"\n\n")
    words = [shlex.split(line)[1] for line in lines.decode().splitlines() if line]
    assert head.startswith(b"A simulator of the OpenRouter API listens at http://")
    return dict(word.split("=", 1) for word in words)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_it_answers_other_processes_until_a_signal(
    number: signal.Signals,
) -> None:
    """Then it says in a line what there was, and succeeds."""
    async with simulating("--api-key", "its-$key") as (process, client):
        done = await client.completions.create(prompt="Say hi", max_tokens=4)
        process.send_signal(number)
        output = await ended(process)

    assert done.text == " A question about hi"
    assert (output.code, output.stderr) == (0, "")
    assert output.stdout == (
        "1 request: 1 answered, 0 refused, 0 failed; 1 at most in flight,"
        " 1 connection, 4 tokens\n"
    )


async def test_the_log_has_a_line_for_each_request() -> None:
    """Number, status, outcome, seconds, tokens, and what was asked."""
    async with simulating("--log") as (process, client):
        await client.completions.create(prompt="Say hi", max_tokens=3, model="a/b")
        async with client.completions.stream(prompt="Say hi", max_tokens=2) as stream:
            await stream.final()

        process.send_signal(signal.SIGTERM)
        output = await ended(process)

    first, second, statistics = output.stdout.splitlines()
    seconds = r" +\d+\.\d{3} s"
    path = "POST /api/v1/completions"
    assert re.fullmatch(rf"#1 +200 answered {seconds} +3 tokens  {path} a/b", first)
    assert re.fullmatch(rf"#2 +200 answered {seconds} +2 tokens  {path} stream", second)
    assert statistics.startswith("2 requests: 2 answered")


async def test_the_log_is_written_while_it_runs() -> None:
    """A request in flight gets its line once it is over."""
    async with simulating("--log", "--latency=0.25") as (process, client):
        assert process.stdout is not None
        await client.completions.create(prompt="Say hi")
        line = await process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        output = await ended(process)

    assert line.startswith(b"#1     200 answered ")
    assert output.stdout.startswith("1 request: 1 answered")


async def test_a_taken_port_is_said_in_a_line(invoke: Invoke) -> None:
    """The hint says how to get a free one."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(OpenRouterError, match=rf"listen on 127.0.0.1:{port} \("):
            await serve(replace(SETTINGS, port=port))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--rate=0"], "--rate must be above 0"),
        (["--rate=inf"], "--rate must be above 0"),
        (["--burst=2"], "--burst must be at least 1, and needs --rate"),
        (["--rate=2", "--burst=0.5"], "--burst must be at least 1, and needs --rate"),
        (["--window=3"], "--window must be N/S: 20/60 is 20 requests in 60 seconds"),
        (["--window=0/5"], "--window must be N/S: 20/60 is 20 requests in 60 seconds"),
    ],
    ids=lambda value: "" if isinstance(value, str) else str(value),
)
async def test_limits_that_make_no_sense(
    invoke: Invoke, arguments: list[str], message: str
) -> None:
    """They are refused before anything listens."""
    done = await invoke("simulate", *arguments)

    assert (done.code, done.stdout, done.stderr) == (2, "", f"error: {message}\n")


async def test_options_reach_the_simulator(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is passed on in the form that the simulator takes."""
    served: list[Settings] = []

    async def note(settings: Settings) -> None:
        served.append(settings)

    monkeypatch.setattr("openrouter_async.cli.simulate.serve", note)
    options = (
        *("--port=1", "--host=::1", "--api-key=k", "--latency=2", "--token-interval=3"),
        *("--rate=4", "--burst=5", "--retry-after=exact", "--window=6/.5"),
        *("--in-flight=8", "--fail-rate=0.25", "--log"),
    )

    assert (await invoke("simulate", *options)).code == 0
    assert served == [
        Settings(
            host="::1",
            port=1,
            api_key="k",
            latency=2.0,
            token_interval=3.0,
            rate=4.0,
            burst=5.0,
            retry_after="exact",
            window=(6, 0.5),
            in_flight=8,
            fail_rate=0.25,
            log=True,
        )
    ]


@asynccontextmanager
async def serving(
    capsys: pytest.CaptureFixture[str], settings: Settings
) -> AsyncGenerator[tuple[asyncio.Task[None], OpenRouter]]:
    """Run the simulator on this loop, and give a client of it."""
    task = asyncio.create_task(serve(settings))
    said = ""
    while "OPENROUTER_API_KEY" not in said:
        await asyncio.sleep(0.001)
        assert not task.done()
        said += capsys.readouterr().out

    found = re.search(r"http://\S+", said)
    assert found is not None
    client = OpenRouter("sk-or-v1-simulator", base_url=found[0], retry=0)
    try:
        async with client:
            yield task, client
    finally:
        os.kill(os.getpid(), signal.SIGINT)
        await task


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        (replace(SETTINGS, rate=0.01, burst=1.0), 429),
        (replace(SETTINGS, window=(1, 60.0)), 429),
        (replace(SETTINGS, fail_rate=1.0), 503),
    ],
    ids=["rate", "window", "fail-rate"],
)
async def test_limits_and_faults_are_met(
    capsys: pytest.CaptureFixture[str], settings: Settings, code: int
) -> None:
    """The second of two requests is refused, or each of them fails."""
    async with serving(capsys, settings) as (_, client):
        asked = [client.completions.create(prompt="x") for _ in range(2)]
        results = await asyncio.gather(*asked, return_exceptions=True)

    errors = [error for error in results if isinstance(error, OpenRouterError)]
    assert {error.code for error in errors} == {code}
    assert capsys.readouterr().out.startswith("2 requests: ")


async def test_too_many_in_flight(capsys: pytest.CaptureFixture[str]) -> None:
    """A request that finds another one gets the 402 that is worth a retry."""
    settings = replace(SETTINGS, in_flight=1, latency=0.01)
    async with serving(capsys, settings) as (_, client):
        asked = [client.completions.create(prompt="x") for _ in range(2)]
        results = await asyncio.gather(*asked, return_exceptions=True)

    errors = [error for error in results if isinstance(error, OpenRouterError)]
    assert [error.limit_source for error in errors] == ["openrouter_in_flight_budget"]


async def test_a_refusal_says_how_long_to_wait(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """`--retry-after` holds for every limit that knows it."""
    settings = replace(SETTINGS, window=(1, 60.0), retry_after="seconds")
    async with serving(capsys, settings) as (_, client):
        await client.completions.create(prompt="x")
        with pytest.raises(RateLimitError) as caught:
            await client.completions.create(prompt="x")

    assert caught.value.retry_after == pytest.approx(60, abs=1)


async def test_where_loops_know_no_signals_cancelling_stops_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The statistics come all the same."""

    def unknown(number: int, callback: object) -> Awaitable[None]:
        raise NotImplementedError

    loop = asyncio.get_running_loop()
    monkeypatch.setattr(loop, "add_signal_handler", unknown)
    task = asyncio.create_task(serve(SETTINGS))
    said = ""
    while "OPENROUTER_API_KEY" not in said:
        await asyncio.sleep(0.001)
        said += capsys.readouterr().out

    task.cancel()
    await asyncio.wait({task})

    assert task.cancelled()
    assert capsys.readouterr().out.endswith(" 0 tokens\n")
