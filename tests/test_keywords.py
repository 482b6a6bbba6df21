"""Keywords that are misspelt, or belong to other clients, and those that are new."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from openrouter_async import ConfigError, OpenRouter
from openrouter_async.testing import Simulator
from openrouter_async.types import ChatParams, CompletionParams, EmbeddingParams
from tests.chatting import HI
from tests.operations import got, ok, served
from tests.scripted import exchange

# Type checkers find all of these.
Misuse = Callable[[Any], Any]

SLIPS: dict[str, tuple[Misuse, str]] = {
    "of a run": (
        lambda c: c.chat.completions.map(["a"], max_costs=0.001),
        "`max_costs` .*did you mean `max_cost`",
    ),
    "of a journal": (
        lambda c: c.completions.map(["a"], jounal="j"),
        "`jounal` .*did you mean `journal`",
    ),
    "of gather": (
        lambda c: c.completions.gather(["a"], max_workers=3),
        "`max_workers` .*did you mean `max_in_flight`",
    ),
    "of a map of others": (
        lambda c: c.chat.completions.map(["a"], concurrency=5),
        "`concurrency` .*did you mean `max_in_flight`",
    ),
    "of a call that is no map": (
        lambda c: c.completions.create(prompt="a", concurrency=5),
        "`concurrency` .*`map` and `gather` have `max_in_flight`",
    ),
    "of the option of a run": (
        lambda c: c.completions.create(prompt="a", max_cost=1),
        "`max_cost` .*`map` and `gather` have `max_cost`",
    ),
    "of retries": (
        lambda c: c.chat.completions.create(messages=HI, max_retries=5),
        "`max_retries` .*did you mean `retry`",
    ),
    "of a field": (
        lambda c: c.completions.create(prompt="a", temprature=1),
        "`temprature` .*did you mean `temperature`.*goes into `extra_body`",
    ),
    "in camel case": (
        lambda c: c.completions.create(prompt="a", topP=1),
        "`topP` .*did you mean `top_p`",
    ),
    "of a stream": (
        lambda c: c.completions.stream(prompt="a", request_timeout=5),
        "`request_timeout` .*did you mean `timeout`",
    ),
    "of a type": (
        lambda c: c.chat.completions.create(messages=HI, response_model=int),
        "`response_model` .*did you mean `parse`",
    ),
    "of a type for text": (
        lambda c: c.completions.create(prompt="a", response_model=int),
        "`response_model` .*`parse` is for chat",
    ),
    "of a run of tools": (
        lambda c: c.chat.completions.run_tools(messages=HI, max_rounds=3),
        "`max_rounds` .*did you mean `max_steps`",
    ),
    "of embeddings": (
        lambda c: c.embeddings.create(input="a", model="m", dimension=8),
        "`dimension` .*did you mean `dimensions`",
    ),
    "of a corpus": (
        lambda c: c.embeddings.map(["a"], model="m", batchsize=8),
        "`batchsize` .*did you mean `batch_size`",
    ),
    "of a filter": (
        lambda c: c.models.list(max_pirce=1),
        "`max_pirce` .*did you mean `max_price`.* `params` of `client.request`",
    ),
    "of a look-up": (
        lambda c: c.models.get("a/b", max_retries=3),
        "`max_retries` .*did you mean `retry`",
    ),
    "new to a look-up": (
        lambda c: c.credits.get(new=3),
        "`new` .*`extra_headers`, `retry`, `timeout`",
    ),
    "new to feedback": (
        lambda c: c.generation.feedback("gen-1", category="other", note="x"),
        "`note` is not known",
    ),
    "of a query": (
        lambda c: c.completions.create(prompt="a", extra_query={}),
        "`extra_query` .*`client.request` has `params`",
    ),
    "of an address": (
        lambda c: c.completions.create(prompt="a", base_url="https://x"),
        "`base_url` .*with_options",
    ),
    "of a body": (
        lambda c: c.request("POST", "/keys", json={}),
        "`json` .*did you mean `body`",
    ),
    "new to request": (
        lambda c: c.request("POST", "/keys", new={}),
        "`new` .*there are: `body`",
    ),
    "of a list": (
        lambda c: c.paginate("/keys", query={}),
        "`query` .*did you mean `params`",
    ),
    "with a method": (
        lambda c: c.paginate("GET", "/keys"),
        "paginate takes the path only.*'GET' and '/keys'",
    ),
}


@pytest.mark.parametrize(("misuse", "message"), SLIPS.values(), ids=SLIPS.keys())
async def test_slips_are_refused(misuse: Misuse, message: str) -> None:
    """A keyword that is most likely a slip is a ConfigError, and nothing is sent."""
    async with served() as (server, client):
        with pytest.raises(ConfigError, match=message) as caught:
            await misuse(client)

        assert server.connections == []

    assert caught.value.attempts == 0


async def test_item_of_a_run() -> None:
    """A slip in the mapping of an item is the failure of that item alone."""
    items = [{"prompt": "a", "temprature": 1}, {"prompt": "a", "new": 1}]
    async with Simulator() as simulator, simulator.client() as client:
        slip, new = await client.completions.gather(items, model="a/b")

    assert isinstance(slip.error, ConfigError)
    assert "did you mean `temperature`?" in str(slip.error)
    assert new.ok


NEW = [
    "min_tokens",
    "mode",
    "tool",
    "speed",
    "thinking",
    "length_penalty",
    "guided_json",
]


@pytest.mark.parametrize("name", NEW)
async def test_new_fields_pass(name: str) -> None:
    """A field that is like nothing known is sent: the API grows."""
    async with served(exchange(ok(choices=[]))) as (server, client):
        create: Any = client.completions.create
        await create(prompt="a", **{name: 1})

        assert msgspec.json.decode(server.requests[0].body) == {"prompt": "a", name: 1}


async def test_refused_field_in_the_extra_body() -> None:
    """What is refused as a slip can be sent where it is meant."""
    async with served(exchange(ok(choices=[]))) as (server, client):
        await client.completions.create(prompt="a", extra_body={"providers": 1})

        sent = msgspec.json.decode(server.requests[0].body)

    assert sent == {"prompt": "a", "providers": 1}


async def test_new_filters_pass() -> None:
    """A filter that is like none that is known goes into the query."""
    async with served(got(ok(data=[]))) as (server, client):
        list_models: Any = client.models.list
        await list_models(colour="red")

        assert server.requests[0].path.endswith("/models?colour=red")


FIELDS: frozenset[str] = frozenset[str]().union(
    ChatParams.__optional_keys__,
    CompletionParams.__optional_keys__,
    EmbeddingParams.__optional_keys__,
)


@pytest.mark.parametrize("verb", ["chat", "completions", "embeddings"])
async def test_fields_of_other_operations_pass(verb: str) -> None:
    """A field that one operation has is no slip in another."""
    async with OpenRouter("sk-or-v1-x", base_url="http://127.0.0.1:1") as client:
        map_over: Any = {
            "chat": client.chat.completions.map,
            "completions": client.completions.map,
            "embeddings": client.embeddings.map,
        }[verb]
        values = dict.fromkeys(FIELDS - {"model", "tools", "stream"}, None)
        assert map_over([], model="a/b", **values) is not None
