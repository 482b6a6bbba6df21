"""One call of a tool by a model: run, timed, and answered whatever happens."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass

from openrouter_async.formats.mismatch import FormatMismatch
from openrouter_async.formats.results import failure_content, result_content
from openrouter_async.formats.tool import Tool
from openrouter_async.types.messages import Content, ToolMessage
from openrouter_async.types.tool_calls import ToolCall

_UNFINISHED = "Error: the run was stopped before this call returned."


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolUse:
    """
    Tell what became of one call of a tool.

    Pickled, it leaves `result` and `error` behind: they may be anything, and an
    exception that leads to them has to go from one process to another.

    Attributes:
        call: what the model asked for.
        result: what the function returned.
        error: what went wrong instead; the model is told.
        content: what the model is told.
        seconds: how long it took.
        finished: whether it ended before the run did.
    """

    call: ToolCall
    result: object = None
    error: BaseException | None = None
    content: Content = _UNFINISHED
    seconds: float = 0.0
    finished: bool = False

    @property
    def name(self) -> str:
        """The name of the tool."""
        return self.call.function.name

    @property
    def arguments(self) -> str:
        """The arguments, as the model wrote them."""
        return self.call.function.arguments

    @property
    def message(self) -> ToolMessage:
        """The message that tells the model."""
        call_id = self.call.id
        return {"role": "tool", "tool_call_id": call_id, "content": self.content}

    def __reduce__(self) -> tuple[object, ...]:
        return _restored, (self.call, self.content, self.seconds, self.finished)


def _restored(
    call: ToolCall, content: Content, seconds: float, finished: bool
) -> ToolUse:
    return ToolUse(call=call, content=content, seconds=seconds, finished=finished)


class UnknownToolError(LookupError):
    """Raised when the model calls a tool that it was not offered."""


async def use_tool(
    call: ToolCall, tools: Mapping[str, Tool[..., object]], *, cut: bool
) -> ToolUse:
    """
    Run a tool as a model asks for it.

    Args:
        call: what the model asks for.
        tools: those that it was offered, by name.
        cut: whether the answer ended at a token limit.

    Returns:
        What became of it; its `error` is an exception of the tool, UnknownToolError,
        or FormatMismatch for the arguments.
    """
    started = time.perf_counter()
    result: object = None
    error: BaseException | None = None
    try:
        result = await _found(call, tools).run(call.function.arguments)
        content = result_content(result)
    except asyncio.CancelledError as found:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise

        # Something else was cancelled, which the tool waited for.
        error, content = found, failure_content(found)
    except GeneratorExit:  # nobody waits any more
        raise
    except BaseException as found:  # whatever a tool raises
        error, content = found, failure_content(found)
        if isinstance(found, FormatMismatch) and (cut or found.is_cut):
            content += " They were cut: keep them shorter, or split the call."

    seconds = time.perf_counter() - started
    return ToolUse(
        call=call,
        result=result,
        error=error,
        content=content,
        seconds=seconds,
        finished=True,
    )


def _found(call: ToolCall, tools: Mapping[str, Tool[..., object]]) -> Tool[..., object]:
    name = call.function.name
    if name in tools:
        return tools[name]

    known = ", ".join(tools) or "none"
    raise UnknownToolError(f"there is no tool {name!r}; there are: {known}")
