from __future__ import annotations

import asyncio
from collections.abc import Iterator
from itertools import count, repeat

import pytest

from openrouter_async import (
    BadRequestError,
    ConfigError,
    PayloadTooLargeError,
    ResponseDecodeError,
    ServerError,
)
from tests.embedding_corpora import check, collected, refusing, texts
from tests.embedding_server import EmbeddingServer


@pytest.mark.parametrize("ordered", [False, True], ids=["as they come", "in order"])
async def test_corpus(ordered: bool) -> None:
    """Every input has its own vector, and requests are full."""
    inputs = texts(250)
    async with EmbeddingServer() as server, server.client() as client:
        async with client.embeddings.map(
            inputs, model="m", batch_size=96, ordered=ordered
        ) as outcomes:
            found = [each async for each in outcomes]

    if not ordered:
        found.sort(key=lambda each: each.index)

    check(found, inputs)
    assert sorted(map(len, server.asked)) == [58, 96, 96]
    assert {each.encoding_format for each in server.bodies} == {"base64"}


async def test_statistics() -> None:
    """They count inputs, and what requests cost."""
    inputs = texts(10)
    refuses = refusing("text 3")
    async with EmbeddingServer(refuses) as server, server.client() as client:
        outcomes = client.embeddings.map(inputs, model="m", batch_size=5)
        assert repr(outcomes) == "<EmbeddingOutcomes 0 of 0 inputs finished>"
        await collected(outcomes)
        told = outcomes.statistics()

    assert (told.pulled, told.succeeded, told.failed, told.finished) == (10, 9, 1, 10)
    assert told.requests == len(server.asked)
    assert told.input_ended
    assert told.cost == 0.5 * (len(server.asked) - 4)
    assert repr(outcomes) == "<EmbeddingOutcomes 10 of 10 inputs finished>"


async def test_limit_of_tokens() -> None:
    """Requests are as large as the estimate allows; a longer input goes alone."""
    inputs = ["a" * 40, "b" * 40, "c" * 4000, "d" * 40, "é" * 30, "e"]
    async with EmbeddingServer() as server, server.client() as client:
        outcomes = client.embeddings.map(inputs, model="m", batch_tokens=25)
        check(await collected(outcomes), inputs)

    by_letter = sorted(
        "".join(str(each)[0] for each in asked) for asked in server.asked
    )
    assert by_letter == ["ab", "c", "d", "ée"]


async def test_inputs_of_several_forms() -> None:
    """A request holds inputs of one form; what is none of them fails alone."""
    parts = {"content": [{"type": "text", "text": "a"}]}
    inputs: list[object] = ["a", "b", [1, 2], [3], parts, 7, "c", b"x", None]
    async with EmbeddingServer() as server, server.client() as client:
        outcomes = client.embeddings.map(inputs, model="m")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # some are wrong
        found = await collected(outcomes)

    assert [each.ok for each in found] == [True] * 5 + [False, True, False, False]
    assert all(type(each.error) is ConfigError for each in found if not each.ok)
    assert sorted(server.asked, key=str) == [["a", "b"], ["c"], [[1, 2], [3]], [parts]]


@pytest.mark.parametrize("status", [400, 413, 422])
@pytest.mark.parametrize("bad", [0, 37, 63])
async def test_bad_input_costs_only_itself(status: int, bad: int) -> None:
    """A request that is refused is halved until the input stands alone."""
    inputs = texts(64)
    refuses = refusing(inputs[bad], status=status)
    async with EmbeddingServer(refuses) as server, server.client() as client:
        found = await collected(client.embeddings.map(inputs, model="m"))

    check(found, inputs, inputs[bad])
    error = found[bad].error
    assert error is not None
    assert error.status == status
    assert len(server.asked) == 13  # 1 + 2 for each halving of 64


async def test_several_bad_inputs() -> None:
    """Each has its own error, and none costs another."""
    inputs = texts(100)
    bad = [inputs[3], inputs[4], inputs[50], inputs[99]]
    refuses = refusing(*bad)
    async with EmbeddingServer(refuses) as server, server.client() as client:
        found = await collected(client.embeddings.map(inputs, model="m", batch_size=32))

    check(found, inputs, *bad)
    assert {type(each.error) for each in found if not each.ok} == {BadRequestError}
    assert len(server.asked) < 60


async def test_request_that_is_too_large() -> None:
    """It is halved until it is taken."""

    def refuses(inputs: list[object]) -> tuple[int, str] | None:
        return (413, f"{len(inputs)} are too many") if len(inputs) > 8 else None

    inputs = texts(50)
    async with EmbeddingServer(refuses) as server, server.client() as client:
        check(await collected(client.embeddings.map(inputs, model="m")), inputs)

    assert max(len(asked) for asked in server.asked[-5:]) <= 8


async def test_single_input_that_is_too_large() -> None:
    """It cannot be halved."""
    async with (
        EmbeddingServer(refusing("a", status=413)) as server,
        server.client() as client,
    ):
        found = await collected(client.embeddings.map(["a"], model="m"))

    assert [type(each.error) for each in found] == [PayloadTooLargeError]
    assert len(server.asked) == 1


async def test_missing_embedding() -> None:
    """An input that the answer has nothing for fails alone, after its retries."""
    inputs = texts(8)
    async with (
        EmbeddingServer(drops=lambda item: item == "text 5") as server,
        server.client() as client,
    ):
        found = await collected(client.embeddings.map(inputs, model="m", retry=0))

    check(found, inputs, "text 5")
    assert type(found[5].error) is ResponseDecodeError


@pytest.mark.parametrize(
    ("metadata", "found"),
    [
        ({}, [False] * 4),
        ({"flagged_input": "text 1", "reasons": ["x"]}, [True, False, True, True]),
    ],
    ids=["of the whole request", "of an input"],
)
async def test_refusal_by_moderation(
    metadata: dict[str, object], found: list[bool]
) -> None:
    """An input that is flagged fails alone."""
    refuses = refusing("text 1", status=403)
    async with (
        EmbeddingServer(refuses, metadata=metadata) as server,
        server.client() as client,
    ):
        outcomes = await collected(client.embeddings.map(texts(4), model="m"))

    assert [each.ok for each in outcomes] == found


async def test_request_that_is_wrong_altogether() -> None:
    """What fails alike for a few single inputs is not halved any further."""
    inputs = texts(960)
    refuses = refusing(*inputs, message="dimensions must be less than 10")
    async with EmbeddingServer(refuses) as server, server.client() as client:
        outcomes = client.embeddings.map(inputs, model="m", max_in_flight=2)
        found = await collected(outcomes)

    assert len(found) == 960
    assert not any(each.ok for each in found)
    assert len(server.asked) < 60


@pytest.mark.parametrize(
    "codes", [repeat(400), map("e{}".format, count())], ids=["one", "any"]
)
async def test_wrong_request_told_in_many_ways(codes: Iterator[object]) -> None:
    """Words that hold the id of their request do not hide that all are wrong."""
    inputs, told = texts(960), count()

    def refuses(_: list[object]) -> tuple[int, str]:
        return 400, f"bad request req-{next(told)}"

    async with (
        EmbeddingServer(refuses, codes=codes) as server,
        server.client() as client,
    ):
        outcomes = client.embeddings.map(inputs, model="m", max_in_flight=2)
        found = await collected(outcomes)

    assert len(found) == 960
    assert not any(each.ok for each in found)
    assert len(server.asked) < 60


async def test_inputs_that_cannot_be_sent_hide_nothing() -> None:
    """They cost no request, and do not count among those that fail alike."""
    unsent: list[object] = [["a", object()]] * 20
    inputs = [*unsent, "text 0", "text 1", "text 2"]
    async with EmbeddingServer(refusing("text 1")) as server, server.client() as client:
        outcomes = client.embeddings.map(inputs, model="m", max_in_flight=1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # some are wrong
        found = await collected(outcomes)

    assert [each.index for each in found if each.ok] == [20, 22]
    assert all(isinstance(each.error, ConfigError) for each in found[:20])


async def test_fault_is_not_halved() -> None:
    """A server that is down is down for the halves as well."""
    refuses = refusing("text 1", status=500)
    async with EmbeddingServer(refuses) as server, server.client() as client:
        found = await collected(client.embeddings.map(texts(4), model="m", retry=0))

    assert [type(each.error) for each in found] == [ServerError] * 4
    assert len(server.asked) == 1


async def test_order_with_halves() -> None:
    """Outcomes come in order, whatever was halved."""
    inputs = texts(60)
    refuses = refusing("text 0", "text 31")
    async with EmbeddingServer(refuses) as server, server.client() as client:
        async with client.embeddings.map(
            inputs, model="m", batch_size=7, ordered=True
        ) as outcomes:
            indexes = [each.index async for each in outcomes]

    assert indexes == list(range(60))


async def test_order_holds_the_rest_back() -> None:
    """Behind a request that takes long only so many inputs are pulled."""
    go_on = asyncio.Event()
    pulled = 0

    def inputs() -> Iterator[str]:
        nonlocal pulled
        for text in texts(1000):
            pulled += 1
            yield text

    def gate(asked: list[object]) -> asyncio.Event | None:
        return go_on if "text 0" in asked else None

    async with EmbeddingServer(gate=gate) as server, server.client() as client:
        async with client.embeddings.map(
            inputs(), model="m", batch_size=5, max_in_flight=3, ordered=True
        ) as outcomes:
            first = asyncio.ensure_future(anext(outcomes))
            async with asyncio.timeout(5):
                while len(server.asked) < 12:  # noqa: ASYNC110  # no event tells it
                    await asyncio.sleep(0.001)

            await asyncio.sleep(0.01)
            held_at = pulled
            go_on.set()
            assert (await first).index == 0
            rest = [each.index async for each in outcomes]

    assert held_at <= 5 * 3 * 4 + 5
    assert rest == list(range(1, 1000))
