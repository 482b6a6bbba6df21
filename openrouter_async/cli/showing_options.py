"""The options of the commands that print one answer."""

from __future__ import annotations

import sys
from typing import Annotated, TypeAlias

import typer

Stream: TypeAlias = Annotated[
    bool | None,
    typer.Option(
        "--stream/--no-stream",
        help="Print tokens as they arrive; usual where output is a terminal.",
    ),
]
AsJSON: TypeAlias = Annotated[
    bool,
    typer.Option("--json", help="Print what was received; streamed: a line per chunk."),
]
Verbose: TypeAlias = Annotated[
    bool,
    typer.Option("--verbose", "-v", help="Say what it took, also to a pipe or file."),
]
STREAM_REMEDY = "use --stream or --no-stream"


def is_streamed(wanted: bool | None, *, as_json: bool) -> bool:
    """Decide whether tokens are printed as they arrive."""
    return sys.stdout.isatty() and not as_json if wanted is None else wanted
