"""
A conversation in the terminal: text and reasoning as they come, tools in between.

    python conversation.py What time is it?    asks this one question
    python conversation.py                     asks one of its own
    python conversation.py --talk              goes on until an empty line
"""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime

from openrouter_async import (
    ChatCompletion,
    FormatMismatch,
    OpenRouter,
    OpenRouterError,
    tool,
)
from openrouter_async.types import (
    CommentEvent,
    FinishedEvent,
    Message,
    ReasoningEvent,
    TextEvent,
    ToolCall,
    ToolCallStartedEvent,
)

MODEL = "openai/gpt-4o-mini"
STEPS = 5


@tool
def get_time() -> str:
    """Return the time in UTC, in ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")


async def answer(client: OpenRouter, messages: list[Message]) -> ChatCompletion:
    """Show one answer while it comes."""
    stream = client.chat.completions.stream(
        model=MODEL, messages=messages, tools=[get_time], max_completion_tokens=400
    )
    async with stream:
        async for event in stream.events():
            match event:
                case TextEvent(text=text) | ReasoningEvent(text=text):
                    print(text, end="", flush=True)
                case ToolCallStartedEvent(name=name):
                    print(f"[{name}]", end=" ", flush=True)
                case CommentEvent():
                    print(".", end="", flush=True, file=sys.stderr)
                case FinishedEvent():
                    print()
                case _:
                    pass

    return await stream.final()


async def use(call: ToolCall) -> Message:
    """Run the tool that a call asks for, and return what the model is told."""
    content = f"There is no tool {call.function.name!r}."
    if call.function.name == get_time.name:
        try:
            content = str(await get_time.run(call.function.arguments))
        except FormatMismatch as error:
            content = f"The arguments do not match: {error}"
        except Exception as error:  # of the tool: the model may know better
            content = f"The tool failed: {type(error).__name__}: {error}"

    return {"role": "tool", "tool_call_id": call.id, "content": content}


async def turn(client: OpenRouter, messages: list[Message]) -> None:
    """Answer what the user said last, in as many steps as the tools take."""
    for _ in range(STEPS):
        done = await answer(client, messages)
        # With its tool calls and its reasoning, which the model has to see again.
        messages.append(done.message)
        if not done.tool_calls:
            return

        messages += [await use(call) for call in done.tool_calls]


async def main(question: str, *, talk: bool) -> int:
    """Ask, and go on if it is a talk; return the exit status."""
    messages: list[Message] = [{"role": "system", "content": "Be brief."}]
    async with OpenRouter() as client:
        while question:
            messages.append({"role": "user", "content": question})
            try:
                await turn(client, messages)
            except OpenRouterError as error:
                print(f"\n{type(error).__name__}: {error}", file=sys.stderr)
                return 1

            question = await asyncio.to_thread(input, "> ") if talk else ""

    return 0


if __name__ == "__main__":
    talking = sys.argv[1:] == ["--talk"]
    words = "" if talking else " ".join(sys.argv[1:])
    sys.exit(asyncio.run(main(words or "What time is it?", talk=talking)))
