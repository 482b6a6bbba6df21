"""`openrouter-async demo`: the three uses, shown for real."""

from __future__ import annotations

import asyncio
import sys
from typing import Annotated

import typer
from rich.console import Console

from openrouter_async import __version__
from openrouter_async.cli.acts import (
    Play,
    await_completion,
    meet_faults,
    stream_tokens,
)
from openrouter_async.cli.connecting import client, naming_base_url
from openrouter_async.cli.consoles import plural, stdout_console
from openrouter_async.cli.fan_out_act import Crowd, fan_out_prompts
from openrouter_async.cli.running import EXIT_FAILED, exit_codes
from openrouter_async.client import OpenRouter
from openrouter_async.errors import ConfigError

_LATENCY = 0.2
_BURST_SECONDS = 0.25  # a burst is what the limit admits in this time

_LIVE_MODEL = "openai/gpt-3.5-turbo-instruct"
_LIVE_PROMPTS = 10
_LIVE_IN_FLIGHT = 5
_LIVE_TOKENS = 48


def demo(
    live: Annotated[
        bool,
        typer.Option(
            "--live", help="Use the live service, without faults; this costs money."
        ),
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Do not ask before it costs money.")
    ] = False,
    model: Annotated[
        str | None,
        typer.Option(help=f"Default: simulator/prose; live: {_LIVE_MODEL}."),
    ] = None,
    prompts: Annotated[
        int | None,
        typer.Option(min=1, help=f"Default: 1000; live: {_LIVE_PROMPTS}."),
    ] = None,
    rate: Annotated[
        float, typer.Option(min=1, max=10_000, help="The simulator's requests/s.")
    ] = 200.0,
    seed: Annotated[int, typer.Option(help="Other answers, and prompts in act 3.")] = 1,
) -> None:
    """
    Await an answer, watch a stream, fan out 1,000 prompts against a rate limit.

    Needs neither a key nor a network: a simulator answers over HTTP from within.
    """
    with exit_codes():
        if live:
            play = Play(model=model or _LIVE_MODEL, seed=seed, max_tokens=_LIVE_TOKENS)
            lost = _play_live(play, prompts or _LIVE_PROMPTS, agreed=yes)
        else:
            play = Play(model=model or "simulator/prose", seed=seed, max_tokens=None)
            lost = asyncio.run(_simulated(play, prompts or 1000, rate))

    if lost:
        raise typer.Exit(EXIT_FAILED)


async def _simulated(play: Play, prompts: int, rate: float) -> int:
    # Imported here: other commands have no need of a server.
    from openrouter_async.testing import RateLimit, Simulator

    console = stdout_console()
    async with (
        Simulator(latency=_LATENCY, sentences=(4, 5)) as simulator,
        OpenRouter(simulator.api_key, base_url=simulator.base_url) as opened,
    ):
        _title(console, f"Every answer comes over HTTP from {simulator.base_url},")
        console.print("a simulator in this process. No key, no network, no cost.")
        await await_completion(console, opened, play)
        await stream_tokens(console, opened, play, simulator)
        await meet_faults(console, opened, play, simulator)
        burst = max(1.0, round(rate * _BURST_SECONDS))
        simulator.rate_limit = RateLimit(rate, burst, retry_after=None)
        crowd = Crowd(
            prompts=prompts,
            in_flight=None,
            limit=f"{rate:g} {plural(rate, 'request')} a second",
            ideal=max(0.0, prompts - burst) / rate + _LATENCY,
        )
        return await fan_out_prompts(console, opened, play, crowd)


def _play_live(play: Play, prompts: int, *, agreed: bool) -> int:
    console = stdout_console()
    live = client()
    _title(console, f"Every answer comes from {live.base_url}.")
    console.print(
        f"This sends {prompts + 2} requests of at most {play.max_tokens} tokens each to"
        f" {play.model}. Your account pays for them.",
        style="yellow",
    )
    console.print("It leaves out the faults: only a simulator plays them when told to.")
    # Not on the event loop: there, Ctrl-C would wait for the answer.
    if not (agreed or _agrees()):
        raise typer.Exit(EXIT_FAILED)

    return asyncio.run(_live(console, live, play, prompts))


async def _live(console: Console, live: OpenRouter, play: Play, prompts: int) -> int:
    async with live as opened:
        with naming_base_url(opened, "OPENROUTER_BASE_URL"):
            await await_completion(console, opened, play)
            await stream_tokens(console, opened, play, None)

        crowd = Crowd(
            prompts=prompts,
            in_flight=_LIVE_IN_FLIGHT,
            limit="whatever rate the API allows",
            ideal=None,
        )
        return await fan_out_prompts(console, opened, play, crowd)


def _title(console: Console, line: str) -> None:
    console.print(f"openrouter-async {__version__}", style="bold")
    console.print(line)


def _agrees() -> bool:
    if not (sys.stdin and sys.stdin.isatty()):
        raise ConfigError("there is no terminal to ask on", hint="add --yes")

    try:
        return input("Go on? [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        return False
