"""The typed methods that docs/operations.md names send the operations beside them."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from operator import attrgetter
from typing import Any, TypeAlias

import pytest

from openrouter_async import (
    ChatCompletion,
    ChatCompletionStream,
    Completion,
    CompletionStream,
    OpenRouter,
    ToolRun,
    tool,
)
from openrouter_async.testing import Simulator
from openrouter_async.types import (
    Credits,
    Embedding,
    EmbeddingResponse,
    Generation,
    GenerationContent,
    KeyInfo,
    Message,
    Model,
    ModelEndpoints,
    ModelList,
    ProviderList,
)
from tests.docs.operations import operations

MODEL = "openai/gpt-4o-mini"
EMBEDDER = "openai/text-embedding-3-small"
HI: list[Message] = [{"role": "user", "content": "Hi"}]

Method: TypeAlias = Callable[..., Any]
"""What the page names, found at a client by that name."""
Calls: TypeAlias = Mapping[str, Callable[[OpenRouter, Method], Awaitable[list[object]]]]


@tool
def ping() -> str:
    """Ping."""
    return "pong"


def plain(*args: object, **params: object) -> Callable[..., Awaitable[list[object]]]:
    """Await a method, and return its value."""

    async def call(_: OpenRouter, method: Method) -> list[object]:
        return [await method(*args, **params)]

    return call


def streamed(**params: object) -> Callable[..., Awaitable[list[object]]]:
    """Read the stream of a method to its end, and return it with its answer."""

    async def call(_: OpenRouter, method: Method) -> list[object]:
        async with method(**params) as stream:
            chunks = [chunk async for chunk in stream]

        assert chunks
        return [stream, await stream.final()]

    return call


def mapped(*inputs: str, **params: object) -> Callable[..., Awaitable[list[object]]]:
    """Return the values of all outcomes of a method."""

    async def call(_: OpenRouter, method: Method) -> list[object]:
        async with method(inputs, **params) as outcomes:
            return [each.value async for each in outcomes]

    return call


def gathered(*inputs: str, **params: object) -> Callable[..., Awaitable[list[object]]]:
    """Return the values of the outcomes that a method gathers."""

    async def call(_: OpenRouter, method: Method) -> list[object]:
        return [each.value for each in await method(inputs, **params)]

    return call


def of_an_answer(**params: object) -> Callable[..., Awaitable[list[object]]]:
    """Call a method with the id of an answer whose record is there."""

    async def call(client: OpenRouter, method: Method) -> list[object]:
        done = await client.completions.create(prompt="Hi", max_tokens=4)
        found = await client.generation.get(str(done.id))
        return [await method(str(found.id), **params)]

    return call


CALLS: dict[str, Calls] = {
    "POST /completions": {
        "completions.create": plain(prompt="Hi", max_tokens=4),
        "completions.stream": streamed(prompt="Hi", max_tokens=4),
        "completions.map": mapped("Hi", "Ho", max_tokens=4),
        "completions.gather": gathered("Hi", "Ho", max_tokens=4),
    },
    "POST /chat/completions": {
        "chat.completions.create": plain(messages=HI, max_tokens=4),
        "chat.completions.stream": streamed(messages=HI, max_tokens=4),
        "chat.completions.map": mapped("Hi", "Ho", max_tokens=4),
        "chat.completions.gather": gathered("Hi", "Ho", max_tokens=4),
        "chat.completions.run_tools": plain(messages=HI, tools=[ping], max_steps=2),
    },
    "POST /embeddings": {
        "embeddings.create": plain(input="Hi", model=EMBEDDER),
        "embeddings.map": mapped("Hi", "Ho", model=EMBEDDER),
    },
    "GET /embeddings/models": {"embeddings.models": plain()},
    "GET /models": {"models.list": plain()},
    "GET /models/user": {"models.for_user": plain()},
    "GET /models/count": {"models.count": plain()},
    "GET /model/{author}/{slug}": {"models.get": plain(MODEL)},
    "GET /models/{author}/{slug}/endpoints": {"models.endpoints": plain(MODEL)},
    "GET /providers": {"providers.list": plain()},
    "GET /credits": {"credits.get": plain()},
    "GET /key": {"key.get": plain()},
    "GET /generation": {"generation.get": of_an_answer()},
    "GET /generation/content": {"generation.content": of_an_answer()},
    "POST /generation/feedback": {
        "generation.feedback": of_an_answer(category="other", comment="Hm.")
    },
}
KINDS: dict[str, list[type[object]]] = {
    "completions.create": [Completion],
    "completions.stream": [CompletionStream, Completion],
    "completions.map": [Completion, Completion],
    "completions.gather": [Completion, Completion],
    "chat.completions.create": [ChatCompletion],
    "chat.completions.stream": [ChatCompletionStream, ChatCompletion],
    "chat.completions.map": [ChatCompletion, ChatCompletion],
    "chat.completions.gather": [ChatCompletion, ChatCompletion],
    "chat.completions.run_tools": [ToolRun],
    "embeddings.create": [EmbeddingResponse],
    "embeddings.map": [Embedding, Embedding],
    "embeddings.models": [ModelList],
    "models.list": [ModelList],
    "models.for_user": [ModelList],
    "models.count": [int],
    "models.get": [Model],
    "models.endpoints": [ModelEndpoints],
    "providers.list": [ProviderList],
    "credits.get": [Credits],
    "key.get": [KeyInfo],
    "generation.get": [Generation],
    "generation.content": [GenerationContent],
    "generation.feedback": [type(None)],
}


@pytest.mark.parametrize(
    ("operation", "name"),
    [(row.name, name) for row in operations() if row.typed for name in row.methods],
)
async def test_each_typed_operation(operation: str, name: str) -> None:
    """The method of that name sends the operation, and returns values of its types."""
    async with Simulator() as simulator, simulator.client(retry=0) as client:
        method: Method = attrgetter(name)(client)
        values = await CALLS[operation][name](client, method)
        record = simulator.journal[-1]

    assert [type(value) for value in values] == KINDS[name]
    verb, _, path = operation.partition(" ")
    assert record.method == verb
    pattern = re.sub(r"\{\w+\}", "[^/]+", f"/api/v1{path}")
    assert re.fullmatch(pattern, record.path.partition("?")[0])


def test_page_names_the_typed_operations() -> None:
    """It names the methods that are tried here, and no others."""
    named = {row.name: row.methods for row in operations() if row.typed}

    assert named == {operation: [*calls] for operation, calls in CALLS.items()}
