"""What is kept of an answer: of one that failed, and of one in the shape of chat."""

from __future__ import annotations

import msgspec
import pytest

from openrouter_async import (
    APIError,
    Completion,
    OpenRouter,
    OpenRouterError,
    StreamInterruptedError,
)
from tests.calling import MEMBERS
from tests.scripted import Fin, Script, Send, event_stream_head, events, http_response
from tests.streams import (
    AT_ONCE,
    USAGE,
    WHOLE,
    answered,
    ask,
    asked,
    begun,
    collect,
    delta,
    envelope,
    finish,
    served,
    streamed,
    usage_chunk,
)

FAILED: dict[str, object] = {"text": "", "index": 0, "finish_reason": "error"}
PLAIN = asked(Send(http_response(body={**MEMBERS, "choices": [FAILED]})))
STREAM = asked(Send(event_stream_head() + events(envelope(FAILED))), Fin())
WAYS = pytest.mark.parametrize("streams", [False, True], ids=["plain", "stream"])


async def ask_by(client: OpenRouter, streams: bool, retry: int) -> Completion:
    """Ask in either way."""
    if not streams:
        return await client.completions.create(prompt="x", retry=retry)

    async with client.completions.stream(prompt="x", retry=retry) as stream:
        return await stream.final()


@WAYS
async def test_answer_made_of_a_failure_alone(streams: bool) -> None:
    """A finish reason `error` without any content is not billed, and no answer."""
    async with served(STREAM if streams else PLAIN) as (_, client):
        with pytest.raises(APIError) as caught:
            await ask_by(client, streams, 0)

    error = caught.value
    assert (error.partial, error.maybe_billed, error.retryable) == (None, False, True)


@WAYS
async def test_failure_alone_is_tried_again(streams: bool) -> None:
    """It is repeated like a refusal."""
    good = asked(Send(http_response(body=MEMBERS)))
    scripts = [STREAM, streamed(WHOLE)] if streams else [[*PLAIN, *good]]
    async with served(*scripts) as (_, client):
        done = await ask_by(client, streams, 1)

    assert done.text == ("one two" if streams else "Hi")
    assert [each.error for each in done.meta.history] == ["APIError"]


IMAGE = {"type": "image_url", "image_url": {"url": "data:,x"}}
CALL = {"index": 0, "id": "call-1", "function": {"name": "f", "arguments": "{}"}}


def chat(**members: object) -> dict[str, object]:
    """Build a chunk in the shape of chat completions."""
    return envelope({"index": 0, "delta": {"role": "assistant", **members}})


CHAT = events(
    chat(content="See"),
    chat(images=[IMAGE]),
    chat(tool_calls=[CALL], content=None),
    chat(refusal="I can"),
    chat(refusal="not", images=[IMAGE], content=""),
)
MESSAGE = {"images": [IMAGE, IMAGE], "tool_calls": [CALL], "refusal": "I cannot"}


async def test_chat_shaped_chunks() -> None:
    """What only chat completions have is in the message of the final answer."""
    script = streamed(CHAT + events(finish("tool_calls"), "[DONE]"))
    async with served(script) as (_, client), ask(client) as stream:
        done = await stream.final()

    assert (done.text, done.choices[0].message) == ("See", MESSAGE)
    assert done.choices[0].finish_reason == "tool_calls"


async def test_chat_shaped_chunks_before_a_cut() -> None:
    """The same is in the partial answer of a stream that was cut."""
    script = asked(Send(event_stream_head() + CHAT), Fin())
    async with served(script) as (_, client):
        stream = ask(client)
        with pytest.raises(StreamInterruptedError) as caught:
            await collect(stream)

    partial = caught.value.partial
    assert partial is not None
    assert (partial.text, partial.choices[0].message) == ("See", MESSAGE)


@pytest.mark.parametrize(
    "members",
    [{"images": [IMAGE]}, {"tool_calls": [CALL]}, {"refusal": "no"}],
    ids=["images", "tool_calls", "refusal"],
)
async def test_chat_shaped_chunk_is_content(members: dict[str, object]) -> None:
    """A stream that brought one of these and was cut is not asked for again."""
    first: Script = asked(Send(event_stream_head() + events(chat(**members))), Fin())
    async with served(first, streamed(WHOLE), retry=AT_ONCE) as (server, client):
        stream = ask(client)
        with pytest.raises(StreamInterruptedError) as caught:
            await collect(stream)

        assert len(server.requests) == 1

    error = caught.value
    assert error.partial is not None
    assert error.partial.choices[0].message == members
    assert error.maybe_billed


async def test_trailing_usage_of_null() -> None:
    """A null behind the usage does not take it away, in any view of the answer."""
    body = events(delta("a"), finish(), usage_chunk(), envelope(usage=None), "[DONE]")
    async with served(streamed(body)) as (_, client), ask(client) as stream:
        done = await stream.final()

    assert done.usage is not None
    assert done.usage.cost == USAGE["cost"]
    assert done.to_dict()["usage"] == USAGE


async def test_members_that_did_not_come() -> None:
    """Choices put together from a stream show what came, and no nulls beside it."""
    logprobs = {"tokens": ["a"], "token_logprobs": [None]}
    body = events(delta("a", logprobs=logprobs), finish(), "[DONE]")
    async with served(streamed(body)) as (_, client), ask(client) as stream:
        done = await stream.final()

    (choice,) = msgspec.convert(done.to_dict()["choices"], list[dict[str, object]])
    assert [name for name, value in choice.items() if value is None] == []
    shown = msgspec.convert(choice["logprobs"], dict[str, object])
    assert (shown["tokens"], shown["token_logprobs"]) == (["a"], [None])


async def test_chunks_have_no_meta() -> None:
    """A chunk is what the event says: the exchange is on the stream."""
    forged: dict[str, object] = {"<meta>": {"status": 500}, "<raw>": "eA=="}
    event = {**delta("a"), **forged}
    body = events(event, finish(), "[DONE]")
    async with served(streamed(body)) as (_, client), ask(client) as stream:
        chunks = await collect(stream)

    assert not hasattr(chunks[0], "meta")
    assert chunks[0].raw == msgspec.json.encode(event)
    assert stream.meta.status == 200


async def test_shown_completion() -> None:
    """What logs show of an answer are its members, not its bytes and headers."""
    done = await answered({**MEMBERS, "unknown": "far-fetched"})

    assert "far-fetched" not in repr(done)
    assert "content-type" not in repr(done).lower()
    assert [name for name in ("raw=", "meta=", "_events=") if name in repr(done)] == []
    assert "text='Hi'" in repr(done)


async def test_shown_chunk() -> None:
    """The same holds for a chunk."""
    body = events(delta("a"), finish(), "[DONE]")
    async with served(streamed(body)) as (_, client), ask(client) as stream:
        chunk = (await collect(stream))[0]
        done = await stream.final()

    for shown in (repr(chunk), repr(done)):
        assert [name for name in ("raw=", "meta=", "_events=") if name in shown] == []
        assert "text='a'" in shown


async def test_failure_after_content_keeps_it() -> None:
    """Beside content a failure is partial, and may be billed."""
    body = events(delta("a"), envelope(FAILED))
    async with served([*begun(body), Fin()]) as (_, client):
        stream = ask(client)
        with pytest.raises(OpenRouterError) as caught:
            await collect(stream)

    assert caught.value.partial is not None
    assert (caught.value.partial.text, caught.value.maybe_billed) == ("a", True)
