"""What tests of lists in pages share: items, and the requests for them."""

from __future__ import annotations

from yarl import URL

from openrouter_async.transport.paths import Params
from tests.operations import got, served


def keys(*numbers: int) -> list[dict[str, object]]:
    """Build items that are told apart by their hashes."""
    return [{"hash": str(number)} for number in numbers]


async def pages_of(
    *answers: bytes, params: Params | None = None
) -> tuple[list[object], list[dict[str, str]]]:
    """Return the hashes of all items, and the query of each request."""
    async with served(got(*answers)) as (server, client):
        found = [each["hash"] async for each in client.paginate("/keys", params=params)]

    return found, [dict(URL(each.path).query) for each in server.requests]
