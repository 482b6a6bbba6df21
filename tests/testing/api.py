"""A small client of the simulator's API, by aiohttp alone."""

from __future__ import annotations

import asyncio
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractAsyncContextManager

    import aiohttp

    from openrouter_async.testing import Simulator

PROMPT = "Tell me about lighthouses in Brittany"


@dataclass(frozen=True)
class Reply:
    """A response that was read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body of a plain answer."""
        return msgspec.json.decode(self.body)

    @property
    def error(self) -> Any:
        """The error in the body."""
        return self.json["error"]

    @property
    def choice(self) -> Any:
        """The first choice of a plain answer."""
        return self.json["choices"][0]

    @property
    def text(self) -> Any:
        """The text of the first choice of a plain answer."""
        return self.choice["text"]

    @property
    def message(self) -> Any:
        """The message of the first choice of a plain chat answer."""
        return self.choice["message"]

    @property
    def data(self) -> list[bytes]:
        """The data of a stream's events."""
        blocks = self.body.split(b"\n\n")
        return [b.removeprefix(b"data: ") for b in blocks if b.startswith(b"data: ")]

    @property
    def chunks(self) -> list[Any]:
        """The chunks of a stream, without `[DONE]`."""
        return [msgspec.json.decode(data) for data in self.data if data != b"[DONE]"]

    @property
    def done(self) -> bool:
        """Whether a stream ended with `[DONE]`."""
        return self.body.endswith(b"data: [DONE]\n\n")

    def column(self, member: str, index: int = 0) -> list[Any]:
        """Return a member of all chunks' choices with an index."""
        choices = [choice for chunk in self.chunks for choice in chunk["choices"]]
        return [c[member] for c in choices if c["index"] == index and member in c]

    def deltas(self, member: str, index: int = 0) -> list[Any]:
        """Return a member of all deltas of a chat's choice that have it."""
        deltas = self.column("delta", index)
        return [delta[member] for delta in deltas if member in delta]

    def streamed_text(self, index: int = 0) -> str:
        """Return the text of a choice of a stream."""
        return "".join(self.column("text", index))


class Api:
    """Sends requests to a simulator."""

    def __init__(self, simulator: Simulator, session: aiohttp.ClientSession) -> None:
        self.simulator = simulator
        self.session = session

    @property
    def url(self) -> str:
        """Where completions are."""
        return f"{self.simulator.base_url}/completions"

    @property
    def headers(self) -> dict[str, str]:
        """The headers that every request needs."""
        return {"Authorization": f"Bearer {self.simulator.api_key}"}

    async def arrived(self, requests: int = 1) -> None:
        """Wait until so many requests have come whole and are not answered."""
        for _ in range(2000):
            records = self.simulator.journal
            waiting = [r for r in records if r.body and r.finished_at is None]
            if len(waiting) >= requests:
                return

            await asyncio.sleep(0.001)

        pytest.fail(f"{requests} requests did not arrive")

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Open a connection of bytes to the simulator."""
        host, port = self.url.split("/")[2].split(":")
        return await asyncio.open_connection(host, int(port), limit=1024)

    async def send(
        self,
        body: bytes,
        *,
        method: str = "POST",
        url: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Send bytes and read the whole response."""
        # aiohttp warns when it is given more than a megabyte of bytes.
        data = io.BytesIO(body) if len(body) > 1_000_000 else body
        async with self.session.request(
            method,
            url or self.url,
            data=data,
            headers=self.headers if headers is None else headers,
            allow_redirects=False,
        ) as response:
            return Reply(response.status, response.headers, await response.read())

    async def post(self, prompt: object = PROMPT, **params: object) -> Reply:
        """Send parameters and read the whole response."""
        return await self.send(msgspec.json.encode({"prompt": prompt, **params}))

    async def chat(self, content: object = PROMPT, **params: object) -> Reply:
        """Send a user's message and read the whole response."""
        messages = [{"role": "user", "content": content}]
        body = {"messages": messages, **params}
        return await self.call("POST", "/chat/completions", body)

    async def call(
        self, method: str, path: str, body: object = None, **headers: str
    ) -> Reply:
        """Send JSON, or nothing, to any operation."""
        return await self.send(
            b"" if body is None else msgspec.json.encode(body),
            method=method,
            url=f"{self.simulator.base_url}{path}",
            headers={**self.headers, **headers},
        )

    async def get(self, path: str) -> Reply:
        """Ask for a document."""
        return await self.call("GET", path)

    async def stream(self, prompt: object = PROMPT, **params: object) -> Reply:
        """Ask for a stream and read all of it."""
        return await self.post(prompt, stream=True, **params)

    def open(
        self, prompt: object = PROMPT, **params: object
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        """Send parameters and leave reading to the caller."""
        body = msgspec.json.encode({"prompt": prompt, **params})
        return self.session.post(self.url, data=body, headers=self.headers)


def merged(fragments: list[list[dict[str, object]]]) -> list[dict[str, object]]:
    """Put details together as a client does: by type and index."""
    whole: dict[tuple[object, object], dict[str, object]] = {}
    for fragment in (each for row in fragments for each in row):
        before = whole.setdefault((fragment["type"], fragment["index"]), {})
        for name, value in fragment.items():
            grows = name in {"text", "summary"} and name in before
            before[name] = f"{before[name]}{value}" if grows else value

    return list(whole.values())
