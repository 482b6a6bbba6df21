"""The fragments of `reasoning_details`, merged for the next request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from openrouter_async.streaming.growing import GrowingMembers
from openrouter_async.types.lenient import Json

_Key: TypeAlias = tuple[str, float | str]

_TEXTS = frozenset({"text", "summary", "data"})


class ReasoningDetails:
    """
    Merge fragments in the order they came.

    Those of one detail share type and index; their texts are joined, other members
    replaced, and unknown ones kept
    (https://openrouter.ai/docs/use-cases/reasoning-tokens).

    Attributes:
        details: what there is so far, up to date after `settle()`.
    """

    __slots__ = ("_growing", "details")

    def __init__(self) -> None:
        self.details: list[dict[str, Json]] = []
        self._growing: dict[_Key, GrowingMembers] = {}

    def add(self, fragment: Mapping[str, Json]) -> None:
        """Merge one fragment."""
        key = _key(fragment)
        growing = None if key is None else self._growing.get(key)
        if growing is None or _is_another(growing.members, fragment):
            self._begin(key, dict(fragment))
            return

        for name, value in fragment.items():
            if name in _TEXTS:
                growing.grow(name, value)
            else:
                growing.replace(name, value)

    def _begin(self, key: _Key | None, detail: dict[str, Json]) -> None:
        self.settle()  # what has the same key grows no more
        self.details.append(detail)
        if key is not None:
            self._growing[key] = GrowingMembers(detail)

    def settle(self) -> None:
        """Join the texts that have come since the last time."""
        for growing in self._growing.values():
            growing.settle()


def _is_another(known: Mapping[str, Json], fragment: Mapping[str, Json]) -> bool:
    """Whether it is encrypted under another id: together neither can be read."""
    if "data" not in fragment:
        return False

    return known.get("id") != fragment.get("id") and None not in (
        known.get("id"),
        fragment.get("id"),
    )


def _key(fragment: Mapping[str, Json]) -> _Key | None:
    index = fragment.get("index")
    if not isinstance(index, float | int | str):  # a double is as good a number
        return None

    return str(fragment.get("type")), index
