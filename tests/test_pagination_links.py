"""Links from page to page, and what is told of a page that does not come."""

from __future__ import annotations

import pytest

from openrouter_async import ResponseDecodeError
from tests.operations import got, listed, served
from tests.paging import keys, pages_of


@pytest.mark.parametrize(
    "link",
    [
        "/api/v1/keys?offset=1#top",
        "/api/v1/keys?offset=1#",
        "https://example.com/api/v1/keys?offset=1#a?limit=2&offset=9",
    ],
    ids=["fragment", "empty fragment", "fragment like a query"],
)
async def test_a_fragment_is_no_part_of_the_query(link: str) -> None:
    """It is for whoever shows a page, and servers never see it."""
    found, queries = await pages_of(
        listed(*keys(1), links={"next": link}), listed(*keys(2), links={"next": None})
    )

    assert found == ["1", "2"]
    assert queries == [{}, {"offset": "1"}]


LOST = {
    "came before": listed(*keys(1), total_count=9),
    "empty": listed(total_count=9),
    "nothing to go on with": listed({"hash": "2"}, has_more=True),
    "odd cursor": listed(*keys(2), cursor=3),
    "odd link": listed(*keys(2), links={"next": 3}),
    "odd has_more": listed(*keys(2), has_more="yes"),
}


@pytest.mark.parametrize("lost", LOST.values(), ids=LOST)
async def test_a_lost_page_is_final(lost: bytes) -> None:
    """A repetition would lose it again: the error is not retryable."""
    first = listed(*keys(1), total_count=9)
    async with served(got(first, lost)) as (server, client):
        items = aiter(client.paginate("/keys"))
        assert await anext(items) == {"hash": "1"}
        with pytest.raises(ResponseDecodeError) as raised:
            async for _ in items:
                pass

    error = raised.value
    assert (error.kind, error.retryable, error.status) == ("final", False, 200)
    assert len(server.requests) == 2
