"""What tests of tool runs share: a model with a script, and tools."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from openrouter_async.formats.tool import Tool, tool
from openrouter_async.resources.tool_runs import ToolRun, run_tools
from openrouter_async.types.chat import ChatCompletion
from openrouter_async.types.messages import Message

ASKED: list[Message] = [{"role": "user", "content": "How many?"}]
Json = dict[str, Any]


def call(name: str, arguments: str = "{}", id: str = "call_1") -> Json:
    """Have the model call a tool."""
    function = {"name": name, "arguments": arguments}
    return {"id": id, "type": "function", "function": function}


def answer(
    *calls: Json,
    text: str | None = None,
    usage: Json | None = None,
    provider: str | None = None,
    finish_reason: str | None = "stop",
    **message: object,
) -> ChatCompletion:
    """Have the model say something, and call tools."""
    said = {"role": "assistant", "content": text, **message}
    if calls:
        said["tool_calls"] = list(calls)

    choice = {"index": 0, "message": said, "finish_reason": finish_reason}
    members = {"choices": [choice], "usage": usage, "provider": provider}
    return msgspec.convert(members, ChatCompletion)


class Model:
    """Answer as a script says, and keep what was sent."""

    def __init__(self, *script: ChatCompletion | BaseException) -> None:
        self.script = list(script)
        self.requests: list[tuple[list[Message], Mapping[str, object]]] = []

    async def create(
        self, messages: Sequence[Message], params: Mapping[str, object]
    ) -> ChatCompletion:
        """Answer one request."""
        self.requests.append((list(messages), params))
        await asyncio.sleep(0)
        answered = self.script.pop(0)
        if isinstance(answered, BaseException):
            raise answered

        return answered

    async def run(
        self,
        *tools: Tool[..., object] | Json,
        params: Json | None = None,
        **options: Any,
    ) -> ToolRun[ChatCompletion]:
        """Run tools with this model."""
        return await run_tools(self.create, ASKED, tools, params or {}, **options)


def told(run: ToolRun[ChatCompletion]) -> list[object]:
    """List what the model was told of its calls."""
    return [use.content for step in run.steps for use in step.uses]


@tool
def add(first: int, second: int) -> int:
    """Add."""
    return first + second


@tool
async def fail(message: str = "no luck") -> None:
    """Fail."""
    raise LookupError(message)
