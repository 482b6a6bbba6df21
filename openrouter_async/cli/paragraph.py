"""Text that arrives in pieces and is wrapped between words."""

from __future__ import annotations

import re

from rich.cells import cell_len
from rich.console import Console

_PIECES = re.compile(r"\n|[^\S\n]+|\S+")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class Paragraph:
    """
    Write an indented paragraph to a console, piece by piece.

    A piece shows at once. It goes to the next line if it does not fit; a word
    that comes in several pieces may be broken between them.

    Args:
        console: where to.
        indent: before each line.
        style: of the text.
    """

    def __init__(
        self, console: Console, *, indent: str = "   ", style: str = "none"
    ) -> None:
        self._console = console
        self._indent = indent
        self._style = style
        self._room = console.width - len(indent)
        self._column = 0
        self._gap = False

    def add(self, text: str) -> None:
        """Write a piece of text, without control characters."""
        for piece in _PIECES.findall(_CONTROLS.sub("\ufffd", text)):
            if piece == "\n":
                self.end()
            elif piece.isspace():
                self._gap = self._column > 0
            else:
                self._word(piece)

        self._console.file.flush()

    def end(self) -> None:
        """End the line, if one was begun."""
        if self._column:
            self._write("\n")

        self._column = 0
        self._gap = False

    def _word(self, word: str) -> None:
        width = cell_len(word) + self._gap
        if self._column and self._column + width > self._room:
            self.end()

        if not self._column:
            self._write(self._indent)
        elif self._gap:
            self._write(" ")

        self._write(word)
        self._column += cell_len(word) + self._gap
        self._gap = False

    def _write(self, text: str) -> None:
        self._console.print(text, style=self._style, end="", soft_wrap=True)
