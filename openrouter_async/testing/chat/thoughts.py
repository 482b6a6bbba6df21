"""Reasoning in the form that is sent back in the next turn, whole and in pieces."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from openrouter_async.testing.tokens import tokenise

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

FORMAT = "anthropic-claude-v1"

_GROWING = ("text", "summary")


def details(text: str) -> list[dict[str, object]]:
    """Return the `reasoning_details` of a reasoning: one text with its signature."""
    if not text:
        return []

    signature = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=24)
    return [
        {
            "type": "reasoning.text",
            "text": text,
            "signature": signature.hexdigest(),
            "format": FORMAT,
            "index": 0,
        }
    ]


def fragments(whole: Sequence[Mapping[str, object]]) -> Iterator[dict[str, object]]:
    """
    Yield details in the pieces that a stream sends.

    Args:
        whole: The details.

    Yields:
        Each text and summary token by token, under a constant type and index; what
        else a detail has, its signature above all, in a last piece of its own.
    """
    for place, detail in enumerate(whole):
        constant = {
            "type": detail.get("type"),
            "index": detail.get("index", place),
            **({"format": detail["format"]} if "format" in detail else {}),
        }
        rest = {k: v for k, v in detail.items() if k not in constant}
        for member in _GROWING:
            text = rest.get(member)
            if isinstance(text, str):
                del rest[member]
                for token in tokenise(text):
                    yield {**constant, member: token}

        if rest:
            yield {**constant, **rest}
