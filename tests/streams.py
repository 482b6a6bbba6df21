"""What the tests of streams share: chunks, scripts that send them, a client."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Iterable, Mapping

from openrouter_async import (
    Completion,
    CompletionChunk,
    CompletionStream,
    OpenRouter,
    OpenRouterError,
    PoolLimits,
    RetryPolicy,
    SizeLimits,
    Timeout,
)
from tests.scripted import (
    Hang,
    Pause,
    ReadBody,
    ReadHead,
    Script,
    ScriptedServer,
    Send,
    Step,
    chunk,
    event_stream_head,
    events,
    http_response,
)

AT_ONCE = RetryPolicy(backoff=0, throttle_backoff=0, floor=0)
USAGE = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5, "cost": 0.25}
SETTLE = [Pause(0), Pause(0), Pause(0)]
"""Turns of the event loop in which the client reads what was sent so far."""


def choice(text: str = "", index: int = 0, **members: object) -> dict[str, object]:
    """Build what a chunk adds to one choice."""
    return {"index": index, "text": text, "finish_reason": None, **members}


def delta(text: str = "", index: int = 0, **members: object) -> dict[str, object]:
    """Build a chunk that adds to one choice."""
    return envelope(choice(text, index, **members))


def finish(reason: str = "stop", index: int = 0) -> dict[str, object]:
    """Build the chunk that ends one choice."""
    return delta("", index, finish_reason=reason, native_finish_reason=reason)


def envelope(*choices: dict[str, object], **members: object) -> dict[str, object]:
    """Build a chunk of any choices, with members of its own."""
    return {
        "id": "gen-1",
        "object": "chat.completion.chunk",
        "created": 1700000000,
        "model": "meta/base",
        "provider": "Upstream",
        "choices": list(choices),
        **members,
    }


def usage_chunk() -> dict[str, object]:
    """Build the last chunk before `[DONE]`: usage, and no choices."""
    return envelope(usage=USAGE)


WHOLE = events(delta("one"), delta(" two"), finish(), usage_chunk(), "[DONE]")


def asked(*steps: Step) -> list[Step]:
    """Read one request, then do the steps."""
    return [ReadHead(), ReadBody(), *steps]


def streamed(*pieces: bytes) -> list[Step]:
    """Answer one request with a stream that ends properly, piece by piece."""
    *first, last = pieces
    return [*begun(*first), Send(chunk(last) + chunk(b""))]


def begun(*pieces: bytes) -> list[Step]:
    """Answer one request with a stream that does not end, piece by piece."""
    steps = asked(Send(event_stream_head(chunked=True)))
    for piece in pieces:
        steps += [Send(chunk(piece)), *SETTLE]

    return steps


OPEN = [*begun(events(delta("a"), delta("b"))), Hang()]
"""A stream that stalls after two chunks."""


@contextlib.asynccontextmanager
async def served(
    *scripts: Script,
    timeout: Timeout = Timeout(),
    retry: RetryPolicy = AT_ONCE,
    sizes: SizeLimits = SizeLimits(),
    pool: PoolLimits = PoolLimits(),
) -> AsyncGenerator[tuple[ScriptedServer, OpenRouter]]:
    """Run a server that plays the scripts, and a client that talks to it."""
    async with served_by(
        scripts, timeout=timeout, retry=retry, sizes=sizes, pool=pool
    ) as pair:
        yield pair


@contextlib.asynccontextmanager
async def served_by(
    scripts: Iterable[Script],
    timeout: Timeout = Timeout(),
    retry: RetryPolicy = AT_ONCE,
    sizes: SizeLimits = SizeLimits(),
    pool: PoolLimits = PoolLimits(),
) -> AsyncGenerator[tuple[ScriptedServer, OpenRouter]]:
    """Do what `served` does, with any number of scripts."""
    async with ScriptedServer(scripts) as server:
        client = OpenRouter(
            "sk-or-v1-test",
            base_url=f"{server.url}/api/v1",
            timeout=timeout,
            retry=retry,
            sizes=sizes,
            pool=pool,
        )
        async with client:
            yield server, client


def ask(client: OpenRouter) -> CompletionStream:
    """Start the stream that most tests are about."""
    return client.completions.stream(model="meta/base", prompt="Count")


async def collect(stream: CompletionStream) -> list[CompletionChunk]:
    """Return all chunks of a stream."""
    return [each async for each in stream]


async def texts_of(stream: CompletionStream) -> list[str]:
    """Return the pieces of the text of choice 0."""
    return [text async for text in stream.texts()]


async def read_to_error(stream: CompletionStream) -> tuple[list[str], OpenRouterError]:
    """Return the pieces of text that came, and the error that followed them."""
    texts: list[str] = []
    try:
        async for text in stream.texts():
            texts.append(text)  # noqa: PERF401  # kept when the error comes
    except OpenRouterError as error:
        return texts, error

    message = "no error followed"
    raise AssertionError(message)


async def shown(stream: CompletionStream, text: str) -> None:
    """Let other tasks run until so much of the text has been read."""
    async with asyncio.timeout(5):
        while stream.snapshot.text != text:  # noqa: ASYNC110  # a reader sets no event
            await asyncio.sleep(0)


async def gone(server: ScriptedServer) -> bool:
    """Wait until the server sees the first client's connection close."""
    connection = await server.connection()
    await asyncio.wait_for(connection.client_closed.wait(), 5)
    return connection.client_closed.is_set()


async def answered(answer: Mapping[str, object] | bytes) -> Completion:
    """Return what a plain response is decoded to."""
    response = http_response(body=answer)
    async with served(asked(Send(response))) as (_, client):
        return await client.completions.create(prompt="x")
