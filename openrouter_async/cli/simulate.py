"""`openrouter-async simulate`: the simulator until Ctrl-C."""

from __future__ import annotations

import asyncio
import math
import re
from enum import StrEnum
from typing import Annotated

import typer

from openrouter_async.cli.faults import NAMES, parse_faults
from openrouter_async.cli.running import exit_codes
from openrouter_async.cli.simulation import RetryAfter, Settings, UsageShape, serve
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


class UsageForm(StrEnum):
    """Name the two forms of the last chunk of a stream."""

    empty_choices = "empty-choices"
    repeated_finish = "repeated-finish"


_SHAPES: dict[UsageForm, UsageShape] = {
    UsageForm.empty_choices: "empty_choices",
    UsageForm.repeated_finish: "repeated_finish",
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
    comments: Annotated[
        int, typer.Option(min=0, help="Comments at the start of a stream.")
    ] = 1,
    comment_interval: Annotated[
        float, typer.Option(min=0, help="Seconds before each of them.")
    ] = 0.0,
    padding_interval: Annotated[
        float | None,
        typer.Option(min=0, help="Seconds between whitespace in a plain answer."),
    ] = None,
    usage_shape: Annotated[
        UsageForm, typer.Option(help="The last chunk of a stream.")
    ] = UsageForm.empty_choices,
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
        typer.Option(min=0, max=1, help="The same as --fault fail-503:SHARE."),
    ] = 0.0,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME[:SHARE]",
            help=f"What a share of the requests meets: {', '.join(NAMES)};"
            " can be repeated.",
        ),
    ] = None,
    log: Annotated[bool, typer.Option("--log", help="A line per request.")] = False,
) -> None:
    """Run a simulator of the API on this machine, until Ctrl-C."""
    with exit_codes():
        _check_rate(rate, burst)
        _check_finite("--latency", latency)
        _check_finite("--token-interval", token_interval)
        _check_finite("--comment-interval", comment_interval)
        _check_finite("--padding-interval", padding_interval or 0.0)
        _check_finite("--fail-rate", fail_rate)
        if padding_interval == 0:
            raise ConfigError("--padding-interval must be above 0")

        if api_key == "":
            raise ConfigError("--api-key must not be empty")

        settings = Settings(
            host=host,
            port=port,
            api_key=api_key,
            latency=latency,
            token_interval=token_interval,
            comments=comments,
            comment_interval=comment_interval,
            padding_interval=padding_interval,
            usage_shape=_SHAPES[usage_shape],
            rate=rate,
            burst=burst,
            retry_after=_FORMS[retry_after],
            window=_window(window),
            in_flight=in_flight,
            faults=parse_faults(fault or (), fail_rate),
            log=log,
        )
        asyncio.run(serve(settings))


def _check_rate(rate: float | None, burst: float | None) -> None:
    if rate is not None and not 0 < rate < math.inf:
        raise ConfigError("--rate must be above 0")

    if burst is not None and (rate is None or not 1 <= burst < math.inf):
        raise ConfigError("--burst must be at least 1, and needs --rate")


def _check_finite(option: str, value: float) -> None:
    if not math.isfinite(value):
        raise ConfigError(f"{option} must be a number, not {value}")


def _window(text: str | None) -> tuple[int, float] | None:
    if text is None:
        return None

    found = _WINDOW.fullmatch(text)
    window = (int(found["requests"]), float(found["seconds"])) if found else (0, 0.0)
    if not all(window) or math.isinf(window[1]):
        raise ConfigError("--window must be N/S: 20/60 is 20 requests in 60 seconds")

    return window
