"""Requests find their operation by method and path."""

from __future__ import annotations

from tests.testing.api import Api


async def test_words_go_before_names(api: Api) -> None:
    """A path that is all words is not taken for a name in another."""
    count = await api.get("/models/count")
    video = await api.get("/videos/models")

    assert list(count.json["data"]) == ["count"]
    assert isinstance(video.json["data"], list)


async def test_unknown_paths_are_not_found(api: Api) -> None:
    """Too long, too short, empty names, or outside the API."""
    paths = ("/nothing", "/keys/a/b", "/models/", "/keys//", "/../keys", "")
    replies = [await api.get(path) for path in paths]

    assert [reply.status for reply in replies] == [404] * len(paths)


async def test_known_paths_name_their_methods(api: Api) -> None:
    """A 405 says which there are."""
    keys = await api.call("PUT", "/keys")
    key = await api.call("POST", "/keys/abc")
    chat = await api.get("/chat/completions")

    assert [reply.status for reply in (keys, key, chat)] == [405, 405, 405]
    assert keys.headers["Allow"] == "GET, POST"
    assert key.headers["Allow"] == "DELETE, GET, PATCH"
    assert chat.headers["Allow"] == "POST"


async def test_names_are_unquoted(api: Api) -> None:
    """What a client quotes in a path is the name again, echoed by the answer."""
    reply = await api.get("/presets/my%20own%2Fpreset")

    assert reply.json["data"]["slug"] == "my own/preset"
