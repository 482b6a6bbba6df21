"""Credits, the key in use, and the records of answers."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from openrouter_async.testing import ErrorEvent, FailInside, Simulator, Stall
from openrouter_async.testing.tokens import count_tokens
from tests.testing.api import Api, Reply

DAY = 86_400


async def record_of(api: Api, answer: Reply) -> Reply:
    """Ask for the record of an answer, which is not found the first time."""
    path = f"/generation?id={answer.headers['X-Generation-Id']}"
    await api.get(path)
    return await api.get(path)


async def used(api: Api) -> float:
    """Return what the account has used up."""
    reply = await api.get("/credits")
    return float(reply.json["data"]["total_usage"])


async def test_answers_use_credits_up(api: Api) -> None:
    """Text, chat and embeddings, plain and streamed, by what they say they cost."""
    assert await used(api) == 0
    answers = [
        await api.post("Hi"),
        await api.chat(n=2),
        await api.call("POST", "/embeddings", {"model": "a/b", "input": "Hi"}),
    ]
    stream = await api.chat(stream=True)

    costs = [answer.json["usage"]["cost"] for answer in answers]
    costs.append(stream.chunks[-1]["usage"]["cost"])
    assert min(costs) > 0
    assert await used(api) == pytest.approx(sum(costs))
    assert (await api.get("/key")).json["data"]["usage"] == await used(api)


async def test_nothing_is_answered_without_credits(api: Api) -> None:
    """The 402 is not the one of requests in flight; free models go on."""
    async with Simulator(credits=0.000001) as simulator:
        poor = Api(simulator, api.session)
        first, second = await poor.chat(), await poor.chat()
        free = await poor.post("Hi", model="a/b:free")

    assert (first.status, second.status, free.status) == (200, 402, 200)
    assert second.error["metadata"] == {"limit_source": "openrouter_credits"}


async def test_errors_inside_answers_are_not_billed(
    simulator: Simulator, api: Api
) -> None:
    """The service insures its users against them."""
    simulator.script(FailInside(), ErrorEvent())
    inside = await api.chat()
    await api.chat(stream=True)

    assert await used(api) == 0
    assert (await record_of(api, inside)).status == 404


async def test_free_requests_are_counted_by_day(api: Api) -> None:
    """Those of paid models are not, and midnight (UTC) forgets them."""
    now = [10.5 * DAY]
    async with Simulator(wall_clock=lambda: now[0]) as simulator:
        other = Api(simulator, api.session)
        for model in ("a/b:free", "a/b:free", "a/b"):
            await other.chat(model=model)

        today = await other.get("/key")
        now[0] += DAY / 2
        tomorrow = await other.get("/key")

    counters = [r.json["data"]["free_model_daily_requests"] for r in (today, tomorrow)]
    assert counters == [
        {"limit": 1000, "used": 2, "remaining": 998},
        {"limit": 1000, "used": 0, "remaining": 1000},
    ]


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
async def test_a_record_has_tokens_and_cost(api: Api, *, stream: bool) -> None:
    """They are those of the answer's usage."""
    answer = await api.chat(
        model="openai/gpt-4o-mini", stream=stream, reasoning={"effort": "low"}
    )
    usage = answer.chunks[-1]["usage"] if stream else answer.json["usage"]
    record = (await record_of(api, answer)).json["data"]

    assert record["id"] == answer.headers["X-Generation-Id"]
    assert record["model"] == "openai/gpt-4o-mini"
    assert record["native_tokens_prompt"] == usage["prompt_tokens"]
    assert record["native_tokens_completion"] == usage["completion_tokens"]
    assert record["native_tokens_reasoning"] > 0
    assert record["total_cost"] == usage["cost"]
    assert (record["streamed"], record["cancelled"]) == (stream, False)
    assert (record["finish_reason"], record["api_type"]) == ("stop", "completions")


async def content_of(api: Api, answer: Reply) -> Any:
    """Ask for what was asked and answered, when the record of it is there."""
    await record_of(api, answer)
    path = f"/generation/content?id={answer.headers['X-Generation-Id']}"
    return (await api.get(path)).json["data"]


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
async def test_a_record_has_what_was_asked_and_answered(
    api: Api, *, stream: bool
) -> None:
    """Messages or a prompt, and the first choice."""
    text = await api.post("Hi", stream=stream)
    chat = await api.chat("Ho", stream=stream, reasoning={"effort": "low"})
    told = "".join(chat.deltas("content")) if stream else chat.message["content"]

    assert await content_of(api, text) == {
        "input": {"prompt": "Hi"},
        "output": {
            "completion": text.streamed_text() if stream else text.text,
            "reasoning": None,
        },
        "error": None,
    }
    content = await content_of(api, chat)
    assert content["input"] == {"messages": [{"role": "user", "content": "Ho"}]}
    assert content["output"]["completion"] == told
    assert content["output"]["reasoning"]


@pytest.mark.parametrize(
    ("path", "body", "prompt"),
    [
        ("/completions", {"prompt": ["Hi", "Ho"]}, '["Hi","Ho"]'),
        ("/embeddings", {"model": "a/b", "input": "Hi"}, "Hi"),
    ],
    ids=["prompts", "embeddings"],
)
async def test_whatever_was_asked_is_kept_as_a_text(
    api: Api, path: str, body: dict[str, object], prompt: str
) -> None:
    """The specification knows a prompt or messages."""
    answer = await api.call("POST", path, body)
    content = await content_of(api, answer)

    assert content["input"] == {"prompt": prompt}
    assert (content["output"]["completion"] is None) == (path == "/embeddings")


async def test_no_content_is_kept_of_what_was_never_answered(api: Api) -> None:
    """It is a 404, as its record is."""
    assert (await api.get("/generation/content?id=gen-1")).status == 404


@pytest.mark.parametrize("misses", [0, 1, 3])
async def test_a_record_is_missed_as_often_as_is_set(api: Api, misses: int) -> None:
    """After that it is found for good."""
    async with Simulator(generation_misses=misses) as simulator:
        other = Api(simulator, api.session)
        answer = await other.chat()
        path = f"/generation?id={answer.json['id']}"
        statuses = [(await other.get(path)).status for _ in range(misses + 2)]

    assert statuses == [404] * misses + [200, 200]


async def test_a_record_is_missed_as_long_as_is_set(api: Api) -> None:
    """The simulator's clock says when the time is over."""
    now = [0.0]
    async with Simulator(
        generation_misses=0, generation_delay=5, clock=lambda: now[0]
    ) as simulator:
        other = Api(simulator, api.session)
        answer = await other.chat()
        statuses: list[int] = []
        for now[0] in (0.0, 4.9, 5.0):
            reply = await other.get(f"/generation?id={answer.json['id']}")
            statuses.append(reply.status)

    assert statuses == [404, 404, 200]


async def test_what_was_never_answered_has_no_record(api: Api) -> None:
    """The message names it; without an id the request is wrong."""
    missing = await api.get("/generation?id=gen-1")
    wrong = await api.get("/generation")

    assert (missing.status, missing.error["message"]) == (
        404,
        "Generation gen-1 not found",
    )
    assert (wrong.status, wrong.error["message"]) == (
        400,
        "id: required query parameter",
    )


async def test_a_stream_that_was_left_costs_what_was_sent(
    simulator: Simulator, api: Api
) -> None:
    """Its record says that it was cancelled."""
    simulator.script(Stall(after_tokens=3))
    async with api.open(stream=True) as response:
        await response.content.readany()
        name = response.headers["X-Generation-Id"]

    await asyncio.wait_for(simulator.wait_idle(), 5)
    await api.get(f"/generation?id={name}")
    record = (await api.get(f"/generation?id={name}")).json["data"]
    content = await api.get(f"/generation/content?id={name}")
    completion = content.json["data"]["output"]["completion"]

    assert count_tokens(completion) == 3
    assert (record["cancelled"], record["native_tokens_completion"]) == (True, 3)
    assert record["total_cost"] == pytest.approx(await used(api))


async def test_old_records_make_room(api: Api) -> None:
    """The journal's size is theirs as well."""
    async with Simulator(journal_size=2, generation_misses=0) as simulator:
        other = Api(simulator, api.session)
        answers = [await other.chat(max_tokens=1) for _ in range(3)]
        statuses = [
            (await other.get(f"/generation?id={answer.json['id']}")).status
            for answer in answers
        ]

    assert statuses == [404, 200, 200]


async def test_a_reset_forgets_costs(simulator: Simulator, api: Api) -> None:
    """As if nothing had been answered."""
    answer = await api.chat(model="a/b:free")
    await api.chat()
    simulator.reset()
    key = (await api.get("/key")).json["data"]

    assert (key["usage"], key["free_model_daily_requests"]["used"]) == (0, 0)
    assert (await record_of(api, answer)).status == 404
