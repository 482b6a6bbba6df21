"""Where a map's answers go, and what of an earlier run is there already."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from openrouter_async.cli.standard_input import STDIN
from openrouter_async.errors import ConfigError
from openrouter_async.fanout.journal.header import MAGIC
from openrouter_async.fanout.journal.lock import lock, unlock

STDOUT = "-"
_SUFFIX = ".journal"
_SEPARATORS = (os.sep, os.altsep or os.sep)


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """
    Hold where answers and journal are.

    Attributes:
        output: path of the answers as it was given; `-` for standard output.
        is_file: whether that is a regular file, or will be one.
        journal: path of the journal; None for none.
    """

    output: str
    is_file: bool
    journal: str | None


def find_places(
    prompts: str, output: str, journal: str | None, *, no_journal: bool, fresh: bool
) -> Places:
    """
    Decide where answers and journal are.

    Answers without a journal are never written over: they may be all that is left of
    what was paid for.

    Args:
        prompts: path of the prompts.
        output: path of the answers; `-` for standard output.
        journal: path of the journal; None for the one beside the answers.
        no_journal: whether there is to be none.
        fresh: whether to start over.

    Raises:
        ConfigError: these cannot be used together, or not written.
    """
    if journal is not None and no_journal:
        raise ConfigError("--journal and --no-journal exclude each other")

    if journal == STDOUT:
        raise ConfigError("--journal must name a file: it is read again, - is not")

    is_file = output != STDOUT and _is_file(output)
    if journal is None and is_file and not no_journal:
        journal = output + _SUFFIX

    places = Places(output=output, is_file=is_file, journal=journal)
    _check_apart(prompts, places)
    if is_file:
        _check_folder(output)

    if is_file and not fresh and _size(output) and not _is_journal(journal):
        gone = f"there is no journal {journal} to go on from"
        if journal is None:
            gone = "without a journal a run cannot go on from them"

        raise ConfigError(
            f"{output} has answers, and {gone}",
            hint="name another file, or --fresh writes this one anew",
        )

    return places


def _is_file(path: str) -> bool:
    try:
        mode = os.stat(path).st_mode
    except OSError:
        mode = stat.S_IFREG

    if stat.S_ISDIR(mode) or path.endswith(_SEPARATORS):
        raise ConfigError(f"{path} is a folder: name a file")

    return stat.S_ISREG(mode)


def _check_apart(prompts: str, places: Places) -> None:
    used = {"the answers": places.output, "the journal": places.journal or STDOUT}
    if prompts != STDIN:
        used["the prompts"] = prompts

    seen: dict[str, str] = {}
    for role, path in used.items():
        if path == STDOUT:
            continue

        other = seen.setdefault(os.path.realpath(path), role)
        if other != role:
            raise ConfigError(f"{path} cannot be {other} and {role} at once")


def _check_folder(output: str) -> None:
    folder = Path(os.path.realpath(output)).parent
    if not folder.is_dir():
        raise ConfigError(f"{output} cannot be written: there is no folder {folder}")


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def _is_journal(path: str | None) -> bool:
    return path is not None and _size(path) > 0


def forget(journal: str) -> None:
    """
    Empty a journal that no run is using.

    Raises:
        ConfigError: it is something else, or in use.
        OSError: it cannot be written.
    """
    with suppress(FileNotFoundError), Path(journal).open("r+b") as file:
        if not MAGIC.startswith(file.read(len(MAGIC))):
            raise ConfigError(f"{journal} is not a journal: name another file")

        if not lock(file.fileno()):
            raise ConfigError(f"the journal {journal} is in use by another run")

        try:
            file.truncate(0)
        finally:
            unlock(file.fileno())
