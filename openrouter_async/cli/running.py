"""From what ends a command to the exit code of its process."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Generator
from contextlib import contextmanager

import typer

from openrouter_async.cli.consoles import end_interrupted_line, show_error, show_message
from openrouter_async.errors import ConfigError, OpenRouterError

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130
EXIT_BROKEN_PIPE = 141
"""What a shell reports for a process that SIGPIPE ended."""

# Where these come from, it is from writing: the commands write one file only.
_UNWRITABLE = {errno.EBADF, errno.EFBIG, errno.EIO, errno.ENOSPC}


@contextmanager
def exit_codes() -> Generator[None]:
    """
    Say in a line why the block failed, and end the process with the code for it.

    Raises:
        typer.Exit: with the exit code, when the block did not succeed.
    """
    try:
        yield
        sys.stdout.flush()
    except OpenRouterError as error:
        show_error(error)
        code = EXIT_USAGE if isinstance(error, ConfigError) else EXIT_FAILED
        raise typer.Exit(code) from None
    except KeyboardInterrupt:
        end_interrupted_line()
        raise typer.Exit(EXIT_INTERRUPTED) from None
    except BrokenPipeError:
        drop_output()
        raise typer.Exit(EXIT_BROKEN_PIPE) from None
    except OSError as error:
        drop_output()
        show_system_error(error.errno)
        raise typer.Exit(EXIT_FAILED) from None


def show_system_error(number: int | None) -> None:
    """Write a line about what the system did not let a command do."""
    reason = os.strerror(number or errno.EIO)
    if number in _UNWRITABLE:
        reason = f"cannot write to standard output: {reason}"

    show_message("error: ", "bold red", reason)


def drop_output() -> None:
    """Let what is still buffered go nowhere: Python flushes it when it exits."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
