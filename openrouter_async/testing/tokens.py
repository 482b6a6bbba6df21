"""Text cut into tokens, and token ids read as text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# Every character falls under one alternative, so joining gives the text back.
_TOKEN = re.compile(r"\s?\w{1,12}|\s?[^\w\s]|\s")

# Token ids of real vocabularies mean nothing here: an id is read as the word at
# its place modulo the size of this list, so that the same ids give the same text.
_WORDS = (
    "once upon a time there was small river that ran past the old mill where "
    "two friends met every morning to talk about bread weather music stars "
    "letters maps gardens engines boats clocks bridges winter summer rain light "
    "paper numbers stories lanterns kettles trains mountains seeds rope songs"
).split()


def tokenise(text: str) -> list[str]:
    """
    Cut a text into words with their leading space, and punctuation marks.

    Args:
        text: Any text; words of more than 12 letters become several tokens.

    Returns:
        The tokens; joined they are the text again.
    """
    return _TOKEN.findall(text)


def count_tokens(text: str) -> int:
    """Return how many tokens a text has."""
    return len(_TOKEN.findall(text))


def decode_tokens(ids: Iterable[float]) -> str:
    """
    Return the text that a list of token ids stands for.

    Args:
        ids: Token ids; the wire allows any number (`CompletionCreateParams`).

    Returns:
        One word for each id, with spaces between them.
    """
    return " ".join(_WORDS[int(token) % len(_WORDS)] for token in ids)
