"""A simulator that runs until a signal ends it, and says what happens."""

from __future__ import annotations

import asyncio
import errno
import os
import shlex
import signal
import socket
from collections.abc import Awaitable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import typer

from openrouter_async.cli.consoles import plural
from openrouter_async.cli.faults import Fault, script_faults
from openrouter_async.cli.request_log import RequestLog
from openrouter_async.errors import ConfigError

if TYPE_CHECKING:
    from openrouter_async.testing import Limit, Simulator, Statistics

RetryAfter: TypeAlias = Literal["seconds", "exact"] | None
UsageShape: TypeAlias = Literal["empty_choices", "repeated_finish"]

_LOOK = 0.1  # seconds between looks at the journal


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """
    Hold what a simulator is to be like.

    Attributes:
        host: address to listen on.
        port: TCP port; 0 takes a free one.
        api_key: that requests must carry; None for the usual one.
        latency: seconds before the first token.
        token_interval: seconds before each token.
        comments: at the start of a stream.
        comment_interval: seconds before each of them.
        padding_interval: seconds between whitespace in a plain answer.
        usage_shape: what the last chunk of a stream is like.
        rate: requests a second; None for no such limit.
        burst: requests at once; None for the rate.
        retry_after: what refusals say about the wait.
        window: requests and seconds of a fixed window.
        in_flight: requests at a time.
        faults: what shares of the requests meet.
        log: whether to write a line per request.
    """

    host: str
    port: int
    api_key: str | None
    latency: float
    token_interval: float
    comments: int
    comment_interval: float
    padding_interval: float | None
    usage_shape: UsageShape
    rate: float | None
    burst: float | None
    retry_after: RetryAfter
    window: tuple[int, float] | None
    in_flight: int | None
    faults: tuple[Fault, ...]
    log: bool


async def serve(settings: Settings) -> None:
    """
    Run a simulator until SIGINT or SIGTERM.

    Raises:
        ConfigError: its address cannot be bound.
    """
    simulator = _simulator(settings)
    stopped = asyncio.Event()
    with _stopping(stopped):
        await _start(simulator, f"{settings.host}:{settings.port}")
        try:
            _greet(simulator)
            await _watch(simulator, stopped, log=settings.log)
        finally:
            await simulator.aclose()
            _say(statistics_line(simulator.statistics()))


async def _start(simulator: Simulator, address: str) -> None:
    try:
        await simulator.start()
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        hint = "--port 0 takes a free port" if taken else None
        message = f"cannot listen on {address} ({_reason(error)})"
        raise ConfigError(message, hint=hint) from None


def _reason(error: OSError) -> str:
    # asyncio puts an account of its own around the system's; names of hosts have
    # numbers of their own.
    reason = error.strerror or str(error)
    if error.errno is not None and not isinstance(error, socket.gaierror):
        reason = os.strerror(error.errno)

    return reason[:1].lower() + reason[1:]


def _simulator(settings: Settings) -> Simulator:
    # Imported here: other commands have no need of a server.
    from openrouter_async.testing import Simulator
    from openrouter_async.testing.simulator import API_KEY

    simulator = Simulator(
        host=settings.host,
        port=settings.port,
        api_key=settings.api_key or API_KEY,
        rate_limit=_limits(settings),
        latency=settings.latency,
        token_interval=settings.token_interval,
        comments=settings.comments,
        comment_interval=settings.comment_interval,
        padding_interval=settings.padding_interval,
        usage_shape=settings.usage_shape,
    )
    script_faults(simulator, settings.faults)
    return simulator


def _limits(settings: Settings) -> list[Limit]:
    from openrouter_async.testing import InFlightLimit, RateLimit, WindowLimit

    limits: list[Limit] = []
    form = settings.retry_after
    if settings.in_flight is not None:
        limits.append(InFlightLimit(settings.in_flight))

    if settings.window is not None:
        limits.append(WindowLimit(*settings.window, retry_after=form))

    if settings.rate is not None:
        limits.append(RateLimit(settings.rate, settings.burst, retry_after=form))

    return limits


@contextmanager
def _stopping(stopped: asyncio.Event) -> Generator[None]:
    """Set an event on SIGINT and SIGTERM, where the system lets a loop do so."""
    loop = asyncio.get_running_loop()
    handled: list[signal.Signals] = []
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stopped.set)
            handled.append(number)
    except NotImplementedError:
        pass  # Windows: Ctrl-C cancels the command instead.

    try:
        yield
    finally:
        for number in handled:
            loop.remove_signal_handler(number)


def _greet(simulator: Simulator) -> None:
    url, key = simulator.base_url, simulator.api_key
    _say(f"A simulator of the OpenRouter API listens at {url}")
    _say(f"Its key is {key}. Ctrl-C stops it. To use it from a shell:")
    _say("")
    _say(f"export OPENROUTER_BASE_URL={shlex.quote(url)}")
    _say(f"export OPENROUTER_API_KEY={shlex.quote(key)}")
    _say("")


async def _watch(simulator: Simulator, stopped: asyncio.Event, *, log: bool) -> None:
    if not log:
        await stopped.wait()
        return

    lines = RequestLog(simulator)
    while not await _within(_LOOK, stopped.wait()):
        for line in lines.new():
            _say(line)

    for line in lines.new():
        _say(line)


async def _within(seconds: float, event: Awaitable[object]) -> bool:
    try:
        await asyncio.wait_for(event, seconds)
    except TimeoutError:
        return False

    return True


def statistics_line(counts: Statistics) -> str:
    """Say in a line what a simulator was asked and how it answered."""
    return (
        f"{_counted(counts.requests, 'request')}: {counts.answered} answered,"
        f" {counts.refused} refused, {counts.failed} failed;"
        f" {counts.peak_in_flight} at most in flight,"
        f" {_counted(counts.connections, 'connection')},"
        f" {_counted(counts.tokens_sent, 'token')}"
    )


def _counted(number: int, noun: str) -> str:
    return f"{number} {plural(number, noun)}"


def _say(line: str) -> None:
    typer.echo(line)  # flushes: whoever starts this from a program waits for it
