from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from itertools import count, repeat
from pathlib import Path

import pytest

from openrouter_async import (
    AuthenticationError,
    BadRequestError,
    ConfigError,
    NotSentError,
    Outcome,
    PayloadTooLargeError,
    ResponseDecodeError,
    ServerError,
)
from openrouter_async.resources.embedding_map import EmbeddingOutcomes
from openrouter_async.types import Embedding, EmbeddingItem
from tests.embedding_server import EmbeddingServer, vector_of


def texts(count: int) -> list[str]:
    """Build inputs that are told apart."""
    return [f"text {number}" for number in range(count)]


def refusing(
    *bad: str, status: int = 400, message: str = "bad input"
) -> Callable[[list[object]], tuple[int, str] | None]:
    """Refuse every request that holds one of some inputs."""

    def refuses(inputs: list[object]) -> tuple[int, str] | None:
        return (status, message) if set(bad) & set(map(str, inputs)) else None

    return refuses


async def collected(outcomes: EmbeddingOutcomes) -> list[Outcome[Embedding]]:
    """Return all outcomes, in the order of the inputs."""
    async with outcomes:
        found = [each async for each in outcomes]

    return sorted(found, key=lambda each: each.index)


def check(found: list[Outcome[Embedding]], inputs: list[str], *bad: str) -> None:
    """Want one outcome for each input, with its own vector, but for the bad ones."""
    assert [each.index for each in found] == list(range(len(inputs)))
    assert [each.input for each in found] == inputs
    assert [each.input for each in found if not each.ok] == list(bad)
    for each in found:
        if each.value is not None:
            assert list(each.value.embedding) == vector_of(each.input)


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
