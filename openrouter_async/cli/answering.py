"""Asks for an answer and writes it to standard output."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TypeAlias

from openrouter_async.cli.asked import ChatRequest, TextRequest
from openrouter_async.cli.beside_text import reasoning_in, told_beside
from openrouter_async.cli.connecting import PLACES, Connection, naming_base_url
from openrouter_async.cli.consoles import (
    failure_lines,
    show_notes,
    stderr_console,
    summary,
)
from openrouter_async.cli.output import Output, Reasoning
from openrouter_async.client import OpenRouter
from openrouter_async.errors import OpenRouterError
from openrouter_async.types.chat import ChatCompletion
from openrouter_async.types.completion import Completion

_Whole: TypeAlias = Completion | ChatCompletion


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """
    Hold what to ask and how to show the answer.

    Attributes:
        asked: what to ask.
        stream: whether to print tokens as they arrive.
        as_json: whether to print what was received instead of the text.
        verbose: whether to say what it took even if nobody looks.
        show_reasoning: whether to write the reasoning of a chat to standard error.
        connection: how the API is reached.
    """

    asked: TextRequest | ChatRequest
    stream: bool
    as_json: bool
    verbose: bool
    show_reasoning: bool = False
    connection: Connection


async def answer(request: Request) -> None:
    """
    Ask, write the answer to standard output and what it took to standard error.

    Raises:
        OpenRouterError: there is no whole answer; what came of it was written.
    """
    started = time.monotonic()
    told = request.verbose or stderr_console().is_terminal
    try:
        async with request.connection.client() as opened:
            ask = _stream if request.stream else _create
            with naming_base_url(opened, *PLACES):
                whole = await ask(opened, request, Output())
    except OpenRouterError as error:
        show_notes(failure_lines(error.history) if told else ())
        raise

    if not request.as_json:
        show_notes(told_beside(whole))

    if told:
        show_notes(failure_lines(whole.meta.history))
        show_notes([_summary(whole, time.monotonic() - started)])


def _summary(whole: _Whole, elapsed: float) -> str:
    line = summary(whole.usage, whole.meta, elapsed)
    identity = [whole.model, whole.provider, whole.meta.generation_id]
    return ", ".join([line, *(name for name in identity if name)])


async def _create(opened: OpenRouter, request: Request, output: Output) -> _Whole:
    try:
        whole = await request.asked.create(opened)
    except OpenRouterError as error:
        if error.partial is not None and not request.as_json:
            output.choices(error.partial.choices, after=0)

        raise

    reasoning = Reasoning(wanted=request.show_reasoning)
    reasoning.text(reasoning_in(whole))
    reasoning.end_line()
    if request.as_json:
        output.json(whole.raw)
    else:
        output.choices(whole.choices, after=0)

    return whole


async def _stream(opened: OpenRouter, request: Request, output: Output) -> _Whole:
    stream = request.asked.stream(opened)
    reasoning = Reasoning(wanted=request.show_reasoning)
    try:
        async with stream:
            async for chunk in stream:
                reasoning.text(reasoning_in(chunk))
                if request.as_json:
                    output.json(chunk.raw)
                elif chunk.text:
                    reasoning.end_line()
                    output.text(chunk.text)
    except asyncio.CancelledError:
        output.interrupt()
        reasoning.interrupt()
        raise
    finally:
        reasoning.end_line()
        # Choice 0 was written as it came; the others would have been mixed into it.
        if not request.as_json:
            output.end_line()
            output.choices(stream.snapshot.choices, after=1)

    return stream.snapshot
