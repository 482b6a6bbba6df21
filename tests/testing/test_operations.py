"""Every operation of the specification is answered, and by the specification."""

from __future__ import annotations

from collections.abc import Mapping

import aiohttp
import msgspec
import pytest

from openrouter_async.testing.dice import Dice
from openrouter_async.testing.instances import make_instance
from openrouter_async.testing.openapi import OperationRules, specification
from openrouter_async.testing.validation import problem_of
from tests.testing.api import Api, Reply

SPECIFICATION = specification()
OPERATIONS = [*SPECIFICATION.operations()]
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
