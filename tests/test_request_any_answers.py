"""`client.request`: what its answers are read as."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from openrouter_async import (
    APIError,
    ConfigError,
    NotFoundError,
    OpenRouter,
    ResponseDecodeError,
    ServerError,
)
from openrouter_async.types import (
    APIKey,
    APIKeyList,
    RawResponse,
    Record,
    RecordList,
)
from tests.operations import got, ok, served
from tests.scripted import ReadHead, Send, exchange, http_response


class Key(Record):
    """Be a record."""

    name: str
    limit: Decimal | None = None


class Data(msgspec.Struct):
    """Be an answer with records in it."""

    data: list[Key]


async def test_default_answer() -> None:
    """Without a type it is a mapping of everything that came."""
    async with served(got(ok(data=[1, None], new={"a": 1.5}))) as (_, client):
        answer = await client.request("GET", "/keys")

    assert answer == {"data": [1, None], "new": {"a": 1.5}}


async def test_record() -> None:
    """A subclass of Record knows its text, its exchange and unknown members."""
    answer = http_response(
        headers={"x-generation-id": "gen-9"},
        body=b'{"name": "a", "limit": 0.10, "new": 1}',
    )
    async with served(got(answer)) as (_, client):
        key = await client.request("GET", "/keys/a", response_type=Key)

    assert (key.name, key.limit) == ("a", Decimal("0.10"))
    assert key.raw == b'{"name": "a", "limit": 0.10, "new": 1}'
    assert key.to_dict() == {"name": "a", "limit": 0.1, "new": 1}
    assert (key.meta.status, key.meta.attempts) == (200, 1)
    assert key.meta.generation_id == "gen-9"


@pytest.mark.parametrize("kind", [APIKeyList, RecordList[APIKey]])
async def test_records_of_a_list(kind: type[RecordList[APIKey]]) -> None:
    """Each has its own text, and the exchange that brought the list."""
    body = b'{"data": [ {"hash":"a", "new": 1.50}, {"hash": "b"} ]}'
    async with served(got(http_response(body=body))) as (_, client):
        found = await client.request("GET", "/keys", response_type=kind)

    assert [each.raw for each in found] == [
        b'{"hash":"a", "new": 1.50}',
        b'{"hash": "b"}',
    ]
    assert [each.meta for each in found] == [found.meta] * 2
    assert found.data[0].to_dict() == {"hash": "a", "new": 1.5}


async def test_lenient_record() -> None:
    """One member of an unexpected type does not cost the others."""
    body = '{"name": "a", "limit": "much"}'.encode("utf-8-sig")
    async with served(got(http_response(body=body))) as (_, client):
        key = await client.request("GET", "/keys/a", response_type=Key)

    assert (key.name, key.limit) == ("a", None)


async def test_other_types() -> None:
    """Anything that msgspec can decode will do."""
    answers = [ok(data=[{"name": "a"}]), http_response(body=b"[1, 2.0]"), ok(a="1")]
    async with served(got(*answers)) as (_, client):
        data = await client.request("GET", "/keys", response_type=Data)
        numbers = await client.request("GET", "/x", response_type=list[int])
        members = await client.request("GET", "/x", response_type=dict[str, int])

    assert [each.name for each in data.data] == ["a"]
    assert numbers == [1, 2]
    assert members == {"a": 1}


async def test_type_that_cannot_be_decoded() -> None:
    """It is refused before anything is sent."""
    async with served() as (server, client):
        with pytest.raises(ConfigError, match="response_type cannot be decoded"):
            await client.request("GET", "/x", response_type=Ill)

    assert server.connections == []


class Ill(msgspec.Struct):
    """Be what nothing can be decoded into."""

    member: dict[bytes, int] | list[int] | tuple[int, ...]


async def test_bytes_answer() -> None:
    """It comes untouched, white space at its start included."""
    answer = http_response(
        headers={"content-type": "audio/mpeg"}, body=b' \n\0\xff"error"'
    )
    async with served(got(answer, ok(file=1))) as (_, client):
        audio = await client.request("GET", "/x", response_type=bytes)
        json = await client.request("GET", "/x", response_type=bytes)

    assert audio == b' \n\0\xff"error"'
    assert json == b'{"file":1}'


async def test_raw_response() -> None:
    """It is body and head as they came, even an error inside of the body."""
    body = b'{"error":{"code":502,"message":"no"}}'
    async with served(got(http_response(body=b" \n" + body))) as (_, client):
        answer = await client.request("GET", "/x", response_type=RawResponse)

    assert answer.raw == b" \n" + body
    assert answer.content_type == "application/json"
    assert answer.meta.status == 200
    assert answer.to_dict() == {"error": {"code": 502, "message": "no"}}


@pytest.mark.parametrize("status", [200, 204, 205])
async def test_empty_answer(status: int) -> None:
    """Without a type nothing is expected of it; 204 is an object without members."""
    empty = http_response(status)
    async with served(got(empty), got(empty), got(empty)) as (_, client):
        await client.request("DELETE", "/keys/x", response_type=None)
        assert await client.request("GET", "/x", response_type=bytes) == b""
        if status != 200:
            assert await client.request("DELETE", "/keys/x") == {}


async def test_created() -> None:
    """201 and 202 are answers like 200."""
    answers = [http_response(201, body={"a": 1}), http_response(202, body={"b": 1})]
    async with served([*exchange(answers[0]), *exchange(answers[1])]) as (_, client):
        assert await client.request("POST", "/keys", body={}) == {"a": 1}
        assert await client.request("POST", "/videos", body={}) == {"b": 1}


async def test_head() -> None:
    """HEAD has no body to read."""
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\nX-A: b\r\n\r\n"
    async with served([ReadHead(), Send(head)]) as (_, client):
        answer = await client.request("HEAD", "/x", response_type=RawResponse)

    assert (answer.raw, answer.meta.headers["x-a"]) == (b"", "b")


IN_BAND: dict[str, tuple[bytes, type[APIError], object]] = {
    "classic": (b'{"error":{"code":404,"message":"no"}}', NotFoundError, "no"),
    "beside data": (
        b'{"data":[],"error":{"code":404,"message":"a"}}',
        NotFoundError,
        "a",
    ),
    "text": (b'{"error":"no such thing"}', APIError, "no such thing"),
    "Anthropic's": (
        b'{"type":"error","error":{"type":"overloaded_error","message":"busy"}}',
        ServerError,
        "busy",
    ),
    "validation": (
        b'{"success":false,"error":{"name":"ZodError","message":"bad"}}',
        APIError,
        "bad",
    ),
    "a choice": (
        b'{"choices":[{"text":"a"},{"error":{"code":502,"message":"lost"}}]}',
        ServerError,
        "lost",
    ),
    "a finish reason": (
        b'{"choices":[{"text":"a","finish_reason":"error"}]}',
        APIError,
        "the provider ended the answer with an error and gave no details",
    ),
}


@pytest.mark.parametrize(
    ("body", "kind", "message"), IN_BAND.values(), ids=list(IN_BAND)
)
@pytest.mark.parametrize("response_type", [dict, Data, bytes, None, list[int]])
async def test_error_in_a_success(
    body: bytes, kind: type[APIError], message: str, response_type: type[object]
) -> None:
    """It raises, in its class by code, whatever was asked for."""
    async with served(got(http_response(body=body))) as (_, client):
        with pytest.raises(kind) as caught:
            await client.request("GET", "/x", response_type=response_type, retry=0)

    assert type(caught.value) is kind
    assert (caught.value.message, caught.value.status) == (message, 200)


async def test_error_that_is_a_member() -> None:
    """The `error` of a record, text beside others of its members, is no error."""
    video = {"id": "v", "status": "failed", "error": "content policy"}
    async with served(got(ok(**video), ok(id="r", error=None))) as (_, client):
        assert await client.request("GET", "/videos/v") == video
        assert await client.request("GET", "/x") == {"id": "r", "error": None}


UNREADABLE: dict[str, tuple[bytes, str]] = {
    "a page": (b"<html><title>x</title></html>", "is not the JSON that was expected"),
    "nothing": (b"", "the answer is empty"),
    "cut": (b'{"data": [', "is not the JSON that was expected"),
}


@pytest.mark.parametrize(("body", "message"), UNREADABLE.values(), ids=list(UNREADABLE))
@pytest.mark.parametrize("response_type", [dict, Key, dict[str, int]])
async def test_unreadable_answer(
    body: bytes, message: str, response_type: type[object]
) -> None:
    """It is told with what came."""
    answer = http_response(headers={"content-type": "text/html"}, body=body)
    async with served(got(answer)) as (_, client):
        with pytest.raises(ResponseDecodeError, match=message) as caught:
            await client.request("GET", "/x", response_type=response_type, retry=0)

    assert caught.value.status == 200
    kind = "Its content type is text/html"
    assert caught.value.hint == f"{kind}. The operation was GET /x"


async def test_key_that_is_echoed() -> None:
    """A server that quotes the key does not get it into an error."""
    key = "sk-or-v1-0123456789abcdef0123456789abcdef"
    bodies = [f'{{"error":{{"message":"{key}"}}}}', f"<p>{key}"]
    for body in bodies:
        async with served(got(http_response(body=body.encode()))) as (_, client):
            with pytest.raises(Exception, match=r"\[key\]") as caught:
                await client.request("GET", "/x", retry=0)

        assert key not in f"{caught.value} {vars(caught.value)}"


ASKED: dict[str, dict[str, object]] = {
    "one model": {"model": "a/b", "query": ""},
    "several": {"models": ["a/b", "c/d"]},
    "a model before others": {"model": "a/b", "models": ["c/d"]},
}


@pytest.mark.parametrize("body", ASKED.values(), ids=list(ASKED))
async def test_model_of_the_body_is_what_limits_count_by(
    body: dict[str, object],
) -> None:
    """A body that names a model queues with the others of that model."""
    async with served(exchange(ok())) as (_, client):
        limited = OpenRouter(
            "sk-or-v1-test", base_url=client.base_url, limiter=client.limiter
        )
        async with limited:
            await limited.request("POST", "/rerank", body=body)

    assert [lane.scope.model for lane in client.limiter.statistics().lanes] == ["a/b"]


async def test_choices_that_failed_nowhere() -> None:
    """Members of that name are read as they came."""
    answers: list[dict[str, object]] = [
        {"choices": "error"},
        {"choices": ["error", {"error": None, "finish_reason": "stop"}]},
    ]
    async with served(got(*(ok(**each) for each in answers))) as (_, client):
        found = [await client.request("GET", "/x") for _ in answers]

    assert found == answers
