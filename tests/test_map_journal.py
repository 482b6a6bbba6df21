"""Maps with a journal: what is answered is never sent again, and nothing is lost."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from pathlib import Path

import pytest

from openrouter_async import (
    AuthenticationError,
    ConfigError,
    NotSentError,
)
from openrouter_async.testing import Disconnect, Fail
from openrouter_async.types import CompletionParams
from openrouter_async.types.completion_params import CompletionItem
from tests.calling import MEMBERS, in_turn
from tests.mapping import (
    Gates,
    Pulled,
    bytes_service,
    collect,
    finish,
    prompts_of,
    replayed,
    service,
    text_of,
    told,
    until,
)
from tests.scripted import (
    http_response,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Give a place for a journal."""
    return tmp_path / "answers.journal"


@pytest.mark.parametrize("ordered", [False, True], ids=["as completed", "ordered"])
@pytest.mark.parametrize("form", ["path", "text"])
async def test_resume(path: Path, ordered: bool, form: str) -> None:
    """A second run sends only what the first has not finished."""
    journal: Path | str = path if form == "path" else str(path)
    async with service() as (simulator, client):
        first = client.completions.map(Pulled(10), journal=journal, max_in_flight=2)
        async with first:
            taken = [await anext(first) for _ in range(4)]

        before = len(simulator.journal)
        second = client.completions.map(Pulled(10), journal=journal, ordered=ordered)
        found = await collect(second)
        again = prompts_of(simulator)[before:]
        statistics = second.statistics()
        third = await client.completions.gather(Pulled(10), journal=journal)
        requests = len(simulator.journal)

    assert sorted(told(found)) == [(n, f"P{n}") for n in range(10)]
    assert not ordered or [each.index for each in found] == list(range(10))
    assert {each.index for each in taken} <= set(replayed(found))
    assert sorted(map(str, again)) == sorted(
        f"p{n}" for n in range(10) if n not in replayed(found)
    )
    assert statistics.replayed == len(replayed(found)) >= 4
    assert statistics.succeeded == 10
    assert statistics.requests == len(again)
    assert statistics.interrupted <= 2
    assert replayed(third) == list(range(10))
    assert requests == before + len(again)


async def test_replayed_outcome(path: Path) -> None:
    """An answer from the journal is the one that came, with what it cost then."""
    async with service() as (simulator, client):
        simulator.script(Fail(500))
        [first] = await collect(client.completions.map(["a"], journal=path))
        outcomes = client.completions.map(["a"], journal=path)
        [second] = await collect(outcomes)
        statistics = outcomes.statistics()

    assert first.error is None
    assert second.error is None
    assert (first.replayed, second.replayed) == (False, True)
    assert (second.attempts, second.index, second.input) == (2, 0, "a")
    assert second.elapsed == pytest.approx(first.elapsed, abs=0.05)
    assert second.value.to_dict() == first.value.to_dict()
    assert second.value.raw == first.value.raw
    assert second.value.meta.generation_id == first.value.meta.generation_id
    assert (second.value.meta.status, second.value.meta.attempts) == (200, 2)
    assert (statistics.cost, statistics.tokens, statistics.requests) == (0.0, 0, 0)


async def test_unknown_members(path: Path) -> None:
    """What the API sends beyond the known members is in replayed answers as well."""
    members = {**MEMBERS, "new": {"a": [1, None]}, "created": 1.0}
    async with bytes_service(in_turn(http_response(body=members))) as (_, client):
        [first] = await collect(client.completions.map(["a"], journal=path))
        [second] = await collect(client.completions.map(["a"], journal=path))

    assert first.error is None
    assert second.error is None
    assert json.loads(second.value.raw) == members
    assert second.value.to_dict() == first.value.to_dict()
    assert second.value.to_dict()["new"] == {"a": [1, None]}
    assert second.value.created == 1


async def test_duplicates(path: Path) -> None:
    """Items that are alike are answered one by one, and counted by occurrence."""
    async with service() as (simulator, client):
        first = await client.completions.gather(["a", "b", "a"], journal=path)
        found = await client.completions.gather(["a"] * 4 + ["b"] * 2, journal=path)
        sent = prompts_of(simulator)

    assert [text_of(each) for each in first] == ["A", "B", "A"]
    assert [each.replayed for each in found] == [True, True, False, False, True, False]
    assert sorted(map(str, sent)) == ["a"] * 4 + ["b"] * 2


async def test_other_order_and_other_items(path: Path) -> None:
    """Items are known by what is sent, wherever they stand and however they are put."""
    async with service() as (simulator, client):
        await client.completions.gather(["a", "b"], journal=path)
        found = await client.completions.gather(
            ["c", {"prompt": "b"}, "a", {"prompt": "a", "max_tokens": 3}], journal=path
        )
        sent = prompts_of(simulator)

    assert [each.replayed for each in found] == [False, True, True, False]
    assert sent[:2] == ["a", "b"]
    assert sorted(map(str, sent[2:])) == ["a", "c"]


async def test_failures_are_sent_again(path: Path) -> None:
    """What failed is not finished; what could not be sent does not stand in it."""
    bad: CompletionItem = {"top_p": 1.0}
    async with service(retry=0) as (simulator, client):
        simulator.script(Fail(400), when=lambda r: r.params["prompt"] == "b")
        simulator.script(Disconnect("reset"), when=lambda r: r.params["prompt"] == "c")
        items: list[CompletionItem] = ["a", "b", "c", bad]
        first = await client.completions.gather(items, journal=path)
        outcomes = client.completions.map(items, journal=path, ordered=True)
        second = await collect(outcomes)

    assert [each.ok for each in first] == [True, False, False, False]
    assert told(second) == [(0, "A"), (1, "B"), (2, "C"), (3, "ConfigError")]
    assert replayed(second) == [0]
    assert outcomes.statistics().interrupted == 1


OTHER: dict[str, tuple[CompletionParams, dict[str, object], str]] = {
    "changed": ({"model": "a/b", "max_tokens": 6}, {}, "max_tokens"),
    "added": ({"model": "a/b", "max_tokens": 5, "top_p": 0.5}, {}, "top_p"),
    "left out": ({"model": "a/b"}, {}, "max_tokens"),
    "extra body": ({"model": "a/b", "max_tokens": 5}, {"new": 1}, "new"),
}


@pytest.mark.parametrize("verb", ["map", "gather"])
@pytest.mark.parametrize(("params", "extra", "named"), OTHER.values(), ids=OTHER.keys())
async def test_other_parameters(
    path: Path,
    params: CompletionParams,
    extra: dict[str, object],
    named: str,
    verb: str,
) -> None:
    """A journal of other parameters is refused by their name, and left as it is."""
    async with service() as (simulator, client):
        await client.completions.gather(["a"], journal=path, model="a/b", max_tokens=5)
        kept, requests = path.read_bytes(), len(simulator.journal)
        call = partial(getattr(client.completions, verb), ["a"], journal=path)
        with pytest.raises(ConfigError, match=named):
            await finish(call(extra_body=extra, **params))

        after = len(simulator.journal)

    assert (path.read_bytes(), after) == (kept, requests)


LONG = "x" * 200
DIFFERENCES: dict[str, tuple[dict[str, object], dict[str, object], str]] = {
    "text": (
        {"suffix": f"{LONG}a{LONG}"},
        {"suffix": f"{LONG}b{LONG}"},
        f': suffix was ...{"x" * 20}a{"x" * 39}... and is ...{"x" * 20}b{"x" * 39}...:',
    ),
    "member": (
        {"trace": {"a": LONG, "b": {"c": [1, 2, 3]}}},
        {"trace": {"a": LONG, "b": {"c": [1, 2.0, 3]}}},
        ": trace.b.c[1] was 2 and is 2.0:",
    ),
    "length": (
        {"stop": [LONG, "b"]}, {"stop": [LONG]}, ': stop[1] was "b" and is not given:'
    ),
    "kind": (
        {"trace": {"a": LONG}}, {"trace": None}, f': trace was {{"a":"{"x" * 54}... and'
    ),
    "short": ({"stop": ["a"]}, {"stop": ["b"]}, ': stop was ["a"] and is ["b"]:'),
}  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "told"), DIFFERENCES.values(), ids=DIFFERENCES.keys()
)
async def test_where_parameters_differ(
    path: Path, old: dict[str, object], new: dict[str, object], told: str
) -> None:
    """Of long values the first place that differs is shown, and both values there."""
    async with service() as (_, client):
        gather = partial(client.completions.gather, journal=path)
        await gather(["a"], extra_body=old)
        with pytest.raises(ConfigError) as caught:
            await gather(["a"], extra_body=new)

    assert told in caught.value.message


async def test_same_parameters(path: Path) -> None:
    """How a run is made, and what is not in its requests, may differ."""
    async with service() as (_, client):
        await client.completions.gather(["a"], journal=path, model="a/b", max_tokens=5)
        [outcome] = await client.completions.gather(
            ["a"],
            journal=path,
            max_tokens=5,
            model="a/b",
            max_in_flight=3,
            max_cost=1,
            max_pause=None,
            timeout=9,
            retry=0,
            extra_headers={"X-A": "b"},
            user=None,  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # means "not given" there
        )

    assert outcome.replayed


async def test_items_put_in_another_order(path: Path) -> None:
    """The order in which an item's members are written down makes no difference."""
    first: list[CompletionItem] = [{"prompt": "a", "n": 1, "top_p": 0.5}]
    second: list[CompletionItem] = [{"top_p": 0.5, "prompt": "a"}]
    async with service() as (_, client):
        await client.completions.gather(first, journal=path, seed=1, n=1)
        [outcome] = await client.completions.gather(second, journal=path, n=1, seed=1)

    assert outcome.replayed


async def test_other_service(path: Path) -> None:
    """Answers of one service are not taken for those of another."""
    async with service() as (_, client):
        await client.completions.gather(["a"], journal=path)

    async with service() as (_, client):
        with pytest.raises(ConfigError, match="url"):
            await client.completions.gather(["a"], journal=path)


async def test_journal_in_use(path: Path) -> None:
    """Two runs at once cannot have one journal."""
    async with service() as (_, client):
        async with client.completions.map(["a", "b"], journal=path) as outcomes:
            await anext(outcomes)
            with pytest.raises(ConfigError, match="in use"):
                await client.completions.gather(["a"], journal=path)

            rest = await collect(outcomes)

    assert [each.ok for each in rest] == [True]


async def test_no_journal(path: Path) -> None:
    """A file that is no journal is refused, and not touched."""
    path.write_text("notes\n")
    async with service() as (simulator, client):
        with pytest.raises(ConfigError, match="journal"):
            await collect(client.completions.map(["a"], journal=path))

        requests = len(simulator.journal)

    assert (path.read_text(), requests) == ("notes\n", 0)


@pytest.mark.parametrize("how", ["left", "cancelled"])
async def test_nothing_answered_is_lost(path: Path, how: str) -> None:
    """Answers that were received before a run was left are in the journal."""
    async with service() as (simulator, client):
        gates = Gates(simulator)
        gates.open("p0", "p2", "p4")

        async def consume() -> None:
            async with client.completions.map(
                Pulled(), journal=path, max_in_flight=3
            ) as outcomes:
                async for outcome in outcomes:
                    if outcome.index == 4 and how == "left":
                        return

        task = asyncio.create_task(consume())
        await until(lambda: {"p5", "p1", "p3"} <= set(gates.arrived))
        if how == "cancelled":
            task.cancel()

        await asyncio.wait([task])
        gates.open(*(f"p{number}" for number in range(10)))
        before = len(simulator.journal)
        outcomes = client.completions.map(Pulled(6), journal=path, ordered=True)
        found = await collect(outcomes)
        again = prompts_of(simulator)[before:]

    assert told(found) == [(n, f"P{n}") for n in range(6)]
    assert replayed(found) == [0, 2, 4]
    assert sorted(map(str, again)) == ["p1", "p3", "p5"]
    assert outcomes.statistics().interrupted == 3


async def test_resume_after_a_stop(path: Path) -> None:
    """A run that stopped for the credits goes on where it ended."""
    async with service() as (simulator, client):
        simulator.script(Fail(401), when=lambda r: r.params["prompt"] == "p3")
        first = await client.completions.gather(
            Pulled(6), journal=path, max_in_flight=1
        )
        outcomes = client.completions.map(Pulled(6), journal=path, ordered=True)
        second = await collect(outcomes)
        sent = prompts_of(simulator)

    kinds = [type(each.error) for each in first[3:]]
    assert kinds == [AuthenticationError, NotSentError, NotSentError]
    assert told(second) == [(n, f"P{n}") for n in range(6)]
    assert replayed(second) == [0, 1, 2]
    assert outcomes.statistics().interrupted == 0
    assert sorted(map(str, sent)) == ["p0", "p1", "p2", "p3", "p3", "p4", "p5"]


async def test_journal_with_nothing_to_do(path: Path) -> None:
    """A journal over no items is a journal, and can be gone on with."""
    async with service() as (_, client):
        first = await client.completions.gather([], journal=path)
        [second] = await client.completions.gather(["a"], journal=path)

    assert first == []
    assert (text_of(second), second.replayed) == ("A", False)


async def test_many_replayed(path: Path) -> None:
    """Replayed items keep their order and their window, and hold up nobody."""
    async with service() as (simulator, client):
        await client.completions.gather(Pulled(300), journal=path, max_in_flight=16)
        simulator.reset()
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                await asyncio.sleep(0)
                ticks += 1

        ticking = asyncio.create_task(tick())
        outcomes = client.completions.map(
            Pulled(300), journal=path, ordered=True, max_in_flight=4
        )
        found = await collect(outcomes)
        ticking.cancel()
        requests = len(simulator.journal)

    assert told(found) == [(n, f"P{n}") for n in range(300)]
    assert replayed(found) == list(range(300))
    assert (requests, ticks > 50) == (0, True)


async def test_no_key_in_the_journal(path: Path) -> None:
    """The key is nowhere in the file."""
    async with service() as (simulator, client):
        await client.completions.gather(["a"], journal=path)
        key = simulator.api_key

    assert key not in path.read_text()
