from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import msgspec
import pytest

from openrouter_async import ConfigError, ResponseDecodeError, RetryPolicy
from openrouter_async.types import CreatedAPIKey, Record
from tests.operations import KeyModel, got, ok, served
from tests.scripted import Script, exchange, http_response

SECRET = "sk-or-v1-of-the-new-key"


class Key(Record):
    """Be a record with a member that has to be there."""

    secret: str
    limit: float | None


class Answer(Record):
    """Be a record around others."""

    data: Key | None = None
    more: list[Key] = []  # noqa: RUF012  # msgspec copies it
    named: dict[str, Key] = {}  # noqa: RUF012  # msgspec copies it


class Positive(Record):
    """Be a record that checks itself."""

    limit: float = 0

    def __post_init__(self) -> None:
        if self.limit < 0:
            raise ValueError("limit is negative")


class Owner(msgspec.Struct):
    """Be a Struct with a model in it."""

    data: KeyModel


@dataclass
class Owned:
    """Be a member that is no Struct."""

    name: str


class Holder(Record):
    """Be a record with such a member."""

    owner: Owned | None = None
    limit: float | None = None


class Plain:
    """Be nothing that JSON could be read as."""


UNFIT: dict[str, tuple[object, dict[str, object], str]] = {
    "missing": (
        Key,
        {"key": SECRET},
        "Key does not fit: the required member `secret` is missing",
    ),
    "null": (Key, {"secret": None}, "the required member `secret` is missing"),
    "of another type": (
        Key,
        {"secret": {}},
        "`secret` is of type dict, where str is wanted",
    ),
    "below": (Answer, {"data": {}}, "`secret` is missing - at `$.data`"),
    "in a list": (Answer, {"more": [{}]}, "`secret` is missing - at `$.more[0]`"),
    "in a map": (Answer, {"named": {"a": {}}}, "is missing - at `$.named.a`"),
    "refused by itself": (Positive, {"limit": -1}, "does not fit: limit is negative"),
    "no array": (list[int], {}, "list[int] does not fit: Expected `array`, got `obj"),
    "a model": (KeyModel, {}, "KeyModel does not fit: Object missing required field"),
    "a model below": (Owner, {"data": {}}, "missing required field `hash`"),
    "no secret": (CreatedAPIKey, {"data": {}}, "required member `key` is missing"),
}


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH"])
@pytest.mark.parametrize(
    ("response_type", "members", "told"), UNFIT.values(), ids=list(UNFIT)
)
async def test_answer_that_does_not_fit(
    response_type: type[object], members: dict[str, object], told: str, method: str
) -> None:
    """It is told with type, place and reason; once, as it would come again."""
    answer = got if method == "GET" else exchange
    body = None if method == "GET" else dict[str, object]()
    async with served(answer(ok(**members))) as (server, client):
        with pytest.raises(ResponseDecodeError) as caught:
            await client.request(
                method, "/keys", body=body, response_type=response_type
            )

    error = caught.value
    assert error.message.startswith("response_type=")
    assert told in error.message
    assert SECRET not in str(error)
    assert (error.status, error.maybe_billed, len(server.requests)) == (200, True, 1)
    assert "error.body" in str(error)
    assert f"The operation was {method} /keys" in str(error)
    assert msgspec.json.decode(error.body) == members


@pytest.mark.parametrize("retry", [None, RetryPolicy()], ids=["", "a policy"])
async def test_answer_of_a_post_is_not_lost(retry: RetryPolicy | None) -> None:
    """However long it is, it is in the error; no policy carries it out again."""
    members = {"data": "x" * 10_000, "key": SECRET}
    async with served(exchange(ok(**members))) as (server, client):
        with pytest.raises(ResponseDecodeError) as caught:
            await client.request(
                "POST",
                "/keys",
                body={},
                response_type=Key,
                retry=msgspec.UNSET if retry is None else retry,
            )

    assert msgspec.json.decode(caught.value.body) == members
    assert len(server.requests) == 1


async def test_page_in_place_of_the_answer_of_a_post() -> None:
    """It is not asked for again, and is whole in the error."""
    page = b"<p>" + b"x" * 10_000
    async with served(exchange(http_response(body=page))) as (server, client):
        with pytest.raises(ResponseDecodeError) as caught:
            await client.request("POST", "/keys", body={})

    assert caught.value.body == page
    assert caught.value.hint == (
        "POST is not repeated; the request may have been carried out; what came is in"
        " error.body. The operation was POST /keys"
    )
    assert len(server.requests) == 1


async def test_member_that_may_be_none() -> None:
    """It needs no default: absent and unreadable are None."""
    answers = [ok(secret="a"), ok(secret="a", limit={}), ok(secret=1, limit=None)]
    async with served(got(*answers)) as (_, client):
        found = [await client.request("GET", "/x", response_type=Key) for _ in answers]

    assert [(key.secret, key.limit) for key in found] == [
        ("a", None),
        ("a", None),
        ("1", None),
    ]


async def test_members_that_are_no_structs() -> None:
    """They are what their type says beside a member that cannot be read, or None."""
    answers = [ok(owner={"name": "a"}, limit=[]), ok(owner={}, limit=1)]
    async with served(got(*answers)) as (_, client):
        found = [
            await client.request("GET", "/x", response_type=Holder) for _ in answers
        ]

    assert [(each.owner, each.limit) for each in found] == [
        (Owned("a"), None),
        (None, 1.0),
    ]


async def test_models_of_pydantic() -> None:
    """They are read by themselves, alone and within other types."""
    key = {"hash": "a"}
    answers = [ok(**key), http_response(body=msgspec.json.encode([key])), ok(data=key)]
    async with served(got(*answers)) as (_, client):
        one = await client.request("GET", "/x", response_type=KeyModel)
        several = await client.request("GET", "/x", response_type=list[KeyModel])
        within = await client.request("GET", "/x", response_type=Owner)

    assert (one, several, within.data) == (
        KeyModel("a"),
        [KeyModel("a")],
        KeyModel("a"),
    )


NO_TYPES: dict[str, tuple[object, str]] = {
    "a class of its own": (Plain, "response_type cannot be decoded: Plain is none of"),
    "within others": (dict[str, Plain], "Plain is none of msgspec.Struct, dataclass"),
    "a schema": ({"type": "object"}, "response_type must be a type"),
    "an empty mapping": ({}, "response_type must be a type"),
    "an instance": (KeyModel("a"), "response_type must be a type"),
}


@pytest.mark.parametrize(("given", "told"), NO_TYPES.values(), ids=list(NO_TYPES))
async def test_what_nothing_can_be_read_as(given: object, told: str) -> None:
    """It is refused before anything is sent."""
    scripts: list[Script] = []
    async with served(*scripts) as (server, client):
        with pytest.raises(ConfigError, match=told):
            await client.request(
                "POST", "/keys", body={}, response_type=cast("type[object]", given)
            )

        if isinstance(given, type):
            with pytest.raises(ConfigError, match="item_type"):
                client.paginate("/keys", item_type=given)

    assert server.connections == []


@pytest.mark.parametrize("status", [404, 405])
async def test_path_that_is_not_there(status: int) -> None:
    """The error says which operation it was, and where paths stand."""
    refusal = http_response(status, body={"error": {"message": "Not Found"}})
    async with served(got(refusal, refusal)) as (_, client):
        for asked in (
            client.request("GET", ["nope", "a"]),
            anext(aiter(client.paginate("nope/a"))),
        ):
            with pytest.raises(Exception, match="Not Found") as caught:
                await asked

            assert str(caught.value) == (
                f"{status}: Not Found. Paths stand below base_url, such as /keys."
                " The operation was GET /nope/a"
            )


async def test_path_with_two_slashes() -> None:
    """It is no other host, but a slash too many."""
    async with served() as (_, client):
        with pytest.raises(ConfigError, match="one / is enough: path='/keys'"):
            await client.request("GET", "//keys")
