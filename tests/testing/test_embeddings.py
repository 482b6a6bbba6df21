"""Vectors depend on the text alone and come in both forms."""

from __future__ import annotations

import base64
import struct
from typing import Any

import pytest

from openrouter_async.testing import RateLimit, Simulator
from openrouter_async.testing.embeddings import DIMENSIONS
from tests.testing.api import Api, Reply

MODEL = "openai/text-embedding-3-small"


async def embed(api: Api, given: object, **params: object) -> Reply:
    """Ask for the vectors of an input."""
    return await api.call(
        "POST", "/embeddings", {"model": MODEL, "input": given, **params}
    )


def vectors(reply: Reply) -> list[Any]:
    """Return the vectors of an answer."""
    return [item["embedding"] for item in reply.json["data"]]


async def test_vectors_have_the_length_one(api: Api) -> None:
    """And as many numbers as are asked for."""
    usual = vectors(await embed(api, "Hi"))[0]
    short = vectors(await embed(api, "Hi", dimensions=5))[0]

    assert (len(usual), len(short)) == (DIMENSIONS, 5)
    for vector in (usual, short):
        assert sum(number**2 for number in vector) == pytest.approx(1)


async def test_a_text_has_one_vector(api: Api) -> None:
    """Wherever it stands; other texts and models have others."""
    alone = vectors(await embed(api, "Hi"))
    among = vectors(await embed(api, ["Ho", "Hi"]))
    other = vectors(await embed(api, "Hi", model="a/b"))

    assert among[1] == alone[0]
    assert len({tuple(vector) for vector in (*among, *other)}) == 3


async def test_packed_vectors_are_the_same(api: Api) -> None:
    """Base64 holds little-endian floats of 32 bits."""
    plain = vectors(await embed(api, "Hi"))[0]
    packed = vectors(await embed(api, "Hi", encoding_format="base64"))[0]

    data = base64.b64decode(packed)
    assert struct.unpack(f"<{DIMENSIONS}f", data) == pytest.approx(plain)


@pytest.mark.parametrize(
    ("given", "count", "tokens"),
    [
        ("One two three", 1, 3),
        (["One", "two three"], 2, 3),
        ([1, 2, 3, 4], 1, 4),
        ([[1, 2], [3]], 2, 3),
        ([{"content": [{"type": "text", "text": "One two"}]}], 1, 2),
        (
            [{"content": [{"type": "image_url", "image_url": {"url": "data:,"}}]}],
            1,
            256,
        ),
        ("[1, 2]", 1, 5),
    ],
    ids=["text", "texts", "ids", "lists of ids", "parts", "picture", "brackets"],
)
async def test_all_forms_of_input_are_taken(
    api: Api, given: object, count: int, tokens: int
) -> None:
    """Each input has a vector, and its tokens are counted."""
    reply = await embed(api, given)

    assert [item["index"] for item in reply.json["data"]] == list(range(count))
    assert reply.json["usage"]["prompt_tokens"] == tokens
    assert reply.json["usage"]["cost"] == pytest.approx(tokens * 2.5e-6)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"input": []}, "input: 1 to 2048 inputs are taken, not 0"),
        ({"input": ["a"] * 2049}, "input: 1 to 2048 inputs are taken, not 2049"),
        ({"dimensions": 0}, "dimensions: 0 is less than the minimum of 1"),
        (
            {"encoding_format": "hex"},
            "encoding_format: 'hex' is not one of ['float', 'base64']",
        ),
        ({"model": 3}, "model: 3 is not of type 'string'"),
    ],
    ids=["none", "many", "dimensions", "format", "model"],
)
async def test_wrong_requests_are_refused(
    api: Api, params: dict[str, object], message: str
) -> None:
    """With the name of the field."""
    reply = await api.call(
        "POST", "/embeddings", {"model": "a/b", "input": "a", **params}
    )

    assert (reply.status, reply.error["message"]) == (400, message)


async def test_limits_hold_for_what_uses_a_model(
    simulator: Simulator, api: Api
) -> None:
    """Embeddings count, looking at the account does not."""
    simulator.rate_limit = RateLimit(rate=0.001, burst=1)
    statuses = [
        (await api.get("/credits")).status,
        (await embed(api, "Hi")).status,
        (await embed(api, "Hi")).status,
        (await api.get("/credits")).status,
    ]

    assert statuses == [200, 200, 429, 200]
