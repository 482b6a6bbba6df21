"""Every operation of the specification is answered, and by the specification."""

from __future__ import annotations

from collections.abc import Mapping

import aiohttp
import msgspec
import pytest

from openrouter_async.testing import (
    Cut,
    ErrorEvent,
    Fail,
    FailInside,
    Malformed,
    NoDone,
    Pad,
    Simulator,
)
from openrouter_async.testing.dice import Dice
from openrouter_async.testing.instances import make_instance
from openrouter_async.testing.openapi import OperationRules, specification
from openrouter_async.testing.validation import problem_of
from tests.testing.api import Api, Reply

SPECIFICATION = specification()
OPERATIONS = SPECIFICATION.operations
JSON = "application/json"
FORM = "multipart/form-data"

# No instance of these bodies can be made up: two have patterns or models that must be
# there, and for chat no messages are as good as some.
BODIES: Mapping[str, object] = {
    "POST /chat/completions": {"messages": [{"role": "user", "content": "Hi"}]},
    "PATCH /byok/{id}": {"name": "mine"},
    "POST /embeddings": {"model": "openai/text-embedding-3-small", "input": "Hi"},
}
PLACES = {
    "author": "openai",
    "slug": "gpt-4o-mini",
    "interval": "monthly",
    "version": "1",
}


def name_of(rules: OperationRules) -> str:
    """Name an operation by its method and path."""
    return f"{rules.method} {rules.path}"


async def call(api: Api, rules: OperationRules) -> Reply:
    """Send a request that is as the specification wants it."""
    url = f"{api.simulator.base_url}{await path_of(api, rules)}"
    if FORM in rules.bodies and JSON not in rules.bodies:
        form = aiohttp.FormData()
        form.add_field("file", b"%PDF", filename="a.pdf")
        async with api.session.post(url, data=form, headers=api.headers) as answer:
            return Reply(answer.status, answer.headers, await answer.read())

    return await api.send(body_of(rules), method=rules.method, url=url)


async def path_of(api: Api, rules: OperationRules) -> str:
    """Return a path with its names filled in and the parameters that it needs."""
    places = {p.name: "a" for p in rules.parameters if p.place == "path"} | PLACES
    if "{hash}" in rules.path:
        made = await api.send(b'{"name": "mine"}', url=f"{api.simulator.base_url}/keys")
        places["hash"] = made.json["data"]["hash"]

    path = rules.path.format_map(places)
    if rules.path.startswith("/generation") and rules.method == "GET":
        answer = await api.post("Hi", max_tokens=1)
        path += f"?id={answer.json['id']}"
        await api.send(b"", method="GET", url=f"{api.simulator.base_url}{path}")

    needed = "?keep_members=true" if "group-mappings/{" in rules.path else ""
    return f"{path}{needed}"


def body_of(rules: OperationRules) -> bytes:
    """Return the smallest body that an operation takes."""
    if JSON not in rules.bodies:
        return b""

    known = BODIES.get(name_of(rules))
    body = instance_of(rules.bodies[JSON]) if known is None else known
    return msgspec.json.encode(body)


def instance_of(pointer: str) -> object:
    """Return an instance of the schema that a pointer leads to."""
    schema = SPECIFICATION.medium(pointer)["schema"]
    document = SPECIFICATION.document
    return make_instance(schema, document, Dice(pointer), ("sample",), pointer)


@pytest.mark.parametrize("rules", OPERATIONS, ids=name_of)
async def test_each_operation_answers_as_specified(
    api: Api, rules: OperationRules
) -> None:
    """A valid request gets the status and an instance of the schema of its success."""
    reply = await call(api, rules)

    assert reply.status == rules.status, reply.body
    pointer = rules.answers.get(JSON)
    if pointer is not None:
        assert problem_of(SPECIFICATION.validator(pointer), reply.json) is None


def test_all_operations_are_known() -> None:
    """The shipped specification has all 97 operations."""
    assert len(OPERATIONS) == 97
    assert len({name_of(rules) for rules in OPERATIONS}) == 97


async def test_answers_echo_what_was_sent(api: Api) -> None:
    """Members of the request that the answer has as well, if they fit."""
    body = {"name": "Mine", "limit_usd": 7}
    made = await api.call("POST", "/guardrails", body)
    found = await api.get("/guardrails/0df9e665-d932-5740-b2c7-b52af166bc11")

    assert made.status == 201
    assert (made.json["data"]["name"], made.json["data"]["limit_usd"]) == ("Mine", 7)
    assert found.json["data"]["id"] == "0df9e665-d932-5740-b2c7-b52af166bc11"


@pytest.mark.parametrize("path", ["/guardrails", "/workspaces", "/byok", "/presets"])
async def test_lists_have_one_page(api: Api, path: str) -> None:
    """Whoever asks for more gets none, so that iterations end."""
    first = await api.get(path)
    second = await api.get(f"{path}?offset={len(first.json['data'])}")

    assert len(first.json["data"]) == first.json["total_count"]
    assert first.json["data"] != []
    assert second.json["data"] == []


@pytest.mark.parametrize(
    ("method", "path", "body", "message"),
    [
        ("POST", "/guardrails", {"name": 3}, "name: 3 is not of type 'string'"),
        ("POST", "/rerank", {"model": "a/b"}, "'query' is a required property"),
        ("GET", "/guardrails?limit=x", None, "limit: 'x' is not of type 'integer'"),
        ("GET", "/guardrails?limit=1&limit=2", None, "limit: ['1', '2'] is not of"),
        (
            "GET",
            "/workspaces/a/budgets/hourly",
            None,
            "interval: 'hourly' is not one of",
        ),
        ("DELETE", "/scim/group-mappings/a", None, "keep_members: required query"),
        ("POST", "/guardrails", None, "The body is not a JSON object"),
    ],
    ids=["body", "member", "query", "repeated", "path", "required", "no body"],
)
async def test_wrong_requests_are_refused(
    api: Api, method: str, path: str, body: object, message: str
) -> None:
    """With the name of what is wrong."""
    reply = await api.call(method, path, body)

    assert reply.status == 400
    assert reply.error["message"].startswith(message)


@pytest.mark.parametrize(
    ("value", "status"), [("enabled", 200), ("maybe", 400)], ids=str
)
async def test_headers_are_checked(api: Api, value: str, status: int) -> None:
    """Those that the specification knows."""
    headers = {"X-OpenRouter-Metadata": value}
    body = {"model": "a/b", "input": "Hi"}
    reply = await api.call("POST", "/responses", body, **headers)

    assert reply.status == status


@pytest.mark.parametrize(
    ("method", "path", "kind", "magic"),
    [
        ("POST", "/audio/speech", "audio/mpeg", b"\xff\xfb"),
        ("GET", "/videos/a/content", "video/mp4", b"\x00\x00\x00\x10ftyp"),
        ("GET", "/files/a/content", "application/octet-stream", b"\x89PNG"),
    ],
    ids=["speech", "video", "file"],
)
async def test_files_are_bytes(
    api: Api, method: str, path: str, kind: str, magic: bytes
) -> None:
    """Of the kind that the content type says."""
    body = (
        {"model": "a/b", "input": "Hi", "voice": "alloy"} if method == "POST" else None
    )
    reply = await api.call(method, path, body)

    assert (reply.status, reply.headers["Content-Type"]) == (200, kind)
    assert reply.body.startswith(magic)


@pytest.mark.parametrize(
    ("path", "body", "named"),
    [
        ("/responses", {"model": "a/b", "input": "Hi"}, False),
        (
            "/messages",
            {
                "model": "a/b",
                "max_tokens": 9,
                "messages": [{"role": "user", "content": "Hi"}],
            },
            True,
        ),
    ],
    ids=["responses", "messages"],
)
async def test_other_streams_have_an_event(
    api: Api, path: str, body: dict[str, object], *, named: bool
) -> None:
    """One of the operation's own kind, and the end."""
    reply = await api.call("POST", path, {**body, "stream": True})

    assert reply.headers["Content-Type"] == "text/event-stream"
    assert reply.body.startswith(b"event: ") == named
    assert reply.done


async def test_forms_are_read(api: Api) -> None:
    """A recording as a file, with texts, numbers and lists beside it."""
    url = f"{api.simulator.base_url}/audio/transcriptions"
    statuses: list[int] = []
    for temperature in ("0.5", "warm"):
        form = aiohttp.FormData({"model": "a/b", "temperature": temperature})
        form.add_field("timestamp_granularities[]", "word")
        form.add_field("timestamp_granularities[]", "segment")
        form.add_field("file", b"RIFF", filename="a.wav")
        async with api.session.post(url, data=form, headers=api.headers) as answer:
            statuses.append(answer.status)

    assert statuses == [200, 400]


async def test_a_form_must_be_one(api: Api) -> None:
    """JSON is no file, and a form without the file is not whole."""
    url = f"{api.simulator.base_url}/files"
    json = await api.call("POST", "/files", {"file": "x"})
    data = aiohttp.FormData({"name": "x"}, default_to_multipart=True)
    async with api.session.post(url, data=data, headers=api.headers) as answer:
        without = Reply(answer.status, answer.headers, await answer.read())

    assert (json.status, json.error["message"]) == (
        400,
        "The body is not multipart/form-data",
    )
    assert (without.status, without.error["message"]) == (
        400,
        "'file' is a required property",
    )


async def test_behaviours_work_on_documents(simulator: Simulator, api: Api) -> None:
    """Faults do what they do, whatever the operation."""
    simulator.script(
        Fail(503), FailInside(429), Pad(2), Malformed(b"{"), Cut(how="clean")
    )
    replies = [await api.get("/providers") for _ in range(5)]
    whole = await api.get("/providers")

    assert [reply.status for reply in replies] == [503, 200, 200, 200, 200]
    assert replies[1].error["code"] == 429
    assert replies[2].json == whole.json
    assert replies[3].body == b"{"
    assert whole.body.startswith(replies[4].body)
    assert len(replies[4].body) < len(whole.body)


async def test_faults_work_on_streams_of_documents(
    simulator: Simulator, api: Api
) -> None:
    """An error event is the error alone."""
    simulator.script(ErrorEvent(after_tokens=1, code=529), NoDone())
    body = {"model": "a/b", "input": "Hi", "stream": True}
    broken, endless = [await api.call("POST", "/responses", body) for _ in range(2)]

    assert len(broken.data) == 2
    assert msgspec.json.decode(broken.data[1])["error"]["code"] == 529
    assert not endless.done


async def test_what_has_no_events_is_answered_plainly(api: Api) -> None:
    """Even if a stream is asked for."""
    body = {"model": "a/b", "query": "Hi", "documents": ["Ho"], "stream": True}
    reply = await api.call("POST", "/rerank", body)

    assert reply.headers["Content-Type"] == "application/json"
    assert "results" in reply.json
