"""Whatever ends a run, or goes wrong in it, nothing that was paid for is lost."""

from __future__ import annotations

import asyncio
import pickle
import threading

import msgspec
import pytest

from openrouter_async import APIError, RateLimitError, Usage
from openrouter_async.formats.mismatch import FormatMismatch
from openrouter_async.formats.tool import tool
from openrouter_async.formats.tool_use import UnknownToolError
from openrouter_async.resources.tool_runs import ToolRun
from tests.tool_running import ASKED, Json, Model, add, answer, call, fail, told


@tool
async def wait() -> None:
    """Wait for ever."""
    await asyncio.Event().wait()


CUT = " They were cut: keep them shorter, or split the call."
AGAIN = "Call it again with arguments that match its parameters."
FAILURES: dict[str, tuple[Json, type[BaseException], str]] = {
    "exception": (call("fail"), LookupError, "Error: LookupError: no luck"),
    "exception without words": (
        call("fail", '{"message":""}'),
        LookupError,
        "Error: LookupError",
    ),
    "long words": (
        call("fail", f'{{"message":"{"x" * 999}"}}'),
        LookupError,
        f"Error: LookupError: {'x' * 600}...",
    ),
    "unknown": (
        call("ad"),
        UnknownToolError,
        "Error: UnknownToolError: there is no tool 'ad'; there are: add, fail",
    ),
    "wrong type": (
        call("add", '{"first":1,"second":"x"}'),
        FormatMismatch,
        "Error: the arguments cannot be used: Expected `int`, got `str`"
        f" (at $.second). {AGAIN}",
    ),
    "cut": (
        call("add", '{"first":1,"sec'),
        FormatMismatch,
        "Error: the arguments cannot be used: not JSON: it ends before it is complete"
        f" (at $). {AGAIN}{CUT}",
    ),
    "no JSON": (
        call("add", "first"),
        FormatMismatch,
        "Error: the arguments cannot be used: not JSON: it begins with 'first' (at $)."
        f" {AGAIN}",
    ),
    "a word that looks cut": (
        call("add", "five"),
        FormatMismatch,
        "Error: the arguments cannot be used: not JSON: it begins with 'five' (at $)."
        f" {AGAIN}",
    ),
}


@pytest.mark.parametrize(("made", "error", "content"), FAILURES.values(), ids=FAILURES)
async def test_what_goes_wrong_is_told_to_the_model(
    made: Json, error: type[BaseException], content: str
) -> None:
    """It may do better: the run goes on."""
    run = await Model(answer(made), answer(text="Sorry")).run(add, fail)

    assert told(run) == [content]
    assert [type(each) for each in run.errors] == [error]
    assert (run.finished, run.answer.text) == (True, "Sorry")


async def test_arguments_cut_by_a_token_limit_are_told_as_such() -> None:
    """Whatever the finish reason was rewritten to, and when it was not."""
    made = answer(call("add", "[]"), finish_reason="length")

    run = await Model(made, answer()).run(add)

    assert told(run) == [
        "Error: the arguments cannot be used: Expected `object`, got `array` (at $)."
        f" {AGAIN}{CUT}"
    ]


async def test_a_foreign_cancellation_is_an_error_of_the_tool() -> None:
    """Something that a tool waits for may be cancelled by others."""

    @tool
    async def broken() -> None:
        task = asyncio.ensure_future(asyncio.Event().wait())
        task.cancel()
        await task

    run = await Model(answer(call("broken")), answer(text="Hm")).run(broken)

    assert (told(run), run.answer.text) == (["Error: CancelledError"], "Hm")


async def test_an_exception_that_is_listed_ends_the_run() -> None:
    """The other tools of its step are cancelled, and the run so far is kept."""
    made = answer(call("wait", id="1"), call("fail", id="2"), usage={"cost": 0.5})
    model = Model(made)

    with pytest.raises(LookupError) as raised:
        await model.run(fail, wait, raises=LookupError)

    run = ToolRun.of(raised.value)
    assert run is not None
    assert (run.stop_reason, run.finished, run.usage) == (
        "error",
        False,
        Usage(cost=0.5),
    )
    unfinished = "Error: the run was stopped before this call returned."
    assert told(run) == [unfinished, "Error: LookupError: no luck"]
    assert [use.finished for use in run.steps[0].uses] == [False, True]
    assert run.errors == [raised.value]


@pytest.mark.parametrize(
    "raises", [(OSError, LookupError), [LookupError]], ids=["tuple", "list"]
)
async def test_several_exceptions_may_be_listed(raises: object) -> None:
    """In any sequence."""
    with pytest.raises(LookupError, match="no luck"):
        await Model(answer(call("fail"))).run(fail, raises=raises)


async def test_a_failed_request_leads_to_the_run_so_far() -> None:
    """Its messages can be sent again."""
    first = answer(call("add", '{"first":1,"second":2}'), usage={"cost": 0.5})
    failure = RateLimitError("Slow down")
    failure.partial = answer(usage={"cost": 0.25})

    with pytest.raises(RateLimitError) as raised:
        await Model(first, failure).run(add)

    run = ToolRun.of(raised.value)
    assert run is not None
    assert (run.stop_reason, run.usage) == ("error", Usage(cost=0.75))
    assert run.answer is first
    assert run.messages == [
        *ASKED,
        first.message,
        {"role": "tool", "tool_call_id": "call_1", "content": "3"},
    ]


async def test_a_request_of_a_tool_is_none_of_the_run() -> None:
    """What it cost counts where it was made."""
    failure = RateLimitError("Slow down")
    failure.partial = answer(usage={"cost": 0.25})

    @tool
    async def ask_another() -> None:
        raise failure

    first = answer(call("ask_another"), usage={"cost": 0.5})
    with pytest.raises(RateLimitError) as raised:
        await Model(first).run(ask_another, raises=RateLimitError)

    run = ToolRun.of(raised.value)
    assert run is not None
    assert run.usage == Usage(cost=0.5)


class Quit(BaseException):
    """End the program."""


@pytest.mark.parametrize("kind", [Quit, KeyboardInterrupt, SystemExit])
async def test_what_is_no_error_ends_the_run(kind: type[BaseException]) -> None:
    """It leaves as it is, when the other tools of the step have stopped."""

    @tool
    async def end() -> None:
        raise kind("enough")

    model = Model(answer(call("wait", id="1"), call("end", id="2")))
    with pytest.raises(kind, match="enough") as raised:
        await model.run(end, wait)

    run = ToolRun.of(raised.value)
    assert run is not None
    assert [use.finished for use in run.steps[0].uses] == [False, True]
    assert run.errors == [raised.value]


async def test_a_run_that_failed_at_once_has_no_answer() -> None:
    """There is no step to take it from."""
    with pytest.raises(APIError) as raised:
        await Model(APIError("No")).run(add)

    run = ToolRun.of(raised.value)
    assert run is not None
    assert run.messages == ASKED
    with pytest.raises(AttributeError, match="the run ended before its first answer"):
        _ = run.answer


def test_an_exception_of_no_run_leads_nowhere() -> None:
    """There may be none."""
    assert ToolRun.of(ValueError("x")) is None
    assert ToolRun.of(None) is None


async def test_a_timeout_leads_to_the_run_so_far() -> None:
    """Tools are cancelled with it."""
    first = answer(call("wait"))

    with pytest.raises(TimeoutError) as raised:
        async with asyncio.timeout(0.005):
            await Model(first).run(wait)

    run = ToolRun.of(raised.value)
    assert run is not None
    assert run.answer is first


async def test_a_cancellation_stops_the_tools() -> None:
    """None goes on without an owner."""
    started, stopped = asyncio.Event(), asyncio.Event()

    @tool
    async def work() -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()

    task = asyncio.ensure_future(Model(answer(call("work"))).run(work))
    await started.wait()
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert stopped.is_set()


async def test_a_cancellation_waits_for_threads() -> None:
    """What cannot be interrupted is not left behind."""
    loop = asyncio.get_running_loop()
    started, released = asyncio.Event(), threading.Event()
    ended: list[bool] = []

    @tool
    def work() -> None:
        loop.call_soon_threadsafe(started.set)
        ended.append(released.wait(10))

    task = asyncio.ensure_future(Model(answer(call("work"))).run(work))
    await started.wait()
    task.cancel()
    await asyncio.sleep(0)
    assert not task.done()
    released.set()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == [True]


async def test_an_exception_that_leads_to_a_run_can_be_pickled() -> None:
    """Whatever the tools returned: what the model was told is kept."""

    @tool
    async def get() -> object:
        return Unpicklable(), "x"

    with pytest.raises(RateLimitError) as raised:
        await Model(answer(call("get")), RateLimitError("Slow down")).run(get)

    copied = ToolRun.of(pickle.loads(pickle.dumps(raised.value)))
    kept = ToolRun.of(raised.value)
    assert copied is not None
    assert kept is not None
    assert told(copied) == told(kept) == ['[{"size":1},"x"]']
    assert copied.messages == kept.messages


class Unpicklable(msgspec.Struct):
    """Stay where it is."""

    size: int = 1

    def __reduce__(self) -> str:
        raise TypeError("it stays here")
