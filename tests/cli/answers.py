"""Files of prompts and of answers, for the tests of `openrouter-async map`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.cli.processes import Ended

if TYPE_CHECKING:
    from tests.cli.conftest import Invoke

Line = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Files:
    """The files of one map in a folder of their own."""

    folder: Path

    @property
    def prompts(self) -> Path:
        """Where `write` puts the prompts."""
        return self.folder / "prompts.jsonl"

    @property
    def output(self) -> Path:
        """Where the answers go."""
        return self.folder / "answers.jsonl"

    @property
    def journal(self) -> Path:
        """The journal that is beside them."""
        return self.folder / "answers.jsonl.journal"

    @property
    def part(self) -> Path:
        """Where a later run writes until it has as many lines."""
        return self.folder / "answers.jsonl.part"

    @property
    def command(self) -> tuple[str, ...]:
        """The words of a map of these files."""
        return ("map", str(self.prompts), "-o", str(self.output))

    def write(self, *items: object) -> None:
        """Write items as JSON lines."""
        lines = [json.dumps(item) + "\n" for item in items]
        self.prompts.write_text("".join(lines), "utf-8")

    def answers(self) -> list[Line]:
        """Read the answers, in the order they are in."""
        return read_lines(self.output.read_text("utf-8"))

    def numbers(self) -> list[int]:
        """Return which lines of the prompts have a line, in the order of those."""
        return sorted(answer["line"] for answer in self.answers())

    async def map(
        self, invoke: Invoke, *options: str, stdin: bytes | None = None
    ) -> Ended:
        """Run the command in this process."""
        return await invoke(*self.command, *options, stdin=stdin)


def read_lines(text: str) -> list[Line]:
    """Read JSON lines, each of which must be whole."""
    assert text == "" or text.endswith("\n")
    return [json.loads(line) for line in text.splitlines()]


def rows(shown: str) -> dict[str, str]:
    """Read the rows of a summary."""
    found = [line.split(maxsplit=1) for line in shown.splitlines() if line[:1] != " "]
    return {row[0]: row[1] for row in found if len(row) > 1}


def range_of_prompts(number: int) -> list[str]:
    """Make prompts that differ."""
    return [f"Prompt {each}" for each in range(number)]
