"""A file of prompts: read twice, to check all of it before anything is sent."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Generator, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

from openrouter_async.cli.consoles import plural
from openrouter_async.cli.findings import Findings
from openrouter_async.cli.line_fields import BadLineError
from openrouter_async.cli.prompt_lines import LineForm, NoPromptsError, PromptItem
from openrouter_async.cli.standard_input import NAME, STDIN, standard_input
from openrouter_async.errors import ConfigError, printable

_BLOCK = 1 << 20


class Format(StrEnum):
    """Name the forms of lines."""

    jsonl = "jsonl"
    txt = "txt"


class PromptFile:
    """
    Read prompts from a file that is open.

    Args:
        name: what messages call it.
        file: can be read twice.
        form: of its lines.

    Attributes:
        name: what messages call it.
        findings: of the check.
    """

    def __init__(self, name: str, file: BinaryIO, form: LineForm) -> None:
        self.name = name
        self.findings: Findings = Findings()
        self._file = file
        self._form = form
        # Standard input may be a file that a shell has read a part of.
        self._start = file.tell()
        self._end = self._start

    def check(self) -> None:
        """
        Look at every line, one at a time: files may be larger than memory.

        Raises:
            ConfigError: it cannot be read.
        """
        found = self.findings
        for number, line in enumerate(self._lines(), 1):
            self._end += len(line)
            try:
                found.add(self._form.item(line, number))
            except NoPromptsError as error:
                raise ConfigError(f"{self.name}:{number}: {error.reason}") from None
            except BadLineError as error:
                found.add_bad(number, error)

        found.has_json |= bool(found.items)

    def items(self) -> Iterator[PromptItem]:
        """
        Give the items that the check has found, one by one.

        Raises:
            ConfigError: the file is not what was checked.
        """
        given = 0
        place = self._start
        for number, line in enumerate(self._lines(), 1):
            place += len(line)
            try:
                # What was added since then was not checked.
                extra = max(0, place - self._end)
                item = self._form.item(line[: len(line) - extra], number)
            except BadLineError:
                item = None

            if item is not None:
                given += 1
                yield item

            if place >= self._end:
                break

        if given != self.findings.items:
            raise ConfigError(
                f"{self.name} was changed while it was in use: it had"
                f" {self.findings.items} prompts, and has {given}"
            )

    def _lines(self) -> Iterable[bytes]:
        try:
            self._file.seek(self._start)
            yield from self._file
        except OSError as error:
            reason = os.strerror(error.errno or 0)
            raise ConfigError(f"{self.name} cannot be read: {reason}") from None

    @property
    def is_chat(self) -> bool:
        """Whether its lines go to chat completions."""
        return self._form.is_chat or self.findings.chats > 0

    def refuse_mixture(self) -> None:
        """
        Refuse to go on with lines of both kinds, or options of the other one.

        Raises:
            ConfigError: it says which lines are of which kind.
        """
        found = self.findings
        if found.is_mixed:
            raise ConfigError(
                f"{self.name} has both {found.mixture()}; nothing was sent",
                hint="make it two files; --chat sends strings as what a user says",
            )

        if self._form.system is not None and found.items and not self.is_chat:
            raise ConfigError(
                f"--system is for chat, and {self.name} has text completions",
                hint="--chat sends each line as what a user says",
            )

    def refuse_bad(self) -> None:
        """
        Refuse to go on if there are lines that cannot be sent.

        Raises:
            ConfigError: it says how many, and what can be done about it.
        """
        found = self.findings
        if not found.bad:
            return

        count = f"{found.bad:,} of {found.lines:,} {plural(found.lines, 'line')}"
        raise ConfigError(
            f"{count} of {self.name} cannot be sent; nothing was sent",
            hint=self._remedy(),
        )

    def _remedy(self) -> str:
        found = self.findings
        if self._form.is_json and not found.has_json:
            return "--format txt takes each line as a prompt"

        skipping = "--skip-bad goes on without them"
        if not found.unknown:
            return f"mend them, or {skipping}"

        names = printable(",".join(found.unknown))
        return (
            f"--keep {names} keeps these members out of the requests and in the"
            f" answers, --send {names} sends them; {skipping}"
        )

    def bad_lines(self, most: int) -> list[str]:
        """Say what is wrong with the first bad lines."""
        found = self.findings
        told = [
            printable(f"{self.name}:{line.number}: {line.reason}")
            for line in found.bad_lines[:most]
        ]
        more = found.bad - len(told)
        return [*told, f"... and {more:,} more"] if more else told


@contextmanager
def open_prompts(path: str, form: LineForm) -> Generator[PromptFile]:
    """
    Open a file of prompts, `-` for standard input.

    What cannot be read twice is kept in a temporary file.

    Raises:
        ConfigError: it cannot be read.
    """
    name = NAME if path == STDIN else path
    with ExitStack() as stack:
        try:
            file = _opened(path, stack)
        except OSError as error:
            reason = os.strerror(error.errno or 0)
            raise ConfigError(f"{name} cannot be read: {reason}") from None

        yield PromptFile(name, file, form)


def _opened(path: str, stack: ExitStack) -> BinaryIO:
    if path == STDIN:
        file = standard_input()
    else:
        file = stack.enter_context(Path(path).open("rb"))

    if _is_regular(file):
        return file

    spool = stack.enter_context(tempfile.TemporaryFile())
    shutil.copyfileobj(file, spool, _BLOCK)
    spool.seek(0)
    return spool


def line_form(
    path: str,
    given: Format | None,
    *,
    keep: Iterable[str],
    send: Iterable[str],
    chat: bool = False,
    system: str | None = None,
) -> LineForm:
    """
    Say how the lines of a file are read.

    Args:
        path: of the file; its suffix decides where nothing is given. What has
            neither `.txt` nor anything else to tell it by is JSON lines: a text that
            is taken for JSON is refused, JSON that is taken for text would be sent.
        given: the form.
        keep: members that are not sent, in lists with commas.
        send: members that are sent, in lists with commas.
        chat: whether a line without `messages` is what a user says.
        system: what conversations begin with; None for nothing.

    Raises:
        ConfigError: these contradict each other.
    """
    kept, sent = _names(keep), _names(send)
    is_text = Path(path).suffix.lower() == ".txt" if given is None else given == "txt"
    if kept & sent:
        names = ", ".join(sorted(kept & sent))
        raise ConfigError(f"--keep and --send both name {names}")

    for option, given_names in (("--keep", kept), ("--send", sent)):
        if given_names and is_text:
            raise ConfigError(f"{option} is for JSON lines: text has no members")

    for name in ("prompt", "messages"):
        if name in kept:
            raise ConfigError(f"--keep must not name `{name}`, which is what is sent")

    return LineForm(
        is_json=not is_text, is_chat=chat, system=system, kept=kept, sent=sent
    )


def _names(lists: Iterable[str]) -> frozenset[str]:
    names = (name.strip() for each in lists for name in each.split(","))
    return frozenset(name for name in names if name)


def _is_regular(file: BinaryIO) -> bool:
    try:
        return stat.S_ISREG(os.fstat(file.fileno()).st_mode)
    except OSError:  # a stand-in for standard input, without a descriptor
        return False
