"""The check of a file of prompts, while its user waits for it."""

from __future__ import annotations

import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager

import typer

from openrouter_async.cli.consoles import (
    end_interrupted_line,
    show_message,
    show_notes,
)
from openrouter_async.cli.running import EXIT_INTERRUPTED

_PATIENCE = 1.0  # seconds


@contextmanager
def saying_nothing_was_sent() -> Generator[None]:
    """
    Let Ctrl-C end the block with a line that says what it means.

    Raises:
        typer.Exit: after a Ctrl-C.
    """
    try:
        yield
    except KeyboardInterrupt:
        end_interrupted_line()
        told = "interrupted; nothing was sent: run the same command again"
        show_message("", "bold", told)
        raise typer.Exit(EXIT_INTERRUPTED) from None


@contextmanager
def saying_what_takes_long(name: str, seconds: float = _PATIENCE) -> Generator[None]:
    """
    Say in a terminal what is being checked, if the block takes long.

    Args:
        name: of the file.
        seconds: that need no word.
    """
    if not sys.stderr.isatty():
        yield
        return

    # The check is one long call: only a thread can speak meanwhile.
    timer = threading.Timer(seconds, show_notes, [[f"checking {name}"]])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
