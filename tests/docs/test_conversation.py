"""The program of a conversation goes on when one of its tools does not."""

from __future__ import annotations

import runpy
from collections.abc import Awaitable, Callable
from typing import cast

import pytest

from openrouter_async import Tool
from openrouter_async.types import FunctionCall, ToolCall
from tests.docs.markdown import ROOT

Use = Callable[[ToolCall], Awaitable[object]]


def failing() -> str:
    """Be a clock that has stopped."""
    raise OSError("the clock has stopped")


@pytest.mark.parametrize(
    ("name", "arguments", "content"),
    [
        ("get_time", "{}", "The tool failed: OSError: the clock has stopped"),
        (
            "get_time",
            "[]",
            "The arguments do not match: Expected `object`, got `array` (at $)",
        ),
        ("get_date", "{}", "There is no tool 'get_date'."),
    ],
    ids=["tool", "arguments", "name"],
)
async def test_the_model_is_told_what_went_wrong(
    name: str, arguments: str, content: str
) -> None:
    """An exception of a tool does not end the program."""
    program = runpy.run_path(str(ROOT / "docs/examples/conversation.py"))
    cast("Tool[[], str]", program["get_time"]).function = failing
    call = ToolCall(id="a", function=FunctionCall(name=name, arguments=arguments))

    told = await cast("Use", program["use"])(call)

    assert told == {"role": "tool", "tool_call_id": "a", "content": content}
