"""What embeddings, the catalogue and `request` promise to a type checker."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from decimal import Decimal
from typing import assert_type

import aiohttp
import msgspec
from msgspec import UNSET

from openrouter_async import (
    MapStatistics,
    OpenRouter,
    OpenRouterError,
    ResponseMeta,
    RetryPolicy,
)
from openrouter_async.fanout.outcomes import Outcome
from openrouter_async.resources.embedding_map import EmbeddingOutcomes
from openrouter_async.resources.page_iterators import ItemIterator, PageIterator
from openrouter_async.resources.pages import Pages
from openrouter_async.streaming.raw import ByteStream, EventStream
from openrouter_async.streaming.server_event import ServerEvent
from openrouter_async.types import (
    APIKey,
    APIKeyResponse,
    CreatedAPIKey,
    Credits,
    Embedding,
    EmbeddingItem,
    EmbeddingParams,
    EmbeddingResponse,
    Generation,
    GenerationContent,
    Json,
    KeyInfo,
    Model,
    ModelEndpoints,
    ModelList,
    ProviderList,
    RawResponse,
    Record,
    Usage,
)


class Key(Record):
    """Be a record of the caller's own."""

    hash: str


class NewKey(msgspec.Struct):
    """Be a body."""

    name: str


@dataclass
class Budget:
    """Be a body."""

    limit_usd: float


async def request(client: OpenRouter) -> None:
    """Type an answer by `response_type`."""
    request = client.request
    assert_type(await request("GET", "/keys"), dict[str, Json])
    assert_type(await request("GET", "/keys", response_type=Key), Key)
    assert_type(await request("GET", "/x", response_type=list[Key]), list[Key])
    assert_type(
        await request("GET", "/x", response_type=dict[str, int]), dict[str, int]
    )
    assert_type(await request("GET", "/x", response_type=bytes), bytes)
    assert_type(await request("GET", "/x", response_type=RawResponse), RawResponse)
    await request("DELETE", "/x", response_type=None)
    key = await request("GET", ["keys", "a"], response_type=Key)
    assert_type(key.raw, bytes)
    assert_type(key.meta, ResponseMeta)
    assert_type(key.to_dict(), dict[str, Json])


async def bodies(client: OpenRouter) -> None:
    """Take every kind of body, and options of every kind."""
    await client.request("POST", "/keys", body={"name": "a", "limit": None})
    await client.request("POST", "/keys", body=NewKey("a"))
    await client.request("PUT", "/x", body=Budget(1.0))
    await client.request("POST", "/x", body=[1, {"a": 2}])
    await client.request("POST", "/x", body=b"a", timeout=None, retry=0)
    await client.request("POST", "/x", body=aiohttp.FormData(), retry=RetryPolicy())
    await client.request(
        "GET", "/x", params={"a": 1, "b": None, "c": ["d", 2], "e": True}, retry=UNSET
    )


async def requests_with_mistakes(client: OpenRouter) -> None:
    """Refuse what cannot be sent, or read."""
    await client.request("GET")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]  # no path
    await client.request("POST", "/x", body=1)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]  # no body
    await client.request("POST", "/x", typo=1)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]  # no such option


async def streams(client: OpenRouter) -> None:
    """Type a stream by what it is made of."""
    events = await client.request("POST", "/responses", body={}, stream=True)
    assert_type(events, EventStream)
    async with events as entered:
        assert_type(entered, EventStream)
        async for event in entered:
            assert_type(event, ServerEvent)
            assert_type(event.event, str | None)
            assert_type(event.data, str)
            assert_type(event.json(), dict[str, Json])

    blocks = await client.request("GET", "/x", response_type=bytes, stream=True)
    assert_type(blocks, ByteStream)
    assert_type(blocks.meta, ResponseMeta)
    async for block in blocks:
        assert_type(block, bytes)


async def pages(client: OpenRouter) -> None:
    """Type items by `item_type`."""
    found = client.paginate("/keys", params={"limit": 10}, timeout=5)
    assert_type(found, Pages[dict[str, Json]])
    typed = client.paginate("/keys", item_type=Key)
    assert_type(typed, Pages[Key])
    assert_type(aiter(typed), ItemIterator[Key])
    async for key in typed:
        assert_type(key, Key)

    assert_type(typed.pages(), PageIterator[Key])


async def keys(client: OpenRouter) -> None:
    """Type keys by the records that there are for them."""
    made = await client.request("POST", "/keys", body={}, response_type=CreatedAPIKey)
    assert_type(made, CreatedAPIKey)
    assert_type(made.key, str)
    assert_type(made.data.hash, str)
    key = await client.request(
        "PATCH", ["keys", made.data.hash], body={}, response_type=APIKeyResponse
    )
    assert_type(key.data, APIKey)
    assert_type(key.data.limit, float | None)
    async for each in client.paginate("/keys", item_type=APIKey):
        assert_type(each, APIKey)


async def embeddings(client: OpenRouter) -> None:
    """Take every form of input, and type the answer."""
    create = client.embeddings.create
    params: EmbeddingParams = {"dimensions": 256, "provider": {"order": ["a"]}}
    found = await create(input="a", model="m", **params)
    assert_type(found, EmbeddingResponse)
    assert_type(found.vectors, list[array[float]])
    assert_type(found.data, list[Embedding])
    assert_type(found.usage, Usage | None)
    await create(input=["a", "b"], model="m", encoding_format="float")
    await create(input=[1, 2], model="m")
    await create(input=[[1], [2]], model="m")
    await create(input={"content": []}, model="m")
    await create(input=[{"content": []}], model="m")
    await create(input=1, model="m")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # no input
    await create(input="a", model="m", timeout=5, retry=0, extra_body={"x": 1})
    await create(input="a", model="m", retry="x")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # no policy
    await create(input="a", model="m", typo=1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # no such field


async def embedding_map(client: OpenRouter) -> None:
    """Type the outcomes of a corpus."""
    inputs: list[EmbeddingItem] = ["a", [1, 2], {"content": []}]
    outcomes = client.embeddings.map(inputs, model="m", ordered=True)
    assert_type(outcomes, EmbeddingOutcomes)
    assert_type(client.embeddings.map(["a"], model="m"), EmbeddingOutcomes)
    async with outcomes as entered:
        async for outcome in entered:
            assert_type(outcome, Outcome[Embedding])
            if outcome.error is None:
                assert_type(outcome.value, Embedding)
                assert_type(outcome.value.embedding, array[float])

    assert_type(outcomes.statistics(), MapStatistics)


async def catalogue(client: OpenRouter) -> None:
    """Type models, their prices and providers."""
    models = await client.models.list(category="programming", max_price=0.5, retry=0)
    assert_type(models, ModelList)
    for model in models:
        assert_type(model, Model)
        if model.pricing is not None:
            assert_type(model.pricing.prompt, Decimal | None)

    assert_type(await client.models.get("a/b", timeout=3), Model)
    assert_type(await client.models.endpoints("a/b"), ModelEndpoints)
    assert_type(await client.models.count(output_modalities="image"), int)
    assert_type(await client.models.for_user(), ModelList)
    assert_type(await client.embeddings.models(), ModelList)
    assert_type(await client.providers.list(retry=0), ProviderList)
    await client.models.list(typo=1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # no such filter
    await client.models.get("a/b", typo=1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # no such option


async def account(client: OpenRouter) -> None:
    """Type the balance, the key and usage records."""
    credits = await client.credits.get()
    assert_type(credits, Credits)
    assert_type(credits.remaining, float | None)
    assert_type(await client.key.get(), KeyInfo)
    assert_type(await client.generation.get("gen-1", patience=10), Generation)
    assert_type(await client.generation.content("gen-1"), GenerationContent)
    done = await client.completions.create(model="m", prompt="a")
    assert_type(await client.generation.get(done), Generation)
    assert_type(await client.generation.get(done.meta.generation_id), Generation)
    assert_type(await client.generation.get(OpenRouterError("no")), Generation)
    await client.generation.get(1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # no id
    await client.generation.feedback("gen-1", category="latency", comment="slow")
    await client.generation.feedback("gen-1", category="typo")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # no category
