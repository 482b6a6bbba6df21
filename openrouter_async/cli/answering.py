"""Asks for an answer and writes it to standard output."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from openrouter_async.cli.connecting import PLACES, client, naming_base_url
from openrouter_async.cli.consoles import (
    failure_lines,
    show_notes,
    stderr_console,
    summary,
)
from openrouter_async.client import OpenRouter
from openrouter_async.errors import OpenRouterError
from openrouter_async.types.answer import Choice
from openrouter_async.types.completion import Completion
from openrouter_async.types.completion_params import CompletionParams

# What moves the cursor or more; a terminal must not get it from a model.
_CONTROLS = {
    code: "\ufffd"
    for code in (*range(0x20), *range(0x7F, 0xA0))
    if chr(code) not in "\n\t"
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """
    Hold what to ask and how to show the answer.

    Attributes:
        prompt: what to complete.
        params: the other fields of the request.
        extra_body: members that are not typed.
        stream: whether to print tokens as they arrive.
        as_json: whether to print what was received instead of the text.
        verbose: whether to say what it took even if nobody looks.
        timeout: seconds for everything; None for the usual timers.
        retries: attempts after the first; None for the usual number.
        base_url: of the API; None for the environment's.
        allow_http: whether that may be without TLS.
    """

    prompt: str
    params: CompletionParams
    extra_body: Mapping[str, object] | None
    stream: bool
    as_json: bool
    verbose: bool
    timeout: float | None
    retries: int | None
    base_url: str | None
    allow_http: bool


class Output:
    """Write text to standard output at once, as text or as JSON lines."""

    def __init__(self) -> None:
        self._guarded = sys.stdout.isatty()
        self._last = "\n"

    def text(self, text: str) -> None:
        """Write a piece of an answer, without control characters to a terminal."""
        if text:
            sys.stdout.write(text.translate(_CONTROLS) if self._guarded else text)
            sys.stdout.flush()
            self._last = text[-1]

    def end_line(self) -> None:
        """End the line that was begun."""
        if self._last != "\n":
            self.text("\n")

    def interrupt(self) -> None:
        """Leave the line as it is in a terminal: Ctrl-C ends it for all commands."""
        if self._guarded:
            self._last = "\n"

    def choices(self, choices: Sequence[Choice], *, after: int) -> None:
        """Write choices from an index on, with an empty line before each other one."""
        for choice in sorted(choices, key=lambda choice: choice.index):
            if choice.index < after:
                continue

            if choice.index > 0:
                self.text("\n")

            self.text(choice.text)
            self.end_line()

    def json(self, document: bytes) -> None:
        """Write a JSON document in one line; no string in it can hold a newline."""
        sys.stdout.buffer.write(document.strip().replace(b"\n", b" ") + b"\n")
        sys.stdout.buffer.flush()


async def answer(request: Request) -> None:
    """
    Ask, write the answer to standard output and what it took to standard error.

    Raises:
        OpenRouterError: there is no whole answer; what came of it was written.
    """
    started = time.monotonic()
    told = request.verbose or stderr_console().is_terminal
    try:
        async with client(
            base_url=request.base_url,
            allow_http=request.allow_http,
            timeout=request.timeout,
            retry=request.retries,
        ) as opened:
            ask = _stream if request.stream else _create
            with naming_base_url(opened, *PLACES):
                completion = await ask(opened, request, Output())
    except OpenRouterError as error:
        show_notes(failure_lines(error.history) if told else ())
        raise

    if told:
        show_notes(failure_lines(completion.meta.history))
        show_notes([_summary(completion, time.monotonic() - started)])


def _summary(completion: Completion, elapsed: float) -> str:
    line = summary(completion.usage, completion.meta, elapsed)
    identity = [completion.model, completion.provider, completion.meta.generation_id]
    return ", ".join([line, *(name for name in identity if name)])


async def _create(opened: OpenRouter, request: Request, output: Output) -> Completion:
    try:
        completion = await opened.completions.create(
            prompt=request.prompt, extra_body=request.extra_body, **request.params
        )
    except OpenRouterError as error:
        if error.partial is not None and not request.as_json:
            output.choices(error.partial.choices, after=0)

        raise

    if request.as_json:
        output.json(completion.raw)
    else:
        output.choices(completion.choices, after=0)

    return completion


async def _stream(opened: OpenRouter, request: Request, output: Output) -> Completion:
    stream = opened.completions.stream(
        prompt=request.prompt, extra_body=request.extra_body, **request.params
    )
    try:
        async with stream:
            async for chunk in stream:
                if request.as_json:
                    output.json(chunk.raw)
                else:
                    output.text(chunk.text)
    except asyncio.CancelledError:
        output.interrupt()
        raise
    finally:
        # Choice 0 was written as it came; the others would have been mixed into it.
        if not request.as_json:
            output.end_line()
            output.choices(stream.snapshot.choices, after=1)

    return stream.snapshot
