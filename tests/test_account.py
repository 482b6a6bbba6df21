from __future__ import annotations

from inspect import getdoc
from pydoc import render_doc

import pytest

from openrouter_async import OpenRouter, PermissionDeniedError
from openrouter_async.types import APIKeyList, CreatedAPIKey, Credits, KeyInfo
from tests.operations import got, listed, ok, served
from tests.scripted import exchange, http_response


async def test_credits() -> None:
    """What was bought, what was used, and what is left."""
    data = {"total_credits": 100.5, "total_usage": 25.75}
    async with served(got(ok(data=data))) as (server, client):
        credits = await client.credits.get()

    assert server.requests[0].path == "/api/v1/credits"
    assert (credits.total_credits, credits.total_usage) == (100.5, 25.75)
    assert credits.remaining == 74.75
    assert credits.to_dict() == data


@pytest.mark.parametrize(
    "credits", [Credits(), Credits(total_credits=1.0), Credits(total_usage=1.0)]
)
def test_credits_that_are_not_known(credits: Credits) -> None:
    """A balance of which a part is missing is no balance."""
    assert credits.remaining is None


async def test_credits_without_a_management_key() -> None:
    """The API's refusal raises in its class."""
    refusal = http_response(
        403, body={"error": {"code": 403, "message": "Only management keys"}}
    )
    async with served(got(refusal)) as (_, client):
        with pytest.raises(PermissionDeniedError, match="Only management keys"):
            await client.credits.get()


KEY: dict[str, object] = {
    "label": "sk-or-v1-abc...def",
    "limit": 10,
    "limit_remaining": 7.5,
    "limit_reset": "monthly",
    "usage": 2.5,
    "usage_daily": 0.5,
    "is_free_tier": True,
    "is_management_key": False,
    "expires_at": None,
    "free_model_daily_requests": {"limit": 50, "used": 12, "remaining": 38},
    "effective_budget": {"scope": "workspace", "remaining_usd": 3.25},
    "rate_limit": {"requests": -1, "interval": "10s", "note": "deprecated"},
}


async def test_key() -> None:
    """Limits, usage, the day's counter of free models, and the narrowest budget."""
    async with served(got(ok(data=KEY))) as (server, client):
        key = await client.key.get(timeout=3, extra_headers={"X-A": "b"})

    assert server.requests[0].path == "/api/v1/key"
    assert server.requests[0].headers["x-a"] == "b"
    assert (key.limit, key.limit_remaining, key.limit_reset) == (10.0, 7.5, "monthly")
    assert key.is_free_tier is True
    assert key.free_model_daily_requests is not None
    assert key.free_model_daily_requests.remaining == 38
    assert key.effective_budget is not None
    assert key.effective_budget.remaining_usd == 3.25
    assert key.to_dict() == KEY
    assert type(key) is KeyInfo


async def test_key_without_limits() -> None:
    """Null means that there is none."""
    data = {"label": "a", "limit": None, "limit_remaining": None, "usage": 0}
    async with served(got(ok(data=data))) as (_, client):
        key = await client.key.get()

    assert (key.limit, key.limit_remaining, key.usage) == (None, None, 0.0)
    assert key.free_model_daily_requests is None


def test_resources_are_made_once() -> None:
    """They are the same objects by every look, and a copy has its own."""
    client = OpenRouter("sk-or-v1-test", base_url="http://127.0.0.1:1")
    names = "credits embeddings generation key models paginate providers request"
    for name in names.split():
        assert getattr(client, name) is getattr(client, name)
        assert getattr(client.with_options(), name) is not getattr(client, name)


async def test_repr() -> None:
    """A resource tells what it is, and of which API."""
    client = OpenRouter("sk-or-v1-test", base_url="http://127.0.0.1:1")
    named = (client.models, client.embeddings, client.request, client.generation)

    assert [repr(each) for each in named] == [
        f"<{name} of http://127.0.0.1:1>"
        for name in ("Models", "Embeddings", "AnyOperation", "Generations")
    ]


def test_help_shows_the_call() -> None:
    """What is called itself is documented by its class."""
    client = OpenRouter("sk-or-v1-test", base_url="http://127.0.0.1:1")

    assert 'await client.request("POST", "/keys"' in str(getdoc(client.request))
    assert 'client.paginate("/keys")' in str(getdoc(client.paginate))
    assert "method: of HTTP" in render_doc(client.request)


KEY_RECORD: dict[str, object] = {"hash": "a", "name": "ci", "limit": 5, "new": 1}


async def test_keys() -> None:
    """Keys have records of their own; the secret of a new one is not shown."""
    new = ok(data=KEY_RECORD, key="sk-or-v1-new")
    async with served(exchange(new), got(listed(KEY_RECORD))) as (_, client):
        made = await client.request(
            "POST", "/keys", body={}, response_type=CreatedAPIKey
        )
        keys = await client.request("GET", "/keys", response_type=APIKeyList)

    assert (made.key, made.data.hash, made.data.limit) == ("sk-or-v1-new", "a", 5.0)
    assert repr(made) == (
        "CreatedAPIKey(data=APIKey(hash='a', name='ci', limit=5.0), key=<hidden>)"
    )
    assert [key.name for key in keys] == ["ci"]
