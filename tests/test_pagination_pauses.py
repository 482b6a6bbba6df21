"""Reads of a list that are cancelled or fail: what comes later is not lost."""

from __future__ import annotations

import asyncio

import pytest

from openrouter_async import ConfigError, NotFoundError, ResponseDecodeError
from tests.operations import got, listed, served
from tests.paging import keys
from tests.scripted import Hang, ReadHead, http_response


async def test_reading_goes_on_after_a_cancelled_read() -> None:
    """The page that was being read is asked for again."""
    first, last = listed(*keys(1), has_more=True, last_id="1"), listed(*keys(2))
    script = [*got(first), ReadHead(), Hang()]
    async with served(script, got(last)) as (_, client):
        items = aiter(client.paginate("/keys"))
        assert await anext(items) == {"hash": "1"}
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(items), 0.1)

        assert await anext(items) == {"hash": "2"}


async def test_page_that_failed_is_asked_for_again() -> None:
    """An error is not followed by what looks like the end of the list."""
    first = listed(*keys(1), has_more=True, last_id="1")
    lost = http_response(404, body={"error": {"code": 404, "message": "gone"}})
    script = got(first, lost, listed(*keys(2), has_more=False))
    async with served(script) as (_, client):
        items = aiter(client.paginate("/keys"))
        assert await anext(items) == {"hash": "1"}
        with pytest.raises(NotFoundError):
            await anext(items)

        assert [each async for each in items] == [{"hash": "2"}]


async def test_list_that_is_lost_stays_lost() -> None:
    """What cannot be gone on with is an error however often it is tried."""
    async with served(got(listed(*keys(1), cursor=3))) as (server, client):
        items = aiter(client.paginate("/keys"))
        assert await anext(items) == {"hash": "1"}
        for _ in range(3):
            with pytest.raises(ResponseDecodeError, match="cursor"):
                await anext(items)

    assert len(server.requests) == 1


async def test_a_list_has_one_reader() -> None:
    """Two would have the same page twice."""
    async with served([ReadHead(), Hang()]) as (_, client):
        items = aiter(client.paginate("/keys"))
        first = asyncio.ensure_future(items.__anext__())
        await asyncio.sleep(0)
        with pytest.raises(ConfigError, match="one reader"):
            await anext(items)

        first.cancel()
        await asyncio.wait([first])
