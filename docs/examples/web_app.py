"""
An aiohttp.web app that awaits completions and relays token streams.

    python web_app.py          serves, asks itself one question of each kind, ends
    python web_app.py serve    serves on http://127.0.0.1:8000 until Ctrl-C

    curl -d 'Once upon a time' http://127.0.0.1:8000/complete
    curl -N -d 'Once upon a time' http://127.0.0.1:8000/stream
"""

from __future__ import annotations

import asyncio
import json
import math
import sys
from collections.abc import AsyncIterator

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from openrouter_async import (
    APITimeoutError,
    BadRequestError,
    OpenRouter,
    OpenRouterError,
    RateLimitError,
    Timeout,
)

MODEL = "openai/gpt-4o-mini-base"
CLIENT = web.AppKey("client", OpenRouter)


async def keep_client(app: web.Application) -> AsyncIterator[None]:
    """One client and one pool of connections for the life of the app."""
    async with OpenRouter(timeout=Timeout(first_event=30, total=90)) as client:
        app[CLIENT] = client
        yield


async def complete(request: web.Request) -> web.Response:
    """Answer with the whole completion."""
    try:
        done = await request.app[CLIENT].completions.create(
            model=MODEL, prompt=await request.text(), max_tokens=64
        )
    except OpenRouterError as error:
        return refusal(error)

    return web.json_response(
        {
            "text": done.text,
            "tokens": done.usage and done.usage.total_tokens,
            "attempts": done.meta.attempts,
        }
    )


async def relay(request: web.Request) -> web.StreamResponse:
    """
    Answer with server-sent events, one for each piece of text.

    The stream is opened before the response is prepared: up to then an error still
    has a status of its own. When the browser leaves, the handler is cancelled (see
    `handler_cancellation` below), and leaving the block closes the stream upstream.
    """
    stream = request.app[CLIENT].completions.stream(
        model=MODEL, prompt=await request.text(), max_tokens=64
    )
    try:
        await stream.open()
    except OpenRouterError as error:
        return refusal(error)

    async with stream:
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"}
        )
        await response.prepare(request)
        try:
            async for text in stream.texts():
                await send(response, "text", text)
        except OpenRouterError as error:
            await send(response, "error", type(error).__name__)
        else:
            await send(response, "done", stream.snapshot.choices[0].finish_reason)

    return response


async def send(response: web.StreamResponse, event: str, value: str | None) -> None:
    """Write one event."""
    await response.write(f"event: {event}\ndata: {json.dumps(value)}\n\n".encode())


def refusal(error: OpenRouterError) -> web.Response:
    """Tell the browser as much as it has to know; the rest belongs into a log."""
    if isinstance(error, RateLimitError):
        wait = str(math.ceil(error.retry_after or 1))
        return web.Response(status=503, headers={"Retry-After": wait}, text="busy")

    if isinstance(error, BadRequestError):
        return web.Response(status=400, text="the prompt was not accepted")

    if isinstance(error, APITimeoutError):
        return web.Response(status=504, text="no answer in time")

    return web.Response(status=502, text="no answer")


def make_app() -> web.Application:
    """Put the app together."""
    app = web.Application()
    app.cleanup_ctx.append(keep_client)
    app.router.add_post("/complete", complete)
    app.router.add_post("/stream", relay)
    return app


async def ask_itself() -> None:
    """Serve on a free port, and be the browser too."""
    server = TestServer(make_app())
    async with TestClient(server) as browser:
        response = await browser.post("/complete", data="Once upon a time")
        assert response.status == 200, await response.text()
        print(await response.json())

        response = await browser.post("/stream", data="Once upon a time")
        events = (await response.text()).split("\n\n")
        print(*events[:3], "...", events[-2], sep="\n")
        assert events[-2].startswith("event: done")


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        web.run_app(make_app(), host="127.0.0.1", port=8000, handler_cancellation=True)
    else:
        asyncio.run(ask_itself())
