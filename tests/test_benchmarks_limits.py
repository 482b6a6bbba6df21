"""The benchmark's limited server admits, refuses and counts what it should."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from typing import cast

import pytest

from benchmarks.fan_out_shapes import BRISK, SHAPES, Shape
from benchmarks.fan_out_tally import prompt
from benchmarks.ledger import Counts
from benchmarks.limited_server import LimitedConnection, Service
from benchmarks.limits import (
    Bucket,
    InFlight,
    Limit,
    Rates,
    RetryAfter,
    Window,
)


def greedy(limit: Limit, prompts: int, step: float) -> float:
    """Return when the last prompt is admitted to a client that asks all the time."""
    turn = 0
    admitted = 0
    while admitted < prompts and turn < 100_000:
        if limit.decide(turn * step, 0) is None:
            admitted += 1
        else:
            turn += 1

    return turn * step


@pytest.mark.parametrize(
    ("limit", "prompts"),
    [
        pytest.param(Bucket(Rates((0, 200)), 200, "exact"), 3_000, id="bucket"),
        pytest.param(Bucket(Rates((0, 200)), 10, "none"), 500, id="burst-10"),
        pytest.param(
            Bucket(Rates((0, 200), (5, 100), (10, 200)), 200, "exact"),
            3_000,
            id="changing",
        ),
        pytest.param(Window(100, 2.0), 1_000, id="window"),
    ],
)
def test_ideal(limit: Limit, prompts: int) -> None:
    """No client is faster than the ideal, and the greediest one reaches it."""
    assert greedy(limit, prompts, step=0.001) == pytest.approx(
        limit.ideal(prompts, latency=0.0), abs=0.002
    )


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        pytest.param("exact", {"Retry-After": "0.500"}, id="exact"),
        pytest.param("whole", {"Retry-After": "1"}, id="whole"),
        pytest.param("none", {}, id="none"),
    ],
)
def test_retry_after(form: RetryAfter, expected: dict[str, str]) -> None:
    """Who comes back as told by an empty bucket is admitted."""
    limit = Bucket(Rates((0, 2)), 1, form)
    assert limit.decide(0.0, 0) is None
    refusal = limit.decide(0.0, 0)

    assert refusal is not None
    assert (refusal.status, refusal.headers) == (429, expected)
    assert limit.decide(float(expected.get("Retry-After", "0.5")), 0) is None


def test_retry_after_over_a_change() -> None:
    """The wait that a bucket names knows of the change to come."""
    limit = Bucket(Rates((0, 1), (0.5, 5)), 1, "exact")
    limit.decide(0.0, 0)
    refusal = limit.decide(0.0, 0)

    assert refusal is not None
    assert refusal.headers == {"Retry-After": "0.600"}


def test_window_reset() -> None:
    """A window says in epoch milliseconds when it ends, and opens again then."""
    limit = Window(1, 2.0, epoch=lambda: 1_000_000.25)
    assert limit.decide(10.0, 0) is None
    refusal = limit.decide(10.5, 0)

    assert refusal is not None
    assert refusal.headers["X-RateLimit-Reset"] == "1000001750"
    assert limit.decide(12.0, 0) is None


def test_in_flight() -> None:
    """Above so many at a time there is the 402 that passes by itself."""
    limit = InFlight(20, retry_after=1)
    refusal = limit.decide(0.0, 20)

    assert limit.decide(0.0, 19) is None
    assert refusal is not None
    assert (refusal.status, refusal.headers) == (402, {"Retry-After": "1"})
    assert refusal.metadata["limit_source"] == "openrouter_in_flight_budget"
    assert limit.ideal(prompts=50, latency=2.0) == 6.0


class Wire(asyncio.Transport):
    """Keep what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.closing = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Keep the bytes."""
        self.written += data

    def is_closing(self) -> bool:
        """Tell whether the client has gone."""
        return self.closing


class Later:
    """Hold what is to be done later."""

    def __init__(self) -> None:
        self.waiting: list[tuple[float, Callable[[], object]]] = []

    def __call__(self, delay: float, act: Callable[[], object]) -> None:
        """Keep it."""
        self.waiting.append((delay, act))

    def act(self) -> None:
        """Do all of it."""
        while self.waiting:
            self.waiting.pop(0)[1]()


def ask(
    service: Service, later: Later, item: int, path: str = "completions"
) -> tuple[LimitedConnection, Wire]:
    """Send a request on a new connection."""
    connection = LimitedConnection(service, later)
    wire = Wire()
    connection.connection_made(wire)
    body = json.dumps({"prompt": prompt(item)}).encode()
    head = f"POST /api/v1/{path} HTTP/1.1\r\nX-Run: first\r\nContent-Length: "
    connection.data_received(f"{head}{len(body)}\r\n\r\n".encode() + body[:5])
    connection.data_received(body[5:])
    return connection, wire


def body_of(wire: Wire) -> dict[str, object]:
    """Return the body of the response."""
    found: dict[str, object] = json.loads(wire.written.partition(b"\r\n\r\n")[2])
    return found


def test_answer() -> None:
    """An answer names its item after the latency, and both are counted."""
    later = Later()
    service = Service(BRISK, clock=lambda: 7.0)
    _, wire = ask(service, later, 42)
    delays = [delay for delay, _ in later.waiting]
    before = wire.written
    later.act()

    assert (delays, before) == ([0.005], b"")
    choices = cast("list[dict[str, object]]", body_of(wire)["choices"])
    assert str(choices[0]["text"]).endswith(" item 42.")
    assert service.ledger.runs["first"] == Counts(
        sent=Counter({42: 1}), answered=Counter({42: 1})
    )
    assert (service.ledger.admitted, service.ledger.began) == ([1], 7.0)


def test_chat_answer() -> None:
    """A chat completion is answered as one."""
    later = Later()
    _, wire = ask(Service(BRISK), later, 3, path="chat/completions")
    later.act()

    assert body_of(wire)["object"] == "chat.completion"


def test_refusal() -> None:
    """A refusal is OpenRouter's error, after its own latency, and counted."""
    shape = Shape(
        name="one",
        title="one at a time",
        limit=lambda: InFlight(1, retry_after=1),
        latency=1.0,
        refusal_latency=0.05,
    )
    later = Later()
    service = Service(shape, clock=lambda: 0.0)
    ask(service, later, 1)
    _, wire = ask(service, later, 2)
    delays = [delay for delay, _ in later.waiting]
    later.act()
    _, after = ask(service, later, 2)
    later.act()

    assert delays == [1.0, 0.05]
    assert wire.written.startswith(b"HTTP/1.1 402 Payment Required\r\nRetry-After: 1")
    assert cast("dict[str, object]", body_of(wire)["error"])["code"] == 402
    assert after.written.startswith(b"HTTP/1.1 200 OK\r\n")
    assert service.ledger.refused == 1
    assert service.ledger.turned_away == [1]


def test_client_that_left() -> None:
    """An answer that nobody takes is not counted as one, and frees its place."""
    later = Later()
    shape = Shape(name="one", title="", limit=lambda: InFlight(1, retry_after=1))
    service = Service(shape, clock=lambda: 0.0)
    _, wire = ask(service, later, 1)
    wire.closing = True
    later.act()
    _, second = ask(service, later, 1)
    later.act()

    assert second.written.startswith(b"HTTP/1.1 200 OK\r\n")
    assert service.ledger.runs["first"] == Counts(
        sent=Counter({1: 2}), answered=Counter({1: 1})
    )


def test_shapes() -> None:
    """The shapes' ideal times are those of their formulas."""
    ideal = {
        shape.name: shape.limit().ideal(shape.prompts, shape.latency)
        for shape in SHAPES
    }

    assert ideal == pytest.approx(
        {
            "bucket": 14.05,
            "burst-10": 15.0,
            "no-retry-after": 14.05,
            "whole-seconds": 49.05,
            "window": 58.05,
            "changing": 16.55,
            "rising": 9.55,
            "in-flight": 25.0,
            "slow": 50.0,
            "slow-answers": 50.0,
            "eight": 39.05,
        }
    )
