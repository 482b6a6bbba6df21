"""What an answer holds beside its text, or in place of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from openrouter_async.cli.consoles import plural
from openrouter_async.errors import printable
from openrouter_async.types.answer import Choice
from openrouter_async.types.chat import (
    ChatChoice,
    ChatCompletion,
    ChatCompletionChunk,
    ChatMessage,
)
from openrouter_async.types.completion import Completion, CompletionChunk


def reasoning_in(
    received: Completion | CompletionChunk | ChatCompletion | ChatCompletionChunk,
) -> str | None:
    """Return the reasoning of choice 0 in words, or what a chunk adds to it."""
    if isinstance(received, ChatCompletion):
        return received.message.reasoning

    if isinstance(received, ChatCompletionChunk):
        for choice in received.choices:
            if choice.index == 0:
                return choice.delta.reasoning

    return None


def told_beside(answer: Completion | ChatCompletion) -> list[str]:
    """
    Say what of an answer is not in its text, a line each.

    Without this a model that calls tools or refuses would seem to have said nothing.
    """
    choices: Sequence[Choice] = answer.choices
    if not choices:
        return ["the answer has no choices"]

    ordered = sorted(choices, key=lambda choice: choice.index)
    return [printable(line) for choice in ordered for line in _told(choice)]


def _told(choice: Choice) -> Iterator[str]:
    told = [*_said(choice.message)] if isinstance(choice, ChatChoice) else []
    yield from told
    if not (choice.text or told):
        reason = choice.finish_reason or "none"
        yield f"the answer has no text (finish_reason: {reason})"


def _said(message: ChatMessage) -> Iterator[str]:
    if message.refusal:
        yield f"refusal: {message.refusal}"

    for call in message.tool_calls:
        yield f"tool call: {call.function.name}({call.function.arguments})"

    counts = {
        "image": len(message.images or ()),
        "sound": int(message.audio is not None),
        "annotation": len(message.annotations or ()),
    }
    kept = [f"{count} {plural(count, name)}" for name, count in counts.items() if count]
    if kept:
        yield f"not shown: {', '.join(kept)}; --json prints all of it"
