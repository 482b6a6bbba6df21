"""What the check of a file of prompts finds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from openrouter_async.cli.consoles import plural
from openrouter_async.cli.line_fields import BadLineError
from openrouter_async.cli.prompt_lines import PromptItem

_BAD_KEPT = 1000
_UNKNOWN_KEPT = 20
_NUMBERS_KEPT = 5


@dataclass(frozen=True, slots=True)
class BadLine:
    """
    Tell of a line that cannot be sent.

    Attributes:
        number: of the line, from 1.
        reason: what is wrong with it.
    """

    number: int
    reason: str


@dataclass(slots=True)
class Findings:
    """
    Collect what the check of a file finds.

    Attributes:
        items: lines that can be sent.
        blank: lines that are empty.
        bad: lines that cannot be sent.
        bad_lines: the first thousand of them.
        unknown: names of members that are no request fields, some of them.
        has_json: whether any line is JSON.
        chats: lines that go to chat completions.
        chat_lines: numbers of the first of them.
        text_lines: numbers of the first lines that go to text completions.
    """

    items: int = 0
    blank: int = 0
    bad: int = 0
    bad_lines: list[BadLine] = field(default_factory=list[BadLine])
    unknown: dict[str, None] = field(default_factory=dict[str, None])
    has_json: bool = False
    chats: int = 0
    chat_lines: list[int] = field(default_factory=list[int])
    text_lines: list[int] = field(default_factory=list[int])

    @property
    def is_mixed(self) -> bool:
        """Whether some lines go to chat completions, and some to text completions."""
        return 0 < self.chats < self.items

    def mixture(self) -> str:
        """Say which lines are which."""
        texts = _told(self.items - self.chats, self.text_lines)
        chats = _told(self.chats, self.chat_lines)
        return f"text completions ({texts}) and chat ({chats})"

    @property
    def lines(self) -> int:
        """All lines there are."""
        return self.items + self.blank + self.bad

    def add(self, item: PromptItem | None) -> None:
        """Take note of a line that can be sent, or of a blank one."""
        if item is None:
            self.blank += 1
            return

        self.items += 1
        self.chats += item.is_chat
        numbers = self.chat_lines if item.is_chat else self.text_lines
        if len(numbers) < _NUMBERS_KEPT:
            numbers.append(item.line)

    def add_bad(self, number: int, error: BadLineError) -> None:
        """Take note of a line that cannot be sent."""
        self.bad += 1
        self.has_json |= error.is_json
        if len(self.bad_lines) < _BAD_KEPT:
            self.bad_lines.append(BadLine(number, error.reason))

        if len(self.unknown) < _UNKNOWN_KEPT:
            self.unknown.update(dict.fromkeys(error.unknown))


def _told(count: int, numbers: Sequence[int]) -> str:
    told = ", ".join(str(number) for number in numbers)
    more = " ..." if count > len(numbers) else ""
    return f"{plural(count, 'line')} {told}{more}"
