"""`openrouter-async complete`: one prompt, one answer."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from openrouter_async.cli.answering import Request, answer
from openrouter_async.cli.asked import TextRequest
from openrouter_async.cli.connecting import Connection
from openrouter_async.cli.extra_fields import extra_members
from openrouter_async.cli.prompt_argument import read_prompt
from openrouter_async.cli.request_options import (
    AllowHTTP,
    BaseURL,
    Choices,
    Echo,
    Extra,
    Logprobs,
    MaxTokens,
    Model,
    Provider,
    Retries,
    Seed,
    Stop,
    Suffix,
    Temperature,
    Timeout,
    TopP,
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
    "prompt": "PROMPT is what is completed",
    "messages": "`openrouter-async chat` sends messages",
}


def complete(
    prompt: Annotated[
        str | None, typer.Argument(help="The prompt; - reads standard input.")
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Read the prompt from a file."),
    ] = None,
    model: Model = None,
    stream: Stream = None,
    as_json: AsJSON = False,
    verbose: Verbose = False,
    max_tokens: MaxTokens = None,
    temperature: Temperature = None,
    top_p: TopP = None,
    n: Choices = None,
    stop: Stop = None,
    seed: Seed = None,
    logprobs: Logprobs = None,
    suffix: Suffix = None,
    echo: Echo = False,
    provider: Provider = None,
    extra: Extra = None,
    timeout: Timeout = None,
    retries: Retries = None,
    base_url: BaseURL = None,
    allow_http: AllowHTTP = False,
) -> None:
    """Complete a prompt; the text goes to standard output, all else to stderr."""
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
            suffix=suffix,
            echo=echo or None,
            provider=provider,
        )
        asked = TextRequest(
            prompt=read_prompt(prompt, file, noun="prompt"),
            params=params,
            extra_body=extra_members(extra, _OWN),
        )
        request = Request(
            asked=asked,
            stream=is_streamed(stream, as_json=as_json),
            as_json=as_json,
            verbose=verbose,
            connection=Connection(
                timeout=timeout,
                retries=retries,
                base_url=base_url,
                allow_http=allow_http,
            ),
        )
        asyncio.run(answer(request))
