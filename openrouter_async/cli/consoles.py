"""What the commands say beside their results: errors and summaries."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from contextlib import suppress

from rich.console import Console
from rich.text import Text

from openrouter_async.cli.amounts import cost
from openrouter_async.cli.option_words import in_option_words
from openrouter_async.errors import (
    APITimeoutError,
    ConfigError,
    NotSentError,
    OpenRouterError,
    printable,
)
from openrouter_async.types.usage import Usage
from openrouter_async.types.wire import AttemptFailure, ResponseMeta


class _Console(Console):
    """Leaves it to the command what a closed pipe means."""

    def on_broken_pipe(self) -> None:
        """Raise the exception; Rich would end the process."""
        raise BrokenPipeError


def stdout_console() -> Console:
    """Return a console on standard output; plain text unless it is a terminal."""
    return _Console(highlight=False, markup=False, emoji=False)


def stderr_console() -> Console:
    """Return a console on standard error; plain text unless it is a terminal."""
    return _Console(stderr=True, highlight=False, markup=False, emoji=False)


def is_animated(console: Console) -> bool:
    """Tell whether lines that were written can be written again."""
    return console.is_terminal and not console.is_dumb_terminal


# What the library says beside the remedy, of where an error comes from, and how that
# reads behind its message.
_FACTS = {"The operation was ": "", "Its content type is ": "content type "}


def show_error(error: OpenRouterError) -> None:
    """Write an error as a line, and its hint as another."""
    show_message("error: ", "bold red", message_of(error))
    show_hint(hint_of(error))


def message_of(error: OpenRouterError) -> str:
    """Return what an error says, and of what, without what can be done about it."""
    message = str(error)
    if error.hint:
        message = message.removesuffix(printable(error.hint)).rstrip(". ")

    facts, _ = _parted(error.hint)
    told = f" ({', '.join(facts)})" if facts else ""
    return _worded(error, f"{message}{printable(told)}")


def bare_message_of(error: OpenRouterError) -> str:
    """Return the message of an error alone, where its code has been told."""
    return _worded(error, printable(error.message))


def hint_of(error: OpenRouterError) -> str:
    """Return what can be done about an error, '' if that is not known."""
    _, remedies = _parted(error.hint)
    return in_option_words(printable(". ".join(remedies)))


def _parted(hint: str | None) -> tuple[list[str], list[str]]:
    """Part a hint into facts, as they are shown, and remedies."""
    facts: list[str] = []
    remedies: list[str] = []
    for sentence in hint.split(". ") if hint else ():
        begin = next((each for each in _FACTS if sentence.startswith(each)), None)
        if begin is None:
            remedies.append(sentence)
        else:
            facts.append(_FACTS[begin] + sentence.removeprefix(begin))

    return facts, remedies


def _worded(error: OpenRouterError, message: str) -> str:
    # Of other errors the message may be the server's.
    own = isinstance(error, ConfigError | NotSentError | APITimeoutError)
    return in_option_words(message) if own else message


def show_hint(hint: str) -> None:
    """Write a hint as a line, if there is one."""
    if hint:
        show_message("hint: ", "dim", hint)


def show_message(label: str, style: str, message: str) -> None:
    """Write a labelled line to standard error."""
    line = Text(label, style=style)
    line.append(message, style="not bold not dim default")
    _tell(line)


def show_notes(lines: Iterable[str]) -> None:
    """Write lines about a result to standard error."""
    for line in lines:
        _tell(Text(line, style="dim"))


def show_lines(lines: Iterable[Text]) -> None:
    """Write lines to standard error."""
    for line in lines:
        _tell(line)


def _tell(line: Text) -> None:
    # A disk that is full of errors must not be one more.
    with suppress(OSError):
        stderr_console().print(line, soft_wrap=True)


def end_interrupted_line() -> None:
    """Go to the next line of a terminal that has echoed a ^C."""
    for stream in (sys.stderr, sys.stdout):
        if stream.isatty():
            stream.write("\n")
            stream.flush()
            return


def plural(number: float, noun: str) -> str:
    """Return a noun in the form that goes with a number."""
    return noun if number == 1 else f"{noun}s"


def summary(usage: Usage | None, meta: ResponseMeta, elapsed: float) -> str:
    """
    Say in a line what an answer took.

    Args:
        usage: its token counts and cost.
        meta: of its exchange.
        elapsed: seconds from the request to the end of the answer.
    """
    parts = _usage(usage)
    parts.append(f"{meta.attempts} {plural(meta.attempts, 'attempt')}")
    parts.append(f"{elapsed:.2f} s")
    return ", ".join(parts)


def _usage(usage: Usage | None) -> list[str]:
    if usage is None:
        return ["usage unknown"]

    tokens = f"{usage.prompt_tokens or 0} + {usage.completion_tokens or 0} tokens"
    return [tokens] if usage.cost is None else [tokens, cost(usage.cost)]


def failure_lines(history: Iterable[AttemptFailure]) -> list[str]:
    """Say how each attempt failed that another one followed."""
    return [failure_line(number, each) for number, each in enumerate(history, 1)]


def failure_line(number: int, failure: AttemptFailure) -> str:
    """Say how an attempt failed that another one followed."""
    label = failure.error if failure.code is None else f"{failure.error} {failure.code}"
    return (
        f"attempt {number} failed after {failure.at:.2f} s ({label}: "
        f"{failure.message}), waited {failure.waited:.2f} s"
    )
