"""A server that gives embeddings, and refuses some inputs."""

from __future__ import annotations

import asyncio
import base64
from array import array
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self

import msgspec
from aiohttp import web

from openrouter_async import OpenRouter, RetryPolicy

AT_ONCE = RetryPolicy(backoff=0, throttle_backoff=0, floor=0, budget_ratio=None)
KEY = "sk-or-v1-0123456789abcdef0123456789abcdef"


class Asked(msgspec.Struct):
    """Be the body of a request."""

    model: str
    input: list[object]
    encoding_format: str | None = None


def vector_of(item: object) -> list[float]:
    """Return the embedding that the server gives for an input."""
    text = item if isinstance(item, str) else str(item)
    return [float(len(text)), float(sum(map(ord, text)) % 1000), 0.5]


def base64_of(vector: list[float]) -> str:
    """Encode a vector as servers do."""
    return base64.b64encode(array("f", vector).tobytes()).decode()


class EmbeddingServer:
    """
    Answer `POST /embeddings`.

    Args:
        refuses: returns the status and the message for a request that is refused.
        drops: tells for which inputs there is no embedding in the answer.
        gate: is awaited before every answer.
        metadata: of refusals.
        codes: of refusals; their status without it.
    """

    def __init__(
        self,
        refuses: Callable[[list[object]], tuple[int, str] | None] = lambda _: None,
        drops: Callable[[object], bool] = lambda _: False,
        gate: Callable[[list[object]], asyncio.Event | None] = lambda _: None,
        metadata: dict[str, object] | None = None,
        codes: Iterator[object] | None = None,
    ) -> None:
        self.asked: list[list[object]] = []
        self.bodies: list[Asked] = []
        self.most_at_once = 0
        self._running = 0
        self._refuses = refuses
        self._drops = drops
        self._gate = gate
        self._metadata = metadata
        self._codes = codes
        app = web.Application(client_max_size=1 << 26)
        app.router.add_post("/embeddings", self._answer)
        self._runner = web.AppRunner(app)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        self._site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await self._site.start()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._runner.cleanup()

    def client(self, retry: RetryPolicy = AT_ONCE) -> OpenRouter:
        """Make a client that talks to the server."""
        host, port = self._runner.addresses[0][:2]
        return OpenRouter(KEY, base_url=f"http://{host}:{port}", retry=retry)

    async def _answer(self, request: web.Request) -> web.Response:
        body = msgspec.json.decode(await request.read(), type=Asked)
        self.bodies.append(body)
        self.asked.append(body.input)
        self._running += 1
        self.most_at_once = max(self.most_at_once, self._running)
        event = self._gate(body.input)
        if event is not None:
            await event.wait()

        self._running -= 1
        refusal = self._refuses(body.input)
        if refusal is not None:
            status, message = refusal
            code = status if self._codes is None else next(self._codes)
            told = {"code": code, "message": message, "metadata": self._metadata}
            return web.Response(
                status=status, body=msgspec.json.encode({"error": told})
            )

        return web.Response(body=msgspec.json.encode(self._embeddings(body)))

    def _embeddings(self, body: Asked) -> dict[str, object]:
        tokens = sum(len(str(item)) for item in body.input)
        return {
            "object": "list",
            "model": body.model,
            "data": [
                {
                    "object": "embedding",
                    "index": index,
                    "embedding": base64_of(vector_of(item)),
                }
                for index, item in enumerate(body.input)
                if not self._drops(item)
            ],
            "usage": {"prompt_tokens": tokens, "total_tokens": tokens, "cost": 0.5},
        }
