"""The command `openrouter-async`."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    import io

_NEEDED = ("typer", "rich", "jsonschema")


def main() -> None:
    """
    Run the command line with the arguments of this process.

    Raises:
        SystemExit: always, with the exit code of the command.
    """
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        sys.stderr.write(
            f"error: the command line needs {', '.join(missing)}\n"
            "hint: pip install 'openrouter-async[cli]'\n"
        )
        raise SystemExit(2)

    if hasattr(sys.stdout, "reconfigure"):
        # An answer may hold what a terminal's encoding has no character for.
        cast("io.TextIOWrapper", sys.stdout).reconfigure(errors="replace")

    from openrouter_async.cli.app import app

    app(prog_name="openrouter-async")
