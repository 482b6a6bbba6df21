"""Texts that are not what was asked for."""

from __future__ import annotations

import re

import msgspec

from openrouter_async.formats.malformed import CUT, what_is_wrong

_PLACE = re.compile(r"(?P<message>.*) - at (?:`key` in )?`\$(?P<path>.*)`", re.DOTALL)
_SHOWN_MISTAKES = 5
_NOT_JSON = "not JSON: "


class FormatMismatch(ValueError):
    """
    Raised when a text is not JSON, or not JSON of the type that was asked for.

    Attributes:
        message: what is wrong.
        path: where it is wrong, such as `$.items[2].price`; `[...]` stands for a key
            of a map.
        others: what else is wrong, as message and path; pydantic finds all at once.
    """

    def __init__(
        self, message: str, path: str = "$", others: tuple[tuple[str, str], ...] = ()
    ) -> None:
        super().__init__(message, path, others)
        self.message = message
        self.path = path
        self.others = others

    @property
    def is_cut(self) -> bool:
        """Whether the text ends before the JSON does."""
        return self.message == _NOT_JSON + CUT

    def __str__(self) -> str:
        found = [(self.message, self.path), *self.others]
        told = [f"{message} (at {path})" for message, path in found[:_SHOWN_MISTAKES]]
        rest = len(found) - len(told)
        return "; ".join([*told, *([f"and {rest} more"] if rest else [])])

    def below(self, path: str) -> FormatMismatch:
        """Return it, seen from the value that holds the one it is about."""
        others = ((message, path + inner[1:]) for message, inner in self.others)
        found = FormatMismatch(self.message, path + self.path[1:], tuple(others))
        found.__cause__ = self.__cause__
        return found


def raised_mismatch(error: Exception) -> FormatMismatch:
    """
    Return what code of a type found wrong, in a way that no decoder expects.

    Its cause is the exception, as it may be a mistake in that code.
    """
    found = FormatMismatch(f"{type(error).__name__}: {error}".rstrip(": "))
    found.__cause__ = error
    return found


def mismatch(error: Exception, text: str) -> FormatMismatch:
    """
    Return what a decoder found wrong, with the place where it did.

    Args:
        error: of msgspec, which ends its messages with the place; or one that the
            code of a type raised inside it.
        text: what it was to decode.
    """
    placed = _PLACE.fullmatch(str(error))
    message, path = placed.groups() if placed else (str(error), "")
    within = error.__cause__
    if isinstance(within, FormatMismatch):
        return within.below(f"${path}")

    if isinstance(error, msgspec.ValidationError):
        return FormatMismatch(message, f"${path}")

    of_json = isinstance(error, ValueError | msgspec.DecodeError)
    wrong = what_is_wrong(text, error) if of_json else None
    return FormatMismatch(_NOT_JSON + wrong) if wrong else raised_mismatch(error)
