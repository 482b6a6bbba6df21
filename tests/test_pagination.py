from __future__ import annotations

import msgspec
import pytest

from openrouter_async import ConfigError, RateLimitError, ResponseDecodeError
from openrouter_async.testing import Simulator
from openrouter_async.transport.paths import Params
from openrouter_async.types import Model, Record
from tests.operations import KeyModel, got, listed, ok, served
from tests.paging import keys, pages_of
from tests.scripted import Script, http_response


class Key(Record):
    """Be an item of a list."""

    hash: str
    limit: float | None = None


class Strict(Record):
    """Be an item that has to have a member."""

    secret: str


class Ill(msgspec.Struct):
    """Be what nothing can be decoded into."""

    member: list[int] | tuple[int, ...]


async def test_offset_with_a_total() -> None:
    """It ends when as many items came as there are."""
    found, queries = await pages_of(
        listed(*keys(1, 2), total_count=3), listed(*keys(3), total_count=3)
    )

    assert found == ["1", "2", "3"]
    assert queries == [{}, {"offset": "2"}]


async def test_offset_without_a_total() -> None:
    """It ends at an empty page, where nobody says how long a page is."""
    found, queries = await pages_of(listed(*keys(1, 2)), listed(*keys(3)), listed())

    assert found == ["1", "2", "3"]
    assert queries == [{}, {"offset": "2"}, {"offset": "3"}]


async def test_offset_with_a_limit() -> None:
    """A page that is shorter than was asked for need not be the last."""
    found, queries = await pages_of(
        listed(*keys(3, 4)),
        listed(*keys(5)),
        listed(),
        params={"limit": 2, "offset": 2, "a": "b"},
    )

    assert found == ["3", "4", "5"]
    assert [each["offset"] for each in queries] == ["2", "4", "5"]
    assert [each["a"] for each in queries] == ["b", "b", "b"]


async def test_limit_that_is_cut_down() -> None:
    """Fewer items than were asked for are not all, if the total says so."""
    found, _ = await pages_of(
        listed(*keys(1, 2), total_count=3),
        listed(*keys(3), total_count=3),
        params={"limit": 1000},
    )

    assert found == ["1", "2", "3"]


async def test_limit_that_a_service_cuts_down() -> None:
    """Nor are they where there is no total: `/keys` gives a hundred at most."""
    async with Simulator() as simulator, simulator.client() as client:
        for number in range(130):
            await client.request("POST", "/keys", body={"name": str(number)})

        made = [key["hash"] async for key in client.paginate("/keys")]
        found = [
            key["hash"] async for key in client.paginate("/keys", params={"limit": 500})
        ]

    assert len({*found}) == 130
    assert found == made


async def test_link_to_the_next_page() -> None:
    """Its query is taken, and nothing else of it."""
    found, queries = await pages_of(
        listed(*keys(1), links={"next": "https://evil.example/x?offset=7&limit=1"}),
        listed(*keys(2), links={"next": None}, total_count=99),
        params={"q": "a"},
    )

    assert found == ["1", "2"]
    assert queries == [{"q": "a"}, {"q": "a", "offset": "7", "limit": "1"}]


async def test_cursor() -> None:
    """It is handed back until there is none."""
    found, queries = await pages_of(
        listed(*keys(1), cursor="abc=", has_more=True),
        listed(*keys(2), cursor=None, has_more=False),
    )

    assert found == ["1", "2"]
    assert queries == [{}, {"cursor": "abc="}]


@pytest.mark.parametrize(
    ("provider", "name"), [("openai", "after"), ("anthropic", "after_id")]
)
async def test_last_id(provider: str, name: str) -> None:
    """Lists of a provider's own go on behind the last item."""
    found, queries = await pages_of(
        listed(*keys(1), has_more=True, last_id="f-1"),
        listed(*keys(2), has_more=False, last_id="f-2"),
        params={"provider": provider},
    )

    assert found == ["1", "2"]
    assert queries[1] == {"provider": provider, name: "f-1"}


@pytest.mark.parametrize(
    ("provider", "name"), [("openai", "after"), ("anthropic", "after_id")]
)
async def test_more_without_a_cursor(provider: str, name: str) -> None:
    """It goes on behind the last item, by its id."""
    first = {"hash": "1", "id": "f-1"}
    found, queries = await pages_of(
        listed(first, has_more=True, cursor=None, last_id=None),
        listed(*keys(2), has_more=False),
        params={"provider": provider},
    )

    assert found == ["1", "2"]
    assert queries[1] == {"provider": provider, name: "f-1"}


@pytest.mark.parametrize("item", [{"hash": "1"}, {"id": None}, {"id": ""}, "a", 1])
async def test_more_with_nothing_to_go_on_with(item: object) -> None:
    """It is told after the items that came: the list is not at its end."""
    async with served(got(listed(item, has_more=True))) as (_, client):
        items = aiter(client.paginate("/keys", item_type=object))
        assert await anext(items) == item
        with pytest.raises(ResponseDecodeError, match="nothing to go on with") as told:
            await anext(items)

    assert msgspec.json.decode(told.value.body) == {"data": [item], "has_more": True}
    assert str(told.value).endswith("The operation was GET /keys")


async def test_link_with_repeated_names() -> None:
    """What filters the list is handed back whole: repeated names, empty values."""
    link = "/api/v1/models?p=x&p=y&q=&offset=1"
    script = got(
        listed(*keys(1), links={"next": link}), listed(*keys(2), total_count=2)
    )
    async with served(script) as (server, client):
        params: Params = {"p": ["x", "y"], "q": "a"}
        found = [each async for each in client.paginate("/models", params=params)]

    assert len(found) == 2
    assert server.requests[1].path == "/api/v1/models?p=x&p=y&q=&offset=1"


async def test_items_that_change_between_pages() -> None:
    """Where a server says that there is more, pages are known by their items' ids."""
    first, second = ({"hash": "1", "usage": usage} for usage in (1.5, 1.75))
    script = got(*(listed(each, total_count=9) for each in (first, second)))
    async with served(script) as (_, client):
        items = aiter(client.paginate("/keys"))
        assert await anext(items) == first
        with pytest.raises(ResponseDecodeError, match="more, but it came before"):
            await anext(items)


async def test_items_without_an_id() -> None:
    """Rows are told apart by all that they hold."""
    rows = [{"date": "a", "n": 1}], [{"date": "a", "n": 2}], [{"n": 2, "date": "a"}]
    async with served(got(*(listed(*row) for row in rows))) as (_, client):
        found = [each async for each in client.paginate("/activity")]

    assert found == [{"date": "a", "n": 1}, {"date": "a", "n": 2}]


@pytest.mark.parametrize(
    "answer",
    [
        listed(has_more=False, cursor="x"),
        listed(*keys(1), cursor=None),
        listed(*keys(1), links={"next": ""}),
        listed(*keys(1), has_more=False, cursor=3),
    ],
    ids=["no items", "no cursor", "empty link", "odd cursor of the last page"],
)
async def test_last_pages(answer: bytes) -> None:
    """What says nothing of a page after it is the last."""
    _, queries = await pages_of(answer)

    assert len(queries) == 1


async def test_typed_items() -> None:
    """Items are what was asked for, and know their text."""
    page = listed({"hash": "a", "limit": 1, "new": 2}, {"hash": "b", "limit": "x"})
    async with served(got(page, listed())) as (_, client):
        found = [each async for each in client.paginate("/keys", item_type=Key)]

    assert [(each.hash, each.limit) for each in found] == [("a", 1.0), ("b", None)]
    assert found[0].to_dict() == {"hash": "a", "limit": 1, "new": 2}


@pytest.mark.parametrize(
    ("page", "text"),
    [
        (b'{"data": [ {"hash" : "a", "n": 1.50} ]}', b'{"hash" : "a", "n": 1.50}'),
        (b'{"data": [ {"hash" : "\xff"} ], "x": 1}', b'{"hash" : "\xff"}'),
    ],
    ids=["as it is", "not UTF-8"],
)
async def test_item_knows_where_it_is_from(page: bytes, text: bytes) -> None:
    """`raw` is its text as received, `meta` the exchange that brought its page."""
    answer = http_response(headers={"X-Page": "1"}, body=page)
    async with served(got(answer, listed())) as (_, client):
        (found,) = [each async for each in client.paginate("/keys", item_type=Key)]

    assert found.raw == text
    assert (found.meta.status, found.meta.headers["x-page"]) == (200, "1")


async def test_models() -> None:
    """Prices of models are exact."""
    page = listed({"id": "a/b", "pricing": {"prompt": "0.00000015"}}, total_count=1)
    async with served(got(page)) as (_, client):
        found = [each async for each in client.paginate("/models", item_type=Model)]

    assert [str(each.pricing and each.pricing.prompt) for each in found] == ["1.5E-7"]


async def test_pages() -> None:
    """They can be had whole."""
    script = got(listed(*keys(1, 2), total_count=3), listed(*keys(3), total_count=3))
    async with served(script) as (_, client):
        pages = client.paginate("/keys", item_type=Key).pages()
        sizes = [len(page) async for page in pages]

    assert sizes == [2, 1]


async def test_iterated_twice() -> None:
    """Each iteration begins at the start."""
    script = got(*[listed(*keys(1), total_count=1)] * 2)
    async with served(script) as (_, client):
        pages = client.paginate("/keys")
        first = [each async for each in pages]
        second = [each async for each in pages]

    assert first == second == keys(1)


async def test_pages_are_fetched_as_they_are_needed() -> None:
    """An iteration that is left asks for no more."""
    async with served(got(listed(*keys(1, 2)))) as (server, client):
        async for _ in client.paginate("/keys"):
            break

    assert len(server.requests) == 1


async def test_page_that_is_refused_for_load() -> None:
    """It is asked for again, and the others are not."""
    busy = http_response(429, body={"error": {"code": 429, "message": "slow"}})
    found, queries = await pages_of(
        listed(*keys(1), total_count=2), busy, listed(*keys(2), total_count=2)
    )

    assert found == ["1", "2"]
    assert queries == [{}, {"offset": "1"}, {"offset": "1"}]


async def test_page_that_fails() -> None:
    """It raises after the items before it."""
    busy = http_response(429, body={"error": {"code": 429, "message": "slow"}})
    async with served(got(listed(*keys(1)), busy)) as (_, client):
        items = aiter(client.paginate("/keys", retry=0))
        assert await anext(items) == {"hash": "1"}
        with pytest.raises(RateLimitError):
            await anext(items)


NO_LISTS = {
    "no data": (ok(keys=[]), "no list in `data`, but keys"),
    "a record": (ok(data={"a": 1}), "`data` of the answer is a mapping, not a list"),
    "text": (ok(data="x"), "`data` of the answer is 'x', not a list"),
}


@pytest.mark.parametrize(("answer", "told"), NO_LISTS.values(), ids=list(NO_LISTS))
async def test_answer_that_is_no_list(answer: bytes, told: str) -> None:
    """It is told with what came, and what to use instead."""
    async with served(got(answer)) as (_, client):
        with pytest.raises(ResponseDecodeError, match=told) as caught:
            await anext(aiter(client.paginate("/credits")))

    assert "client.request gets what is no list" in str(caught.value)
    assert "The operation was GET /credits" in str(caught.value)


async def test_item_that_does_not_fit() -> None:
    """It is told with the type, the member and the item."""
    async with served(got(listed({"hash": "1"}))) as (_, client):
        with pytest.raises(ResponseDecodeError) as caught:
            await anext(aiter(client.paginate("/keys", item_type=Strict)))

    assert caught.value.message == (
        "item_type=Strict does not fit: the required member `secret` is missing;"
        " what came holds `hash`"
    )
    assert caught.value.body == b'{"hash":"1"}'


async def test_models_of_pydantic() -> None:
    """Items are read as models."""
    async with served(got(listed({"hash": "1"}), listed())) as (_, client):
        found = [key async for key in client.paginate("/keys", item_type=KeyModel)]

    assert found == [KeyModel(hash="1")]


async def test_repr() -> None:
    """It tells which list it is."""
    async with served() as (_, client):
        assert repr(client.paginate(["keys", "a"])) == "<Pages of /keys/a>"


async def test_mistakes() -> None:
    """They are refused before anything is sent."""
    scripts: list[Script] = []
    async with served(*scripts) as (server, client):
        with pytest.raises(ConfigError, match="path"):
            client.paginate("/../keys")

        with pytest.raises(ConfigError, match="params"):
            client.paginate("/keys", params={"a": {}})  # type: ignore[dict-item]  # pyright: ignore[reportArgumentType]  # on purpose

        with pytest.raises(ConfigError, match="offset must be a whole number"):
            client.paginate("/keys", params={"offset": "x"})

        with pytest.raises(ConfigError, match="item_type cannot be decoded"):
            client.paginate("/keys", item_type=Ill)

    assert server.connections == []
