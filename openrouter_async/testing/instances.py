"""JSON documents that satisfy a JSON schema, and other structured answers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec

from openrouter_async.testing.notes import with_notes
from openrouter_async.testing.references import References
from openrouter_async.testing.refusals import InvalidRequestError
from openrouter_async.testing.rules import (
    mapping_of,
    number_of,
    other_than,
    places_of,
    sequence_of,
    type_of,
)
from openrouter_async.testing.texts import text_of
from openrouter_async.testing.validation import instance_problem, schema_problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from openrouter_async.testing.dice import Dice

_FIELD = "response_format.json_schema.schema"
_MOST_GIVEN_UP = 200  # parts that do not end; there may be a great many orders of them
_ENDLESS = "it requires instances of endless depth"


def json_answer(dice: Dice, topics: Sequence[str]) -> str:
    """Return a JSON document about the prompt's words."""
    document = {
        "answer": " ".join((dice.pick(topics), dice.pick(topics))),
        "topics": list(dict.fromkeys(topics))[:3],
        "confidence": round(0.5 + dice.fraction() / 2, 2),
    }
    return msgspec.json.encode(document).decode()


def python_answer(dice: Dice, topics: Sequence[str]) -> str:
    """Return a few lines of Python."""
    number = 2 + dice.roll(8)
    return (
        f"topic = {dice.pick(topics)!r}\n"
        f"for number in range({number}):\n"
        "    print(number, topic)\n"
    )


def schema_answer(
    schema: Mapping[str, object],
    dice: Dice,
    topics: Sequence[str],
    field: str = _FIELD,
) -> str:
    """
    Return a small JSON document that satisfies a schema.

    Args:
        schema: A JSON schema; local references are followed.
        dice: Decides every choice.
        topics: Words for the strings.
        field: Where the schema is in the request, for messages.

    Returns:
        The document, with the properties that are required (all of them, where
        the schema requires none). It keeps to the bounds that the library writes
        into descriptions as well, unless that is against the schema.

    Raises:
        InvalidRequestError: If the schema is not valid, or asks for more than
            can be made up, such as a pattern.
    """
    problem = schema_problem(schema)
    for noted in (True, False) if problem is None else ():
        maker = _Maker(schema, dice, topics, field, noted=noted)
        instance = maker.make(schema)
        problem = instance_problem(schema, instance)
        if problem is None:
            return msgspec.json.encode(instance).decode()

    message = f"{field}: no instance can be made up: {problem}"
    raise InvalidRequestError(message)


def make_instance(
    schema: object,
    root: Mapping[str, object],
    dice: Dice,
    topics: Sequence[str],
    field: str,
) -> object:
    """
    Return an instance of a schema that is part of a document, unchecked.

    Args:
        schema: The schema.
        root: The document that its references lead into.
        dice: Decides every choice.
        topics: Words for the strings.
        field: Where the schema is, for messages.

    Returns:
        The instance, with the properties that are required.

    Raises:
        InvalidRequestError: If the schema's references lead nowhere.
    """
    return _Maker(root, dice, topics, field).make(schema)


class _EndlessError(Exception):
    """An instance would have to hold one of its own kind."""


class _Maker:
    """Makes instances; what it cannot honour, the check afterwards finds."""

    def __init__(
        self,
        root: Mapping[str, object],
        dice: Dice,
        topics: Sequence[str],
        field: str,
        *,
        noted: bool = False,
    ) -> None:
        self._field = field
        read = with_notes if noted else mapping_of
        self._references = References(root, field, read)
        self._dice = dice
        self._topics = topics
        self._given_up = 0

    def make(self, schema: object) -> object:
        try:
            return self._make(schema, frozenset())
        except _EndlessError:
            message = f"{self._field}: {_ENDLESS}"

        raise InvalidRequestError(message)

    def _make(self, schema: object, within: frozenset[str]) -> object:
        """
        Return an instance of a schema.

        Args:
            schema: The schema.
            within: The references whose instances this one is part of. The smallest
                instance holds none of its own kind: of two, the inner one would do.
        """
        for rules, inside in self._references.resolved(schema, within):
            try:
                return self._made(rules, inside)
            except _EndlessError:
                continue  # the next alternative may end

        self._given_up += 1
        if self._given_up > _MOST_GIVEN_UP:
            raise InvalidRequestError(f"{self._field}: {_ENDLESS}")

        raise _EndlessError

    def _made(self, rules: dict[str, object], within: frozenset[str]) -> object:
        if "const" in rules:
            return rules["const"]

        if "enum" in rules:
            return self._dice.pick(sequence_of(rules["enum"]) or [None])

        makers = {
            "object": self._object,
            "array": self._array,
            "string": self._string,
            "number": self._number,
            "integer": self._number,
            "boolean": self._boolean,
        }
        maker = makers.get(type_of(rules))
        return None if maker is None else maker(rules, within)

    def _object(self, rules: dict[str, object], within: frozenset[str]) -> object:
        properties = mapping_of(rules.get("properties"))
        required = sequence_of(rules.get("required"))
        made: dict[str, object] = {}
        for name in map(str, required or properties):
            try:
                made[name] = self._make(properties.get(name), within)
            except _EndlessError:
                if required:
                    raise

        return made

    def _array(self, rules: dict[str, object], within: frozenset[str]) -> object:
        places = sequence_of(rules.get("prefixItems")) or places_of(rules)
        made = [self._make(place, within) for place in places]
        least = int(number_of(rules, "minItems", 1))
        if number_of(rules, "maxItems", 1) < 1:
            return made

        while len(made) < least:
            item = rules.get("items")
            if made and rules.get("uniqueItems") is True:
                item = other_than(made, self._first(item))

            try:
                made.append(self._make(item, within))
            except _EndlessError:
                if len(made) < number_of(rules, "minItems", 0):
                    raise

                break  # none is enough

        return made

    def _first(self, schema: object) -> dict[str, object]:
        for rules, _ in self._references.resolved(schema, frozenset()):
            return rules

        return {}

    def _string(self, rules: dict[str, object], _within: frozenset[str]) -> object:
        return text_of(rules, self._dice, self._topics)

    def _number(self, rules: dict[str, object], _within: frozenset[str]) -> object:
        step = number_of(rules, "multipleOf", 1)
        above = number_of(rules, "exclusiveMinimum", -math.inf)
        below = number_of(rules, "exclusiveMaximum", math.inf)
        low = max(number_of(rules, "minimum", -math.inf), above)
        high = min(number_of(rules, "maximum", math.inf), below)
        if low == -math.inf:
            low = 0 if high > 0 else high - step

        number = math.ceil(low / step) * step
        if number <= above:
            number += step

        if rules.get("type") == "number" and (number > high or number >= below):
            # No whole step lies between the bounds.
            number = (low + high) / 2

        return int(number) if number == int(number) else number

    def _boolean(self, _rules: dict[str, object], _within: frozenset[str]) -> object:
        return self._dice.roll(2) == 1
