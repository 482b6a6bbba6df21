"""Answers that are refusals: what is asked again, when, and what the error tells."""

from __future__ import annotations

import time
from collections.abc import Callable
from email.utils import formatdate

import pytest

from openrouter_async import (
    APIError,
    AuthenticationError,
    OpenRouter,
    OpenRouterError,
    RateLimitError,
    RetryPolicy,
    ServerError,
    Timeout,
)
from tests.calling import (
    KEY,
    answer,
    ask,
    client_of,
    fail,
    in_turn,
    record_waits,
    refusal,
)
from tests.scripted import (
    ScriptedServer,
    exchange,
    http_response,
)


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let no test wait between attempts, and no draw add to a wait."""
    return record_waits(monkeypatch, random=0.0)


def in_milliseconds(seconds: float) -> str:
    """Write a time that is some seconds ahead as X-RateLimit-Reset does."""
    return f"{(time.time() + seconds) * 1000:.0f}"


def asking(status: int = 429, **error: object) -> bytes:
    """Build a refusal whose body asks to wait."""
    return refusal(status, None, code=status, **error)


FLOOR = RetryPolicy().floor
FORMS: dict[str, tuple[bytes, float]] = {
    "seconds": (refusal(429, {"retry-after": "5"}), 5),
    "on a 503": (refusal(503, {"retry-after": "5"}), 5),
    "fraction": (refusal(429, {"retry-after": "1.5"}), 1.5),
    "milliseconds": (refusal(429, {"retry-after-ms": "250"}), 0.25),
    "twice": (refusal(429, {"retry-after": "30, 6"}), 30),
    "availability": (asking(availability={"retry_after": 7}), 7),
    "metadata": (asking(metadata={"retry_after_seconds": 3}), 3),
    "quoted": (asking(metadata={"headers": {"Retry-After": "4"}}), 4),
    "inside a 200": (
        http_response(
            200, {"retry-after": "8"}, {"error": {"code": 429, "message": "n"}}
        ),
        8,
    ),
    "zero": (refusal(429, {"retry-after": "0"}), FLOOR),
    "negative": (refusal(429, {"retry-after": "-5"}), FLOOR),
    "infinity": (refusal(429, {"retry-after": "inf"}), FLOOR),
    "overflow": (refusal(429, {"retry-after": "1e400"}), FLOOR),
    "garbage": (refusal(429, {"retry-after": "soon"}), FLOOR),
    "empty": (refusal(429, {"retry-after": ""}), FLOOR),
    "date gone by": (
        refusal(429, {"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}), FLOOR
    ),
    "year 99999": (
        refusal(429, {"retry-after": "Fri, 31 Dec 99999 23:59:59 GMT"}), FLOOR
    ),
    "nothing": (refusal(429), FLOOR),
}  # fmt: skip


@pytest.mark.parametrize(("response", "expected"), FORMS.values(), ids=FORMS.keys())
async def test_requested_waits(
    response: bytes, expected: float, waits: list[float]
) -> None:
    """What the server asks for is waited before the next request, in every form."""
    async with (
        ScriptedServer([in_turn(response, answer())]) as server,
        client_of(server) as client,
    ):
        done = await ask(client)

    assert waits == [expected]
    assert [failure.waited for failure in done.meta.history] == waits


Ahead = Callable[[float], bytes]
TIMES: dict[str, Ahead] = {
    "date": lambda ahead: refusal(
        429, {"retry-after": formatdate(time.time() + ahead, usegmt=True)}
    ),
    "reset": lambda ahead: refusal(429, {"x-ratelimit-reset": in_milliseconds(ahead)}),
    "quoted reset": lambda ahead: asking(
        metadata={"headers": {"X-RateLimit-Reset": in_milliseconds(ahead)}}
    ),
}


@pytest.mark.parametrize("response", TIMES.values(), ids=TIMES.keys())
async def test_requested_times(response: Ahead, waits: list[float]) -> None:
    """A time that the server names is waited for."""
    async with (
        ScriptedServer([in_turn(response(40), answer())]) as server,
        client_of(server) as client,
    ):
        await ask(client)

    # HTTP dates have whole seconds.
    assert len(waits) == 1
    assert 35 < waits[0] <= 40


@pytest.mark.parametrize(
    "headers",
    [
        {"retry-after": "86400"},
        {"retry-after-ms": "61000"},
        {"x-ratelimit-reset": in_milliseconds(40_000)},
    ],
    ids=["seconds", "milliseconds", "reset"],
)
async def test_wait_that_is_too_long(
    headers: dict[str, str], waits: list[float]
) -> None:
    """A wait above the policy's bound is not begun, and stands on the error."""
    async with (
        ScriptedServer([in_turn(refusal(429, headers))]) as server,
        client_of(server) as client,
    ):
        error = await fail(client)

    assert (type(error), error.attempts, waits) == (RateLimitError, 1, [])
    assert error.retry_after is not None
    assert error.retry_after > 60
    assert "RetryPolicy.max_retry_after (60 s)" in str(error)


async def test_two_headers(waits: list[float]) -> None:
    """Of two Retry-After headers the longer wait counts."""
    response = refusal(429, {"retry-after": "2\r\nRetry-After: 9"})
    async with (
        ScriptedServer([in_turn(response, answer())]) as server,
        client_of(server) as client,
    ):
        await ask(client)

    assert waits == [9.0]


IN_FLIGHT = {"limit_source": "openrouter_in_flight_budget"}
AGAIN: dict[str, tuple[bytes, int]] = {
    "400": (refusal(400), 1),
    "401": (refusal(401), 1),
    "402": (refusal(402), 1),
    "402 with a wait": (refusal(402, {"retry-after": "1"}), 1),
    "402 in flight": (refusal(402, {"retry-after": "1"}, metadata=IN_FLIGHT), 3),
    "403": (refusal(403), 1),
    "404": (refusal(404), 1),
    "404 that is worth it": (refusal(404, availability={"retryable": True}), 3),
    "408": (refusal(408), 3),
    "409": (refusal(409), 1),
    "409 that says so": (refusal(409, {"x-should-retry": "true"}), 3),
    "413": (refusal(413), 1),
    "422": (refusal(422), 1),
    "425": (refusal(425), 3),
    "429": (refusal(429), 3),
    "429 that says not": (refusal(429, {"x-should-retry": "false"}), 1),
    "500": (refusal(500), 3),
    "501": (refusal(501), 1),
    "502": (refusal(502), 3),
    "502 over bad input": (refusal(502, error_type="context_length_exceeded"), 1),
    "503": (refusal(503), 3),
    "503 that is no use": (refusal(503, availability={"retryable": False}), 1),
    "504": (refusal(504), 3),
    "524 with a page": (http_response(524, None, b"<html>timeout</html>"), 3),
    "525": (refusal(525), 2),
    "529": (refusal(529), 3),
}


@pytest.mark.parametrize(("response", "attempts"), AGAIN.values(), ids=AGAIN.keys())
async def test_what_is_asked_again(response: bytes, attempts: int) -> None:
    """A refusal is met with another request only where that may help."""
    async with (
        ScriptedServer([in_turn(*[response] * 4)]) as server,
        client_of(server) as client,
    ):
        error = await fail(client)

    assert isinstance(error, APIError)
    assert (error.attempts, len(server.requests)) == (attempts, attempts)
    assert len(error.history) == attempts - 1
    assert len(server.connections) == 1


async def test_refusals_are_unambiguous() -> None:
    """With retry_ambiguous=False a refusal is still met with another request."""
    policy = RetryPolicy(retry_ambiguous=False)
    async with (
        ScriptedServer([in_turn(refusal(503), answer())]) as server,
        client_of(server, retry=policy) as client,
    ):
        assert (await ask(client)).meta.attempts == 2


async def test_error_tells_everything() -> None:
    """Status, code, ids, body and history are on the error of the last attempt."""
    headers = {"X-Generation-Id": "gen-9", "X-Provider-Name": "Acme"}
    last = refusal(503, headers, code=503, metadata={"a": 1})
    async with (
        ScriptedServer([in_turn(refusal(500), last)]) as server,
        client_of(server, retry=1) as client,
    ):
        error = await fail(client)

    assert (type(error), error.status, error.code) == (ServerError, 503, 503)
    assert (error.generation_id, error.provider_name) == ("gen-9", "Acme")
    assert (error.metadata, error.body[:9]) == ({"a": 1}, b'{"error":')
    assert [(f.error, f.status) for f in error.history] == [("ServerError", 500)]
    assert error.elapsed >= error.history[0].at > 0
    assert str(error).startswith("503: no (after 2 attempts, ")


class TestTotal:
    """A call with a bounded time."""

    async def test_it_is_not_overslept(self, waits: list[float]) -> None:
        """A wait that would end after the call's time is not begun."""
        response = refusal(429, {"retry-after": "3"})
        async with (
            ScriptedServer([in_turn(response)]) as server,
            client_of(server, timeout=Timeout(total=2)) as client,
        ):
            error = await fail(client)

        assert (type(error), waits) == (RateLimitError, [])
        assert "A wait of 3.0 s would outlast Timeout.total" in str(error)

    async def test_short_waits_fit(self, waits: list[float]) -> None:
        """A wait that leaves time for an attempt is made."""
        response = refusal(429, {"retry-after": "3"})
        async with (
            ScriptedServer([in_turn(response, answer())]) as server,
            client_of(server, timeout=Timeout(total=4)) as client,
        ):
            assert (await ask(client)).text == "Hi"

        assert waits == [3.0]


class TestBudget:
    """An outage, in which every call fails."""

    CALLS = 60

    async def requests(self, policy: RetryPolicy) -> tuple[int, list[OpenRouterError]]:
        """Make the calls, and count the requests that reach the server."""
        script = in_turn(*[refusal(503)] * (self.CALLS * 3))
        async with (
            ScriptedServer([script]) as server,
            client_of(server, retry=policy) as client,
        ):
            # Options of a call share the client's budget, and so do its copies.
            copy = client.with_options(timeout=60)
            errors = [
                await fail(client if number % 2 else copy)
                for number in range(self.CALLS)
            ]
            return len(server.requests), errors

    async def test_retries_are_a_share(self) -> None:
        """Retries stay a fifth of the calls, and the others fail at once."""
        policy = RetryPolicy(budget_reserve=0)
        sent, errors = await self.requests(policy)

        assert self.CALLS * 1.15 <= sent <= self.CALLS * 1.2
        assert sum(error.budget_exhausted for error in errors) >= self.CALLS * 0.8
        assert "retry budget is spent" in str(errors[0])

    async def test_without_a_budget(self) -> None:
        """With a ratio of None every call makes all its retries."""
        sent, errors = await self.requests(RetryPolicy(budget_ratio=None))

        assert sent == self.CALLS * 3
        assert not any(error.budget_exhausted for error in errors)


class TestKeys:
    """A key that may be another one next time."""

    async def test_refused_key_is_asked_for_again(self, waits: list[float]) -> None:
        """After a 401 the callable is asked once more, at once, also with retry=0."""
        keys = iter(["old", "new"])

        async def give() -> str:
            return next(keys)

        async with (
            ScriptedServer([[*exchange(refusal(401)), *exchange(answer())]]) as server,
            OpenRouter(give, base_url=server.url, retry=0) as client,
        ):
            done = await ask(client)

        sent = [request.headers["authorization"] for request in server.requests]
        assert (sent, waits) == (["Bearer old", "Bearer new"], [])
        assert [failure.error for failure in done.meta.history] == [
            "AuthenticationError"
        ]

    @pytest.mark.parametrize("between", [[], [503]], ids=["at once", "later"])
    async def test_key_that_stays_bad(self, between: list[int]) -> None:
        """When the next key is refused too, that is the end of it."""

        async def give() -> str:
            return KEY

        answers = [
            refusal(status, {"connection": "close"}) for status in (401, *between, 401)
        ]
        async with (
            ScriptedServer([exchange(each) for each in answers]) as server,
            OpenRouter(give, base_url=server.url) as client,
        ):
            error = await fail(client)

        assert type(error) is AuthenticationError
        assert (error.retryable, error.attempts) == (False, len(answers))

    async def test_fixed_key(self) -> None:
        """A key that cannot change is not tried twice."""
        async with (
            ScriptedServer([in_turn(refusal(401), answer())]) as server,
            client_of(server) as client,
        ):
            error = await fail(client)

        assert (error.attempts, error.retryable) == (1, False)
        assert "OPENROUTER_API_KEY" in str(error)

    @pytest.mark.parametrize("kind", [LookupError, RuntimeError])
    async def test_failing_callable(self, kind: type[Exception]) -> None:
        """What the callable raises reaches the caller as it is."""

        async def give() -> str:
            raise kind("the vault is sealed")

        async with OpenRouter(give) as client:
            with pytest.raises(kind, match="sealed"):
                await ask(client)
