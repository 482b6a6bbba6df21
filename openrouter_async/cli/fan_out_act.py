"""The act of the demo that asks for very many answers."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass

import typer
from rich.console import Console

from openrouter_async.cli.acts import Play, heading
from openrouter_async.cli.consoles import plural, show_error
from openrouter_async.cli.fan_out import Tally, fan_out
from openrouter_async.cli.progress import Gauge, gauge, show_result, show_stopped
from openrouter_async.cli.running import EXIT_INTERRUPTED
from openrouter_async.client import OpenRouter
from openrouter_async.config import RetryPolicy

_REFRESH = 0.1  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """
    Hold how many prompts there are and how they are sent.

    Attributes:
        prompts: how many.
        in_flight: how many at a time.
        retry: what is tried again.
        limit: the rate limit, in words.
        ideal: seconds it takes at best under that limit; None if it is not known.
    """

    prompts: int
    in_flight: int
    retry: RetryPolicy
    limit: str
    ideal: float | None


async def fan_out_prompts(
    console: Console, client: OpenRouter, play: Play, crowd: Crowd
) -> int:
    """
    Fan prompts out and show how it goes.

    Returns:
        How many of them were lost.

    Raises:
        typer.Exit: Ctrl-C ended it before all were done.
    """
    total, tasks = crowd.prompts, min(crowd.in_flight, crowd.prompts)
    title = f"3. {total:,} {plural(total, 'prompt')}, against {crowd.limit}"
    alone = "1 task has the client for itself"
    heading(console, title, f"{tasks} tasks share one client" if tasks > 1 else alone)
    loop = asyncio.get_running_loop()
    tally = Tally(total=crowd.prompts, started=loop.time())
    prompts = play.prompts(crowd.prompts)
    work = fan_out(client, prompts, play.params, crowd.retry, tasks, tally)
    try:
        with gauge(console, crowd.prompts) as shown:
            await watch(work, tally, shown)
    except asyncio.CancelledError:
        show_stopped(console, tally)
        raise typer.Exit(EXIT_INTERRUPTED) from None

    show_result(console, tally, loop.time() - tally.started, crowd.ideal)
    if tally.first_error is not None:
        show_error(tally.first_error)

    return tally.total - tally.answered


async def watch(
    work: Coroutine[object, object, None], tally: Tally, shown: Gauge
) -> None:
    """
    Show a fan-out until it is over.

    Args:
        work: the fan-out; cancelled when the display fails.
        tally: that it keeps.
        shown: where its counts go.
    """
    loop = asyncio.get_running_loop()
    task = loop.create_task(work)
    try:
        while not task.done():
            shown.show(tally, loop.time())
            await asyncio.wait({task}, timeout=_REFRESH)

        await task
        shown.show(tally, loop.time())
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait({task})
