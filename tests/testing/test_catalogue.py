"""Models and providers can be listed, selected and looked up."""

from __future__ import annotations

from decimal import Decimal

import pytest

from openrouter_async.testing.models import EMBEDDING_MODELS, MODELS
from tests.testing.api import Api

EVERY = [model.id for model in MODELS]


async def ids(api: Api, query: str = "") -> list[str]:
    """Return the ids of a page of models."""
    reply = await api.get(f"/models{query}")
    assert reply.status == 200, reply.body
    return [model["id"] for model in reply.json["data"]]


async def test_all_models_of_text_are_listed(api: Api) -> None:
    """Those that make vectors have a list of their own."""
    vectors = await api.get("/embeddings/models")

    assert await ids(api) == EVERY
    assert [m["id"] for m in vectors.json["data"]] == [m.id for m in EMBEDDING_MODELS]


async def test_prices_are_decimal_texts(api: Api) -> None:
    """Per token, and by them an answer costs what it says."""
    answer = await api.chat(model="openai/gpt-4o-mini")
    model = (await api.get("/model/openai/gpt-4o-mini")).json["data"]

    usage, price = answer.json["usage"], model["pricing"]
    assert (price["prompt"], price["completion"]) == ("0.0000025", "0.00001")
    cost = usage["prompt_tokens"] * Decimal(price["prompt"]) + usage[
        "completion_tokens"
    ] * Decimal(price["completion"])
    assert float(cost) == pytest.approx(usage["cost"])


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("q=CLAUDE", ["anthropic/claude-sonnet-4.5"]),
        ("model_authors=openai,qwen", ["openai/gpt-4o-mini", "qwen/qwen3-235b-a22b"]),
        (
            "supported_parameters=tools,reasoning",
            [
                "simulator/prose",
                "anthropic/claude-sonnet-4.5",
                "qwen/qwen3-235b-a22b",
            ],
        ),
        ("output_modalities=image", ["google/gemini-2.5-flash-image"]),
        ("output_modalities=embeddings", [model.id for model in EMBEDDING_MODELS]),
        (
            "input_modalities=image,file",
            ["anthropic/claude-sonnet-4.5", "openai/gpt-4o-mini"],
        ),
        ("context=1000000", ["anthropic/claude-sonnet-4.5"]),
        ("max_price=0", ["meta-llama/llama-3.3-70b-instruct:free"]),
        ("min_output_price=15", ["anthropic/claude-sonnet-4.5"]),
        ("q=nothing", []),
    ],
    ids=lambda case: case if isinstance(case, str) else "",
)
async def test_models_are_selected(api: Api, query: str, expected: list[str]) -> None:
    """By the parameters of the query that the catalogue knows something about."""
    assert await ids(api, f"?{query}") == expected


@pytest.mark.parametrize(
    ("sort", "first"),
    [
        ("pricing-low-to-high", "meta-llama/llama-3.3-70b-instruct:free"),
        ("pricing-high-to-low", "anthropic/claude-sonnet-4.5"),
        ("newest", "google/gemini-2.5-flash-image"),
        ("context-high-to-low", "anthropic/claude-sonnet-4.5"),
        ("most-popular", "simulator/prose"),
    ],
)
async def test_models_are_sorted(api: Api, sort: str, first: str) -> None:
    """By what the catalogue knows; other orders leave it as it is."""
    sorted_ids = await ids(api, f"?sort={sort}")

    assert sorted_ids[0] == first
    assert sorted(sorted_ids) == sorted(EVERY)


async def test_pages_lead_to_the_next_one(api: Api) -> None:
    """Until there is none; the count is of all."""
    seen: list[str] = []
    path = "/models?limit=4"
    for _ in range(len(MODELS)):
        reply = await api.get(path)
        seen += [model["id"] for model in reply.json["data"]]
        assert reply.json["total_count"] == len(MODELS)
        following = reply.json["links"]["next"]
        if following is None:
            break

        path = following.removeprefix("/api/v1")

    assert seen == EVERY


async def test_wrong_parameters_are_refused(api: Api) -> None:
    """With their name."""
    replies = [await api.get(f"/models?{q}") for q in ("limit=0", "sort=x", "limit=a")]

    assert [reply.status for reply in replies] == [400, 400, 400]
    assert [reply.error["message"].partition(":")[0] for reply in replies] == [
        "limit",
        "sort",
        "limit",
    ]


async def test_models_are_counted(api: Api) -> None:
    """All, or those of a modality."""
    every = await api.get("/models/count")
    images = await api.get("/models/count?output_modalities=image")

    assert every.json == {"data": {"count": len(MODELS)}}
    assert images.json == {"data": {"count": 1}}


async def test_a_model_has_an_endpoint(api: Api) -> None:
    """Under a name with a suffix, too; names that are not listed are unknown."""
    path = "/models/meta-llama/llama-3.3-70b-instruct%3Afree/endpoints"
    found = await api.get(path)
    missing = await api.get("/model/meta-llama/none")

    (endpoint,) = found.json["data"]["endpoints"]
    assert endpoint["model_id"] == "meta-llama/llama-3.3-70b-instruct:free"
    assert endpoint["pricing"]["prompt"] == "0"
    assert (missing.status, missing.error["message"]) == (
        404,
        "Model meta-llama/none does not exist",
    )


async def test_there_is_a_provider(api: Api) -> None:
    """The one that answers."""
    reply = await api.get("/providers")
    answer = await api.chat()
    found = await api.get("/models/openai/gpt-4o-mini/endpoints")

    provider = answer.json["provider"]
    assert [p["name"] for p in reply.json["data"]] == [provider]
    assert [e["provider_name"] for e in found.json["data"]["endpoints"]] == [provider]
