"""`openrouter-async chat`: one message, one answer."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from openrouter_async.cli.answering import Request, answer
from openrouter_async.cli.asked import ChatRequest
from openrouter_async.cli.connecting import Connection
from openrouter_async.cli.conversations import checked_system, conversation
from openrouter_async.cli.extra_fields import extra_members
from openrouter_async.cli.prompt_argument import read_prompt
from openrouter_async.cli.request_options import (
    AllowHTTP,
    BaseURL,
    Choices,
    Extra,
    Logprobs,
    MaxTokens,
    Model,
    Provider,
    Retries,
    Seed,
    Stop,
    System,
    Temperature,
    Timeout,
    TopP,
    chat_params,
    request_params,
)
from openrouter_async.cli.running import exit_codes
from openrouter_async.cli.showing_options import (
    STREAM_REMEDY,
    AsJSON,
    Stream,
    Verbose,
    is_streamed,
)

_OWN = {
    "stream": STREAM_REMEDY,
    "messages": "MESSAGE and --system make them, and `openrouter-async map` sends whole"
    " conversations",
    "prompt": "`openrouter-async complete` sends prompts",
}


def chat(
    message: Annotated[
        str | None, typer.Argument(help="The message; - reads standard input.")
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Read the message from a file."),
    ] = None,
    system: System = None,
    model: Model = None,
    stream: Stream = None,
    as_json: AsJSON = False,
    verbose: Verbose = False,
    show_reasoning: Annotated[
        bool,
        typer.Option("--show-reasoning", help="Write the reasoning to stderr."),
    ] = False,
    max_tokens: MaxTokens = None,
    temperature: Temperature = None,
    top_p: TopP = None,
    n: Choices = None,
    stop: Stop = None,
    seed: Seed = None,
    logprobs: Logprobs = None,
    provider: Provider = None,
    extra: Extra = None,
    timeout: Timeout = None,
    retries: Retries = None,
    base_url: BaseURL = None,
    allow_http: AllowHTTP = False,
) -> None:
    """Send a message and print the answer; all else goes to stderr."""
    with exit_codes():
        params = request_params(
            model=model,
            max_tokens=max_tokens,
            temperature=temperature,
            top_p=top_p,
            n=n,
            stop=stop or None,
            seed=seed,
            logprobs=logprobs,
            provider=provider,
        )
        asked = ChatRequest(
            messages=conversation(
                read_prompt(message, file, noun="message"), checked_system(system)
            ),
            params=chat_params(params),
            extra_body=extra_members(extra, _OWN),
        )
        request = Request(
            asked=asked,
            stream=is_streamed(stream, as_json=as_json),
            as_json=as_json,
            verbose=verbose,
            show_reasoning=show_reasoning,
            connection=Connection(
                timeout=timeout,
                retries=retries,
                base_url=base_url,
                allow_http=allow_http,
            ),
        )
        asyncio.run(answer(request))
