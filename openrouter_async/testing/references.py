"""The references and alternatives of a JSON schema, followed to what they say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from openrouter_async.testing.refusals import InvalidRequestError
from openrouter_async.testing.rules import mapping_of, merged, sequence_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_DEEPEST = 32
_JOINED = frozenset({"$ref", "anyOf", "oneOf", "allOf"})


class References:
    """
    Follows the references of schemas.

    Args:
        root: The document that they lead into.
        field: Where the schema is, for messages.
        read: Returns all that a schema says for itself.
    """

    def __init__(
        self,
        root: Mapping[str, object],
        field: str,
        read: Callable[[dict[str, object]], dict[str, object]],
    ) -> None:
        self._root = root
        self._field = field
        self._read = read
        self._reached: dict[bytes, set[str]] = {}  # by the text of a schema

    def resolved(
        self, schema: object, within: frozenset[str]
    ) -> Iterator[tuple[dict[str, object], frozenset[str]]]:
        """
        Follow references; yield what is left merged, for alternatives in turn.

        Args:
            schema: The schema.
            within: The references whose instances its own is part of. What would
                repeat one of them is left out, so there may be nothing.

        Yields:
            What it says without references, and those that it is within then.

        Raises:
            InvalidRequestError: If its references lead nowhere, or do not end.
        """
        waiting = [(self._read(mapping_of(schema)), within, 0)]
        while waiting:
            rules, inside, rounds = waiting.pop()
            if rounds > _DEEPEST:
                message = f"{self._field}: its references do not end"
                raise InvalidRequestError(message)

            rest = {name: each for name, each in rules.items() if name not in _JOINED}
            parts = sequence_of(rules.get("allOf"))
            reference = rules.get("$ref")
            if isinstance(reference, str):
                if reference in within:
                    continue

                inside |= {reference}
                parts = [self._find(reference), *parts]

            alternatives = sequence_of(rules.get("anyOf") or rules.get("oneOf"))
            if not parts and not alternatives:
                yield rest, inside
                continue

            alternatives = self._ending_first(alternatives, within)
            for alternative in reversed(alternatives or [{}]):
                read = [self._read(mapping_of(each)) for each in (*parts, alternative)]
                waiting.append((merged(rest, read), inside, rounds + 1))

    def _ending_first(
        self, alternatives: list[object], within: frozenset[str]
    ) -> list[object]:
        """Return alternatives; where one is a repetition, first those without any."""
        if not any(mapping_of(each).get("$ref") in within for each in alternatives):
            return alternatives

        return sorted(alternatives, key=lambda each: self._repeats(each, within))

    def _repeats(self, schema: object, within: frozenset[str]) -> bool:
        """Tell whether references lead from a schema back to where it is part of."""
        key = msgspec.json.encode(schema)
        if key not in self._reached:
            self._reached[key] = self._reached_from(schema)

        return not within.isdisjoint(self._reached[key])

    def _reached_from(self, schema: object) -> set[str]:
        found: set[str] = set()
        waiting = [schema]
        while waiting:
            each = waiting.pop()
            rules = mapping_of(each)
            waiting += [*rules.values(), *sequence_of(each)]
            reference = rules.get("$ref")
            if isinstance(reference, str) and reference not in found:
                found.add(reference)
                waiting.append(self._find(reference))

        return found

    def _find(self, reference: str) -> object:
        if not reference.startswith("#"):
            message = f"{self._field}: only local references are followed: {reference}"
            raise InvalidRequestError(message)

        target: object = self._root
        for part in reference[1:].split("/")[1:]:
            name = part.replace("~1", "/").replace("~0", "~")
            target = mapping_of(target).get(name)

        return target
