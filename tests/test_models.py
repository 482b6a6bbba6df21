from __future__ import annotations

from decimal import Decimal

import pytest
from yarl import URL

from openrouter_async import ConfigError, NotFoundError, ResponseDecodeError
from openrouter_async.types import ModelEndpoints, ModelFilters
from tests.operations import got, listed, ok, served
from tests.scripted import http_response

MODEL: dict[str, object] = {
    "id": "openai/gpt-4o",
    "canonical_slug": "openai/gpt-4o",
    "name": "OpenAI: GPT-4o",
    "created": 1715367049,
    "description": "Multimodal",
    "context_length": 128000,
    "architecture": {
        "modality": "text+image->text",
        "input_modalities": ["text", "image"],
        "output_modalities": ["text"],
        "tokenizer": "GPT",
        "instruct_type": None,
    },
    "pricing": {
        "prompt": "0.0000025",
        "completion": "0.00001",
        "request": "0",
        "input_cache_read": "0.00000125",
        "overrides": [{"min_prompt_tokens": 200000.0, "prompt": "0.000005"}],
    },
    "top_provider": {
        "context_length": 128000,
        "max_completion_tokens": 16384,
        "is_moderated": True,
    },
    "per_request_limits": None,
    "supported_parameters": ["temperature", "tools"],
    "reasoning": {"mandatory": False, "supported_efforts": ["low", "high"]},
    "links": {"details": "/api/v1/models/openai/gpt-4o/endpoints"},
    "something_new": 1,
}


async def test_list() -> None:
    """Models come typed, with exact prices and unknown members."""
    other = {"id": "openrouter/auto", "pricing": {"prompt": "-1"}}
    async with served(got(listed(MODEL, other, total_count=2))) as (server, client):
        models = await client.models.list()

    first, second = models
    assert server.requests[0].path == "/api/v1/models"
    assert (len(models), models.total_count) == (2, 2)
    assert first.id == "openai/gpt-4o"
    assert first.pricing is not None
    assert first.pricing.prompt == Decimal("0.0000025")
    assert first.pricing.input_cache_read == Decimal("0.00000125")
    assert first.pricing.image is None
    assert [each.prompt for each in first.pricing.overrides or []] == [
        Decimal("0.000005")
    ]
    assert first.architecture is not None
    assert first.architecture.input_modalities == ["text", "image"]
    assert first.top_provider is not None
    assert first.top_provider.max_completion_tokens == 16384
    assert first.reasoning is not None
    assert first.reasoning.mandatory is False
    assert second.pricing is not None
    assert second.pricing.prompt == Decimal(-1)
    assert first.to_dict() == MODEL
    assert models.to_dict() == {"data": [MODEL, other], "total_count": 2}
    assert models.meta.status == 200


async def test_prices_in_sums() -> None:
    """They add up as decimals do, not as floats."""
    async with served(got(ok(data=MODEL))) as (_, client):
        pricing = (await client.models.get("openai/gpt-4o")).pricing

    assert pricing is not None
    assert pricing.prompt is not None
    assert pricing.completion is not None
    assert str(1000 * pricing.prompt + 3 * pricing.completion) == "0.0025300"


LENIENT: dict[str, tuple[object, Decimal | None]] = {
    "a number": (0.1, Decimal("0.1")),
    "an integer": (0, Decimal(0)),
    "text that is no number": ("free", None),
    "null": (None, None),
    "a list": ([], None),
    "true": (True, None),
}


@pytest.mark.parametrize(("price", "read"), LENIENT.values(), ids=list(LENIENT))
async def test_odd_prices(price: object, read: Decimal | None) -> None:
    """One that cannot be read costs neither the others nor the model."""
    odd = {"id": "a/b", "pricing": {"prompt": price, "completion": "0.5"}}
    async with served(got(listed(odd, 7))) as (_, client):
        models = await client.models.list()

    assert [each.id for each in models] == ["a/b"]
    assert models.data[0].pricing is not None
    assert models.data[0].pricing.prompt == read
    assert models.data[0].pricing.completion == Decimal("0.5")


FILTERS: dict[str, tuple[ModelFilters, dict[str, str]]] = {
    "none": ({}, {}),
    "names": (
        {"supported_parameters": ["tools", "seed"], "category": "programming"},
        {"supported_parameters": "tools,seed", "category": "programming"},
    ),
    "numbers": (
        {"max_price": 0.5, "context": 128000, "limit": 10, "offset": 20},
        {"max_price": "0.5", "context": "128000", "limit": "10", "offset": "20"},
    ),
    "truth": (
        {"zdr": True, "distillable": False},
        {"zdr": "true", "distillable": "false"},
    ),
}


@pytest.mark.parametrize(("filters", "query"), FILTERS.values(), ids=list(FILTERS))
async def test_filters(filters: ModelFilters, query: dict[str, str]) -> None:
    """They go into the query as the API takes them."""
    async with served(got(listed())) as (server, client):
        models = await client.models.list(**filters)

    assert len(models) == 0
    assert dict(URL(server.requests[0].path).query) == query


async def test_bad_filter() -> None:
    """It is refused before anything is sent."""
    async with served() as (_, client):
        with pytest.raises(ConfigError, match="a name or several"):
            await client.models.list(providers=[1])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]  # on purpose


async def test_get() -> None:
    """A model is asked for by its slug, variant included."""
    async with served(got(ok(data=MODEL))) as (server, client):
        model = await client.models.get("openai/gpt-4o:free", timeout=5, retry=0)

    assert server.requests[0].path == "/api/v1/model/openai/gpt-4o:free"
    assert model.name == "OpenAI: GPT-4o"
    assert model.to_dict() == MODEL
    assert model.meta.attempts == 1
    assert "raw" not in repr(model)


@pytest.mark.parametrize(
    "model", ["gpt-4o", "", "a/b/c", "a/", "/b", "../keys", "a/..", None]
)
async def test_bad_slug(model: str) -> None:
    """It is refused before anything is sent."""
    async with served() as (server, client):
        with pytest.raises(ConfigError):
            await client.models.get(model)

        with pytest.raises(ConfigError):
            await client.models.endpoints(model)

    assert server.connections == []


async def test_slug_that_needs_encoding() -> None:
    """It cannot reach another operation."""
    async with served(got(ok(data=MODEL))) as (server, client):
        await client.models.get("a/b?c#d%2e")

    assert server.requests[0].path == "/api/v1/model/a/b%3Fc%23d%252e"


async def test_unknown_model() -> None:
    """The API's answer raises in its class."""
    missing = http_response(404, body={"error": {"code": 404, "message": "no model"}})
    async with served(got(missing)) as (_, client):
        with pytest.raises(NotFoundError, match="no model"):
            await client.models.get("a/b")


ENDPOINT = {
    "name": "Azure | openai/gpt-4o",
    "provider_name": "Azure",
    "tag": "azure",
    "context_length": 128000,
    "max_completion_tokens": 16384,
    "pricing": {"prompt": "0.0000025", "completion": "0.00001", "discount": 0},
    "quantization": "unknown",
    "status": 0,
    "uptime_last_30m": 99.7,
    "latency_last_30m": {"p50": 0.4, "p90": 1.1},
    "throughput_last_30m": None,
    "supported_parameters": ["tools"],
}


async def test_endpoints() -> None:
    """Each provider's prices, limits and speed."""
    data = {"id": "openai/gpt-4o", "name": "GPT-4o", "endpoints": [ENDPOINT]}
    async with served(got(ok(data=data))) as (server, client):
        found = await client.models.endpoints("openai/gpt-4o")

    endpoint = found.endpoints[0]
    assert type(found) is ModelEndpoints
    assert server.requests[0].path == "/api/v1/models/openai/gpt-4o/endpoints"
    assert (endpoint.provider_name, endpoint.tag) == ("Azure", "azure")
    assert endpoint.pricing is not None
    assert endpoint.pricing.completion == Decimal("0.00001")
    assert endpoint.latency_last_30m is not None
    assert endpoint.latency_last_30m.p90 == 1.1
    assert endpoint.throughput_last_30m is None


async def test_count() -> None:
    """The number of models, of those with some modalities."""
    async with served(got(ok(data={"count": 412}), ok(data={"count": 9}))) as (
        server,
        client,
    ):
        assert await client.models.count() == 412
        assert await client.models.count(output_modalities=["image", "audio"]) == 9

    assert [each.path for each in server.requests] == [
        "/api/v1/models/count",
        "/api/v1/models/count?output_modalities=image%2Caudio",
    ]


async def test_meta_of_listed_records() -> None:
    """Each of them knows the exchange that brought the list."""
    async with served(got(listed({"id": "a/b"}))) as (_, client):
        models = await client.models.list(q="a", timeout=5, retry=0)

    assert models.data[0].meta == models.meta
    assert models.meta.attempts == 1


async def test_for_user() -> None:
    """The models that the account's settings leave."""
    async with served(got(listed(MODEL))) as (server, client):
        assert [each.id for each in await client.models.for_user()] == ["openai/gpt-4o"]

    assert server.requests[0].path == "/api/v1/models/user"


async def test_providers() -> None:
    """Their slugs and policies."""
    azure = {"name": "Azure", "slug": "azure", "datacenters": ["US"], "new": True}
    async with served(got(listed(azure))) as (server, client):
        providers = await client.providers.list()

    assert server.requests[0].path == "/api/v1/providers"
    assert (len(providers), [each.slug for each in providers]) == (1, ["azure"])
    assert providers.data[0].datacenters == ["US"]
    assert providers.data[0].to_dict() == azure


@pytest.mark.parametrize(
    "body", [b'{"models":[]}', b'{"data":{}}', b'{"data":null}', b"[]"]
)
async def test_answer_that_is_no_list(body: bytes) -> None:
    """It is no empty list."""
    async with served(got(http_response(body=body))) as (_, client):
        with pytest.raises(ResponseDecodeError):
            await client.models.list(retry=0)


@pytest.mark.parametrize("body", [b'{"id":"a/b"}', b'{"data":null}', b'{"data":[]}'])
async def test_answer_without_a_record(body: bytes) -> None:
    """It is no model with nothing in it."""
    async with served(got(http_response(body=body))) as (_, client):
        with pytest.raises(ResponseDecodeError):
            await client.models.get("a/b", retry=0)


async def test_answer_that_is_not_utf_8() -> None:
    """It is read all the same."""
    body = b'\xef\xbb\xbf{"data": {"id": "a/b", "name": "caf\xe9"}}'
    async with served(got(http_response(body=body))) as (_, client):
        model = await client.models.get("a/b")

    assert (model.id, model.name) == ("a/b", "caf\ufffd")
