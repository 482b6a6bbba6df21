from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

import aiohttp
import msgspec
import pytest
from msgspec import UNSET, UnsetType

from openrouter_async import (
    APIError,
    ConfigError,
    NotFoundError,
    OpenRouter,
    ResponseDecodeError,
    ServerError,
)
from openrouter_async.transport.paths import Params, Path
from openrouter_async.types import (
    APIKey,
    APIKeyList,
    RawResponse,
    Record,
    RecordList,
)
from tests.operations import got, ok, served
from tests.scripted import ReadHead, Send, exchange, http_response

PATHS: dict[str, tuple[Path, str]] = {
    "with a slash": ("/keys", "/api/v1/keys"),
    "without a slash": ("keys", "/api/v1/keys"),
    "several segments": (
        "/models/a/b:free/endpoints",
        "/api/v1/models/a/b:free/endpoints",
    ),
    "characters that are no path's": ("/keys/a b\u2603", "/api/v1/keys/a%20b%E2%98%83"),
    "escapes that are there": ("/keys/a%2Fb", "/api/v1/keys/a%2Fb"),
    "segments": (["keys", "a/b?c#d%e"], "/api/v1/keys/a%2Fb%3Fc%23d%25e"),
    "a segment of escapes": (["keys", "%2e%2e"], "/api/v1/keys/%252e%252e"),
    "another prefix": ("/api/alpha/decisions", "/api/alpha/decisions"),
    "its own prefix": ("/api/v1/videos/job-1", "/api/v1/videos/job-1"),
}


@pytest.mark.parametrize(("path", "sent"), PATHS.values(), ids=list(PATHS))
async def test_path(path: Path, sent: str) -> None:
    """It goes below the base URL, encoded where it has to be."""
    async with served(got(ok(a=1))) as (server, client):
        await client.request("GET", path)

    assert server.requests[0].path == sent


async def test_path_of_another_prefix_below_a_mount_point() -> None:
    """The base URL's `/api/v1` gives way, and nothing before it."""
    async with served(got(ok()), prefix="/proxy/api/v1") as (server, client):
        await client.request("GET", "/api/alpha/decisions")

    assert server.requests[0].path == "/proxy/api/alpha/decisions"


async def test_url_of_the_same_origin() -> None:
    """A URL that a server gave is asked for, its query and the given one."""
    async with served(got(ok())) as (server, client):
        url = f"{server.url}/api/v1/videos/a%20b?page=2&q=x%26y"
        await client.request("GET", url, params={"limit": 3})

    assert server.requests[0].path == "/api/v1/videos/a%20b?page=2&q=x%26y&limit=3"


BAD_PATHS: dict[str, Path] = {
    "another host": "https://evil.example/api/v1/keys",
    "another port": "http://127.0.0.1:1/keys",
    "another scheme": "https://127.0.0.1/keys",
    "no scheme": "//evil.example/keys",
    "a user name": "http://127.0.0.1@evil.example/keys",
    "a port that is none": "http://127.0.0.1:x/keys",
    "a step up": "/../credits",
    "a step up in the middle": "/keys/../credits",
    "an encoded step up": "/keys/%2e%2e/credits",
    "a step up in a segment": "/keys/..%2fcredits",
    "a backslash": "/keys\\..\\credits",
    "a single dot": "/keys/./x",
    "a line break": "/keys/a\r\nX-Evil: 1",
    "a NUL": "/keys/\0",
    "a query": "/keys?limit=1",
    "a fragment": "/keys#x",
    "a bare percent": "/keys/100%",
    "an empty segment": "/keys//x",
    "a missing id": "/keys/",
    "nothing": "",
    "an empty part": ["keys", ""],
    "a part that steps up": ["keys", ".."],
    "a part with a step up": ["keys", "../credits"],
    "a part with a line break": ["keys", "a\nb"],
    "a lone surrogate": ["keys", "\ud800"],
}


@pytest.mark.parametrize("path", BAD_PATHS.values(), ids=list(BAD_PATHS))
async def test_bad_path(path: Path) -> None:
    """It is refused, and nothing is sent."""
    async with served() as (server, client):
        with pytest.raises(ConfigError):
            await client.request("GET", path)

    assert server.connections == []


async def test_paths_of_other_types() -> None:
    """They are refused by name."""
    client = OpenRouter("sk-or-v1-test", base_url="http://127.0.0.1:1")
    with pytest.raises(ConfigError, match="segments, not int"):
        await client.request("GET", 1)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]  # on purpose

    with pytest.raises(ConfigError, match="a string, not int"):
        await client.request("GET", ["keys", 1])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]  # on purpose


PARAMS: dict[str, tuple[Params, str]] = {
    "text": ({"q": "a b&c=d+e/ü"}, "?q=a%20b%26c%3Dd%2Be%2F%C3%BC"),
    "numbers": ({"a": 1, "b": 0.5, "c": Decimal("0.10")}, "?a=1&b=0.5&c=0.10"),
    "truth": ({"a": True, "b": False}, "?a=true&b=false"),
    "nothing": ({"a": None, "b": "x", "c": []}, "?b=x"),
    "lists": ({"a": ["x", "y"], "b": 1}, "?a=x&a=y&b=1"),
    "order": ({"b": 1, "a": 2}, "?b=1&a=2"),
    "names": ({"a b": "1"}, "?a%20b=1"),
    "none at all": ({}, ""),
}


@pytest.mark.parametrize(("params", "query"), PARAMS.values(), ids=list(PARAMS))
async def test_params(params: Params, query: str) -> None:
    """They are encoded, in their order."""
    async with served(got(ok())) as (server, client):
        await client.request("GET", "/keys", params=params)

    assert server.requests[0].path == f"/api/v1/keys{query}"


BAD_PARAMS: dict[str, object] = {
    "no mapping": [("a", 1)],
    "a mapping within": {"a": {"b": 1}},
    "bytes": {"a": b"x"},
    "NaN": {"a": float("nan")},
    "None in a list": {"a": [None]},
    "a lone surrogate": {"a": "\ud800"},
}


@pytest.mark.parametrize("params", BAD_PARAMS.values(), ids=list(BAD_PARAMS))
async def test_bad_params(params: Params) -> None:
    """They are refused, and nothing is sent."""
    async with served() as (server, client):
        with pytest.raises(ConfigError, match="params"):
            await client.request("GET", "/keys", params=params)

    assert server.connections == []


class Settings(msgspec.Struct):
    """Be a body with a member that may be left out."""

    name: str
    limit: float | None = None
    note: str | UnsetType = UNSET


@dataclass
class Budget:
    """Be a body."""

    limit_usd: float
    tags: tuple[str, ...] = ()


BODIES: dict[str, tuple[object, bytes]] = {
    "a mapping": ({"b": 1, "a": [None, True]}, b'{"b":1,"a":[null,true]}'),
    "a Struct": (Settings("x"), b'{"name":"x","limit":null}'),
    "a dataclass": (Budget(2.5, ("a",)), b'{"limit_usd":2.5,"tags":["a"]}'),
    "a list": ([1, {"a": 2}], b'[1,{"a":2}]'),
    "an empty mapping": ({}, b"{}"),
}


@pytest.mark.parametrize(("body", "sent"), BODIES.values(), ids=list(BODIES))
async def test_json_body(body: dict[str, object], sent: bytes) -> None:
    """It goes out as JSON."""
    async with served(exchange(ok())) as (server, client):
        await client.request("POST", "/keys", body=body)

    request = server.requests[0]
    assert (request.method, request.body) == ("POST", sent)
    assert request.headers["content-type"] == "application/json"


async def test_no_body() -> None:
    """A request without one has no content type either."""
    async with served(got(ok(), ok())) as (server, client):
        await client.request("GET", "/keys")
        await client.request("delete", "/keys/x")

    get, delete = server.requests
    assert "content-type" not in get.headers
    assert "content-length" not in get.headers
    assert (delete.method, delete.headers.get("content-length")) == ("DELETE", "0")


@pytest.mark.parametrize("make", [bytes, bytearray, memoryview])
async def test_bytes_body(make: type[bytes]) -> None:
    """Bytes go out as they are, as what the headers say."""
    async with served(exchange(ok()) * 2) as (server, client):
        await client.request("POST", "/x", body=make(b"\0\xff"))
        headers = {"content-type": "image/png"}
        await client.request("POST", "/x", body=make(b"a"), extra_headers=headers)

    first, second = server.requests
    assert (first.body, second.body) == (b"\0\xff", b"a")
    assert first.headers["content-type"] == "application/octet-stream"
    assert second.headers["content-type"] == "image/png"


async def test_form_is_the_same_on_every_attempt() -> None:
    """A form with a file is read once, and sent as often as it takes."""
    form = aiohttp.FormData()
    form.add_field("purpose", "batch")
    form.add_field("file", io.BytesIO(b"x" * 2_000_000), filename="a.jsonl")
    refused = http_response(429, body={"error": {"code": 429, "message": "slow"}})
    async with served([*exchange(refused), *exchange(ok(id="f"))]) as (server, client):
        answer = await client.request("POST", "/files", body=form)

    first, second = server.requests
    assert answer == {"id": "f"}
    assert first.body == second.body
    assert b'name="file"; filename="a.jsonl"' in first.body
    assert first.body.count(b"x") >= 2_000_000
    boundary = first.headers["content-type"].partition("boundary=")[2]
    assert first.body.startswith(b"--" + boundary.encode())


async def test_form_without_files() -> None:
    """It goes out as form fields."""
    async with served(exchange(ok())) as (server, client):
        await client.request("POST", "/x", body=aiohttp.FormData({"a": "b c"}))

    request = server.requests[0]
    assert request.body == b"a=b+c"
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"


async def test_form_with_a_content_type() -> None:
    """A form's boundary is in its content type, which is not to be set."""
    form = aiohttp.FormData({"a": io.BytesIO(b"x")})
    async with served() as (_, client):
        with pytest.raises(ConfigError, match="boundary"):
            await client.request(
                "POST", "/x", body=form, extra_headers={"content-type": "a/b"}
            )


async def test_form_of_a_closed_file() -> None:
    """What cannot be read is told before anything is sent."""
    file = io.BytesIO(b"x")
    form = aiohttp.FormData({"a": file})
    file.close()
    async with served() as (_, client):
        with pytest.raises(ConfigError, match="the form cannot be sent"):
            await client.request("POST", "/x", body=form)


BAD_BODIES: dict[str, object] = {
    "text": "text",
    "a number": 1,
    "NaN": {"a": float("nan")},
    "an object": {"a": object()},
    "a list of objects": [object()],
    "a lone surrogate in a list": ["\ud800"],
    "a Struct with bytes": Settings(name=b"x"),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # on purpose
    "a Struct with an object": Settings(name=object()),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # on purpose
}


@pytest.mark.parametrize("body", BAD_BODIES.values(), ids=list(BAD_BODIES))
async def test_bad_body(body: Mapping[str, object]) -> None:
    """It is refused, and nothing is sent."""
    async with served() as (server, client):
        with pytest.raises(ConfigError):
            await client.request("POST", "/keys", body=body)

    assert server.connections == []


@pytest.mark.parametrize("method", ["BREW", "", "GET\r\n", None])
async def test_bad_method(method: str) -> None:
    """It is refused by name."""
    async with served() as (_, client):
        with pytest.raises(ConfigError, match="method must be one of"):
            await client.request(method, "/keys")


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
