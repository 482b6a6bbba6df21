"""What errors say that can be done about them."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from openrouter_async import (
    APIError,
    ConfigError,
    NotFoundError,
    OpenRouter,
    PermissionDeniedError,
    RateLimitError,
    ResponseDecodeError,
)
from openrouter_async.testing import Simulator
from tests.calling import KEY, ask, client_of, fail, in_turn, refusal
from tests.operations import got, served
from tests.scripted import ScriptedServer, exchange, http_response

HTML = {"Content-Type": "text/html"}
PAGE = b"<!DOCTYPE html><html><title>Not here</title></html>"
CHECK = "Check base_url: it should end in /api/v1"

PLACES: dict[str, bytes] = {
    "page": http_response(404, HTML, PAGE),
    "text": http_response(404, {"Content-Type": "text/plain"}, b"no such page"),
    "JSON of others": http_response(404, body={"detail": "Not Found"}),
    "no body": http_response(404, body=b""),
    "method": http_response(405, HTML, PAGE),
    "path of the API": refusal(404, message="Not Found", code=404),
}


@pytest.mark.parametrize("response", PLACES.values(), ids=PLACES.keys())
async def test_wrong_place(response: bytes) -> None:
    """A 404 or 405 that tells of no model or record leads to the base URL."""
    async with (
        ScriptedServer([exchange(response)]) as server,
        client_of(server) as client,
    ):
        error = await fail(client)

    assert isinstance(error, APIError)
    assert (error.hint, error.attempts) == (CHECK, 1)


async def test_page_in_a_success() -> None:
    """A 200 of a website leads to the base URL too, and may be a passing fault."""
    page = http_response(200, HTML, PAGE)
    async with (
        ScriptedServer([in_turn(page, page)]) as server,
        client_of(server, retry=1) as client,
    ):
        error = await fail(client)

    assert isinstance(error, ResponseDecodeError)
    assert error.hint == f"Its content type is text/html. {CHECK}"
    assert str(error).count(CHECK) == 1
    assert error.attempts == 2


async def test_wrong_base_url_of_the_simulator() -> None:
    """It tells so too."""
    async with Simulator() as simulator, simulator.client() as client:
        lost = client.with_options(base_url=simulator.base_url.removesuffix("/v1"))
        with pytest.raises(NotFoundError, match=CHECK):
            await lost.completions.create(prompt="a")


async def test_missing_model() -> None:
    """What the API says of a model has nothing to do with the base URL."""
    response = refusal(404, message="Model a/b not found", code=404)
    async with (
        ScriptedServer([exchange(response)]) as server,
        client_of(server) as client,
    ):
        error = await fail(client)

    assert error.hint is None


async def test_page_in_place_of_a_record() -> None:
    """The same holds for other operations."""
    async with served(got(http_response(200, HTML, PAGE))) as (_, client):
        with pytest.raises(ResponseDecodeError, match=CHECK):
            await client.request("GET", "/keys", retry=0)


HINTS: dict[str, tuple[bytes, str]] = {
    "moderation": (
        refusal(
            403,
            message="Flagged",
            metadata={"reasons": ["violence", "hate"], "flagged_input": "secret"},
        ),
        "403: Flagged. Reasons: violence, hate",
    ),
    "odd reasons": (refusal(403, metadata={"reasons": [1, None]}), "403: no"),
    "no endpoint": (
        refusal(
            404,
            message="No endpoints found that can handle the requested parameters.",
        ),
        "parameters. Name another model, leave parameters out, or ask less of",
    ),
    "context": (
        refusal(
            400,
            message="This endpoint's maximum context length is 8192 tokens. However,",
        ),
        "However,. Send less, lower max_tokens",
    ),
    "context by its name": (
        refusal(400, metadata={"error_type": "context_length_exceeded"}),
        "Send less, lower max_tokens",
    ),
    "rate": (refusal(429, message="Slow"), "429: Slow. Limits pass: a higher `retry`"),
    "rate of a day": (
        refusal(429, message="Rate limit exceeded: free-models-per-day. Add credits"),
        "Add credits",
    ),
    "the server's own": (
        refusal(429, metadata={"remedy_hint": "Take a walk"}), "Take a walk"
    ),
}  # fmt: skip


@pytest.mark.parametrize(("response", "told"), HINTS.values(), ids=HINTS.keys())
async def test_hints(response: bytes, told: str) -> None:
    """What can be done about an error is in its text."""
    async with (
        ScriptedServer([exchange(response)]) as server,
        client_of(server, retry=0) as client,
    ):
        error = await fail(client)

    assert told in str(error)


async def test_what_was_flagged_is_not_in_the_text() -> None:
    """The text of an error is logged: the prompt stays in `metadata`."""
    response, _ = HINTS["moderation"]
    async with (
        ScriptedServer([exchange(response)]) as server,
        client_of(server) as client,
    ):
        error = await fail(client)

    assert isinstance(error, PermissionDeniedError)
    assert "secret" not in str(error)
    assert error.metadata is not None
    assert error.metadata["flagged_input"] == "secret"


async def test_limit_with_retries_left() -> None:
    """Nothing is told of a limit that passed."""
    quick = refusal(429, {"retry-after": "0.001"})
    async with (
        ScriptedServer([in_turn(quick, http_response(body=_DONE))]) as server,
        client_of(server, retry=1) as client,
    ):
        done = await ask(client)

    assert [each.error for each in done.meta.history] == [RateLimitError.__name__]


_DONE: dict[str, object] = {"choices": [{"text": "Hi", "finish_reason": "stop"}]}

OTHER_KINDS: dict[str, str] = {
    "sound": "audio/mpeg",
    "table": "text/csv",
    "bytes": "application/octet-stream",
}


@pytest.mark.parametrize("kind", OTHER_KINDS.values(), ids=OTHER_KINDS.keys())
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_answer_that_is_no_json(kind: str, method: str) -> None:
    """It is asked for once, whatever the policy, and the hint says how to read it."""
    sound = http_response(200, {"Content-Type": kind}, b"\xff\xfb\x90")
    async with served(got(sound)) as (server, client):
        with pytest.raises(ResponseDecodeError) as caught:
            await client.request(method, "/audio/speech")

    error = caught.value
    assert (error.kind, error.attempts, len(server.requests)) == ("final", 1, 1)
    told = f"Its content type is {kind}. response_type=bytes gives what is no JSON."
    assert told in str(error)
    assert str(error).endswith(f"The operation was {method} /audio/speech")


BAD_BODIES: dict[str, object] = {
    "bytes in a member": {"file": b"x"},
    "file in a member": {"file": io.BytesIO(b"x")},
    "tuple of other clients": {"file": ("a.txt", b"x")},
    "file": io.BytesIO(b"x"),
}


@pytest.mark.parametrize("body", BAD_BODIES.values(), ids=BAD_BODIES.keys())
async def test_upload_that_is_no_form(body: Any) -> None:
    """A file in a body that is no form leads to the form."""
    async with served() as (server, client):
        with pytest.raises(ConfigError, match=r"aiohttp\.FormData\(\).*add_field"):
            await client.request("POST", "/files", body=body)

        assert server.connections == []


async def test_other_members_that_json_does_not_have() -> None:
    """What is no file is told as before."""
    async with served() as (_, client):
        with pytest.raises(ConfigError, match="x is of type complex") as caught:
            await client.request("POST", "/keys", body={"x": 1j})

    assert "FormData" not in str(caught.value)


ENDS: dict[str, tuple[Callable[[OpenRouter], Any], str]] = {
    "feedback": (
        lambda c: c.generation.feedback("gen-1", category="other"),
        "POST /generation/feedback",
    ),
    "record": (lambda c: c.generation.get("gen-1"), "GET /generation"),
    "key": (lambda c: c.key.get(), "GET /key"),
    "model": (lambda c: c.models.get("a/b"), "GET /model/a/b"),
    "models": (lambda c: c.models.list(), "GET /models"),
}


@pytest.mark.parametrize(("asked", "operation"), ENDS.values(), ids=ENDS.keys())
async def test_operations_are_named(
    asked: Callable[[OpenRouter], Any], operation: str
) -> None:
    """Errors of operations that are not for prompts end with the operation."""
    async with served(got(refusal(418, message="Tea"))) as (_, client):
        with pytest.raises(APIError, match="418: Tea") as caught:
            await asked(client)

    assert str(caught.value).endswith(f". The operation was {operation}")


OPTIONS: dict[str, tuple[dict[str, object], str]] = {
    "mapping for timers": (
        {"timeout": {"total": 1}},
        r"timeout= must be .*Timeout\(total=30, connect=5\); not \{'total': 1\}",
    ),
    "text for timers": ({"timeout": "30"}, r"timeout= must be .*; not '30'"),
    "no policy": ({"retry": None}, r"retry= must be .*retry=0 for none.*; not None"),
    "mapping for a policy": ({"retry": {}}, r"retry= must be .*RetryPolicy.*not \{\}"),
}


@pytest.mark.parametrize(("options", "told"), OPTIONS.values(), ids=OPTIONS.keys())
async def test_options_of_a_wrong_type(options: Any, told: str) -> None:
    """The message names the option and what it can be, for calls and clients."""
    with pytest.raises(ConfigError, match=told):
        OpenRouter(KEY, **options)

    async with served() as (_, client):
        with pytest.raises(ConfigError, match=told):
            await client.completions.create(prompt="a", **options)


def test_base_url_without_a_scheme() -> None:
    """The value is shown, and what it lacks; a password would not be."""
    with pytest.raises(ConfigError, match=r"'openrouter\.ai/api/v1': is https://"):
        OpenRouter(KEY, base_url="openrouter.ai/api/v1")

    with pytest.raises(ConfigError, match="base_url must be") as caught:
        OpenRouter(KEY, base_url="me:password@openrouter.ai/api/v1")

    assert "password" not in str(caught.value)


async def test_missing_path() -> None:
    """Python's own TypeError calls the operation what callers do."""
    async with served() as (_, client):
        request: Any = client.request
        with pytest.raises(TypeError, match=r"^OpenRouter\.request\(\) missing"):
            await request("/keys")

        paginate: Any = client.paginate
        with pytest.raises(TypeError, match=r"^OpenRouter\.paginate\(\) missing"):
            paginate()


async def test_json_that_does_not_fit_by_another_name() -> None:
    """What is JSON is not told as what is none."""
    text = http_response(200, {"Content-Type": "text/csv"}, b"[1]")
    async with served(got(text)) as (_, client):
        with pytest.raises(ResponseDecodeError, match=r"What came is in error\.body"):
            await client.request("GET", "/x")


async def test_json_by_another_name() -> None:
    """JSON that a server calls text is read."""
    text = http_response(
        200, {"Content-Type": "text/plain"}, msgspec.json.encode(_DONE)
    )
    async with served(got(text)) as (_, client):
        assert await client.request("GET", "/x") == _DONE
