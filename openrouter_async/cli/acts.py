"""The acts of the demo that ask for one answer at a time."""

from __future__ import annotations

import time
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from rich.console import Console

from openrouter_async.cli.consoles import summary
from openrouter_async.cli.paragraph import Paragraph
from openrouter_async.client import OpenRouter
from openrouter_async.errors import OpenRouterError, StreamInterruptedError
from openrouter_async.types.completion_params import CompletionParams

if TYPE_CHECKING:
    from openrouter_async.testing import Simulator

_SUBJECTS = (
    "lighthouses", "tea gardens", "paper maps", "night trains", "mountain huts",
    "old clocks", "river ferries", "kite festivals", "winter markets", "beekeeping",
    "glass blowing", "tide pools", "book binding", "wind mills", "street pianos",
)  # fmt: skip
_TOKEN_INTERVAL = 0.05  # about as fast as a model that is pleasant to read
_WAIT = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """
    Hold what all acts have in common.

    Attributes:
        model: that is asked.
        seed: of prompts and answers.
        max_tokens: of an answer; None for the model's.
    """

    model: str
    seed: int
    max_tokens: int | None

    @property
    def params(self) -> CompletionParams:
        """The fields of every request beside its prompt."""
        params = CompletionParams(model=self.model, seed=self.seed)
        if self.max_tokens is not None:
            params["max_tokens"] = self.max_tokens

        return params

    def prompts(self, number: int) -> list[str]:
        """Make prompts, the same ones for the same seed."""
        dice = Random(self.seed)
        return [
            f"Line {line}: what is it about {dice.choice(_SUBJECTS)}?"
            for line in range(1, number + 1)
        ]


def heading(console: Console, text: str, *notes: str) -> None:
    """Begin an act."""
    console.print()
    console.print(text, style="bold cyan")
    for note in notes:
        _note(console, note)


def _note(console: Console, text: str) -> None:
    console.print(f"   {text}", style="dim", soft_wrap=True)


async def await_completion(console: Console, client: OpenRouter, play: Play) -> None:
    """Await a completion; show its text and what it took."""
    prompt = "Why do lighthouses have stripes?"
    heading(
        console,
        "1. A completion, awaited",
        "done = await client.completions.create(prompt=..., model=...)",
        f"prompt: {prompt}",
    )
    started = time.monotonic()
    done = await client.completions.create(prompt=prompt, **play.params)
    paragraph = Paragraph(console)
    paragraph.add(done.text.strip())
    paragraph.end()
    _note(console, summary(done.usage, done.meta, time.monotonic() - started))


async def stream_tokens(
    console: Console, client: OpenRouter, play: Play, simulator: Simulator | None
) -> None:
    """Print a stream's tokens as they arrive; show how soon the first one came."""
    prompt = "Tell me about the night trains of Europe."
    heading(
        console,
        "2. A token stream, printed as it arrives",
        "async with client.completions.stream(prompt=..., model=...) as stream:",
        f"prompt: {prompt}",
    )
    if simulator is not None:
        from openrouter_async.testing import Slow

        simulator.script(Slow(_TOKEN_INTERVAL))

    started = time.monotonic()
    paragraph = Paragraph(console)
    async with client.completions.stream(prompt=prompt, **play.params) as stream:
        async for text in stream.texts():
            paragraph.add(text)

    paragraph.end()
    told = summary(stream.usage, stream.meta, time.monotonic() - started)
    _note(console, f"first event after {stream.time_to_first_event or 0:.2f} s; {told}")


async def meet_faults(
    console: Console, client: OpenRouter, play: Play, simulator: Simulator
) -> None:
    """Meet a refusal, an error inside a 200 and a stream that is cut."""
    heading(console, "What can go wrong")
    await _meet_refusal(console, client, play, simulator)
    await _meet_inner_error(console, client, play, simulator)
    await _meet_cut(console, client, play, simulator)


async def _meet_refusal(
    console: Console, client: OpenRouter, play: Play, simulator: Simulator
) -> None:
    from openrouter_async.testing import Fail

    simulator.script(Fail(429, retry_after=_WAIT))
    done = await client.completions.create(prompt="Are you busy?", **play.params)
    waits = " and ".join(
        f"{failure.waited:.2f} s after {failure.error} {failure.code}"
        for failure in done.meta.history
    )
    _fault(
        console,
        f'A busy server that says "Retry-After: {_WAIT}"',
        f"answered at attempt {done.meta.attempts}, waited {waits}",
    )


async def _meet_inner_error(
    console: Console, client: OpenRouter, play: Play, simulator: Simulator
) -> None:
    from openrouter_async.testing import FailInside

    simulator.script(FailInside(502))
    told = "not noticed"
    try:
        await client.completions.create(prompt="All well?", retry=0, **play.params)
    except OpenRouterError as error:
        told = f"{type(error).__name__} ({error}), although status={error.status}"

    _fault(console, "An error inside an answer with status 200 (retry=0)", told)


async def _meet_cut(
    console: Console, client: OpenRouter, play: Play, simulator: Simulator
) -> None:
    from openrouter_async.testing import Cut

    simulator.script(Cut(after_tokens=8))
    stream = client.completions.stream(prompt="Tell me about kites.", **play.params)
    told = "not noticed"
    try:
        await stream.final()
    except StreamInterruptedError as error:
        kept = error.partial.text.strip() if error.partial else ""
        told = f"{type(error).__name__}, kept as error.partial: {kept!r}"

    _fault(console, "A stream that is cut after 8 tokens", told)


def _fault(console: Console, fault: str, told: str) -> None:
    console.print(f"   {fault}")
    paragraph = Paragraph(console, indent="     ", style="dim")
    paragraph.add(f"-> {told}")
    paragraph.end()
