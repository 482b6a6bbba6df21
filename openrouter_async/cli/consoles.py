"""What the commands say beside their results: errors and summaries."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress

from rich.console import Console
from rich.text import Text

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


_OPTIONS = (
    "max_tokens|temperature|top_p|n|stop|seed|logprobs|suffix|echo|provider|model"
)
_SPENT = "so many requests failed that not all of them were tried again"
_JOURNAL = "go on with what it was, name another file, or start over with --fresh"
# Of other commands' requests: what differs is more than where they go.
_CHAT_URL = r'"\S*/chat/completions"'
_TEXT_URL = r'"\S*(?<!/chat)/completions"'
_NOW_CHAT = "its requests were text completions and are chat"
_NOW_TEXT = "its requests were chat and are text completions"


def _as_option(name: re.Match[str]) -> str:
    return "--" + name[0].replace("_", "-")


# What the library's messages name as its users do, and how the command line does.
_NAMES: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    (re.compile(r"\bTimeout\.total\b"), "--timeout"),
    (re.compile(r"\ballow_http=True"), "--allow-http"),
    (re.compile(r"; use api_key="), "; the key goes into OPENROUTER_API_KEY"),
    (re.compile(r" or api_key="), ""),
    (re.compile(r"\bbase_url\b"), "the base URL"),
    (re.compile(r"\bRateLimits\.(requests|tokens)_per_minute"), r"--\1-per-minute"),
    (re.compile(r"; None waits however"), "; `--max-pause inf` waits however"),
    (re.compile(r"(?<!`)\bmax_(in_flight|cost|pause)\b"), _as_option),
    (re.compile(rf"(?<=[:;] )({_OPTIONS})(?= was )"), _as_option),
    (re.compile(r"(?<=: )pass what it was, or name another journal$"), _JOURNAL),
    (re.compile(r"(?<=, )or name another journal$"), "or name another file"),
    (re.compile(r"The client's retry budget is spent \(\S+\)"), _SPENT),
    (re.compile(rf"(?<=: |; )url was {_TEXT_URL} and is {_CHAT_URL}"), _NOW_CHAT),
    (re.compile(rf"(?<=: |; )url was {_CHAT_URL} and is {_TEXT_URL}"), _NOW_TEXT),
    (re.compile(r"(?<=: |; )url (?=was .* and is )"), "the base URL "),
)


def show_error(error: OpenRouterError) -> None:
    """Write an error as a line, and its hint as another."""
    show_message("error: ", "bold red", message_of(error))
    show_hint(hint_of(error))


def message_of(error: OpenRouterError) -> str:
    """Return what an error says, without its hint, in the words of options."""
    message = str(error)
    if error.hint:
        message = message.removesuffix(printable(error.hint)).rstrip(". ")

    # Of other errors the message may be the server's.
    if isinstance(error, ConfigError | NotSentError | APITimeoutError):
        message = _in_words_of_options(message)

    return message


def hint_of(error: OpenRouterError) -> str:
    """Return what can be done about an error, '' if that is not known."""
    return _in_words_of_options(printable(error.hint or ""))


def show_hint(hint: str) -> None:
    """Write a hint as a line, if there is one."""
    if hint:
        show_message("hint: ", "dim", hint)


def _in_words_of_options(text: str) -> str:
    for name, option in _NAMES:
        text = name.sub(option, text)

    return text


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


def cost(credits: float) -> str:
    """Write a cost in dollars, with the digits that tell it from nothing."""
    if credits < 0:
        return f"-{cost(-credits)}"

    if credits == 0:
        return "$0"

    return f"${credits:,.2f}" if credits >= 1 else f"${credits:.6f}"


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
