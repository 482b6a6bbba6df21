"""The command `openrouter-async`."""

from __future__ import annotations

import os
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
    _open_closed_stderr()
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        sys.stderr.write(
            f"error: the command line needs {', '.join(missing)}\n"
            "hint: pip install -e '.[cli]' in the checkout brings it\n"
        )
        raise SystemExit(2)

    # typeshed has none for a descriptor that was closed before Python started.
    if cast("io.TextIOBase | None", sys.stdout) is None:
        _refuse_closed_stdout()

    if hasattr(sys.stdout, "reconfigure"):
        # An answer may hold what a terminal's encoding has no character for.
        cast("io.TextIOWrapper", sys.stdout).reconfigure(errors="replace")

    from openrouter_async.cli.app import app

    app(prog_name="openrouter-async")


def _open_closed_stderr() -> None:
    """Let what is said beside the results go nowhere, rather than be an error."""
    if cast("io.TextIOBase | None", sys.stderr) is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")


def _refuse_closed_stdout() -> None:
    import errno

    from openrouter_async.cli.running import EXIT_FAILED, show_system_error

    show_system_error(errno.EBADF)
    raise SystemExit(EXIT_FAILED)
