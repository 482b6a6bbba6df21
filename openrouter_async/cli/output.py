"""Standard output and standard error, as answers are written to them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress

from rich.text import Text

from openrouter_async.cli.consoles import stderr_console
from openrouter_async.types.answer import Choice

# What moves the cursor or more; a terminal must not get it from a model.
_CONTROLS = {
    code: "\ufffd"
    for code in (*range(0x20), *range(0x7F, 0xA0))
    if chr(code) not in "\n\t"
}


class Output:
    """Write text to standard output at once, as text or as JSON lines."""

    def __init__(self) -> None:
        self._guarded = sys.stdout.isatty()
        self._last = "\n"

    def text(self, text: str) -> None:
        """Write a piece of an answer, without control characters to a terminal."""
        if text:
            sys.stdout.write(text.translate(_CONTROLS) if self._guarded else text)
            sys.stdout.flush()
            self._last = text[-1]

    def end_line(self) -> None:
        """End the line that was begun."""
        if self._last != "\n":
            self.text("\n")

    def interrupt(self) -> None:
        """Leave the line as it is in a terminal: Ctrl-C ends it for all commands."""
        if self._guarded:
            self._last = "\n"

    def choices(self, choices: Sequence[Choice], *, after: int) -> None:
        """Write choices from an index on, with an empty line before each other one."""
        for choice in sorted(choices, key=lambda choice: choice.index):
            if choice.index < after:
                continue

            if choice.index > 0:
                self.text("\n")

            self.text(choice.text)
            self.end_line()

    def json(self, document: bytes) -> None:
        """Write a JSON document in one line; no string in it can hold a newline."""
        sys.stdout.buffer.write(document.strip().replace(b"\n", b" ") + b"\n")
        sys.stdout.buffer.flush()


class Reasoning:
    """
    Write reasoning to standard error as it comes, dimmed, in lines of its own.

    Args:
        wanted: whether to write any.
    """

    def __init__(self, *, wanted: bool) -> None:
        self._wanted = wanted
        self._console = stderr_console()
        self._last = "\n"

    def text(self, text: str | None) -> None:
        """Write a piece, without control characters to a terminal."""
        if not (text and self._wanted):
            return

        shown = text.translate(_CONTROLS) if self._console.is_terminal else text
        self._print(Text(shown, style="dim"))
        self._last = text[-1]

    def end_line(self) -> None:
        """End the line that was begun, before something else is written."""
        if self._last != "\n":
            self._print(Text("\n"))
            self._last = "\n"

    def interrupt(self) -> None:
        """Leave the line as it is in a terminal, as `Output` does."""
        if self._console.is_terminal:
            self._last = "\n"

    def _print(self, text: Text) -> None:
        # What is said beside the answer must not be what ends it.
        with suppress(OSError):
            self._console.print(text, end="", soft_wrap=True)
