"""Which refusals pass, and which do not."""

from __future__ import annotations

import pytest

from openrouter_async import (
    APIConnectionError,
    APIError,
    APITimeoutError,
    AuthenticationError,
    BadRequestError,
    Completion,
    OpenRouterError,
    PaymentRequiredError,
    RateLimitError,
    RequestTimeoutError,
    ResponseDecodeError,
    RetryPolicy,
    ServerError,
    StreamInterruptedError,
)
from openrouter_async.errors import Kind
from openrouter_async.fanout.pressure import Pressure, Signal, signal_of
from openrouter_async.transport.failures import Head, from_response
from openrouter_async.types.admission import Hold

NOW = 7_000.0


def rate_limit(
    retry_after: float | None = None, resets_in: float | None = None
) -> OpenRouterError:
    """Make the error of a 429."""
    return RateLimitError(
        "no",
        status=429,
        code=429,
        retry_after=retry_after,
        limit_resets_in=resets_in,
        kind="throttled",
    )


def server(code: int, kind: Kind = "refused", status: int | None = None) -> ServerError:
    """Make the error of a 5xx."""
    return ServerError("no", status=status or code, code=code, kind=kind)


def with_partial() -> OpenRouterError:
    """Make the error of a stream that broke after its first content."""
    return RateLimitError(
        "no", status=200, code=429, kind="throttled", partial=Completion()
    )


SIGNALS: dict[str, tuple[OpenRouterError, Signal | None]] = {
    "429": (rate_limit(), Signal.RATE),
    "429 in a 200": (
        RateLimitError("no", status=200, code=429, kind="throttled"), Signal.RATE
    ),
    "429 by name": (
        RateLimitError(
            "no", status=429, code="rate_limit_exceeded", kind="throttled"
        ),
        Signal.RATE,
    ),
    "429 that is final": (RateLimitError("no", status=429, kind="final"), None),
    "429 after content": (with_partial(), None),
    "402 in flight": (
        PaymentRequiredError("no", status=402, code=402, kind="throttled"),
        Signal.IN_FLIGHT,
    ),
    "402 credits": (PaymentRequiredError("no", status=402, kind="final"), None),
    "503": (server(503), Signal.LOAD),
    "503 in a 200": (server(503, status=200), Signal.LOAD),
    "503 that is final": (server(503, "final"), None),
    "529": (server(529, "throttled"), Signal.LOAD),
    "529 in a 200": (server(529, "throttled", status=200), Signal.LOAD),
    "overload by name": (
        ServerError("no", status=500, code="overloaded_error", kind="throttled"),
        Signal.LOAD,
    ),
    "500": (server(500), None),
    "502": (server(502), None),
    "504": (server(504), None),
    "400": (BadRequestError("no", status=400), None),
    "401": (AuthenticationError("no", status=401), None),
    "408": (RequestTimeoutError("no", status=408, kind="refused"), None),
    "no code": (APIError("no", status=200, kind="refused"), None),
    "connection": (APIConnectionError("no"), None),
    "not connected": (APIConnectionError("no", kind="unsent"), None),
    "timeout": (APITimeoutError("no", phase="total"), None),
    "cut": (StreamInterruptedError("no"), None),
    "no JSON": (ResponseDecodeError("no", status=200), None),
}  # fmt: skip


@pytest.mark.parametrize(("error", "signal"), SIGNALS.values(), ids=SIGNALS.keys())
def test_signal(error: OpenRouterError, signal: Signal | None) -> None:
    """Only refusals for a limit, or for load, are back-pressure."""
    assert signal_of(error) is signal


@pytest.mark.parametrize(
    ("status", "body", "signal"),
    [
        (429, b"", Signal.RATE),
        (429, b"<html>", Signal.RATE),
        (503, b"<html>", Signal.LOAD),
        (529, b'{"error":{"code":529,"message":"no"}}', Signal.LOAD),
        (500, b'{"error":{"code":"overloaded_error","message":"no"}}', Signal.LOAD),
        (
            402,
            b'{"error":{"code":402,"message":"no","metadata":'
            b'{"limit_source":"openrouter_in_flight_budget"}}}',
            Signal.IN_FLIGHT,
        ),
        (402, b'{"error":{"code":402,"message":"no"}}', None),
        (502, b'{"error":{"code":502,"message":"no"}}', None),
        (403, b'{"error":{"code":403,"message":"no"}}', None),
    ],
)
def test_signal_of_an_answer(status: int, body: bytes, signal: Signal | None) -> None:
    """What arrives from a server has the signal of its code."""
    error = from_response(Head(status, {}, None, RetryPolicy()), body)

    assert signal_of(error) is signal


def judge(
    pressure: Pressure,
    error: OpenRouterError,
    after: float = 0.0,
    max_pause: float | None = 120.0,
    random: float = 0.0,
) -> Hold:
    """Judge a refusal that comes so many seconds after the start."""
    signal = signal_of(error)
    assert signal is not None
    return pressure.judge(
        error, signal, NOW + after, max_pause=max_pause, random=random
    )


@pytest.mark.parametrize(
    ("error", "max_pause", "patience"),
    [
        (rate_limit(), 120.0, 120.0),
        (rate_limit(), 5.0, 5.0),
        (server(503), 120.0, 30.0),
        (server(529, "throttled"), 120.0, 30.0),
        (server(503), 5.0, 5.0),
        (server(503), None, 30.0),
    ],
    ids=["429", "429, 5 s", "503", "529", "503, 5 s", "503, for ever"],
)
def test_patience(
    error: OpenRouterError, max_pause: float | None, patience: float
) -> None:
    """Without a single success a refusal becomes a fault after a while."""
    pressure = Pressure()
    verdicts = [
        judge(pressure, error, patience * share, max_pause).verdict
        for share in (0.0, 0.5, 1.0, 1.01)
    ]

    assert verdicts == ["again", "again", "again", "fault"]
    assert pressure.refused == 4


def test_success_starts_the_clock_anew() -> None:
    """As long as others succeed, a refusal is no fault."""
    pressure = Pressure()
    for second in range(0, 600, 20):
        assert judge(pressure, server(503), second).verdict == "again"
        if second % 40:
            pressure.relieve()


def test_no_end_of_patience() -> None:
    """Who waits for ever does not fail for a limit."""
    pressure = Pressure()
    verdicts = {
        judge(pressure, rate_limit(86_400.0), hours * 3_600, None).verdict
        for hours in range(100)
    }

    assert verdicts == {"again"}


def test_refusals_of_another_day() -> None:
    """A refusal long after the last one is the first of its kind, not a fault."""
    pressure = Pressure()
    judge(pressure, server(503))

    assert judge(pressure, server(503), 3_600).verdict == "again"
    assert judge(pressure, rate_limit(), 10_000).verdict == "again"


def test_zero_patience() -> None:
    """With no pause allowed, the first refusal goes again, a later one is a fault."""
    pressure = Pressure()

    assert judge(pressure, rate_limit(), 0.0, 0.0) == Hold("again")
    assert judge(pressure, rate_limit(), 0.1, 0.0).verdict == "fault"


@pytest.mark.parametrize(
    ("error", "wait"),
    [
        (rate_limit(), 0.0),
        (rate_limit(8.0), 8.0),
        (rate_limit(8.0, 7.5), 0.0),
        (rate_limit(8.0, 8.0), 0.0),
        (rate_limit(None, 8.0), 0.0),
        (rate_limit(60.0, 8.0), 60.0),
    ],
    ids=["nothing", "Retry-After", "both", "equal", "reset", "longer Retry-After"],
)
def test_own_wait(error: OpenRouterError, wait: float) -> None:
    """Retry-After holds back its request; the reset, held by all, is not added."""
    assert judge(Pressure(), error).seconds == wait


def test_jitter() -> None:
    """Those who are told the same do not return together, nor too early."""
    waits = [judge(Pressure(), rate_limit(10.0), random=r).seconds for r in (0, 0.5, 1)]

    assert waits == pytest.approx([10.0, 10.5, 11.0])


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (rate_limit(3_600.0), "wait 3,600 s, more than max_pause (120 s)"),
        (rate_limit(None, 86_400.0), "wait 86,400 s"),
        (rate_limit(1.0, 121.0), "wait 121 s"),
    ],
    ids=["Retry-After", "reset", "both"],
)
def test_too_long(error: OpenRouterError, words: str) -> None:
    """Above `max_pause` there is no use in waiting, and the reason says what to do."""
    hold = judge(Pressure(), error)

    assert (hold.verdict, hold.seconds) == ("stop", 0.0)
    assert words in (hold.reason or "")
    assert "None waits however long it takes" in (hold.reason or "")


def test_exactly_max_pause() -> None:
    """A wait of just `max_pause` is waited out."""
    assert judge(Pressure(), rate_limit(120.0)).verdict == "again"
