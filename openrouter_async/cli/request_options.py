"""The options of all commands that send requests, and what they amount to."""

from __future__ import annotations

from typing import Annotated, TypeAlias, cast

import typer

from openrouter_async.cli.json_text import BadJSONError, json_kind, json_of
from openrouter_async.errors import ConfigError
from openrouter_async.types.chat_params import ChatParams
from openrouter_async.types.completion_params import CompletionParams
from openrouter_async.types.lenient import is_object

Model: TypeAlias = Annotated[
    str | None, typer.Option("--model", "-m", help="Such as openai/gpt-4o.")
]
MaxTokens: TypeAlias = Annotated[int | None, typer.Option(help="Most tokens.")]
Temperature: TypeAlias = Annotated[float | None, typer.Option(help="0 to 2.")]
TopP: TypeAlias = Annotated[float | None, typer.Option(help="0 to 1.")]
Choices: TypeAlias = Annotated[
    int | None, typer.Option("--n", "-n", help="How many answers.")
]
Stop: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(metavar="TEXT", help="Where to stop; can be repeated."),
]
Seed: TypeAlias = Annotated[int | None, typer.Option(help="For repeatable answers.")]
Logprobs: TypeAlias = Annotated[
    int | None, typer.Option(help="Most likely tokens to list; in the JSON only.")
]
Suffix: TypeAlias = Annotated[
    str | None, typer.Option(help="What follows the completion.")
]
Echo: TypeAlias = Annotated[bool, typer.Option("--echo", help="Repeat the prompt.")]
System: TypeAlias = Annotated[
    str | None, typer.Option(metavar="TEXT", help="A system message to begin with.")
]
Provider: TypeAlias = Annotated[
    str | None, typer.Option(metavar="JSON", help="Provider preferences.")
]
Extra: TypeAlias = Annotated[
    str | None, typer.Option(metavar="JSON", help="Further members of the request.")
]
Timeout: TypeAlias = Annotated[
    float | None, typer.Option(help="Seconds for everything.")
]
Retries: TypeAlias = Annotated[
    int | None, typer.Option(min=0, help="Attempts after the first.")
]
BaseURL: TypeAlias = Annotated[
    str | None, typer.Option("--base-url", help="In place of OPENROUTER_BASE_URL.")
]
AllowHTTP: TypeAlias = Annotated[
    bool, typer.Option("--allow-http", help="Permit a base URL without TLS.")
]

_TEXT_ALONE = ("suffix", "echo")


def request_params(*, provider: str | None, **given: object) -> CompletionParams:
    """
    Return the fields that were given.

    Args:
        provider: JSON text.
        **given: the others by the API's names; None where an option is not given.

    Raises:
        ConfigError: the model has no name, or the provider preferences are no JSON
            object.
    """
    if given.get("model") == "":
        raise ConfigError("--model is empty")

    fields = {**given, "provider": json_object("--provider", provider)}
    chosen = {name: value for name, value in fields.items() if value is not None}
    return cast("CompletionParams", chosen)


def chat_params(params: CompletionParams) -> ChatParams:
    """
    Return the fields that were given as chat has them.

    Args:
        params: as text completions have them.

    Raises:
        ConfigError: one is for text completions alone.
    """
    fields: dict[str, object] = {**params}
    for name in _TEXT_ALONE:
        if name in fields:
            raise ConfigError(f"--{name} is for text completions, and this is chat")

    listed = fields.pop("logprobs", None)
    if listed is not None:
        fields.update(logprobs=True, top_logprobs=listed)

    return cast("ChatParams", fields)


def json_object(option: str, text: str | None) -> dict[str, object] | None:
    """
    Return the JSON object that an option holds, None where it is not given.

    Raises:
        ConfigError: it holds something else.
    """
    if text is None:
        return None

    try:
        value = json_of(text)
    except BadJSONError as error:
        raise ConfigError(f"{option} must be a JSON object: {error.reason}") from None

    if not is_object(value):
        raise ConfigError(f"{option} must be a JSON object: it is {json_kind(value)}")

    return dict(value)
