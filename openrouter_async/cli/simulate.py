"""`openrouter-async simulate`: the simulator until Ctrl-C."""

from __future__ import annotations

import asyncio
import math
import re
from enum import StrEnum
from typing import Annotated

import typer

from openrouter_async.cli.running import exit_codes
from openrouter_async.cli.simulation import RetryAfter, Settings, serve
from openrouter_async.errors import ConfigError

_WINDOW = re.compile(r"(?P<requests>\d+)/(?P<seconds>\d+(\.\d*)?|\.\d+)")


class RetryAfterForm(StrEnum):
    """Name the ways in which a refusal says how long to wait."""

    none = "none"
    seconds = "seconds"
    exact = "exact"


_FORMS: dict[RetryAfterForm, RetryAfter] = {
    RetryAfterForm.none: None,
    RetryAfterForm.seconds: "seconds",
    RetryAfterForm.exact: "exact",
}


def simulate(
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="TCP port; 0 takes a free one.")
    ] = 8080,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    api_key: Annotated[
        str | None, typer.Option(help="The key that requests must carry.")
    ] = None,
    latency: Annotated[
        float, typer.Option(min=0, help="Seconds before the first token.")
    ] = 0.0,
    token_interval: Annotated[
        float, typer.Option(min=0, help="Seconds before each token.")
    ] = 0.0,
    rate: Annotated[
        float | None, typer.Option(help="Requests a second; more get a 429.")
    ] = None,
    burst: Annotated[
        float | None, typer.Option(help="Requests at once; by default the rate.")
    ] = None,
    retry_after: Annotated[
        RetryAfterForm, typer.Option(help="What a 429 says about the wait.")
    ] = RetryAfterForm.seconds,
    window: Annotated[
        str | None,
        typer.Option(metavar="N/S", help="N requests in each window of S seconds."),
    ] = None,
    in_flight: Annotated[
        int | None, typer.Option(min=1, help="Requests at a time; more get a 402.")
    ] = None,
    fail_rate: Annotated[
        float,
        typer.Option(min=0, max=1, help="Share of requests that fail with a 503."),
    ] = 0.0,
    log: Annotated[bool, typer.Option("--log", help="A line per request.")] = False,
) -> None:
    """Run a simulator of the API on this machine, until Ctrl-C."""
    with exit_codes():
        _check_rate(rate, burst)
        settings = Settings(
            host=host,
            port=port,
            api_key=api_key,
            latency=latency,
            token_interval=token_interval,
            rate=rate,
            burst=burst,
            retry_after=_FORMS[retry_after],
            window=_window(window),
            in_flight=in_flight,
            fail_rate=fail_rate,
            log=log,
        )
        asyncio.run(serve(settings))


def _check_rate(rate: float | None, burst: float | None) -> None:
    if rate is not None and not 0 < rate < math.inf:
        raise ConfigError("--rate must be above 0")

    if burst is not None and (rate is None or not 1 <= burst < math.inf):
        raise ConfigError("--burst must be at least 1, and needs --rate")


def _window(text: str | None) -> tuple[int, float] | None:
    if text is None:
        return None

    found = _WINDOW.fullmatch(text)
    window = (int(found["requests"]), float(found["seconds"])) if found else (0, 0.0)
    if not all(window):
        raise ConfigError("--window must be N/S: 20/60 is 20 requests in 60 seconds")

    return window
