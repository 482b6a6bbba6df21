"""Texts that are not what was asked for."""

from __future__ import annotations

import re

import msgspec

_PLACE = re.compile(r"(?P<message>.*) - at (?:`key` in )?`\$(?P<path>.*)`", re.DOTALL)


class FormatMismatch(ValueError):
    """
    Raised when a text is not JSON, or not JSON of the type that was asked for.

    Attributes:
        message: what is wrong.
        path: where it is wrong, such as `$.items[2].price`; `[...]` stands for a key
            of a map.
    """

    def __init__(self, message: str, path: str = "$") -> None:
        super().__init__(message, path)
        self.message = message
        self.path = path

    @property
    def is_cut(self) -> bool:
        """Whether the text ends before the JSON does."""
        return self.message.endswith("truncated")

    def __str__(self) -> str:
        return f"{self.message} (at {self.path})"


def mismatch(error: Exception) -> FormatMismatch:
    """
    Return what a decoder found wrong, with the place where it did.

    Args:
        error: of msgspec, which ends its messages with the place; or one that a
            validator raised inside it.
    """
    placed = _PLACE.fullmatch(str(error))
    message, path = placed.groups() if placed else (str(error), "")
    within = error.__cause__
    if isinstance(within, FormatMismatch):
        return FormatMismatch(within.message, f"${path}{within.path[1:]}")

    if not isinstance(error, msgspec.ValidationError):
        message = f"not JSON: {message.removeprefix('JSON is malformed: ')}"

    return FormatMismatch(message, f"${path}")
