"""How a corpus is packed into requests, and how many of them there are."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from itertools import count, repeat

import pytest

from openrouter_async import BadRequestError
from tests.embedding_corpora import collected, refusing, texts
from tests.embedding_server import EmbeddingServer
from tests.mapping import turns, until


@pytest.mark.parametrize(
    ("codes", "sent"),
    [
        # 96, 48, 24, 12, 6, 3, 1, 2, 1, 1: three inputs have failed alike. Then what is
        # left of the ten requests, whole: 3, 6, 12, 24, 48, and nine of 96.
        (repeat(400), 10 + 5 + 9),
        # Twelve inputs have failed: the first of 12 down to single ones, in 23 requests
        # with those that it is halved from. Then 12, 24, 48, and nine of 96.
        (map("e{}".format, count()), 3 + 23 + 3 + 9),
    ],
    ids=["alike", "in many ways"],
)
async def test_a_corpus_that_is_refused_as_a_whole(
    codes: Iterator[object], sent: int
) -> None:
    """A few inputs are tried alone; after that requests are not halved any further."""
    inputs = texts(960)
    refuses = refusing(*inputs, message="dimensions must be less than 10")
    async with (
        EmbeddingServer(refuses, codes=codes) as server,
        server.client() as client,
    ):
        outcomes = client.embeddings.map(inputs, model="m", max_in_flight=1)
        found = await collected(outcomes)

    assert [each.index for each in found] == list(range(960))
    assert {type(each.error) for each in found} == {BadRequestError}
    assert len(server.asked) == sent


async def test_one_success_tells_that_the_request_is_right() -> None:
    """However many inputs failed alike before it, and after."""
    inputs = texts(16)
    good = ["text 2", "text 13"]
    refuses = refusing(*(each for each in inputs if each not in good))
    async with EmbeddingServer(refuses) as server, server.client() as client:
        outcomes = client.embeddings.map(
            inputs, model="m", batch_size=8, max_in_flight=1
        )
        found = await collected(outcomes)

    assert [each.input for each in found if each.ok] == good
    assert len(server.asked) == 2 * 15  # each request of 8, halved to the end


@pytest.mark.parametrize(
    ("tokens", "sizes"),
    [(20, [2, 2]), (19, [1, 1, 1, 1]), (40, [4]), (39, [1, 3])],
    ids=["two", "one too few for two", "all", "one too few for all"],
)
async def test_a_request_is_filled_to_its_last_token(
    tokens: int, sizes: list[int]
) -> None:
    """By the estimate: 36 letters are ten tokens."""
    inputs = [letter * 36 for letter in "abcd"]
    async with EmbeddingServer() as server, server.client() as client:
        outcomes = client.embeddings.map(inputs, model="m", batch_tokens=tokens)
        found = await collected(outcomes)

    assert all(each.ok for each in found)
    assert sorted(map(len, server.asked)) == sizes


async def test_token_ids_are_counted_one_by_one() -> None:
    """Exactly as many as fit go into a request."""
    inputs = [[1] * 5, [2] * 5, [3] * 5, [4] * 5]
    async with EmbeddingServer() as server, server.client() as client:
        outcomes = client.embeddings.map(inputs, model="m", batch_tokens=10)
        assert all(each.ok for each in await collected(outcomes))

    assert sorted(map(len, server.asked)) == [2, 2]


async def test_so_many_requests_at_a_time() -> None:
    """32, where nobody says; the limiter may let fewer of them go at first."""
    go_on = asyncio.Event()
    async with EmbeddingServer(gate=lambda _: go_on) as server:
        async with server.client() as client:
            outcomes = client.embeddings.map(texts(80), model="m", batch_size=1)
            run = asyncio.create_task(collected(outcomes))

            def under_way() -> int:
                told = outcomes.statistics()
                return told.in_flight + told.waiting

            await until(lambda: under_way() >= 32)
            await turns()
            taken = under_way()
            go_on.set()
            found = await run

    assert taken == 32
    assert 16 <= server.most_at_once <= 32
    assert [each.ok for each in found] == [True] * 80


@pytest.mark.parametrize("ordered", [False, True], ids=["as they come", "in order"])
async def test_order_of_outcomes(ordered: bool) -> None:
    """They wait for those before them only where that is wanted."""
    go_on = asyncio.Event()

    def gate(asked: list[object]) -> asyncio.Event | None:
        return go_on if "text 0" in asked else None

    indexes: list[int] = []
    async with EmbeddingServer(gate=gate) as server, server.client() as client:
        async with client.embeddings.map(
            texts(6), model="m", batch_size=2, ordered=ordered
        ) as outcomes:
            waiting = asyncio.ensure_future(anext(outcomes))
            await until(lambda: len(server.asked) == 3)
            await until(lambda: outcomes.statistics().in_flight == 1)
            await turns()
            come = waiting.done()
            go_on.set()
            indexes.append((await waiting).index)
            indexes += [each.index async for each in outcomes]

    assert come is not ordered
    assert sorted(indexes) == list(range(6))
    assert (indexes == sorted(indexes)) is ordered
