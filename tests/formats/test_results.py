"""Results of tools become text that JSON readers understand."""

from __future__ import annotations

import math
from dataclasses import dataclass

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


async def test_nulls_are_results() -> None:
    """Those that are in it."""
    run = await ran([Measured(1.5), None, "null"])

    assert run.steps[0].uses[0].content == '[{"value":1.5,"note":null},null,"null"]'
