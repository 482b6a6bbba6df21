"""Keys are made, listed page by page, changed and deleted."""

from __future__ import annotations

from openrouter_async.testing import Simulator
from openrouter_async.testing.keys import PAGE
from tests.testing.api import Api


async def make(api: Api, name: str, **members: object) -> str:
    """Make a key and return its hash."""
    reply = await api.call("POST", "/keys", {"name": name, **members})
    return str(reply.json["data"]["hash"])


async def names(api: Api, query: str = "") -> list[str]:
    """Return the names of a page of keys."""
    reply = await api.get(f"/keys{query}")
    return [key["name"] for key in reply.json["data"]]


async def test_a_key_has_a_life(api: Api) -> None:
    """It is shown once, then known by its hash, changed, and gone."""
    made = await api.call("POST", "/keys", {"name": "mine", "limit": 5})
    path = f"/keys/{made.json['data']['hash']}"
    changed = await api.call("PATCH", path, {"name": "yours", "disabled": True})
    found = await api.get(path)
    deleted = await api.call("DELETE", path)
    gone = await api.get(path)

    assert made.status == 201
    assert made.json["key"].startswith("sk-or-v1-")
    assert made.json["key"] not in found.body.decode()
    assert (found.json["data"]["name"], found.json["data"]["limit"]) == ("yours", 5)
    assert found.json == changed.json
    assert found.json["data"]["updated_at"] is not None
    assert deleted.json == {"deleted": True}
    assert (gone.status, gone.error["message"]) == (404, "API key not found")


async def test_keys_are_listed_page_by_page(api: Api) -> None:
    """The latest first; an offset behind the last one gives an empty page."""
    for number in range(PAGE + 3):
        await make(api, f"key {number}")

    first, second, third = [
        await names(api, f"?offset={offset}") for offset in (0, PAGE, 2 * PAGE)
    ]
    assert first == [f"key {number}" for number in range(PAGE + 2, 2, -1)]
    assert second == ["key 2", "key 1", "key 0"]
    assert third == []
    assert await names(api) == first


async def test_disabled_keys_are_left_out(api: Api) -> None:
    """Unless the query wants them."""
    name = await make(api, "off")
    await make(api, "on")
    await api.call("PATCH", f"/keys/{name}", {"disabled": True})

    assert await names(api) == ["on"]
    assert await names(api, "?include_disabled=true") == ["on", "off"]


async def test_workspaces_have_keys_of_their_own(api: Api) -> None:
    """The default one is listed without a workspace."""
    workspace = "0df9e665-d932-5740-b2c7-b52af166bc11"
    await make(api, "there", workspace_id=workspace)
    await make(api, "here")

    assert await names(api) == ["here"]
    assert await names(api, f"?workspace_id={workspace}") == ["there"]


async def test_wrong_requests_are_refused(api: Api) -> None:
    """With the name of the field; nothing is made."""
    wrong = [
        await api.call("POST", "/keys", {}),
        await api.call("POST", "/keys", {"name": "a", "limit": "5"}),
        await api.get("/keys?offset=-1"),
        await api.call("POST", "/keys"),
    ]

    assert [(reply.status, reply.error["message"]) for reply in wrong] == [
        (400, "'name' is a required property"),
        (400, "limit: '5' is not of type 'number', 'null'"),
        (400, "offset: -1 is less than the minimum of 0"),
        (400, "The body is not a JSON object"),
    ]
    assert await names(api) == []


async def test_a_reset_forgets_keys(simulator: Simulator, api: Api) -> None:
    """The same requests then make the same keys."""
    first = await make(api, "mine")
    simulator.reset()

    assert await names(api) == []
    assert await make(api, "mine") == first
