"""Where lists end: no item is left out silently, and no server goes on for ever."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from openrouter_async import ResponseDecodeError
from tests.operations import got, listed, served
from tests.paging import keys, pages_of


async def test_server_that_ignores_the_offset() -> None:
    """It has given all there is, which it does not give again."""
    found, queries = await pages_of(listed(*keys(1, 2)), listed(*keys(1, 2), links={}))

    assert found == ["1", "2"]
    assert len(queries) == 2


ENDLESS: dict[str, Callable[[], bytes]] = {
    "ignores the offset, and miscounts": lambda: listed(*keys(1), total_count=9),
    "gives one cursor for ever": lambda: listed(*keys(1), cursor="a", has_more=True),
    "ignores the last id": lambda: listed({"id": "1", "hash": "1"}, has_more=True),
    "links to the same page": lambda: listed(*keys(1), links={"next": "/x?offset=1"}),
}


@pytest.mark.parametrize("answer", ENDLESS.values(), ids=list(ENDLESS))
async def test_server_that_never_ends(answer: Callable[[], bytes]) -> None:
    """A page that came before is not given again: it has said that there is more."""
    async with served(got(answer(), answer())) as (server, client):
        items = aiter(client.paginate("/keys"))
        assert (await anext(items))["hash"] == "1"
        with pytest.raises(ResponseDecodeError, match="more, but it came") as told:
            await anext(items)

    assert len(server.requests) == 2
    assert told.value.hint is not None
    assert "There are more items than came" in told.value.hint


async def test_empty_page_in_between() -> None:
    """The list goes on behind it, where it says so."""
    found, queries = await pages_of(
        listed(cursor="a", has_more=True),
        listed(cursor="b", has_more=True, total_count=1),
        listed(*keys(1), has_more=False),
    )

    assert found == ["1"]
    assert queries == [{}, {"cursor": "a"}, {"cursor": "b"}]


@pytest.mark.parametrize(
    ("answer", "requests"),
    [
        (listed(cursor="a", has_more=True), 2),
        (listed(total_count=3), 2),
        (listed(links={"next": "?a=1"}), 2),
        (listed(has_more=True), 1),
    ],
    ids=["one cursor", "total", "one link", "nothing to go on with"],
)
async def test_nothing_but_promises(answer: bytes, requests: int) -> None:
    """A list that says that it goes on, and does not, is not at its end."""
    async with served(got(*[answer] * requests)) as (server, client):
        with pytest.raises(ResponseDecodeError, match="the answer says"):
            _ = [each async for each in client.paginate("/keys")]

    assert len(server.requests) == requests


async def test_ever_new_promises() -> None:
    """Empty pages are not asked for for ever."""
    answers = [listed(cursor=str(number), has_more=True) for number in range(200)]
    async with served(got(*answers)) as (server, client):
        with pytest.raises(ResponseDecodeError, match="more, but it is empty"):
            _ = [each async for each in client.paginate("/keys")]

    assert len(server.requests) == 100


async def test_rows_with_the_same_slug() -> None:
    """They are not the same: the slug is that of a model, say."""
    rows = [{"slug": "x/y", "day": day} for day in range(3)]
    script = got(*(listed(row, total_count=3) for row in rows))
    async with served(script) as (_, client):
        found = [each async for each in client.paginate("/activity")]

    assert found == rows


SAME_ID = [{"id": "a", "d": day} for day in (1, 2, 1)]
NO_ID = [{"d": day} for day in (1, 2, 1, 3)]


@pytest.mark.parametrize("rows", [SAME_ID, NO_ID], ids=["one id", "no id"])
async def test_rows_that_are_told_apart_by_all_they_hold(rows: list[object]) -> None:
    """Where nothing is said, only the page before once more is the end."""
    script = got(*(listed(row) for row in rows), listed())
    async with served(script) as (_, client):
        found = [each async for each in client.paginate("/activity")]

    assert found == rows


async def test_same_items_for_ever() -> None:
    """Pages that differ, and bring no item that is new, are an error at last."""
    answers = (listed({"hash": "1", "usage": usage}) for usage in range(200))
    async with served(got(*answers)) as (server, client):
        with pytest.raises(ResponseDecodeError, match="hold no item but those") as told:
            _ = [each async for each in client.paginate("/keys")]

    assert len(server.requests) == 101
    assert "There may be more items" in str(told.value)


ODD: dict[str, tuple[dict[str, object], str]] = {
    "has_more as text": ({"has_more": "true"}, "`has_more` .* or false, not 'true'"),
    "has_more as a number": ({"has_more": 1, "cursor": "a"}, "`has_more` .* not 1"),
    "cursor as a number": ({"cursor": 5}, "`cursor` .* a string, not 5"),
    "link as a number": ({"links": {"next": 3}}, "`links.next` .* a string, not 3"),
}


@pytest.mark.parametrize(("members", "problem"), ODD.values(), ids=ODD)
async def test_what_may_mean_either(members: dict[str, object], problem: str) -> None:
    """The items came; whether there are more is not guessed."""
    async with served(got(listed(*keys(1), **members))) as (_, client):
        items = aiter(client.paginate("/keys"))
        assert await anext(items) == {"hash": "1"}
        with pytest.raises(ResponseDecodeError, match=problem) as told:
            await anext(items)

    assert "There may be more items than came" in str(told.value)


async def test_null_is_not_said() -> None:
    """A list with `has_more` null goes on by its offset."""
    found, _ = await pages_of(
        listed(*keys(1), has_more=None), listed(*keys(2)), listed(has_more=None)
    )

    assert found == ["1", "2"]
