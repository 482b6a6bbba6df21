"""The typed methods that docs/operations.md names send the operations beside them."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

import pytest

from openrouter_async import ChatCompletion, Completion, OpenRouter
from openrouter_async.testing import Simulator
from openrouter_async.types import (
    Credits,
    EmbeddingResponse,
    Generation,
    GenerationContent,
    KeyInfo,
    Model,
    ModelEndpoints,
    ModelList,
    ProviderList,
)
from tests.docs.operations import operations

MODEL = "openai/gpt-4o-mini"
EMBEDDER = "openai/text-embedding-3-small"


async def complete(client: OpenRouter) -> Completion:
    """Ask for a text completion."""
    return await client.completions.create(prompt="Hi", max_tokens=4)


async def chat(client: OpenRouter) -> ChatCompletion:
    """Ask for a chat completion."""
    return await client.chat.completions.create(
        messages=[{"role": "user", "content": "Hi"}], max_tokens=4
    )


async def generation_id(client: OpenRouter) -> str:
    """Return the id of an answer whose record is there."""
    done = await complete(client)
    found = await client.generation.get(str(done.id))
    return str(found.id)


async def feedback(client: OpenRouter) -> None:
    """Report an answer."""
    await client.generation.feedback(
        await generation_id(client), category="other", comment="Hm."
    )


CALLS: dict[str, tuple[object, Callable[[OpenRouter], Awaitable[object]]]] = {
    "POST /completions": (Completion, complete),
    "POST /chat/completions": (ChatCompletion, chat),
    "POST /embeddings": (
        EmbeddingResponse,
        lambda client: client.embeddings.create(input="Hi", model=EMBEDDER),
    ),
    "GET /embeddings/models": (ModelList, lambda client: client.embeddings.models()),
    "GET /models": (ModelList, lambda client: client.models.list()),
    "GET /models/user": (ModelList, lambda client: client.models.for_user()),
    "GET /models/count": (int, lambda client: client.models.count()),
    "GET /model/{author}/{slug}": (Model, lambda client: client.models.get(MODEL)),
    "GET /models/{author}/{slug}/endpoints": (
        ModelEndpoints,
        lambda client: client.models.endpoints(MODEL),
    ),
    "GET /providers": (ProviderList, lambda client: client.providers.list()),
    "GET /credits": (Credits, lambda client: client.credits.get()),
    "GET /key": (KeyInfo, lambda client: client.key.get()),
    "GET /generation": (
        Generation,
        lambda client: in_turn(client, client.generation.get),
    ),
    "GET /generation/content": (
        GenerationContent,
        lambda client: in_turn(client, client.generation.content),
    ),
    "POST /generation/feedback": (type(None), feedback),
}


async def in_turn(
    client: OpenRouter, look_up: Callable[[str], Awaitable[object]]
) -> object:
    """Look up an answer."""
    return await look_up(await generation_id(client))


@pytest.mark.parametrize("operation", CALLS)
async def test_each_typed_operation(operation: str) -> None:
    """The method sends the operation, and returns a value of its type."""
    kind, call = CALLS[operation]
    async with Simulator() as simulator, simulator.client(retry=0) as client:
        value = await call(client)
        record = simulator.journal[-1]

    assert type(value) is kind
    method, _, path = operation.partition(" ")
    assert record.method == method
    pattern = re.sub(r"\{\w+\}", "[^/]+", f"/api/v1{path}")
    assert re.fullmatch(pattern, record.path.partition("?")[0])


def test_page_names_the_typed_operations() -> None:
    """Those that the page has a method for are those tried here, and it names them."""
    named = {row.name for row in operations() if not row.library.startswith("`request")}

    assert named == CALLS.keys()
