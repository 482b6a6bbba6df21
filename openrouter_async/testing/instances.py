"""JSON documents that satisfy a JSON schema, and other structured answers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, cast

import msgspec

from openrouter_async.testing.notes import ORDER, with_notes
from openrouter_async.testing.refusals import InvalidRequestError
from openrouter_async.testing.texts import text_of
from openrouter_async.testing.validation import instance_problem, schema_problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from openrouter_async.testing.dice import Dice

_FIELD = "response_format.json_schema.schema"
_DEEPEST = 32
_TYPES = ("object", "array", "string", "number", "integer", "boolean", "null")


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
        instance = maker.make(schema, 0)
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
    return _Maker(root, dice, topics, field).make(schema, 0)


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
        self._read = with_notes if noted else _mapping
        self._root = root
        self._dice = dice
        self._topics = topics

    def make(self, schema: object, depth: int) -> object:
        if depth > _DEEPEST:
            message = f"{self._field}: it requires instances of endless depth"
            raise InvalidRequestError(message)

        rules = self._resolve(schema)
        if "const" in rules:
            return rules["const"]

        if "enum" in rules:
            return self._dice.pick(_sequence(rules["enum"]) or [None])

        makers = {
            "object": self._object,
            "array": self._array,
            "string": self._string,
            "number": self._number,
            "integer": self._number,
            "boolean": self._boolean,
        }
        maker = makers.get(_type_of(rules))
        return None if maker is None else maker(rules, depth)

    def _resolve(self, schema: object) -> dict[str, object]:
        """Follow references, take first alternatives and merge what is left."""
        rules = self._read(_mapping(schema))
        for _ in range(_DEEPEST):
            reference = rules.get("$ref")
            alternatives = rules.get("anyOf") or rules.get("oneOf")
            parts = _sequence(rules.get("allOf"))
            rest = {
                name: value
                for name, value in rules.items()
                if name not in {"$ref", "anyOf", "oneOf", "allOf"}
            }
            if isinstance(reference, str):
                parts = [self._find(reference), *parts]

            if alternatives:
                parts = [*parts, _sequence(alternatives)[0]]

            if not parts:
                return rest

            rules = _merge(rest, [self._read(_mapping(part)) for part in parts])

        message = f"{self._field}: its references do not end"
        raise InvalidRequestError(message)

    def _find(self, reference: str) -> object:
        if not reference.startswith("#"):
            message = f"{self._field}: only local references are followed: {reference}"
            raise InvalidRequestError(message)

        target: object = self._root
        for part in reference[1:].split("/")[1:]:
            name = part.replace("~1", "/").replace("~0", "~")
            target = _mapping(target).get(name)

        return target

    def _object(self, rules: dict[str, object], depth: int) -> object:
        properties = _mapping(rules.get("properties"))
        required = _sequence(rules.get("required"))
        names = [str(name) for name in required] or list(properties)
        return {name: self.make(properties.get(name), depth + 1) for name in names}

    def _array(self, rules: dict[str, object], depth: int) -> object:
        places = _sequence(rules.get("prefixItems")) or _places(rules)
        made = [self.make(place, depth + 1) for place in places]
        least = int(_number_of(rules, "minItems", 1))
        if _number_of(rules, "maxItems", 1) < 1:
            return made

        while len(made) < least:
            item = rules.get("items")
            if made and rules.get("uniqueItems") is True:
                item = _other_than(made, self._resolve(item))

            made.append(self.make(item, depth + 1))

        return made

    def _string(self, rules: dict[str, object], _depth: int) -> object:
        return text_of(rules, self._dice, self._topics)

    def _number(self, rules: dict[str, object], _depth: int) -> object:
        step = _number_of(rules, "multipleOf", 1)
        above = _number_of(rules, "exclusiveMinimum", -math.inf)
        below = _number_of(rules, "exclusiveMaximum", math.inf)
        low = max(_number_of(rules, "minimum", -math.inf), above)
        high = min(_number_of(rules, "maximum", math.inf), below)
        if low == -math.inf:
            low = 0 if high > 0 else high - step

        number = math.ceil(low / step) * step
        if number <= above:
            number += step

        if rules.get("type") == "number" and (number > high or number >= below):
            # No whole step lies between the bounds.
            number = (low + high) / 2

        return int(number) if number == int(number) else number

    def _boolean(self, _rules: dict[str, object], _depth: int) -> object:
        return self._dice.roll(2) == 1


def _type_of(rules: Mapping[str, object]) -> str:
    kind = rules.get("type")
    if isinstance(kind, str):
        return kind

    for name in _sequence(kind):
        if name != "null" and name in _TYPES:
            return str(name)

    if "properties" in rules or "required" in rules:
        return "object"

    return "array" if "items" in rules or "prefixItems" in rules else "string"


def _places(rules: Mapping[str, object]) -> list[object]:
    """Return schemas for the places of a tuple, of which only types are known."""
    items = _mapping(rules.get("items"))
    alternatives = [_mapping(each) for each in _sequence(items.get("anyOf"))]
    alternatives = alternatives or [items]
    unused = [*alternatives]
    places: list[object] = []
    for kind in _sequence(rules.get(ORDER)):
        # They are in the order of their first places.
        fitting = (each for each in (*unused, *alternatives) if _is_of(kind, each))
        place = next(fitting, alternatives[0])
        unused = [each for each in unused if each is not place]
        places.append(place)

    return places


def _is_of(kind: object, rules: Mapping[str, object]) -> bool:
    """Tell whether a schema can be of a type; enumerations and classes have none."""
    said = rules.get("type")
    untyped = said in {None, "array", "object"} or "enum" in rules
    return untyped if kind == "value" else said == kind


def _other_than(made: Sequence[object], rules: dict[str, object]) -> dict[str, object]:
    """Return the schema of an item that is not among those before it."""
    kind = _type_of(rules)
    values = [True, False] if kind == "boolean" else _sequence(rules.get("enum"))
    if values:
        return {**rules, "enum": [value for value in values if value not in made]}

    if kind in {"integer", "number"}:
        return {**rules, "exclusiveMinimum": max(cast("Sequence[float]", made))}

    if kind == "string":
        longest = max(map(len, cast("Sequence[str]", made)))
        return {**rules, "minLength": longest + 1}

    return rules


def _merge(rules: dict[str, object], parts: Sequence[dict[str, object]]) -> dict[str, object]:
    merged: dict[str, object] = {}
    for part in (*parts, rules):
        for name, value in part.items():
            merged[name] = _combine(name, merged.get(name), value)

    return merged


def _combine(name: str, old: object, new: object) -> object:
    if name == "properties":
        one, other = _mapping(old), _mapping(new)
        shared = {key: {"allOf": [one[key], other[key]]} for key in one.keys() & other}
        return {**one, **other, **shared}

    if name == "enum" and old is not None:
        return [value for value in _sequence(old) if value in _sequence(new)]

    if name in {"required", "allOf"}:
        return [*_sequence(old), *_sequence(new)]

    return new


def _mapping(value: object) -> dict[str, object]:
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}


def _sequence(value: object) -> list[object]:
    return cast("list[object]", value) if isinstance(value, list) else []


def _number_of(rules: Mapping[str, object], name: str, default: float) -> float:
    value = rules.get(name)
    return value if isinstance(value, int | float) else default
