from __future__ import annotations

import base64
from array import array
from typing import cast

import msgspec
import pytest

from openrouter_async import BadRequestError, ConfigError, ResponseDecodeError
from openrouter_async.types import Embedding, EmbeddingParams
from tests.embedding_server import base64_of
from tests.operations import got, listed, served
from tests.scripted import exchange, http_response

VECTOR = [0.5, -0.25, 2.0]


def answer(*data: object, **members: object) -> bytes:
    """Build an answer with embeddings."""
    return http_response(body={"object": "list", "data": list(data), **members})


def embedding(vector: object = None, **members: object) -> dict[str, object]:
    """Build one of them, base64 where nothing else is given."""
    encoded = base64_of(VECTOR) if vector is None else vector
    return {"object": "embedding", "index": 0, "embedding": encoded, **members}


INPUTS: dict[str, tuple[object, object, int]] = {
    "a text": ("Hi", "Hi", 1),
    "texts": (["Hi", "ho"], ["Hi", "ho"], 2),
    "tokens": ([1, 2, 3], [1, 2, 3], 1),
    "lists of tokens": ([[1, 2], [3]], [[1, 2], [3]], 2),
    "parts": (
        {"content": [{"type": "text", "text": "a"}]},
        [{"content": [{"type": "text", "text": "a"}]}],
        1,
    ),
    "several with parts": ([{"content": []}] * 2, [{"content": []}] * 2, 2),
}


@pytest.mark.parametrize(("given", "sent", "count"), INPUTS.values(), ids=list(INPUTS))
async def test_input(given: str, sent: object, count: int) -> None:
    """It goes out as it is; a single mapping in a list."""
    data = [embedding(index=index) for index in range(count)]
    async with served(exchange(answer(*data))) as (server, client):
        found = await client.embeddings.create(input=given, model="a/b")

    request = server.requests[0]
    assert request.path == "/api/v1/embeddings"
    assert msgspec.json.decode(request.body) == {
        "input": sent,
        "model": "a/b",
        "encoding_format": "base64",
    }
    assert len(found.vectors) == count


async def test_options() -> None:
    """What is given is sent, under the API's names."""
    params: EmbeddingParams = {
        "dimensions": 256,
        "input_type": "search_query",
        "user": "u",
        "provider": {"order": ["azure"]},
        "encoding_format": "float",
    }
    async with served(exchange(answer(embedding([1, 2.5])))) as (server, client):
        found = await client.embeddings.create(
            input="a", model="m", extra_body={"new": 1, "user": "v"}, **params
        )

    assert msgspec.json.decode(server.requests[0].body) == {
        "input": "a",
        "model": "m",
        **params,
        "new": 1,
        "user": "v",
    }
    assert found.vectors == [array("d", [1.0, 2.5])]


async def test_answer() -> None:
    """Vectors, usage, and all that came."""
    usage = {"prompt_tokens": 8, "total_tokens": 8, "cost": 0.25}
    members = {"id": "gen-emb-1", "model": "a/b", "usage": usage, "new": 1}
    async with served(exchange(answer(embedding(), **members))) as (_, client):
        found = await client.embeddings.create(input="a", model="a/b")

    assert found.vectors == [array("f", VECTOR)]
    assert found.data[0].dimensions == 3
    assert found.usage is not None
    assert (found.usage.total_tokens, found.usage.cost) == (8, 0.25)
    assert (found.model, found.id) == ("a/b", "gen-emb-1")
    assert found.meta.generation_id == "gen-emb-1"
    assert found.to_dict()["new"] == 1
    assert "Embedding(index=0, dimensions=3)" in repr(found)


async def test_order() -> None:
    """Embeddings come in the order of the inputs, whatever that of the answer."""
    data = [embedding([float(index)], index=index) for index in (2, 0, 1)]
    async with served(exchange(answer(*data))) as (_, client):
        found = await client.embeddings.create(input=["a", "b", "c"], model="m")

    assert [vector[0] for vector in found.vectors] == [0.0, 1.0, 2.0]


@pytest.mark.parametrize("index", [0, None, 7])
async def test_indexes_that_tell_nothing(index: int | None) -> None:
    """The order of the answer counts then."""
    data = [embedding([float(number)], index=index) for number in (2, 0, 1)]
    async with served(exchange(answer(*data))) as (_, client):
        found = await client.embeddings.create(input=["a", "b", "c"], model="m")

    assert [vector[0] for vector in found.vectors] == [2.0, 0.0, 1.0]


@pytest.mark.parametrize("indexes", [(3, 1, 2), (5, 0, 1), (7, -1, 2)])
async def test_indexes_that_do_not_count_from_nought(indexes: tuple[int, ...]) -> None:
    """They tell the order nevertheless."""
    data = [embedding([float(index)], index=index) for index in indexes]
    async with served(exchange(answer(*data))) as (_, client):
        found = await client.embeddings.create(input=["a", "b", "c"], model="m")

    assert [vector[0] for vector in found.vectors] == sorted(indexes)


@pytest.mark.parametrize("indexes", [(2, 0, 0), (None, 0, 1)])
async def test_indexes_that_contradict_each_other(indexes: tuple[object, ...]) -> None:
    """Nobody knows which input a vector is of; the next answer may say."""
    data = [embedding(index=index) for index in indexes]
    async with served(exchange(answer(*data))) as (_, client):
        with pytest.raises(ResponseDecodeError, match="which input") as told:
            await client.embeddings.create(input=[*"abc"], model="m", retry=0)

    assert told.value.retryable


BROKEN: dict[str, object] = {
    "no base64": "!!!!",
    "letters of another alphabet": "AA-_AAAA",
    "a number cut short": "AAAAAAA=",
    "cut": base64_of(VECTOR)[:-3],
}


@pytest.mark.parametrize("encoded", BROKEN.values(), ids=list(BROKEN))
async def test_broken_vector(encoded: object) -> None:
    """It is asked for again, alone and in a corpus."""
    broken = answer(embedding(encoded, index=0))
    script = [*exchange(broken), *exchange(answer(embedding()))]
    async with served([*script, *script]) as (_, client):
        found = await client.embeddings.create(input="a", model="m")
        async with client.embeddings.map(["a"], model="m") as outcomes:
            [outcome] = [each async for each in outcomes]

    assert (found.vectors, found.meta.attempts) == ([array("f", VECTOR)], 2)
    assert outcome.value is not None
    assert outcome.value.embedding == array("f", VECTOR)


async def test_broken_vector_for_good() -> None:
    """The error says which."""
    data = [embedding(index=0), embedding("!!!!", index=1)]
    async with served(exchange(answer(*data))) as (_, client):
        with pytest.raises(ResponseDecodeError, match=r"data\[1\]: the embedding"):
            await client.embeddings.create(input=["a", "b"], model="m", retry=0)


async def test_numbers_beside_what_cannot_be_read() -> None:
    """Another member that is of an odd type does not cost the vectors."""
    odd = {"usage": {"prompt_tokens": 3.0, "total_tokens": "x"}}
    async with served(exchange(answer(embedding([1, 2.5]), **odd))) as (_, client):
        found = await client.embeddings.create(input="a", model="m")

    assert found.vectors == [array("d", [1.0, 2.5])]


MISSING: dict[str, list[object]] = {
    "one too few": [embedding(index=0)],
    "an empty one": [embedding(index=0), embedding("", index=1)],
    "a null": [embedding(index=0), {"index": 1, "embedding": None}],
    "a null among numbers": [embedding(index=0), embedding([0.5, None], index=1)],
    "one too many": [embedding(index=index) for index in range(3)],
    "none": [],
}


@pytest.mark.parametrize("data", MISSING.values(), ids=list(MISSING))
async def test_missing_embedding(data: list[object]) -> None:
    """An answer that does not hold one for each input is none."""
    async with served(exchange(answer(*data))) as (_, client):
        with pytest.raises(ResponseDecodeError, match="embeddings for 2 inputs"):
            await client.embeddings.create(input=["a", "b"], model="m", retry=0)


async def test_missing_embedding_is_asked_for_again() -> None:
    """The next answer may hold them all."""
    whole = answer(embedding(index=0), embedding(index=1))
    script = [*exchange(answer(embedding())), *exchange(whole)]
    async with served(script) as (_, client):
        found = await client.embeddings.create(input=["a", "b"], model="m")

    assert (len(found.data), found.meta.attempts) == (2, 2)


async def test_error_in_a_success() -> None:
    """It raises in its class."""
    failed = answer(error={"code": 400, "message": "too long"})
    async with served(exchange(failed)) as (_, client):
        with pytest.raises(BadRequestError, match="too long"):
            await client.embeddings.create(input="a", model="m")


BAD: dict[str, object] = {
    "nothing": [],
    "a number": 1,
    "None": None,
    "bytes": b"a",
    "an object": object(),
    "bytes in a list": [b"a"],
}


@pytest.mark.parametrize("given", BAD.values(), ids=list(BAD))
async def test_bad_input(given: str) -> None:
    """It is refused before anything is sent."""
    async with served() as (server, client):
        with pytest.raises(ConfigError, match="input"):
            await client.embeddings.create(input=given, model="m")

    assert server.connections == []


async def test_bad_options() -> None:
    """They are refused before anything is sent."""
    async with served() as (_, client):
        with pytest.raises(ConfigError, match="extra_body"):
            await client.embeddings.create(
                input="a",
                model="m",
                extra_body=cast("dict[str, object]", [1]),
            )


async def test_models() -> None:
    """The catalogue of those that give embeddings."""
    async with served(got(listed({"id": "a/embed"}))) as (server, client):
        models = await client.embeddings.models()

    assert server.requests[0].path == "/api/v1/embeddings/models"
    assert [each.id for each in models] == ["a/embed"]


def test_vector_of_base64() -> None:
    """It is an array of 32-bit floats that numbers in a list cost eight times."""
    vector = Embedding(encoded=base64_of(VECTOR)).embedding

    assert vector == array("f", VECTOR)
    assert memoryview(vector).nbytes == 12
    assert list(vector) == VECTOR


def test_vector_of_numbers() -> None:
    """It keeps all of their digits."""
    assert list(Embedding(encoded=[0.1, 1e-300]).embedding) == [0.1, 1e-300]


@pytest.mark.parametrize("size", range(1, 8))
def test_dimensions(size: int) -> None:
    """They are known without a look at the numbers."""
    encoded = base64_of([0.0] * size)

    assert Embedding(encoded=encoded).dimensions == size
    assert Embedding(encoded=[0.0] * size).dimensions == size


@pytest.mark.parametrize("encoded", ["abc", base64.b64encode(b"abcde").decode()])
def test_broken_base64(encoded: str) -> None:
    """It is no vector."""
    with pytest.raises(ValueError, match=r"base64|multiple"):
        _ = Embedding(encoded=encoded).embedding
