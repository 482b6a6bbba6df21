"""`openrouter-async complete`: one prompt, one answer."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer

from openrouter_async.cli.answering import Request, answer
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
    TopP,
    extra_members,
    request_params,
)
from openrouter_async.cli.running import exit_codes
from openrouter_async.cli.standard_input import NAME as STDIN_NAME
from openrouter_async.cli.standard_input import STDIN, standard_input
from openrouter_async.errors import ConfigError

_OPTIONS_OWN = {"stream": "use --stream or --no-stream"}


def complete(
    prompt: Annotated[
        str | None, typer.Argument(help="The prompt; - reads standard input.")
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Read the prompt from a file."),
    ] = None,
    model: Model = None,
    stream: Annotated[
        bool | None,
        typer.Option(
            "--stream/--no-stream",
            help="Print tokens as they arrive; usual where output is a terminal.",
        ),
    ] = None,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json", help="Print what was received; streamed: a line per chunk."
        ),
    ] = False,
    verbose: Annotated[
        bool,
        typer.Option(
            "--verbose", "-v", help="Say what it took, also to a pipe or file."
        ),
    ] = False,
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
    timeout: Annotated[
        float | None, typer.Option(help="Seconds for everything.")
    ] = None,
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
        request = Request(
            prompt=_prompt(prompt, file),
            params=params,
            extra_body=extra_members(extra, _OPTIONS_OWN),
            stream=_streamed(stream, as_json),
            as_json=as_json,
            verbose=verbose,
            timeout=timeout,
            retries=retries,
            base_url=base_url,
            allow_http=allow_http,
        )
        asyncio.run(answer(request))


def _streamed(wanted: bool | None, as_json: bool) -> bool:
    return sys.stdout.isatty() and not as_json if wanted is None else wanted


def _prompt(argument: str | None, file: Path | None) -> str:
    if (argument is None) == (file is None):
        raise ConfigError("give one prompt: as argument, - (stdin), or --file")

    if file is not None:
        return _decoded(_read_file(file), str(file))

    assert argument is not None
    if argument == STDIN:
        return _decoded(_read_stdin(), STDIN_NAME)

    if not argument:
        raise ConfigError("the prompt is empty")

    return argument


def _read_file(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        message = f"{file} cannot be read: {error.strerror}"
        raise ConfigError(message) from None


def _read_stdin() -> bytes:
    stdin = standard_input()
    try:
        return stdin.read()
    except OSError as error:
        message = f"{STDIN_NAME} cannot be read: {error.strerror}"
        raise ConfigError(message) from None


def _decoded(data: bytes, source: str) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"{source} is not UTF-8 (byte {error.start})"
        raise ConfigError(message) from None

    if not text:
        raise ConfigError(f"the prompt is empty: {source} holds nothing")

    return text
