from __future__ import annotations

import io
from collections.abc import AsyncIterator, Mapping
from typing import cast
from urllib.parse import unquote

import aiohttp
import pytest

from openrouter_async import APIError, NotFoundError, OpenRouter
from openrouter_async.testing import Simulator
from openrouter_async.testing.dice import Dice
from openrouter_async.testing.instances import make_instance
from openrouter_async.testing.openapi import OperationRules, specification
from openrouter_async.transport.paths import Param
from openrouter_async.types import RawResponse, Record

JSON = "application/json"
# An id that has to exist, made by the operation before it.
KEY = "{hash}"
# Their examples in the specification are not valid by it.
BODIES: dict[str, Mapping[str, object]] = {
    "PATCH /byok/{id}": {"name": "a", "disabled": True},
    "POST /chat/completions": {"messages": [{"role": "user", "content": "Hi"}]},
}
GENERATION = ("/generation", "/generation/content")


class Key(Record):
    """Be a key of the account, as `/keys` lists it."""

    name: str
    hash: str
    limit: float | None = None


@pytest.fixture
async def client() -> AsyncIterator[OpenRouter]:
    """Return a client of a running simulator."""
    async with (
        Simulator(generation_misses=0) as simulator,
        OpenRouter(simulator.api_key, base_url=simulator.base_url) as client,
    ):
        yield client


def example_of(pointer: str) -> object:
    """Return what the specification gives as an example, or what satisfies it."""
    rules = specification()
    medium = rules.medium(pointer)
    example = medium.get("example")
    if example is not None and not list(rules.validator(pointer).iter_errors(example)):
        return example

    return make_instance(
        medium["schema"], rules.document, Dice(pointer), ["sample"], pointer
    )


def body_of(rules: OperationRules) -> Mapping[str, object] | aiohttp.FormData | None:
    """Return a body that an operation takes, None where it takes none."""
    if name_of(rules) in BODIES:
        return BODIES[name_of(rules)]

    if JSON in rules.bodies:
        return cast("Mapping[str, object]", example_of(rules.bodies[JSON]))

    if not rules.bodies:
        return None

    form = aiohttp.FormData()
    form.add_field("file", io.BytesIO(b"text"), filename="a.txt")
    return form


async def path_of(rules: OperationRules, client: OpenRouter) -> list[str]:
    """Return the segments of an operation's path, with ids that exist."""
    segments = rules.path.strip("/").split("/")
    known = {"{hash}": "", "{author}": "openai", "{slug}": "gpt-4o"}
    if KEY in segments:
        made = await client.request("POST", "/keys", body={"name": "a"})
        known[KEY] = str(cast("Mapping[str, object]", made["data"])["hash"])

    if "{author}" in segments:
        first = (await client.models.list()).data[0].id
        known["{author}"], known["{slug}"] = first.split("/")

    return [
        known.get(each, values_of(rules).get(each[1:-1], "sample"))
        if each.startswith("{")
        else each
        for each in segments
    ]


def schema_at(pointer: str) -> object:
    """Return what a pointer into the specification leads to."""
    found: object = specification().document
    for part in unquote(pointer).split("/")[1:]:
        found = member_of(found, part.replace("~1", "/").replace("~0", "~"))

    return found


def member_of(value: object, name: str) -> object:
    """Return a member of an object, or an item of a list."""
    if isinstance(value, list):
        return cast("list[object]", value)[int(name)]

    return cast("Mapping[str, object]", value)[name]


def values_of(rules: OperationRules) -> dict[str, str]:
    """Return a value for each parameter that an operation must have."""
    root = specification().document
    return {
        each.name: str(
            make_instance(
                schema_at(each.pointer),
                root,
                Dice(each.name),
                ["sample"],
                each.name,
            )
        )
        for each in rules.parameters
        if each.required
    }


async def query_of(rules: OperationRules, client: OpenRouter) -> dict[str, Param]:
    """Return the parameters that an operation must have."""
    names = {each.name for each in rules.parameters if each.place == "query"}
    params: dict[str, Param] = {
        name: value for name, value in values_of(rules).items() if name in names
    }
    if rules.path in GENERATION:
        done = await client.completions.create(model="a/b", prompt="x")
        params["id"] = done.meta.generation_id

    return params


def name_of(rules: OperationRules) -> str:
    """Return the name of an operation, as documents write it."""
    return f"{rules.method} {rules.path}"


@pytest.mark.parametrize("rules", specification().operations, ids=name_of)
async def test_operation_of_the_specification(
    client: OpenRouter, rules: OperationRules
) -> None:
    """Every operation that is published can be called, with a request that is valid."""
    answer = await client.request(
        rules.method,
        await path_of(rules, client),
        body=body_of(rules),
        params=await query_of(rules, client),
        response_type=RawResponse,
        retry=0,
    )

    assert answer.meta.status == rules.status
    kind = (answer.content_type or "").partition(";")[0]
    if JSON in rules.answers:
        assert kind == JSON
        assert answer.to_dict()
    elif rules.answers:
        assert kind.partition("/")[0] == next(iter(rules.answers)).partition("/")[0]
        assert answer.raw


async def test_life_of_a_key(client: OpenRouter) -> None:
    """Made, found in the list, changed, deleted, and gone."""
    made = await client.request("POST", "/keys", body={"name": "ci", "limit": 5})
    listed = [each async for each in client.paginate("/keys", item_type=Key)]
    path = ["keys", listed[0].hash]
    changed = await client.request("PATCH", path, body={"limit": 2.5})
    deleted = await client.request("DELETE", path)
    with pytest.raises(NotFoundError):
        await client.request("GET", path)

    assert str(made["key"]).startswith("sk-or-v1-")
    assert [each.name for each in listed] == ["ci"]
    assert cast("Mapping[str, object]", changed["data"])["limit"] == 2.5
    assert deleted == {"deleted": True}


async def test_all_pages_of_keys(client: OpenRouter) -> None:
    """Keys come page by page, each once."""
    for number in range(250):
        await client.request("POST", "/keys", body={"name": f"key {number}"})

    names = [each.name async for each in client.paginate("/keys", item_type=Key)]

    assert sorted(names) == sorted(f"key {number}" for number in range(250))


async def test_request_that_is_not_valid(client: OpenRouter) -> None:
    """The simulator refuses it as the API does."""
    with pytest.raises(APIError, match="name"):
        await client.request("POST", "/keys", body={"limit": 5})


async def test_generation_of_a_completion(client: OpenRouter) -> None:
    """A call's own record is found by the id that its answer gives."""
    done = await client.completions.create(model="a/b", prompt="Say hi")
    assert done.meta.generation_id is not None
    record = await client.generation.get(done.meta.generation_id)

    assert done.usage is not None
    assert record.id == done.meta.generation_id
    assert record.total_cost == done.usage.cost
    assert record.tokens_completion == done.usage.completion_tokens


async def test_embeddings_of_a_corpus(client: OpenRouter) -> None:
    """Every text has its vector, the same as when it is asked for alone."""
    model = (await client.embeddings.models()).data[0].id
    texts = [f"text {number}" for number in range(500)]
    vectors: dict[int, list[float]] = {}
    async with client.embeddings.map(texts, model=model, dimensions=16) as outcomes:
        async for outcome in outcomes:
            assert outcome.value is not None
            vectors[outcome.index] = list(outcome.value.embedding)

    alone = await client.embeddings.create(
        input=texts[321], model=model, dimensions=16, encoding_format="float"
    )
    assert len(vectors) == 500
    assert vectors[321] == pytest.approx(list(alone.vectors[0]), abs=1e-6)


async def test_catalogue(client: OpenRouter) -> None:
    """The models of the simulator, one by one."""
    models = await client.models.list()
    first = await client.models.get(models.data[0].id)
    served = await client.models.endpoints(first.id)
    pages = client.paginate("/models", params={"limit": 2})
    paged = [each["id"] async for each in pages]

    assert await client.models.count() == len(models)
    assert first.to_dict() == models.data[0].to_dict()
    assert [each.pricing for each in served.endpoints if each.pricing is None] == []
    assert paged == [each.id for each in models]
