"""
A completion printed as it is generated, whatever happens on the way.

    python live_stream.py [prompt]
"""

from __future__ import annotations

import asyncio
import sys

from openrouter_async import CompletionStream, OpenRouter, OpenRouterError

MODEL = "openai/gpt-4o-mini-base"


async def show(stream: CompletionStream) -> None:
    """Print the text while it comes."""
    async for text in stream.texts():
        print(text, end="", flush=True)

    print()


def summary(stream: CompletionStream) -> str:
    """Say what the stream was, as far as it is known."""
    usage = stream.usage
    first = stream.time_to_first_event
    parts = [
        f"finish reason {stream.snapshot.choices[0].finish_reason}",
        f"first event after {first:.3f} s" if first is not None else "no event",
        f"{usage.completion_tokens} tokens, ${usage.cost}" if usage else "no usage",
        f"id {stream.meta.generation_id}",
    ]
    return ", ".join(parts)


async def main(prompt: str) -> int:
    """Stream one completion; return the exit status."""
    async with OpenRouter() as client:
        stream = client.completions.stream(model=MODEL, prompt=prompt, max_tokens=100)
        try:
            async with stream:
                await show(stream)
        except OpenRouterError as error:
            # What was printed stays valid: it is error.partial.text.
            kept = error.partial.text if error.partial else ""
            print(f"\n{type(error).__name__}: {error}", file=sys.stderr)
            print(f"{len(kept)} characters were received", file=sys.stderr)
            return 1

    print(summary(stream), file=sys.stderr)
    return 0


if __name__ == "__main__":
    words = " ".join(sys.argv[1:]) or "The harbour at dawn was"
    sys.exit(asyncio.run(main(words)))
