"""The verbs of text completions end to end, against the simulator."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from openrouter_async import (
    AuthenticationError,
    BadRequestError,
    OpenRouter,
    RateLimitError,
    ServerError,
    StreamInterruptedError,
)
from openrouter_async.testing import (
    Cut,
    ErrorEvent,
    Fail,
    FailInside,
    NoDone,
    Pad,
    Simulator,
    Stall,
    Text,
)
from tests.streams import AT_ONCE, collect, read_to_error, texts_of


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    """Run a simulator."""
    async with Simulator(comments=2) as running:
        yield running


@pytest.fixture
async def client(simulator: Simulator) -> AsyncIterator[OpenRouter]:
    """Give a client of the simulator that does not wait between attempts."""
    async with simulator.client(retry=AT_ONCE) as opened:
        yield opened


async def test_create(simulator: Simulator, client: OpenRouter) -> None:
    """A completion has text, usage with its cost, and the id of its record."""
    completion = await client.completions.create(
        model="meta/base", prompt="Rivers are", max_tokens=12, seed=1
    )
    [record] = simulator.journal

    assert completion.text
    assert completion.model == "meta/base"
    assert completion.usage is not None
    assert completion.usage.completion_tokens == 12
    assert completion.usage.cost is not None
    assert completion.choices[0].finish_reason == "length"
    assert completion.meta.generation_id == completion.id == record.generation_id
    assert json.loads(record.body) == {
        "prompt": "Rivers are",
        "model": "meta/base",
        "max_tokens": 12,
        "seed": 1,
    }


@pytest.mark.parametrize("n", [1, 3], ids="n={}".format)
async def test_stream_gives_what_create_gives(client: OpenRouter, n: int) -> None:
    """The chunks of a stream make up the answer that comes without one."""
    prompt = ["Rivers are", "Clouds"]
    whole = await client.completions.create(
        prompt=prompt, n=n, logprobs=2, max_tokens=20, echo=True
    )
    stream = client.completions.stream(
        prompt=prompt, n=n, logprobs=2, max_tokens=20, echo=True
    )
    texts = await texts_of(stream)
    folded = await stream.final()

    assert len(folded.choices) == 2 * n
    assert folded.choices == whole.choices
    assert folded.usage == whole.usage
    assert folded.object == whole.object
    assert "".join(texts) == folded.text == whole.text
    assert len(texts) > 5


async def test_reasoning_comes_first(client: OpenRouter) -> None:
    """Reasoning is streamed before the text, and folded apart from it."""
    async with client.completions.stream(
        prompt="Rivers", reasoning={"effort": "low"}
    ) as stream:
        first = await anext(stream)
        while not first.has_content:
            first = await anext(stream)

        answer = await stream.final()

    assert first.choices[0].reasoning
    assert not first.text
    assert answer.choices[0].reasoning
    assert answer.text


async def test_both_usage_shapes() -> None:
    """Usage with an empty list of choices and with a repeated finish are alike."""
    usages: list[object] = []
    for shape in ("empty_choices", "repeated_finish"):
        async with Simulator(usage_shape=shape) as simulator:
            async with simulator.client() as client:
                stream = client.completions.stream(prompt="Rivers", max_tokens=5)
                answer = await stream.final()
                usages.append(answer.usage)

        assert answer.choices[0].finish_reason == "length"

    assert usages[0] == usages[1] is not None


@pytest.mark.parametrize(
    "fault",
    [
        Fail(429),
        Fail(503),
        FailInside(502, at="body"),
        FailInside(502, at="choice"),
    ],
    ids=["429", "503", "inside the body", "inside a choice"],
)
async def test_create_is_tried_again(
    simulator: Simulator, client: OpenRouter, fault: Fail | FailInside
) -> None:
    """A failure that may pass is repeated with the same bytes."""
    simulator.script(fault, Text("at last"))
    completion = await client.completions.create(prompt="x")

    assert completion.text == "at last"
    assert completion.meta.attempts == 2
    assert len({record.body for record in simulator.journal}) == 1


@pytest.mark.parametrize(
    "fault",
    [
        Fail(503),
        ErrorEvent(after_tokens=0, code=502),
        Cut(after_tokens=0, how="reset"),
        Cut(after_tokens=0, how="clean"),
    ],
    ids=["503", "error event", "reset", "clean end"],
)
async def test_stream_is_tried_again_before_content(
    simulator: Simulator, client: OpenRouter, fault: Fail | ErrorEvent | Cut
) -> None:
    """A stream that fails before its first content is repeated unseen."""
    simulator.script(fault, Text("at last"))
    stream = client.completions.stream(prompt="x")
    texts = await texts_of(stream)

    assert "".join(texts) == "at last"
    assert stream.meta.attempts == 2


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (ErrorEvent(after_tokens=3, code=502), ServerError),
        (ErrorEvent(after_tokens=3, code=429), RateLimitError),
        (Cut(after_tokens=3, how="reset"), StreamInterruptedError),
        (Cut(after_tokens=3, how="fin"), StreamInterruptedError),
        (Cut(after_tokens=3, how="clean"), StreamInterruptedError),
    ],
    ids=["502", "429", "reset", "fin", "clean end"],
)
async def test_stream_fails_after_content(
    simulator: Simulator,
    client: OpenRouter,
    fault: ErrorEvent | Cut,
    kind: type[Exception],
) -> None:
    """A stream that fails in the middle is one request, and keeps its text."""
    simulator.script(fault)
    stream = client.completions.stream(prompt="Rivers are")
    seen, error = await read_to_error(stream)

    assert type(error) is kind
    assert error.partial is stream.snapshot
    assert "".join(seen) == stream.snapshot.text != ""
    assert len(simulator.journal) == 1


async def test_stream_without_done(simulator: Simulator, client: OpenRouter) -> None:
    """Finish reasons and a clean end make an answer whole."""
    simulator.script(NoDone())
    answer = await client.completions.stream(prompt="Rivers", max_tokens=4).final()

    assert answer.choices[0].finish_reason == "length"


async def test_padding(simulator: Simulator, client: OpenRouter) -> None:
    """White space before an answer and comments before a stream are nothing."""
    simulator.script(Pad(count=5, times=2))
    whole = await client.completions.create(prompt="Rivers")
    folded = await client.completions.stream(prompt="Rivers").final()

    assert whole.text == folded.text


async def test_wrong_key_and_wrong_field(
    simulator: Simulator, client: OpenRouter
) -> None:
    """What the API refuses is raised by class, and not repeated."""
    other = client.with_options(api_key="sk-or-v1-other")
    with pytest.raises(AuthenticationError):
        await other.completions.create(prompt="x")

    with pytest.raises(BadRequestError, match="best_of"):
        await client.completions.create(prompt="x", best_of=21)

    assert [record.status for record in simulator.journal] == [401, 400]


async def test_leaving_stops_the_server(
    simulator: Simulator, client: OpenRouter
) -> None:
    """Leaving a stream ends the work on it, and the next call is answered."""
    simulator.script(Stall(after_tokens=2))
    async with client.completions.stream(prompt="Rivers are") as stream:
        async for chunk in stream:
            if chunk.text:
                break

    await asyncio.wait_for(simulator.wait_idle(), 5)
    assert simulator.journal[0].outcome == "disconnected"
    assert (await client.completions.create(prompt="x")).text


async def test_many_streams_at_once(simulator: Simulator, client: OpenRouter) -> None:
    """Streams side by side do not mix."""
    prompts = [f"Number {number} is" for number in range(50)]
    streams = [
        client.completions.stream(prompt=prompt, max_tokens=10) for prompt in prompts
    ]
    await asyncio.gather(*map(collect, streams))
    texts = [stream.snapshot.text for stream in streams]
    again = [
        (await client.completions.create(prompt=prompt, max_tokens=10)).text
        for prompt in prompts
    ]

    assert texts == again
    assert len(set(texts)) > 25
