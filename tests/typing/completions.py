"""What the verbs of text completions promise to a type checker."""

from __future__ import annotations

from typing import assert_type

from msgspec import UNSET

from openrouter_async import (
    Completion,
    CompletionChoice,
    CompletionChunk,
    CompletionStream,
    Logprobs,
    OpenRouter,
    RetryPolicy,
    Timeout,
    Usage,
)
from openrouter_async.streaming.stream_iterator import StreamIterator
from openrouter_async.types import CompletionParams, ResponseMeta


async def create(client: OpenRouter, streamed: bool) -> None:
    """Type `create` by what `stream` is."""
    create = client.completions.create
    assert_type(await create(prompt="x"), Completion)
    assert_type(await create(prompt="x", stream=False), Completion)
    assert_type(await create(prompt="x", stream=True), CompletionStream)
    assert_type(
        await create(prompt="x", stream=streamed), Completion | CompletionStream
    )
    params: CompletionParams = {"model": "a", "n": 2, "stop": None}
    assert_type(await create(prompt=[[1], [2]], **params), Completion)
    assert_type(await create(prompt=[1], timeout=None, retry=0), Completion)
    assert_type(await create(prompt=["a"], timeout=3.0, retry=UNSET), Completion)
    assert_type(
        await create(prompt="x", timeout=Timeout(idle=1), retry=RetryPolicy()),
        Completion,
    )


def stream_with_mistakes(client: OpenRouter) -> None:
    """Refuse what the API does not know, by name or by type."""
    stream = client.completions.stream
    stream()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # no prompt
    stream(prompt=1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # no prompt
    stream(prompt="x", typo=1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # no such field
    stream(prompt="x", n="2")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # no number
    stream(prompt="x", model=None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # never null


async def response_formats(client: OpenRouter) -> None:
    """Take the five forms as literals, and mappings of any other."""
    create = client.completions.create
    await create(prompt="x", response_format={"type": "text"})
    await create(prompt="x", response_format={"type": "json_object"})
    await create(
        prompt="x",
        response_format={"type": "json_schema", "json_schema": {"name": "a"}},
    )
    await create(prompt="x", response_format={"type": "grammar", "grammar": "a"})
    await create(prompt="x", response_format={"type": "python"})
    await create(prompt="x", response_format={"type": "new", "more": 1})


async def stream(client: OpenRouter) -> None:
    """Type what a stream gives, in a block and bare."""
    opened = client.completions.stream(prompt="x")
    assert_type(opened, CompletionStream)
    async with opened as entered:
        assert_type(entered, CompletionStream)
        assert_type(aiter(entered), StreamIterator[CompletionChunk])
        assert_type(await anext(entered), CompletionChunk)
        async for chunk in entered:
            assert_type(chunk, CompletionChunk)
            assert_type(chunk.choices, list[CompletionChoice])

        assert_type(entered.texts(), StreamIterator[str])
        async for text in entered.texts():
            assert_type(text, str)

    assert_type(await opened.final(), Completion)
    assert_type(opened.snapshot, Completion)
    assert_type(opened.usage, Usage | None)
    assert_type(opened.meta, ResponseMeta)
    assert_type(opened.time_to_first_event, float | None)


def completion(done: Completion) -> None:
    """Type what an answer holds."""
    assert_type(done.text, str)
    assert_type(done.created, int | None)
    assert_type(done.usage, Usage | None)
    assert_type(done.raw, bytes)
    assert_type(done.to_dict(), dict[str, object])
    for choice in done.choices:
        assert_type(choice.text, str)
        assert_type(choice.index, int)
        assert_type(choice.finish_reason, str | None)
        assert_type(choice.logprobs, Logprobs | None)
