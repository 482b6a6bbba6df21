"""The one text that a command sends: an argument, standard input or a file."""

from __future__ import annotations

from pathlib import Path

from openrouter_async.cli.standard_input import NAME as STDIN_NAME
from openrouter_async.cli.standard_input import STDIN, standard_input
from openrouter_async.errors import ConfigError


def read_prompt(argument: str | None, file: Path | None, *, noun: str) -> str:
    """
    Return the text that is to be sent.

    Args:
        argument: the text, or - for standard input; None where it is not given.
        file: that holds it; None where it is not given.
        noun: what messages call it.

    Raises:
        ConfigError: there is none or more than one, or it cannot be read.
    """
    if (argument is None) == (file is None):
        raise ConfigError(f"give one {noun}: as argument, - (stdin), or --file")

    if file is not None:
        return _decoded(_read_file(file), str(file), noun)

    assert argument is not None
    if argument == STDIN:
        return _decoded(_read_stdin(), STDIN_NAME, noun)

    if not argument:
        raise ConfigError(f"the {noun} is empty")

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


def _decoded(data: bytes, source: str, noun: str) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"{source} is not UTF-8 (byte {error.start})"
        raise ConfigError(message) from None

    if not text:
        raise ConfigError(f"the {noun} is empty: {source} holds nothing")

    return text
