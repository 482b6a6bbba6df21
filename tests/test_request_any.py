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
    ConfigError,
    OpenRouter,
)
from openrouter_async.transport.paths import Params, Path
from tests.operations import got, ok, served
from tests.scripted import exchange, http_response

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
