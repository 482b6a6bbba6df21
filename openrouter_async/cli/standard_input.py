"""Standard input, as the commands read it."""

from __future__ import annotations

import sys
from typing import BinaryIO, TextIO, cast

from openrouter_async.cli.consoles import show_notes
from openrouter_async.errors import ConfigError

STDIN = "-"
NAME = "standard input"


def standard_input() -> BinaryIO:
    """
    Return standard input; who sits at a terminal is told that it is read.

    Raises:
        ConfigError: it is closed.
    """
    # typeshed has none for a descriptor that was closed before Python started.
    stdin = cast("TextIO | None", sys.stdin)
    if stdin is None:
        raise ConfigError(f"{NAME} is closed")

    if stdin.isatty():
        show_notes([f"reading {NAME}, Ctrl-D ends it"])

    return stdin.buffer
