"""What a call and a client accept, what they refuse, and what they make of it."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from openrouter_async import (
    APIConnectionError,
    Completion,
    CompletionStream,
    ConfigError,
    OpenRouter,
    RetryPolicy,
    ServerError,
)
from tests.calling import (
    KEY,
    MEMBERS,
    answer,
    ask,
    client_of,
    fail,
    in_turn,
    record_waits,
    refusal,
)
from tests.scripted import Reset, ScriptedServer, exchange
from tests.streams import WHOLE, asked, served, streamed

MAKE: Callable[..., object] = OpenRouter

SETTINGS: dict[str, tuple[str, object]] = {
    "pool": ("pool", 5),
    "sizes": ("sizes", 3),
    "app": ("app", "x"),
    "session": ("session", "x"),
    "ssl": ("ssl", "no"),
    "proxy": ("proxy", 5),
    "headers": ("headers", [("a", "b")]),
    "base_url": ("base_url", None),
    "no key": ("api_key", None),
    "key of bytes": ("api_key", b"bytes"),
    "key of digits": ("api_key", 3),
}


@pytest.mark.parametrize(("name", "value"), SETTINGS.values(), ids=[*SETTINGS.keys()])
def test_settings_of_a_wrong_type(name: str, value: object) -> None:
    """A setting of a wrong type is named where the client is made."""
    named = "API key" if name == "api_key" else name
    with pytest.raises(ConfigError, match=named):
        MAKE(**({"api_key": KEY} | {name: value}))


def test_ssl_of_every_type() -> None:
    """A context, both truth values and None are taken."""
    for value in (ssl.create_default_context(), True, False, None):
        assert OpenRouter(KEY, ssl=value).base_url


POLICY: Callable[..., RetryPolicy] = RetryPolicy


@pytest.mark.parametrize(
    ("name", "value"),
    [("statuses", 503), ("statuses_once", ["x"]), ("statuses", None)],
    ids=["number", "names", "None"],
)
def test_codes_of_a_wrong_type(name: str, value: object) -> None:
    """What is no set of codes is refused by name."""
    with pytest.raises(ConfigError, match=rf"RetryPolicy\.{name} must be a set"):
        POLICY(**{name: value})


def test_codes_in_a_list() -> None:
    """A list of codes is as good as a set of them."""
    assert POLICY(statuses=[503]).statuses == frozenset({503})


@pytest.mark.parametrize(
    "body", [{None: 1}, {(1,): 1}, {b"x": 1}, "abc", [1]],
    ids=["None", "tuple", "bytes", "text", "list"],
)  # fmt: skip
async def test_extra_body_that_is_no_object(body: Any) -> None:
    """What cannot become members of a JSON object is not sent."""
    async with ScriptedServer() as server, client_of(server) as client:
        with pytest.raises(ConfigError) as caught:
            await client.completions.create(prompt="x", extra_body=body)

        assert server.connections == []

    assert caught.value.attempts == 0


NAMES = ["a b", "X:Y", "Authorization", "Transfer-Encoding", "Host", "content-length"]
HEADERS: dict[str, tuple[str, object]] = {name: (name, {name: "x"}) for name in NAMES}
HEADERS["list"] = ("extra_headers", [("a", "b")])
HEADERS["number"] = ("X-A", {"X-A": 3})


@pytest.mark.parametrize(("named", "headers"), HEADERS.values(), ids=[*HEADERS.keys()])
async def test_extra_headers_that_cannot_be_sent(named: str, headers: Any) -> None:
    """A header that is malformed, or the client's own, is named."""
    async with ScriptedServer() as server, client_of(server) as client:
        with pytest.raises(ConfigError, match=named):
            await client.completions.create(prompt="x", extra_headers=headers)

        assert server.connections == []


@pytest.mark.parametrize("name", NAMES)
def test_headers_of_the_client_that_cannot_be_sent(name: str) -> None:
    """The same holds for those of all calls."""
    with pytest.raises(ConfigError, match=name):
        OpenRouter(KEY, headers={name: "x"})


async def test_number_of_retries_keeps_the_rest_of_the_policy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A number for one call is `max_retries` of the client's own policy."""
    waits = record_waits(monkeypatch)
    policy = RetryPolicy(statuses=frozenset({418}), backoff=8, retry_ambiguous=False)
    scripts = [in_turn(*[refusal(418)] * 5, answer()), asked(Reset())]
    async with (
        ScriptedServer(scripts) as server,
        client_of(server, retry=policy) as client,
    ):
        done = await client.completions.create(prompt="x", retry=5)
        assert (done.meta.attempts, waits) == (6, [4, 8, 10, 10, 10])

        with pytest.raises(APIConnectionError) as caught:
            await (
                client.with_options(retry=5)
                .with_options(base_url=server.url)
                .completions.create(prompt="x")
            )

    assert "retry_ambiguous=False" in str(caught.value)


@pytest.mark.parametrize("value", [None, False], ids=repr)
async def test_no_stream(value: bool) -> None:
    """None is not given, and False is sent, as it was given."""
    async with (
        ScriptedServer([in_turn(answer())]) as server,
        client_of(server) as client,
    ):
        done = await client.completions.create(prompt="x", stream=value)
        sent = msgspec.json.decode(server.requests[0].body)

    assert isinstance(done, Completion)
    assert sent == {"prompt": "x", **({"stream": False} if value is False else {})}


async def test_stream() -> None:
    """True asks for a stream, and is sent."""
    async with served(streamed(WHOLE)) as (server, client):
        stream = await client.completions.create(prompt="x", stream=True)
        assert isinstance(stream, CompletionStream)
        assert (await stream.final()).text == "one two"
        sent = msgspec.json.decode(server.requests[0].body)

    assert sent == {"prompt": "x", "stream": True}


async def test_small_reserve_of_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reserve below one a second still allows a lone retry."""
    record_waits(monkeypatch)
    policy = RetryPolicy(budget_ratio=0, budget_reserve=0.5)
    bad = refusal(503)
    async with (
        ScriptedServer([in_turn(bad, answer(), bad)]) as server,
        client_of(server, retry=policy) as client,
    ):
        assert (await ask(client)).meta.attempts == 2
        error = await fail(client)

    assert (error.attempts, error.budget_exhausted) == (1, True)


async def test_spent_budget_beside_the_hint_of_the_server() -> None:
    """That the budget is spent is told in addition to what the server advises."""
    policy = RetryPolicy(budget_ratio=0, budget_reserve=0)
    bad = refusal(429, metadata={"remedy_hint": "Use another model."})
    async with (
        ScriptedServer([exchange(bad)]) as server,
        client_of(server, retry=policy) as client,
    ):
        error = await fail(client)

    spent = "The client's retry budget is spent (RetryPolicy.budget_ratio)"
    assert error.hint == f"Use another model. {spent}"


async def test_call_of_a_closed_client() -> None:
    """Nothing was sent, and the error says so."""
    async with ScriptedServer() as server:
        client = client_of(server)
        await client.aclose()
        error = await fail(client)

    assert isinstance(error, ConfigError)
    assert (error.attempts, error.history) == (0, ())


async def test_members_that_the_wire_cannot_set() -> None:
    """What the library adds to an answer cannot come from a server."""
    forged = {"status": 500, "attempts": 99}
    body = msgspec.json.encode(
        {**MEMBERS, "<raw>": "eA==", "<meta>": forged, "<events>": ["eA=="]}
    )
    wire = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)
    async with ScriptedServer([exchange(wire)]) as server, client_of(server) as client:
        done = await ask(client)

    assert (done.raw, done.meta.status, done.meta.attempts) == (body, 200, 1)
    assert done.to_dict()["<meta>"] == forged


async def test_server_error_is_final_for_a_policy_without_retries() -> None:
    """`retry=0` makes one attempt, whatever the client's policy is."""
    async with (
        ScriptedServer([in_turn(refusal(503))]) as server,
        client_of(server, retry=5) as client,
    ):
        with pytest.raises(ServerError) as caught:
            await client.completions.create(prompt="x", retry=0)

    assert caught.value.attempts == 1
