"""
docs/operations.md lists every operation, and each of them can be called.

Those of the published specification are called at the simulator, which checks requests
against it; those that came later at a server that takes down what arrives.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import aiohttp
import msgspec
import pytest
from yarl import URL

from openrouter_async import OpenRouter
from openrouter_async.testing import Simulator
from openrouter_async.testing.openapi import OperationRules
from openrouter_async.testing.validation import problem_of
from openrouter_async.types import Json
from openrouter_async.types.lenient import is_object
from tests.docs.operations import Row, capabilities, names_in, operations
from tests.operations import got, served
from tests.scripted import ReadBody, ReadHead, Send, http_response
from tests.testing.test_operations import (
    BODIES,
    FORM,
    JSON,
    OPERATIONS,
    PLACES,
    SPECIFICATION,
    instance_of,
    name_of,
)

FOLDER = os.environ.get("OPENROUTER_ASYNC_SPEC")
FOUND = http_response(body={"data": {"id": "a"}})
LATER = [row for row in operations() if row.later]
LATER_BODY = {"name": "mine", "limit": None, "tags": ["a", 1.5]}


@pytest.mark.parametrize("rules", OPERATIONS, ids=name_of)
async def test_each_operation(rules: OperationRules) -> None:
    """`client.request` sends what the specification wants, and returns the answer."""
    kind = rules.content_type
    answered: object
    async with Simulator() as simulator, simulator.client(retry=0) as client:
        places, query = await wanted(client, rules)
        path = rules.path.format_map(places)
        if kind == JSON:
            answered = await client.request(
                rules.method, path, body=body_of(rules), params=query
            )
        else:
            answered = await client.request(
                rules.method,
                path,
                body=body_of(rules),
                params=query,
                response_type=bytes if kind else None,
            )

        record = simulator.journal[-1]

    assert (record.method, record.status) == (rules.method, rules.status)
    url = URL(record.path)
    assert (url.path, dict(url.query)) == (f"/api/v1{path}", query)
    if kind == JSON:
        validator = SPECIFICATION.validator(rules.answers[JSON])
        assert problem_of(validator, answered) is None
    else:
        assert isinstance(answered, bytes) if kind else answered is None


LISTS = [row for row in operations() if row.listed]


@pytest.mark.parametrize(
    "row", [row for row in LISTS if not row.later], ids=lambda row: row.name
)
async def test_each_list(row: Row) -> None:
    """`client.paginate` goes through what `client.request` gets a page of."""
    path = row.path.format_map(Names())
    async with Simulator() as simulator, simulator.client(retry=0) as client:
        await client.request("POST", "/keys", body={"name": "mine"})
        page = await client.request(row.method, path)
        found = [each async for each in client.paginate(path)]
        _, *asked = simulator.journal

    assert page["data"]
    assert found == page["data"]
    assert {record.method for record in asked} == {row.method}
    assert {URL(record.path).path for record in asked} == {f"/api/v1{path}"}


@pytest.mark.parametrize(
    "row", [row for row in LISTS if row.later], ids=lambda row: row.name
)
async def test_each_later_list(row: Row) -> None:
    """So it does with those that came later."""
    first = http_response(body={"data": [{"id": "a"}], "has_more": True})
    last = http_response(body={"data": [{"id": "b"}], "has_more": False})
    async with served(got(first, first, last)) as (server, client):
        page = await client.request(row.method, row.path)
        found = [each async for each in client.paginate(row.path)]

    assert page["data"] == [{"id": "a"}]
    assert found == [{"id": "a"}, {"id": "b"}]
    assert [(each.method, each.path) for each in server.requests] == [
        (row.method, f"/api/v1{row.path}"),
        ("GET", f"/api/v1{row.path}"),
        ("GET", f"/api/v1{row.path}?after=a"),
    ]


@pytest.mark.parametrize("row", LATER, ids=lambda row: row.name)
async def test_each_later_operation(row: Row) -> None:
    """`client.request` sends what it is given, and returns the answer."""
    segments = row.path.strip("/").split("/")
    given = ["a/b c" if part.startswith("{") else part for part in segments]
    sends = row.method in ("POST", "PUT", "PATCH")
    script = [ReadHead(), ReadBody(), Send(FOUND)] if sends else got(FOUND)
    async with served(script) as (server, client):
        answered = await client.request(
            row.method,
            row.path if row.path.startswith("/api/") else given,
            body=LATER_BODY if sends else None,
        )

    [request] = server.requests
    path = "/".join("a%2Fb%20c" if part.startswith("{") else part for part in segments)
    prefix = "" if row.path.startswith("/api/") else "/api/v1"
    assert (request.method, request.path) == (row.method, f"{prefix}/{path}")
    assert request.body == (msgspec.json.encode(LATER_BODY) if sends else b"")
    assert answered == {"data": {"id": "a"}}


def test_page_lists_the_specification() -> None:
    """The unmarked rows are the shipped operations and `/completions`, once each."""
    listed = [row.name for row in operations() if not row.later]
    named = {name_of(rules) for rules in OPERATIONS}

    assert sorted(listed) == sorted(named | {"POST /completions"})
    assert len(LATER) == len({row.name for row in LATER} - named) == 42


@pytest.mark.skipif(
    FOLDER is None, reason="OPENROUTER_ASYNC_SPEC does not name the folder of the spec"
)
def test_page_lists_the_published_specification() -> None:
    """So are the operations of the specification itself, where it is at hand."""
    yaml = pytest.importorskip("yaml")
    [file] = Path(FOLDER or "").glob("openrouter-*.openapi.yaml")
    paths = yaml.load(file.read_text("utf-8"), Loader=yaml.CSafeLoader)["paths"]
    verbs = {"get", "put", "post", "delete", "patch"}
    published = {
        f"{verb.upper()} {path}" for path in paths for verb in verbs & {*paths[path]}
    }

    unmarked = {row.name for row in operations() if not row.later}
    assert unmarked - {"POST /completions"} == published


@pytest.mark.parametrize("row", operations(), ids=lambda row: row.name)
def test_each_operation_names_its_test(row: Row) -> None:
    """It says `works`, and names the test of this folder that tries it."""
    kind = "list" if row.listed else "operation"
    test = f"test_each_later_{kind}" if row.later else f"test_each_{kind}"
    if row.typed:
        test = "test_each_typed_operation"

    assert (row.verdict, row.test) == ("works", test)
    if not row.typed:
        assert row.methods == ["request", "paginate"][: 1 + row.listed]


@pytest.mark.parametrize("row", capabilities(), ids=lambda row: row.name)
def test_each_capability_names_a_test(row: Row) -> None:
    """It says `works`, and the test that it names exists."""
    path, _, name = row.test.partition("::")

    assert row.verdict == "works"
    assert name in names_in(f"tests/{path}"), row.test


class Names(dict[str, str]):
    """Stand for the names in a path."""

    def __missing__(self, name: str) -> str:
        return PLACES.get(name, "a")


async def wanted(
    client: OpenRouter, rules: OperationRules
) -> tuple[dict[str, str], dict[str, str]]:
    """Return what stands for the names in a path, and the query that it needs."""
    names = [each.name for each in rules.parameters if each.place == "path"]
    places = dict.fromkeys(names, "a") | PLACES
    if "{hash}" in rules.path:
        made = await client.request("POST", "/keys", body={"name": "mine"})
        places["hash"] = str(data_of(made)["hash"])

    if rules.path.startswith("/generation") and rules.method == "GET":
        done = await client.completions.create(prompt="Hi", max_tokens=1)
        await client.generation.get(str(done.id))
        return places, {"id": str(done.id)}

    needed = {each.name for each in rules.parameters if each.required} - {*names}
    return places, dict.fromkeys(needed, "true")


def body_of(rules: OperationRules) -> Mapping[str, Json] | aiohttp.FormData | None:
    """Return the smallest body that an operation takes."""
    if FORM in rules.bodies and JSON not in rules.bodies:
        form = aiohttp.FormData()
        form.add_field("file", b"%PDF", filename="a.pdf")
        return form

    if JSON not in rules.bodies:
        return None

    made = BODIES.get(name_of(rules)) or instance_of(rules.bodies[JSON])
    assert is_object(made)
    return made


def data_of(members: Mapping[str, Json]) -> Mapping[str, Json]:
    """Return the member `data` of an answer."""
    data = members["data"]
    assert is_object(data)
    return data
