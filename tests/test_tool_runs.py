"""The model calls functions until it has its answer, and nothing is lost on the way."""

from __future__ import annotations

import asyncio
import json
import threading
from contextvars import ContextVar

import msgspec
import pytest

from openrouter_async import Usage
from openrouter_async.formats.tool import tool
from openrouter_async.formats.tool_use import ToolUse
from openrouter_async.resources.messages import checked_messages
from openrouter_async.resources.tool_runs import run_tools
from openrouter_async.resources.usage_sums import summed
from openrouter_async.types.chat import ChatCompletion, ChatMessage
from openrouter_async.types.messages import Message
from openrouter_async.types.usage import CostDetails, PromptTokensDetails
from tests.tool_running import ASKED, Json, Model, add, answer, call, told

VISITOR = ContextVar("VISITOR", default="nobody")


async def test_a_run_ends_with_the_answer() -> None:
    """It has the whole conversation, ready to be continued."""
    details = [{"type": "reasoning.text", "text": "Hm", "signature": None, "x": 1}]
    first = answer(
        call("add", '{"first":1,"second":2}', "a"),
        call("add", '{"first":3,"second":4}', "b"),
        reasoning_details=details,
    )
    model = Model(first, answer(text="3 and 7"))

    run = await model.run(add, params={"model": "m"})

    assert (run.stop_reason, run.finished, run.answer.text) == (
        "answered",
        True,
        "3 and 7",
    )
    results: list[Message] = [
        {"role": "tool", "tool_call_id": "a", "content": "3"},
        {"role": "tool", "tool_call_id": "b", "content": "7"},
    ]
    assert run.messages == [*ASKED, first.message, *results, run.answer.message]
    assert model.requests[1][0] == run.messages[:-1]
    assert model.requests[1][0][1] is first.message
    assert [params for _, params in model.requests] == [
        {"model": "m", "tools": (add,)}
    ] * 2


async def test_a_conversation_as_json() -> None:
    """It can be written into a file, and goes out the same when it comes back."""
    details = [{"type": "reasoning.encrypted", "data": "x", "n": None}]
    first = answer(call("add", '{"first":1,"second":2}'), reasoning_details=details)
    run = await Model(first, answer(text="3")).run(add)

    text = json.dumps(run.messages, default=ChatMessage.to_dict)
    back = json.loads(text)
    assert back == [
        *ASKED,
        {
            "role": "assistant",
            "tool_calls": [call("add", '{"first":1,"second":2}')],
            "reasoning_details": details,
        },
        {"role": "tool", "tool_call_id": "call_1", "content": "3"},
        {"role": "assistant", "content": "3"},
    ]
    assert checked_messages(back) == checked_messages(run.messages)


async def test_a_step_tells_what_was_called() -> None:
    """Names, arguments, results, and how long it took."""
    model = Model(answer(call("add", '{"first":1,"second":2}')), answer(text="3"))

    run = await model.run(add)

    (use,) = run.steps[0].uses
    assert (use.name, use.arguments) == ("add", '{"first":1,"second":2}')
    assert (use.result, use.error, use.finished) == (3, None, True)
    assert use.seconds > 0
    assert run.steps[1].uses == []


async def test_an_answer_without_calls_is_the_only_one() -> None:
    """The model need not use tools."""
    run = await Model(answer(text="Hi")).run(add)

    assert (run.answer.text, len(run.steps), run.errors) == ("Hi", 1, [])


async def test_tools_run_concurrently_and_answer_in_order() -> None:
    """Neither coroutines nor threads wait for one another."""
    async_met = asyncio.Barrier(2)
    thread_met = threading.Barrier(2, timeout=10)

    @tool
    async def meet(name: str) -> str:
        await async_met.wait()
        return name

    @tool
    def meet_in_threads(name: str) -> str:
        thread_met.wait()
        return name

    calls = [
        call("meet", '{"name":"a"}', "1"),
        call("meet_in_threads", '{"name":"b"}', "2"),
        call("meet", '{"name":"c"}', "3"),
        call("meet_in_threads", '{"name":"d"}', "4"),
    ]
    run = await Model(answer(*calls), answer()).run(meet, meet_in_threads)

    assert told(run) == ["a", "b", "c", "d"]


async def test_tools_see_the_context_of_the_run() -> None:
    """Each has a copy."""

    @tool
    async def who() -> str:
        return VISITOR.get()

    @tool(name="who_in_thread")
    def who_in_thread() -> str:
        return VISITOR.get()

    VISITOR.set("Ada")
    model = Model(answer(call("who"), call("who_in_thread")), answer())

    assert told(await model.run(who, who_in_thread)) == ["Ada", "Ada"]


RESULTS: dict[str, tuple[object, object]] = {
    "text": ("as it is", "as it is"),
    "nothing": (None, "null"),
    "Struct": (CostDetails(server_tool_cost=1.0), None),
    "list": ([1, "a"], '[1,"a"]'),
    "empty list": ([], "[]"),
    "parts": (
        [
            {"type": "text", "text": "x"},
            {"type": "image_url", "image_url": {"url": "y"}},
        ],
        [
            {"type": "text", "text": "x"},
            {"type": "image_url", "image_url": {"url": "y"}},
        ],
    ),
    "almost parts": ([{"type": "text"}], '[{"type":"text"}]'),
    "no JSON": (
        object(),
        "Error: TypeError: a result of type object cannot be written as JSON",
    ),
}


@pytest.mark.parametrize(("result", "content"), RESULTS.values(), ids=RESULTS)
async def test_results_become_content(result: object, content: object) -> None:
    """Text and content parts as they are, all else as JSON."""

    @tool
    async def get() -> object:
        return result

    run = await Model(answer(call("get")), answer()).run(get)

    if content is None:
        content = msgspec.json.encode(result).decode()
    assert told(run) == [content]


async def test_a_result_that_refers_to_itself_is_an_error() -> None:
    """It has no JSON form."""
    loop: list[object] = []
    loop.append(loop)

    @tool
    async def get() -> object:
        return loop

    run = await Model(answer(call("get")), answer()).run(get)

    assert told(run) == ["Error: ValueError: it is nested too deeply"]


async def test_the_last_step_runs_its_tools() -> None:
    """So the conversation can be continued."""
    model = Model(
        answer(call("add", '{"first":1,"second":1}'), usage={"total_tokens": 1}),
        answer(call("add", '{"first":2,"second":2}'), usage={"total_tokens": 2}),
        answer(text="4"),
    )

    run = await model.run(add, max_steps=2)

    assert (run.stop_reason, run.finished, len(run.steps)) == ("max_steps", False, 2)
    assert run.messages[-1] == {
        "role": "tool",
        "tool_call_id": "call_1",
        "content": "4",
    }
    rest = await run_tools(model.create, run.messages, [add], {})
    assert rest.answer.text == "4"


ENDS: dict[str, tuple[Json, str, int]] = {
    "answer": ({"text": "3"}, "answered", 2),
    "answer without a reason": ({"text": "3", "finish_reason": None}, "answered", 2),
    "refusal": ({"refusal": "no way"}, "answered", 2),
    "image": ({"images": [{"image_url": {"url": "data:,"}}]}, "answered", 2),
    "cut": ({"text": "It", "finish_reason": "length"}, "cut", 2),
    "cut in its reasoning": (
        {"reasoning": "Hm", "finish_reason": "length"},
        "cut",
        2,
    ),
    "filtered": ({"text": "It", "finish_reason": "content_filter"}, "filtered", 2),
    "reasoning alone": ({"reasoning": "Hm"}, "empty", 2),
    "blank": ({"text": " \n"}, "empty", 2),
    "nothing": ({"text": ""}, "empty", 1),
}


@pytest.mark.parametrize(("said", "reason", "count"), ENDS.values(), ids=ENDS)
async def test_only_an_answer_finishes_a_run(
    said: Json, reason: str, count: int
) -> None:
    """One that says nothing at all is no message either."""
    run = await Model(answer(**said)).run(add)

    assert (run.stop_reason, run.finished) == (reason, reason == "answered")
    assert len(run.messages) == count


async def test_an_answer_without_a_choice_is_empty() -> None:
    """There is no message to send again."""
    run = await Model(ChatCompletion()).run(add)

    assert (run.stop_reason, run.finished, run.messages) == ("empty", False, ASKED)


async def test_usage_is_summed() -> None:
    """Details and cost included; what was not reported counts as nothing."""
    model = Model(
        answer(
            call("add"),
            usage={
                "total_tokens": 10,
                "cost": 0.5,
                "is_byok": False,
                "prompt_tokens_details": {"cached_tokens": 4},
            },
        ),
        answer(call("add"), usage=None),
        answer(
            usage={
                "total_tokens": 20,
                "cost": 0.25,
                "is_byok": True,
                "prompt_tokens_details": {"cached_tokens": 1, "audio_tokens": 2},
                "cost_details": {"upstream_inference_cost": 0.125},
            }
        ),
    )

    run = await model.run(add)

    assert run.usage == Usage(
        total_tokens=30,
        cost=0.75,
        is_byok=True,
        prompt_tokens_details=PromptTokensDetails(cached_tokens=5, audio_tokens=2),
        cost_details=CostDetails(upstream_inference_cost=0.125),
    )


async def test_a_run_tells_what_it_cost() -> None:
    """None where no answer did."""
    paid = Model(answer(call("add"), usage={"cost": 0.5}), answer(usage=None))

    assert (await paid.run(add)).cost == 0.5
    assert (await Model(answer(usage={"total_tokens": 1})).run(add)).cost is None
    assert (await Model(answer()).run(add)).cost is None


SHOWN: dict[str, tuple[float | None, str]] = {
    "cents": (0.0012, ", $0.0012"),
    "less": (0.0000685, ", $0.0000685"),
    "dollars": (20.0, ", $20"),
    "nothing": (0.0, ", $0"),
    "not told": (None, ""),
}


@pytest.mark.parametrize(("cost", "shown"), SHOWN.values(), ids=SHOWN)
async def test_a_run_is_shown_in_short(cost: float | None, shown: str) -> None:
    """Answers may be long."""
    made = answer(call("add"), call("add"), usage={"cost": cost})
    run = await Model(made, answer(text="x" * 999)).run(add)

    assert repr(run) == f"<ToolRun answered, 2 steps, 2 calls{shown}>"


async def test_one_of_a_kind_is_shown_as_one() -> None:
    """Whatever ended the run."""
    run = await Model(answer(call("add"))).run(add, max_steps=1)

    assert repr(run) == "<ToolRun max_steps, 1 step, 1 call>"


def test_counts_that_are_not_there_are_not_summed() -> None:
    """None and None are None."""
    usage = Usage(cost=1.0)

    assert summed(None, None) is None
    assert summed(usage, None) is usage
    assert summed(None, usage) is usage


def test_a_use_that_has_not_ended_has_a_message() -> None:
    """Every call needs an answer."""
    (made,) = answer(call("add", id="x")).tool_calls

    assert ToolUse(call=made).message == {
        "role": "tool",
        "tool_call_id": "x",
        "content": "Error: the run was stopped before this call returned.",
    }
