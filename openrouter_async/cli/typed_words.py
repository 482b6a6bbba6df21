"""The words of a command line, before they mean anything."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, Protocol, cast

from typer.core import TyperCommand

from openrouter_async.errors import ConfigError

# Systems name files in bytes of any kind, and these are never sent.
_PATHS = frozenset({"prompts", "output", "journal"})
_REASON = re.compile(r", unable to parse string as an? \w+")


class Parameter(Protocol):
    """An option or an argument, as Click has it."""

    name: str
    opts: Sequence[str]
    param_type_name: str


class Command(TyperCommand):
    """Refuse words that cannot be sent, in the name of what they were given for."""

    def invoke(self, ctx: Any) -> Any:
        """
        Run the command.

        Raises:
            ConfigError: a word is not UTF-8.
        """
        given = cast("dict[str, object]", ctx.params)
        for parameter in cast("Sequence[Parameter]", self.params):
            if parameter.name not in _PATHS:
                _check_words(parameter, given.get(parameter.name))

        return super().invoke(ctx)


def _check_words(parameter: Parameter, value: object) -> None:
    words = cast("list[object]", value) if isinstance(value, list | tuple) else [value]
    for word in words:
        if isinstance(word, str) and not _is_utf_8(word):
            raise ConfigError(f"{label(parameter)} is not UTF-8")


def _is_utf_8(word: str) -> bool:
    # Python keeps other bytes of a command line as halves of surrogate pairs.
    try:
        word.encode()
    except UnicodeEncodeError:
        return False

    return True


def label(parameter: Parameter) -> str:
    """Return what messages call a parameter."""
    if parameter.param_type_name == "argument":
        return parameter.name.upper()

    return max(parameter.opts, key=len)


def with_value(told: str, names: Iterable[str], words: Sequence[str]) -> str:
    """
    Have a message about an option show the value that it has.

    Args:
        told: the message.
        names: of the option.
        words: that were typed.
    """
    found = {each: None for name in names for each in _values(name, words)}
    told = _REASON.sub("", told)
    if len(found) != 1 or repr(*found) in told:
        return told

    return f"{told}, not {next(iter(found))!r}"


def _values(name: str, words: Sequence[str]) -> Iterable[str]:
    for place, word in enumerate(words):
        if word == name:
            yield from words[place + 1 : place + 2]
        elif word.startswith(f"{name}="):
            yield word.removeprefix(f"{name}=")
