"""What goes out: URL, headers and bytes of a request."""

from __future__ import annotations

import platform
from typing import Any

import aiohttp
import msgspec
import pytest
from aioresponses import aioresponses
from yarl import URL

from openrouter_async import AppInfo, ConfigError, OpenRouter, __version__
from tests.calling import KEY, MEMBERS, ask, record_waits

BASE = "https://api.example/v1"
TARGET = f"{BASE}/completions"
Sent = dict[str, Any]


def sent(mocked: aioresponses, url: str = TARGET) -> list[Sent]:
    """Return what went out to the URL, request by request."""
    return [call.kwargs for call in mocked.requests.get(("POST", URL(url)), [])]


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let no wait between attempts take time."""
    return record_waits(monkeypatch)


async def test_headers(mocked: aioresponses) -> None:
    """A request says who sends it, with which key, and what it holds."""
    mocked.post(TARGET, payload=MEMBERS)
    async with OpenRouter(KEY, base_url=BASE) as client:
        await ask(client)

    assert dict(sent(mocked)[0]["headers"]) == {
        "Host": "api.example",
        "Content-Type": "application/json",
        "User-Agent": f"openrouter_async/{__version__}"
        f" python/{platform.python_version()} aiohttp/{aiohttp.__version__}",
        "Authorization": f"Bearer {KEY}",
    }


async def test_body(mocked: aioresponses) -> None:
    """The body is JSON with what was given, in that order, and nothing else."""
    mocked.post(TARGET, payload=MEMBERS)
    async with OpenRouter(KEY, base_url=BASE) as client:
        await client.completions.create(
            prompt="ä", temperature=0.5, model="m", stop=None, seed=1
        )

    assert sent(mocked)[0]["data"] == (
        '{"prompt":"ä","temperature":0.5,"model":"m","stop":null,"seed":1}'.encode()
    )


async def test_redirects_are_off(mocked: aioresponses) -> None:
    """The transport is told to follow no redirect."""
    mocked.post(TARGET, payload=MEMBERS)
    async with OpenRouter(KEY, base_url=BASE) as client:
        await ask(client)

    assert sent(mocked)[0]["allow_redirects"] is False


@pytest.mark.parametrize(
    "base", ["https://api.example/v1/", "https://api.example/v1"], ids=["slash", "none"]
)
async def test_url(mocked: aioresponses, base: str) -> None:
    """The path of the operation is below the base URL."""
    mocked.post(TARGET, payload=MEMBERS)
    async with OpenRouter(KEY, base_url=base) as client:
        await ask(client)

    assert len(sent(mocked)) == 1


async def test_default_url(mocked: aioresponses) -> None:
    """Without a base URL the live service is asked."""
    url = "https://openrouter.ai/api/v1/completions"
    mocked.post(url, payload=MEMBERS)
    async with OpenRouter(KEY) as client:
        await ask(client)

    assert len(sent(mocked, url)) == 1


async def test_attribution(mocked: aioresponses) -> None:
    """An app that is named is named in every request."""
    mocked.post(TARGET, payload=MEMBERS)
    app = AppInfo(url="https://app.example", title="App", categories=("a", "b"))
    async with OpenRouter(KEY, base_url=BASE, app=app) as client:
        await ask(client)

    headers = sent(mocked)[0]["headers"]
    named = [headers[name] for name in ("HTTP-Referer", "X-Title")]
    assert named == ["https://app.example", "App"]
    assert headers["X-OpenRouter-Categories"] == "a,b"
    assert "X-OpenRouter-App-Visibility" not in headers


async def test_header_precedence(mocked: aioresponses) -> None:
    """Headers of a call win over the client's, and those over the library's."""
    mocked.post(TARGET, payload=MEMBERS, repeat=True)
    headers = {"user-agent": "mine/1", "X-A": "client", "X-B": "client"}
    async with OpenRouter(KEY, base_url=BASE, headers=headers) as client:
        await client.completions.create(
            model="m", prompt="p", extra_headers={"x-b": "call", "X-C": "call"}
        )
        await ask(client)

    first, second = (request["headers"] for request in sent(mocked))
    names = ("User-Agent", "X-A", "X-B", "X-C")
    assert [first.get(name) for name in names] == ["mine/1", "client", "call", "call"]
    assert [second.get(name) for name in names] == ["mine/1", "client", "client", None]
    assert len(first.getall("X-B")) == 1


async def test_bad_extra_headers_are_refused(mocked: aioresponses) -> None:
    """A header that cannot be sent is refused before anything goes out."""
    async with OpenRouter(KEY, base_url=BASE) as client:
        with pytest.raises(ConfigError, match="header X-A"):
            await client.completions.create(
                model="m", prompt="p", extra_headers={"X-A": "a\nb"}
            )

    assert sent(mocked) == []


async def test_stream_headers(mocked: aioresponses) -> None:
    """A stream is asked for uncompressed, and by its media type."""
    mocked.post(TARGET, body=b"data: [DONE]\n\n")
    async with (
        OpenRouter(KEY, base_url=BASE) as client,
        client.completions.stream(model="m", prompt="p") as stream,
    ):
        await stream.final()

    request = sent(mocked)[0]
    accepted = [request["headers"][name] for name in ("Accept", "Accept-Encoding")]
    assert accepted == ["text/event-stream", "identity"]
    assert msgspec.json.decode(request["data"])["stream"] is True


async def test_attempts_send_the_same(mocked: aioresponses, waits: list[float]) -> None:
    """Every attempt sends the same bytes, from one encoding."""
    mocked.post(TARGET, status=503)
    mocked.post(TARGET, status=429, headers={"Retry-After": "2"})
    mocked.post(TARGET, payload=MEMBERS)
    async with OpenRouter(KEY, base_url=BASE) as client:
        done = await client.completions.create(
            model="m", prompt=["a", "b"], logit_bias={"50256": -100}
        )

    bodies = [request["data"] for request in sent(mocked)]
    assert (len(bodies), waits) == (3, [0.25, 2.1])
    assert bodies[0] is bodies[1] is bodies[2]
    assert [failure.status for failure in done.meta.history] == [503, 429]


async def test_attempts_send_the_same_headers(
    mocked: aioresponses, waits: list[float]
) -> None:
    """Every attempt has the same headers, and the key that is valid then."""
    keys = iter(["one", "two"])

    async def give() -> str:
        return next(keys)

    mocked.post(TARGET, status=503)
    mocked.post(TARGET, payload=MEMBERS)
    async with OpenRouter(give, base_url=BASE) as client:
        await ask(client)

    first, second = (dict(request["headers"]) for request in sent(mocked))
    assert first.pop("Authorization") == "Bearer one"
    assert second.pop("Authorization") == "Bearer two"
    assert (first, len(waits)) == (second, 1)


async def test_copy_sends_its_own(mocked: aioresponses) -> None:
    """A copy sends its own headers and key in place of the client's."""
    mocked.post(TARGET, payload=MEMBERS)
    async with OpenRouter(KEY, base_url=BASE, headers={"X-A": "1"}) as client:
        await ask(
            client.with_options(
                api_key="other", headers={"X-B": "2"}, app=AppInfo(title="T")
            )
        )

    headers = sent(mocked)[0]["headers"]
    assert headers["Authorization"] == "Bearer other"
    assert [headers.get(name) for name in ("X-A", "X-B", "X-Title")] == [
        None, "2", "T",
    ]  # fmt: skip
