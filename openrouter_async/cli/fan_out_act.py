"""The act of the demo that asks for very many answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import typer
from rich.console import Console
from rich.text import Text

from openrouter_async.cli.acts import Play, heading
from openrouter_async.cli.amounts import cost
from openrouter_async.cli.consoles import plural, show_error
from openrouter_async.cli.progress import REFRESH, Gauge, end_echo, gauge
from openrouter_async.cli.running import EXIT_INTERRUPTED
from openrouter_async.client import OpenRouter
from openrouter_async.errors import OpenRouterError
from openrouter_async.fanout.map import Outcomes
from openrouter_async.fanout.statistics import MapStatistics
from openrouter_async.types.completion import Completion


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """
    Hold how many prompts there are and what holds them up.

    Attributes:
        prompts: how many.
        in_flight: how many at a time; None for the usual number.
        limit: the rate limit, in words.
        ideal: seconds it takes at best under that limit; None if it is not known.
    """

    prompts: int
    in_flight: int | None
    limit: str
    ideal: float | None


async def fan_out_prompts(
    console: Console, client: OpenRouter, play: Play, crowd: Crowd
) -> int:
    """
    Map prompts and show how it goes.

    Returns:
        How many of them were lost.

    Raises:
        typer.Exit: Ctrl-C ended it before all were done.
    """
    total = crowd.prompts
    heading(
        console,
        f"3. {total:,} {plural(total, 'prompt')}, against {crowd.limit}",
        "async with client.completions.map(prompts, model=...) as outcomes:",
        "the client is not told of the limit: it finds the rate by itself",
    )
    first_error: list[OpenRouterError] = []

    async def take(outcomes: Outcomes[Completion]) -> None:
        async for outcome in outcomes:
            if outcome.error is not None and not first_error:
                first_error.append(outcome.error)

    mapped = client.completions.map(
        play.prompts(total), max_in_flight=crowd.in_flight, **play.params
    )
    async with mapped as outcomes:
        taking = asyncio.create_task(take(outcomes))
        try:
            with gauge(console, total) as shown:
                await watch(taking, outcomes.statistics, shown)
        except asyncio.CancelledError:
            end_echo(console)
            show_stopped(console, outcomes.statistics(), total)
            raise typer.Exit(EXIT_INTERRUPTED) from None

    show_result(console, outcomes.statistics(), crowd)
    for error in first_error:
        show_error(error)

    return total - outcomes.statistics().succeeded


async def watch(
    taking: asyncio.Task[None], statistics: Callable[[], MapStatistics], shown: Gauge
) -> None:
    """
    Show a map until it is over.

    Args:
        taking: takes its outcomes; cancelled when the display fails.
        statistics: give those of the map.
        shown: where its counts go.
    """
    loop = asyncio.get_running_loop()
    try:
        while not taking.done():
            shown.show(statistics(), loop.time())
            await asyncio.wait({taking}, timeout=REFRESH)

        await taking
        shown.show(statistics(), loop.time())
    finally:
        if not taking.done():
            taking.cancel()
            await asyncio.wait({taking})


def show_result(console: Console, told: MapStatistics, crowd: Crowd) -> None:
    """Show the table that closes the act."""
    lost = crowd.prompts - told.succeeded
    rows = {
        "answered": f"{told.succeeded:,} of {crowd.prompts:,}",
        "lost": f"{lost:,}",
        "requests sent": f"{told.requests:,}",
        "refused with 429": f"{told.throttled:,}",
        "refused per prompt": f"{told.throttled / crowd.prompts:.3f}",
        "cost": cost(told.cost),
        "prompts per second": f"{told.succeeded / told.elapsed:,.1f}",
        "wall time": f"{told.elapsed:.2f} s",
    }
    if crowd.ideal is not None:
        rows["ideal time at this limit"] = f"{crowd.ideal:.2f} s"
        rows["ideal : wall"] = f"{crowd.ideal / told.elapsed:.2f}"

    console.print()
    for label, value in rows.items():
        style = f"not dim bold {'red' if lost else 'green'}"
        line = Text(f"   {label:<26}", style="dim")
        line.append(
            f"{value:>16}", style=style if label in ("answered", "lost") else "not dim"
        )
        console.print(line)


def show_stopped(console: Console, told: MapStatistics, total: int) -> None:
    """Show in a line how far a map came that Ctrl-C ended."""
    sent = told.finished + told.in_flight
    parts = [
        f"{told.succeeded:,} of {total:,} {plural(total, 'prompt')} answered",
        f"{told.failed:,} lost" if told.failed else "",
        f"{sent:,} sent",
        f"{total - sent:,} not sent",
    ]
    line = f"   stopped: {', '.join(part for part in parts if part)}"
    console.print(line, soft_wrap=True)
