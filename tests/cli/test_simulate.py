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

from openrouter_async import (
    ConfigError,
    OpenRouter,
    OpenRouterError,
    RateLimitError,
    Timeout,
)
from openrouter_async.cli.faults import NAMES, Fault, parse_faults
from openrouter_async.cli.simulation import Settings, serve
from tests.cli.conftest import Invoke
from tests.cli.processes import ended, environment, started

SETTINGS = Settings(
    host="127.0.0.1",
    port=0,
    api_key=None,
    latency=0.0,
    token_interval=0.0,
    comments=1,
    comment_interval=0.0,
    padding_interval=None,
    usage_shape="empty_choices",
    rate=None,
    burst=None,
    retry_after=None,
    window=None,
    in_flight=None,
    faults=(),
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


async def test_a_taken_port_is_said_in_a_line() -> None:
    """The reason is short, and the hint says how to get a free one."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        async with started("simulate", f"--port={port}", env=environment()) as process:
            done = await ended(process)

    assert (done.code, done.stderr) == (
        2,
        f"error: cannot listen on 127.0.0.1:{port} (address already in use)\n"
        "hint: --port 0 takes a free port\n",
    )


async def test_an_address_of_another_machine() -> None:
    """Another port would not help; 192.0.2.1 is set aside for documentation."""
    with pytest.raises(ConfigError) as caught:
        await serve(replace(SETTINGS, host="192.0.2.1"))

    # Which words asyncio has for it depends on the version of Python.
    assert caught.value.hint is None
    assert caught.value.message.startswith("cannot listen on 192.0.2.1:0 (")


async def test_a_host_that_has_no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reason is the resolver's."""

    async def resolve(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve)
    with pytest.raises(ConfigError) as caught:
        await serve(replace(SETTINGS, host="nowhere"))

    assert caught.value.message == (
        "cannot listen on nowhere:0 (name or service not known)"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--rate=0"], "--rate must be above 0"),
        (["--rate=inf"], "--rate must be above 0"),
        (["--burst=2"], "--burst must be at least 1, and needs --rate"),
        (["--rate=2", "--burst=0.5"], "--burst must be at least 1, and needs --rate"),
        (["--window=3"], "--window must be N/S: 20/60 is 20 requests in 60 seconds"),
        (["--api-key="], "--api-key must not be empty"),
        (["--latency=inf"], "--latency must be a number, not inf"),
        (["--padding-interval=inf"], "--padding-interval must be a number, not inf"),
        (["--padding-interval=0"], "--padding-interval must be above 0"),
        (["--fault=cut:0"], "--fault 'cut:0': a share is above 0 and at most 1"),
        (["--fault=cut:1.1"], "--fault 'cut:1.1': a share is above 0 and at most 1"),
        (
            ["--fault=cut:0.6", "--fail-rate=0.5"],
            "the shares of --fault and --fail-rate are more than 1",
        ),
        (
            ["--fault=cut:1", "--fault=stall"],
            "the shares of --fault and --fail-rate are more than 1",
        ),
        *(
            (
                [f"--fault={wrong}"],
                f"--fault '{wrong}' is not NAME or NAME:SHARE, of cut, disconnect,"
                " error-event, fail-STATUS, hang, html, inner-error, malformed,"
                " no-done, reset, short, stall",
            )
            for wrong in ("", "x", "fail-200", "fail-", "cut:", "cut:x", "cut:1:1")
        ),
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
        *("--fault=cut:0.05", "--fault=stall", "--comments=9", "--comment-interval=.1"),
        *("--padding-interval=.2", "--usage-shape=repeated-finish"),
    )

    assert (await invoke("simulate", *options)).code == 0
    assert served == [
        Settings(
            host="::1",
            port=1,
            api_key="k",
            latency=2.0,
            token_interval=3.0,
            comments=9,
            comment_interval=0.1,
            padding_interval=0.2,
            usage_shape="repeated_finish",
            rate=4.0,
            burst=5.0,
            retry_after="exact",
            window=(6, 0.5),
            in_flight=8,
            faults=(
                Fault(name="cut", share=0.05),
                Fault(name="stall", share=0.7),
                Fault(name="fail-503", share=0.25),
            ),
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
        (replace(SETTINGS, faults=parse_faults((), 1.0)), 503),
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


# What a stream ends with that meets a fault, by the fault's name.
MET = {
    "cut": "StreamInterruptedError",
    "disconnect": "APIConnectionError",
    "error-event": "ServerError",
    "fail-418": "APIError",
    "hang": "APITimeoutError",
    "html": "ServerError",
    "inner-error": "ServerError",
    "malformed": "ResponseDecodeError",
    "no-done": None,
    "reset": "StreamInterruptedError",
    "short": "StreamInterruptedError",
    "stall": "APITimeoutError",
}


@pytest.mark.parametrize("name", MET)
async def test_each_fault_is_met(capsys: pytest.CaptureFixture[str], name: str) -> None:
    """Without a share all requests meet it."""
    settings = replace(SETTINGS, faults=parse_faults([name], 0.0))
    async with serving(capsys, settings) as (_, client):
        patient = Timeout(first_event=0.1, idle=0.1)
        asked = client.with_options(timeout=patient).completions.stream(prompt="x")
        (ended,) = await asyncio.gather(asked.final(), return_exceptions=True)

    met = type(ended).__name__ if isinstance(ended, BaseException) else None
    assert met == MET[name]


def test_every_name_of_a_fault_is_tried() -> None:
    """STATUS stands for a number."""
    assert [name.replace("418", "STATUS") for name in MET] == list(NAMES)


async def test_shares_are_met_by_the_same_requests_in_every_run(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """About as many as they say; those without a share divide the rest."""
    faults = parse_faults(["fail-500:0.2", "fail-501", "fail-502"], 0.1)
    runs: list[list[int | str | None]] = []
    for _ in range(2):
        async with serving(capsys, replace(SETTINGS, faults=faults)) as (_, client):
            runs.append([await code_of(client) for _ in range(200)])

    shares = {code: runs[0].count(code) / 200 for code in (500, 501, 502, 503)}
    assert runs[0] == runs[1]
    assert shares == pytest.approx({500: 0.2, 501: 0.35, 502: 0.35, 503: 0.1}, abs=0.06)


async def code_of(client: OpenRouter) -> int | str | None:
    """Send a request that has to fail."""
    with pytest.raises(OpenRouterError) as caught:
        await client.completions.create(prompt="x")

    return caught.value.code


async def test_the_pace_of_streams_is_set(capsys: pytest.CaptureFixture[str]) -> None:
    """Comments come first, and the last chunk has the form that was asked for."""
    settings = replace(SETTINGS, comments=3, usage_shape="repeated_finish")
    async with serving(capsys, settings) as (_, client):
        async with client.completions.stream(prompt="x", max_tokens=1) as stream:
            chunks = [chunk async for chunk in stream]

    assert [len(chunk.choices) for chunk in chunks] == [1, 1, 1]


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
