"""`openrouter-async complete`: one prompt, one answer."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Annotated, TextIO, cast

import msgspec
import typer

from openrouter_async.cli.answering import Request, answer
from openrouter_async.cli.consoles import show_notes
from openrouter_async.cli.running import exit_codes
from openrouter_async.errors import ConfigError
from openrouter_async.types.completion_params import CompletionParams

_STDIN = "-"


def complete(
    prompt: Annotated[
        str | None, typer.Argument(help="The prompt; - reads standard input.")
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Read the prompt from a file."),
    ] = None,
    model: Annotated[str | None, typer.Option(help="Such as openai/gpt-4o.")] = None,
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
    max_tokens: Annotated[int | None, typer.Option(help="Most tokens.")] = None,
    temperature: Annotated[float | None, typer.Option(help="0 to 2.")] = None,
    top_p: Annotated[float | None, typer.Option(help="0 to 1.")] = None,
    n: Annotated[
        int | None, typer.Option("--n", "-n", help="How many answers.")
    ] = None,
    stop: Annotated[
        list[str] | None,
        typer.Option(metavar="TEXT", help="Where to stop; can be repeated."),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="For repeatable answers.")] = None,
    logprobs: Annotated[
        int | None, typer.Option(help="Most likely tokens to list; see --json.")
    ] = None,
    suffix: Annotated[
        str | None, typer.Option(help="What follows the completion.")
    ] = None,
    echo: Annotated[bool, typer.Option("--echo", help="Repeat the prompt.")] = False,
    provider: Annotated[
        str | None, typer.Option(metavar="JSON", help="Provider preferences.")
    ] = None,
    extra: Annotated[
        str | None, typer.Option(metavar="JSON", help="Further members of the request.")
    ] = None,
    timeout: Annotated[
        float | None, typer.Option(help="Seconds for everything.")
    ] = None,
    retries: Annotated[
        int | None, typer.Option(min=0, help="Attempts after the first.")
    ] = None,
    base_url: Annotated[
        str | None, typer.Option(help="In place of OPENROUTER_BASE_URL.")
    ] = None,
    allow_http: Annotated[
        bool, typer.Option("--allow-http", help="Permit a base URL without TLS.")
    ] = False,
) -> None:
    """Complete a prompt; the text goes to standard output, all else to stderr."""
    given: dict[str, object] = {
        "model": model,
        "max_tokens": max_tokens,
        "temperature": temperature,
        "top_p": top_p,
        "n": n,
        "stop": stop or None,
        "seed": seed,
        "logprobs": logprobs,
        "suffix": suffix,
        "echo": echo or None,
    }
    with exit_codes():
        given["provider"] = _members("--provider", provider)
        params = {name: value for name, value in given.items() if value is not None}
        request = Request(
            prompt=_prompt(prompt, file),
            params=cast("CompletionParams", params),
            extra_body=_members("--extra", extra),
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
    if argument == _STDIN:
        return _decoded(_read_stdin(), "standard input")

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
    # typeshed has none for a descriptor that was closed before Python started.
    stdin = cast("TextIO | None", sys.stdin)
    if stdin is None:
        raise ConfigError("standard input is closed")

    if stdin.isatty():
        show_notes(["reading standard input, Ctrl-D ends it"])

    try:
        return stdin.buffer.read()
    except OSError as error:
        message = f"standard input cannot be read: {error.strerror}"
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


def _members(option: str, text: str | None) -> dict[str, object] | None:
    if text is None:
        return None

    try:
        return msgspec.json.decode(text, type=dict[str, object])
    except (msgspec.DecodeError, UnicodeError) as error:
        message = f"{option} must be a JSON object: {error}"
        raise ConfigError(message) from None
