"""Sentences about the words of a prompt, from a small grammar."""

from __future__ import annotations

import re
from string import Formatter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from openrouter_async.testing.dice import Dice

_OPENINGS = (
    "Let us look at “{topic}” with fresh eyes.",
    "Here is a {adjective} thought about {topic}.",
    "A question about {topic} deserves a {adjective} answer.",
    "You mentioned “{topic}”, and that reminds me of a {noun}.",
    "Whoever asks about {topic} usually hopes for {things}.",
    "On {topic}: a {adjective} start is half the {noun}.",
    "In a café near {place}, someone once explained {topic} with {things}.",
)
_MIDDLES = (
    "First, compare the {noun} with the {noun}, then note what changed.",
    "Near {place}, a {adjective} {noun} often says more than “{topic}” itself.",
    "Most {things} grow slowly — and that is fine.",
    "The {adjective} part is the {noun}; the rest follows on its own.",
    "A {noun}, a {noun} and some patience go a long way… usually.",
    "Think of {topic} as a {noun} made of {adjective} {things}.",
    "It takes about 3 € worth of {things} and one {adjective} afternoon.",
    "Some call it naïve, others call it {adjective}.",
    "Between {place} and {place}, the {things} hardly differ.",
)
_CLOSINGS = (
    "Start small, keep notes, and enjoy the {noun}. 🌱",
    "That is the whole {noun}, as far as {topic} goes.",
    "Come back to {place} and you will hear the same {noun}.",
    "And so “{topic}” ends where it began: with a {noun}. ✓",
    "Try it once; the {things} will tell you the rest.",
    "Keep the {noun}, let the {things} go.",
)
_THOUGHTS = (
    "The question is about {topic}.",
    "I could begin with a {noun}, or with {things}.",
    "A {adjective} {noun} seems clearer than “{topic}” alone.",
    "I should keep the answer {adjective} and mention {topic} early.",
    "Nothing here needs {things} — a {noun} will do.",
)
_FILLINGS: dict[str, Sequence[str]] = {
    "noun": (
        "lantern", "map", "river", "kettle", "bridge", "garden", "letter",
        "compass", "melody", "harbour", "ladder", "notebook", "window",
        "recipe", "pendulum", "story", "puzzle", "candle", "clock", "sketch",
    ),
    "things": (
        "lanterns", "maps", "footnotes", "details", "gardens", "letters",
        "examples", "melodies", "numbers", "habits", "questions", "seeds",
        "small steps", "drawings", "borrowed books", "paper boats",
    ),
    "adjective": (
        "quiet", "bright", "patient", "careful", "simple", "curious", "warm",
        "sturdy", "gentle", "plain", "playful", "clear", "slow", "friendly",
        "modest", "surprising",
    ),
    "place": (
        "Lisbon", "Kraków", "the harbour", "the old mill", "Zürich", "Kyoto",
        "the night train", "São Paulo", "the library", "the north shore",
    ),
}  # fmt: skip
_COMMON = frozenset(
    "about after again also because been before being between both could does "
    "down each every from give have here hers into just like list make many more "
    "most much must only other over please same should some such tell than that "
    "their them then there these they this those through under very want were "
    "what when where which while will with without would write your yours".split()
)
_WORD = re.compile(r"[^\W\d_]{4,}")
_ANY_WORD = re.compile(r"[^\W_]+")

# Only the end of a long prompt is read: it holds the question, and reading all
# of it would make the answer's cost grow with the prompt.
_READ_CHARACTERS = 2000

# Short words are mostly verbs, of which the sentences can make nothing.
_TELLING_LETTERS = 6
_NO_TOPIC = "nothing in particular"

Template = tuple[tuple[str, str], ...]


def _compile(sources: Sequence[str]) -> tuple[Template, ...]:
    """Parse templates once, into (literal, name of the slot after it) pairs."""
    return tuple(
        tuple((literal, slot or "") for literal, slot, _, _ in Formatter().parse(text))
        for text in sources
    )


_OPENING_TEMPLATES = _compile(_OPENINGS)
_MIDDLE_TEMPLATES = _compile(_MIDDLES)
_CLOSING_TEMPLATES = _compile(_CLOSINGS)
_THOUGHT_TEMPLATES = _compile(_THOUGHTS)


def topics_of(text: str) -> list[str]:
    """Return the words of a prompt that an answer may speak about."""
    text = text[-_READ_CHARACTERS:]
    words = [word for word in _WORD.findall(text) if word.lower() not in _COMMON]
    telling = [word for word in words if len(word) >= _TELLING_LETTERS]
    return telling or words or _ANY_WORD.findall(text) or [_NO_TOPIC]


def compose(dice: Dice, topics: Sequence[str], sentences: int) -> str:
    """
    Write an answer.

    Args:
        dice: Decides every choice.
        topics: Words of the prompt, at least one.
        sentences: How many sentences, at least one.

    Returns:
        The sentences with spaces between them.
    """
    templates = [dice.pick(_OPENING_TEMPLATES)]
    if sentences > 1:
        templates += [dice.pick(_MIDDLE_TEMPLATES) for _ in range(sentences - 2)]
        templates.append(dice.pick(_CLOSING_TEMPLATES))

    return " ".join(_fill(template, dice, topics) for template in templates)


def ponder(dice: Dice, topics: Sequence[str]) -> str:
    """Write the reasoning that comes before an answer."""
    thoughts = [dice.pick(_THOUGHT_TEMPLATES) for _ in range(2)]
    return " ".join(_fill(template, dice, topics) for template in thoughts)


def _fill(template: Template, dice: Dice, topics: Sequence[str]) -> str:
    parts: list[str] = []
    for literal, slot in template:
        parts.append(literal)
        if slot:
            parts.append(dice.pick(_FILLINGS.get(slot, topics)))

    return "".join(parts)
