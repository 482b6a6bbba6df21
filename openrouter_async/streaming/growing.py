"""JSON objects that come in fragments."""

from __future__ import annotations

from collections.abc import Mapping

from openrouter_async.types.lenient import Json, is_array, is_object


class GrowingMembers:
    """
    Hold an object whose texts grow.

    They are joined once per look, not once per fragment, which would be quadratic.

    Attributes:
        members: the object, up to date after `settle()`.
    """

    __slots__ = ("_fragments", "members")

    def __init__(self, members: dict[str, Json]) -> None:
        self.members: dict[str, Json] = members
        self._fragments: dict[str, list[str]] = {}

    def grow(self, name: str, value: Json) -> None:
        """Add to a text, or take the place of what is none."""
        if isinstance(value, str) and isinstance(self.members.get(name), str):
            if value:
                self._fragments.setdefault(name, []).append(value)
        else:
            self.replace(name, value)

    def replace(self, name: str, value: Json) -> None:
        """Set a member; null says nothing about it."""
        if value is not None:
            self._fragments.pop(name, None)
            self.members[name] = value

    def text(self, name: str) -> str:
        """Return a text as it is by now."""
        self.settle()
        value = self.members.get(name)
        return value if isinstance(value, str) else ""

    def ends_with(self, name: str, ending: str) -> bool:
        """Tell how a text ends by now; it is not joined for that."""
        fragments = self._fragments.get(name)
        value = fragments[-1] if fragments else self.members.get(name)
        return isinstance(value, str) and value.endswith(ending)

    def settle(self) -> None:
        """Join what has come since the last time."""
        for name, fragments in self._fragments.items():
            known = self.members.get(name)
            self.members[name] = f"{known}{''.join(fragments)}"

        self._fragments.clear()


_DEEPEST = 16  # levels that are put together


class GrowingObject:
    """
    Hold an object of any shape that comes in fragments.

    Texts are joined, lists extended, objects grow; of anything else the last counts,
    and of objects that are nested very deeply.

    Attributes:
        members: the object, up to date after `settle()`.
    """

    __slots__ = ("_depth", "_lists", "_objects", "_texts", "members")

    def __init__(self, depth: int = 0) -> None:
        self._depth = depth
        self.members: dict[str, Json] = {}
        self._texts = GrowingMembers(self.members)
        self._lists: dict[str, list[Json]] = {}
        self._objects: dict[str, GrowingObject] = {}

    def grow(self, fragment: Mapping[str, Json]) -> None:
        """Add the members of a fragment."""
        for name, value in fragment.items():
            if is_object(value) and self._depth < _DEEPEST:
                self._object(name).grow(value)
            elif is_array(value):
                self._list(name).extend(value)
            else:
                self._texts.grow(name, value)

    def _object(self, name: str) -> GrowingObject:
        if not isinstance(self.members.get(name), dict):
            self._objects[name] = grown = GrowingObject(self._depth + 1)
            self._texts.replace(name, grown.members)

        return self._objects[name]

    def _list(self, name: str) -> list[Json]:
        if not isinstance(self.members.get(name), list):
            self._lists[name] = grown = list[Json]()
            self._texts.replace(name, grown)

        return self._lists[name]

    def settle(self) -> None:
        """Join the texts that have come since the last time."""
        self._texts.settle()
        for each in self._objects.values():
            each.settle()
