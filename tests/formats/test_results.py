"""Results of tools become text that JSON readers understand."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType

import pytest
from pydantic import BaseModel

from openrouter_async.formats.tool import tool
from openrouter_async.resources.tool_runs import ToolRun
from openrouter_async.testing import Simulator, Text, ToolCall, ToolCalls
from openrouter_async.types.chat import ChatCompletion


@dataclass
class Measured:
    """Hold a number and nothing."""

    value: float
    note: str | None = None


class Model(BaseModel):
    """Hold a number in a model."""

    values: list[float]


async def ran(result: object) -> ToolRun[ChatCompletion]:
    """Run a tool that returns something."""

    @tool
    def measure() -> object:
        return result

    async with Simulator() as simulator, simulator.client() as client:
        simulator.script(ToolCalls(ToolCall("measure", {})), Text("Done."))
        return await client.chat.completions.run_tools(
            messages=[{"role": "user", "content": "Measure."}], tools=[measure]
        )


@pytest.mark.parametrize(
    ("result", "number"),
    [
        (math.nan, "nan"),
        ([None, {"a": -math.inf}], "-inf"),
        (Measured(math.inf), "inf"),
        (Model(values=[1.0, math.nan]), "nan"),
    ],
    ids=["number", "inside", "dataclass", "model"],
)
async def test_a_number_that_json_cannot_hold_is_an_error(
    result: object, number: str
) -> None:
    """The model would take a null for no result."""
    run = await ran(result)

    [use] = run.steps[0].uses
    assert type(use.error) is ValueError
    assert use.content == (
        f"Error: ValueError: the result holds the number {number}, which JSON has no"
        " form for"
    )


SURROGATE = "caf\udce9.txt"  # as os.listdir gives a name that is not UTF-8
PART: dict[str, object] = {"type": "text", "text": "a"}


class Unspeakable(Exception):
    """Be an exception that cannot say what it is about."""

    def __str__(self) -> str:
        raise ValueError("no words")


@pytest.mark.parametrize(
    ("result", "error"),
    [
        (SURROGATE, "UnicodeEncodeError"),
        ({"a": SURROGATE}, "UnicodeEncodeError"),
        ([{**PART, "text": SURROGATE}], "UnicodeEncodeError"),
        ([{**PART, SURROGATE: 1}], "UnicodeEncodeError"),
        ([{**PART, "text": b"a"}], "TypeError"),
        ([{**PART, "own": [bytearray(b"a")]}], "TypeError"),
        ([{**PART, "own": {"a": math.nan}}], "ValueError"),
        ([{**PART, "own": object()}], "TypeError"),
    ],
)
async def test_a_result_that_no_request_can_hold(result: object, error: str) -> None:
    """The model is told, and the conversation can be sent again."""
    run = await ran(result)

    [use] = run.steps[0].uses
    assert run.finished
    assert isinstance(use.content, str)
    assert use.content.startswith(f"Error: {error}: ")
    assert type(use.error).__name__ == error


@pytest.mark.parametrize(
    ("error", "content"),
    [
        (FileNotFoundError(SURROGATE), "Error: FileNotFoundError: caf\\udce9.txt"),
        (Unspeakable(), "Error: Unspeakable"),
    ],
)
async def test_an_exception_that_no_request_can_hold(
    error: Exception, content: str
) -> None:
    """What of its message can be told is."""

    @tool
    def measure() -> object:
        raise error

    async with Simulator() as simulator, simulator.client() as client:
        simulator.script(ToolCalls(ToolCall("measure", {})), Text("Done."))
        run = await client.chat.completions.run_tools(
            messages=[{"role": "user", "content": "Measure."}], tools=[measure]
        )

    assert [use.content for use in run.steps[0].uses] == [content]
    assert run.finished


async def test_parts_of_other_types() -> None:
    """They become the JSON that they stand for."""
    odd = {**PART, "n": Decimal("0.10"), "m": Model(values=[1.5]), "s": {1}}
    run = await ran((MappingProxyType(odd), PART))

    expected = {**PART, "n": Decimal("0.10"), "m": {"values": [1.5]}, "s": [1]}
    assert run.finished
    assert [*run.steps[0].uses[0].content] == [expected, PART]


async def test_nulls_are_results() -> None:
    """Those that are in it."""
    run = await ran([Measured(1.5), None, "null"])

    assert run.steps[0].uses[0].content == '[{"value":1.5,"note":null},null,"null"]'
