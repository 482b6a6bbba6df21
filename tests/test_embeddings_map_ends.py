"""Maps of embeddings: odd inputs, and all ways in which a run ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path

import pytest

from openrouter_async import (
    AuthenticationError,
    BadRequestError,
    ConfigError,
    NotSentError,
)
from openrouter_async.resources.embedding_map import EmbeddingOutcomes
from openrouter_async.types import EmbeddingItem
from tests.embedding_corpora import check, collected, refusing, texts
from tests.embedding_server import EmbeddingServer


async def test_asynchronous_inputs() -> None:
    """They are pulled until a request is full."""

    async def inputs() -> AsyncIterator[str]:
        for text in texts(20):
            await asyncio.sleep(0)
            yield text

    async with EmbeddingServer() as server, server.client() as client:
        found = await collected(
            client.embeddings.map(inputs(), model="m", batch_size=8)
        )

    check(found, texts(20))
    assert sorted(map(len, server.asked)) == [4, 8, 8]


async def test_inputs_that_raise() -> None:
    """What came before is embedded, and then it is told."""

    def inputs() -> Iterator[str]:
        yield from texts(10)
        raise LookupError("no more")

    async with EmbeddingServer(refusing("text 2")) as server, server.client() as client:
        found: list[int] = []
        async with client.embeddings.map(inputs(), model="m", batch_size=4) as outcomes:
            with pytest.raises(LookupError, match="no more"):
                await drained(outcomes, found)

            with pytest.raises(StopAsyncIteration):
                await anext(outcomes)

    assert sorted(found) == list(range(10))
    assert len(server.asked) == 7


async def drained(outcomes: EmbeddingOutcomes, into: list[int]) -> None:
    """Put the indexes of all outcomes into a list."""
    async for outcome in outcomes:
        into.append(outcome.index)  # noqa: PERF401  # kept when the error comes


@pytest.mark.parametrize("ordered", [False, True], ids=["as they come", "in order"])
async def test_error_that_stops_the_run(ordered: bool) -> None:
    """What was pulled and not sent has an outcome as well."""
    pulled = 0

    def inputs() -> Iterator[str]:
        nonlocal pulled
        for text in texts(1000):
            pulled += 1
            yield text

    refuses = refusing("text 25", status=401, message="key disabled")
    async with EmbeddingServer(refuses) as server, server.client() as client:
        outcomes = client.embeddings.map(
            inputs(), model="m", batch_size=10, max_in_flight=2, ordered=ordered
        )
        found = await collected(outcomes)

    assert [each.index for each in found] == list(range(pulled))
    assert [type(each.error) for each in found[20:30]] == [AuthenticationError] * 10
    assert {type(each.error) for each in found} <= {
        type(None),
        AuthenticationError,
        NotSentError,
    }
    assert pulled < 1000
    told = outcomes.statistics()
    assert told.finished == told.pulled == pulled
    assert type(told.cause) is AuthenticationError


async def test_stop_with_halves_left() -> None:
    """Halves that were not sent again end with the error that halved them."""

    def refuses(asked: list[object]) -> tuple[int, str] | None:
        if len(asked) == 8:
            return 400, "halve it"

        return (401, "key disabled") if "text 0" in asked else None

    async with EmbeddingServer(refuses) as server, server.client() as client:
        outcomes = client.embeddings.map(
            texts(8), model="m", batch_size=8, max_in_flight=1
        )
        found = await collected(outcomes)

    kinds = [type(each.error) for each in found]
    assert kinds == [AuthenticationError] * 4 + [BadRequestError] * 4


async def test_inputs_left_when_the_run_stops() -> None:
    """Those that were pulled for a request that is not full are not lost."""
    waiting = asyncio.Event()

    async def inputs() -> AsyncIterator[str]:
        for text in texts(7):
            yield text

        await waiting.wait()

    refuses = refusing("text 0", status=401)
    async with EmbeddingServer(refuses) as server, server.client() as client:
        found = await collected(
            client.embeddings.map(inputs(), model="m", batch_size=5)
        )

    assert [type(each.error) for each in found] == [AuthenticationError] * 5 + [
        NotSentError
    ] * 2


async def test_leaving() -> None:
    """Leaving the block stops everything at once."""
    never = asyncio.Event()

    def gate(asked: list[object]) -> asyncio.Event | None:
        return None if "text 0" in asked else never

    async with EmbeddingServer(gate=gate) as server, server.client() as client:
        async with client.embeddings.map(
            texts(100), model="m", batch_size=2
        ) as outcomes:
            async for outcome in outcomes:
                assert outcome.index == 0
                break

        with pytest.raises(StopAsyncIteration):
            await anext(outcomes)

        never.set()


async def test_dropped() -> None:
    """A bare iterator that is dropped warns, and stops."""
    never = asyncio.Event()

    def gate(asked: list[object]) -> asyncio.Event | None:
        return None if "text 0" in asked else never

    async def inputs() -> AsyncIterator[str]:
        for text in texts(20):
            yield text

    async with EmbeddingServer(gate=gate) as server, server.client() as client:
        kept = [client.embeddings.map(inputs(), model="m", batch_size=2)]
        assert (await anext(kept[0])).index == 0
        with pytest.warns(ResourceWarning, match="dropped before their end"):
            kept.clear()

        never.set()
        await asyncio.sleep(0.01)


async def test_resuming(tmp_path: Path) -> None:
    """A second run with the same journal sends only what is missing."""
    inputs = texts(100)
    journal = tmp_path / "corpus.jsonl"
    async with (
        EmbeddingServer(refusing("text 42")) as server,
        server.client() as client,
    ):

        def start() -> EmbeddingOutcomes:
            return client.embeddings.map(
                inputs, model="m", batch_size=10, max_in_flight=1, journal=journal
            )

        async with start() as first:
            for _ in range(30):
                assert (await anext(first)).ok

        sent = len(server.asked)
        second = await collected(start())
        known = len(server.asked)
        third = await collected(start())

    check(second, inputs, "text 42")
    check(third, inputs, "text 42")
    replayed = sum(each.replayed for each in second)
    assert 30 <= replayed < 50
    assert 3 <= sent <= 5
    assert [each.replayed for each in third if each.ok] == [True] * 99
    assert all("text 42" in asked for asked in server.asked[known:])


@pytest.mark.parametrize(
    ("size", "tokens", "name"),
    [(4, 100, "batch_size"), (3, 101, "batch_tokens")],
    ids=["batch_size", "batch_tokens"],
)
async def test_journal_of_other_requests(
    tmp_path: Path, size: int, tokens: int, name: str
) -> None:
    """Other sizes would pay for everything again: they are refused."""
    journal = tmp_path / "corpus.jsonl"

    def start(size: int, tokens: int) -> EmbeddingOutcomes:
        return client.embeddings.map(
            texts(9), model="m", journal=journal, batch_size=size, batch_tokens=tokens
        )

    async with EmbeddingServer() as server, server.client() as client:
        check(await collected(start(3, 100)), texts(9))
        sent = len(server.asked)
        with pytest.raises(ConfigError, match=name):
            await collected(start(size, tokens))

    assert len(server.asked) == sent


async def test_journal_of_options_in_another_order(tmp_path: Path) -> None:
    """A journal knows requests whatever the order of the arguments."""
    journal = tmp_path / "corpus.jsonl"
    async with EmbeddingServer() as server, server.client() as client:
        embed = client.embeddings.map
        first = embed(["a"], model="m", journal=journal, user="u", dimensions=3)
        await collected(first)
        again = embed(["a"], model="m", journal=journal, dimensions=3, user="u")
        (found,) = await collected(again)

    assert found.replayed
    assert len(server.asked) == 1


BAD: dict[str, dict[str, object]] = {
    "batch_size": {"batch_size": 0},
    "batch_tokens": {"batch_tokens": 1.5},
    "max_in_flight": {"max_in_flight": 0},
    "max_cost": {"max_cost": -1},
    "extra_headers": {"extra_headers": {"a b": "c"}},
    "extra_body": {"extra_body": {"x": float("nan")}},
    "input": {"extra_body": {"input": "x"}},
    "inputs": {"inputs": "text"},
    "journal": {"journal": 1},
}


@pytest.mark.parametrize("options", BAD.values(), ids=list(BAD))
async def test_bad_options(options: dict[str, object]) -> None:
    """They are refused before anything is sent."""
    async with EmbeddingServer() as server, server.client() as client:
        given = {"inputs": ["a"], "model": "m", **options}
        with pytest.raises(ConfigError):
            client.embeddings.map(**given)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # on purpose

    assert server.asked == []


async def test_no_inputs() -> None:
    """There are no outcomes then, and no requests."""
    nothing: list[EmbeddingItem] = []
    async with EmbeddingServer() as server, server.client() as client:
        assert await collected(client.embeddings.map(nothing, model="m")) == []

    assert server.asked == []


class Lazy(Mapping[str, object]):
    """Be an input whose content is found only when it is looked at."""

    def __getitem__(self, name: str) -> object:
        raise OSError("the file has gone")

    def __iter__(self) -> Iterator[str]:
        return iter(["content"])

    def __len__(self) -> int:
        return 1


async def test_input_that_cannot_be_read() -> None:
    """What its own code raises costs only itself."""
    inputs: list[EmbeddingItem] = [{"content": []}, Lazy(), {"content": [1]}]
    async with EmbeddingServer() as server, server.client() as client:
        found = await collected(client.embeddings.map(inputs, model="m"))

    assert [type(each.error) for each in found] == [type(None), ConfigError, type(None)]


async def test_input_that_has_no_json_form() -> None:
    """It fails alone, before anything of it is sent."""
    inputs: list[EmbeddingItem] = ["a", "\ud800", {"content": object()}, "b"]
    async with EmbeddingServer() as server, server.client() as client:
        found = await collected(client.embeddings.map(inputs, model="m"))

    assert [each.ok for each in found] == [True, False, False, True]
    assert sorted(server.asked) == [["a"], ["b"]]


async def test_form_that_changes_when_the_run_stops() -> None:
    """The input that would have begun another request has its outcome too."""
    waiting = asyncio.Event()

    async def inputs() -> AsyncIterator[EmbeddingItem]:
        yield "a"
        yield [1]
        yield [2]
        yield "b"
        await waiting.wait()

    refuses = refusing("a", status=401)
    async with EmbeddingServer(refuses) as server, server.client() as client:
        outcomes = client.embeddings.map(inputs(), model="m", max_in_flight=1)
        found = await collected(outcomes)

    assert [each.index for each in found] == list(range(len(found)))
    assert type(found[0].error) is AuthenticationError
    assert outcomes.statistics().pulled == len(found)


async def test_budget() -> None:
    """No request is sent that could overshoot the money."""
    async with EmbeddingServer() as server, server.client() as client:
        outcomes = client.embeddings.map(
            texts(1000), model="m", batch_size=10, max_in_flight=1, max_cost=2.0
        )
        found = await collected(outcomes)

    assert len(server.asked) <= 4
    assert sum(each.ok for each in found) == 10 * len(server.asked)
