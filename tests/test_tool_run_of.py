"""From an exception to the run that it ended, whatever was made of it on its way."""

from __future__ import annotations

import asyncio

import pytest

from openrouter_async import RateLimitError
from openrouter_async.resources.tool_runs import ToolRun
from openrouter_async.types.chat import ChatCompletion
from tests.tool_running import Model, add, answer, call

FIRST = answer(call("add", '{"first":1,"second":2}'))


async def fail() -> None:
    """Have a request of a run fail."""
    await Model(FIRST, RateLimitError("Slow down")).run(add)


async def failed() -> RateLimitError:
    """Return what ended a run."""
    with pytest.raises(RateLimitError) as raised:
        await fail()

    return raised.value


def run_of(error: BaseException) -> ToolRun[ChatCompletion]:
    """Return the run that an exception leads to."""
    run = ToolRun.of(error)
    assert run is not None
    return run


def circle() -> tuple[ValueError, OSError]:
    """Build two exceptions that caused each other."""
    first, second = ValueError("of the run"), OSError("of the cleanup")
    first.__cause__, second.__context__ = second, first
    return first, second


def test_a_circle_of_causes_ends() -> None:
    """Cleaning up after an exception can fail, and become its cause."""
    first, second = circle()

    assert ToolRun.of(first) is None
    assert ToolRun.of(second) is None


async def test_a_circle_of_causes_that_leads_to_a_run() -> None:
    """It is found all the same."""
    first, second = circle()
    second.__cause__ = await failed()

    assert run_of(first).answer is FIRST


async def test_a_context_beside_a_cause() -> None:
    """Both are looked at."""
    error = ValueError("another")
    error.__cause__, error.__context__ = OSError("a cause"), await failed()

    assert run_of(error).answer is FIRST


async def test_the_group_of_a_task_group() -> None:
    """The run of one of its tasks is found, within groups as well."""
    with pytest.raises(ExceptionGroup) as raised:
        async with asyncio.TaskGroup() as group:
            group.create_task(fail())

    outer = ExceptionGroup("outer", [ValueError("none"), raised.value])

    assert run_of(raised.value).answer is FIRST
    assert run_of(outer).answer is FIRST


async def test_several_runs_of_a_group() -> None:
    """The first is given; `exceptions` lead to the others."""
    first, second = await failed(), await failed()
    group = BaseExceptionGroup("both", [first, second])

    assert ToolRun.of(group) is ToolRun.of(first)
    assert ToolRun.of(group) is not ToolRun.of(second)


def test_a_group_of_no_run() -> None:
    """It leads nowhere."""
    assert ToolRun.of(ExceptionGroup("none", [ValueError("x")])) is None
