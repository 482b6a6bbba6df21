"""What the commands say beside their results: errors and summaries."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from openrouter_async.errors import OpenRouterError, printable
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


def show_error(error: OpenRouterError) -> None:
    """Write an error as a line, and its hint as another."""
    message = str(error)
    if error.hint:
        message = message.removesuffix(printable(error.hint)).rstrip(". ")

    show_message("error: ", "bold red", message)
    if error.hint:
        show_message("hint: ", "dim", printable(error.hint))


def show_message(label: str, style: str, message: str) -> None:
    """Write a labelled line to standard error."""
    line = Text(label, style=style)
    line.append(message, style="not bold not dim default")
    stderr_console().print(line, soft_wrap=True)


def summary(usage: Usage | None, meta: ResponseMeta, elapsed: float) -> str:
    """
    Say in a line what an answer took.

    Args:
        usage: its token counts and cost.
        meta: of its exchange.
        elapsed: seconds from the request to the end of the answer.
    """
    parts = _usage(usage)
    plural = "" if meta.attempts == 1 else "s"
    parts.append(f"{meta.attempts} attempt{plural}")
    parts.append(f"{elapsed:.2f} s")
    return ", ".join(parts)


def _usage(usage: Usage | None) -> list[str]:
    if usage is None:
        return ["usage unknown"]

    tokens = f"{usage.prompt_tokens or 0} + {usage.completion_tokens or 0} tokens"
    return [tokens] if usage.cost is None else [tokens, cost(usage.cost)]


def cost(credits: float) -> str:
    """Write a cost in dollars, with the digits that tell it from nothing."""
    if credits == 0:
        return "$0"

    return f"${credits:.2f}" if credits >= 1 else f"${credits:.6f}"


def failure_line(number: int, failure: AttemptFailure) -> str:
    """Say how an attempt failed that another one followed."""
    label = failure.error if failure.code is None else f"{failure.error} {failure.code}"
    return (
        f"attempt {number} failed after {failure.at:.2f} s ({label}: "
        f"{failure.message}), waited {failure.waited:.2f} s"
    )
