"""JSON objects that come in fragments."""

from __future__ import annotations

from collections.abc import Mapping

from openrouter_async.types.lenient import Json, is_array, is_object


class GrowingMembers:
    """
    Hold an object whose texts grow.

    They are joined once per look, not once per fragment, which would be quadratic.

    Args:
        members: the object as far as it is there; it is changed in place.

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
        """Set a member; null and an empty text say nothing about what is there."""
        if value is None or (value == "" and self.members.get(name) is not None):
            return

        self._fragments.pop(name, None)
        self.members[name] = value

    def is_all_of(self, name: str, value: str) -> bool:
        """Tell whether a text is as it is by now: it is joined only if it may be."""
        known, fragments = self.members.get(name), self._fragments.get(name)
        if not fragments or not isinstance(known, str):
            return known == value

        length = len(known)
        for fragment in fragments:
            length += len(fragment)
            if length > len(value):
                return False

        return length == len(value) and self.text(name) == value

    def text(self, name: str) -> str:
        """Return a text as it is by now."""
        fragments, value = self._fragments.pop(name, None), self.members.get(name)
        if fragments:
            self.members[name] = value = f"{value}{''.join(fragments)}"

        return value if isinstance(value, str) else ""

    def ends_with(self, name: str, ending: str) -> bool:
        """Tell how a text ends by now; it is not joined for that."""
        fragments = self._fragments.get(name)
        value = fragments[-1] if fragments else self.members.get(name)
        return isinstance(value, str) and value.endswith(ending)

    def settle(self) -> None:
        """Join what has come since the last time."""
        for name in [*self._fragments]:
            self.text(name)


_DEEPEST = 16  # levels that are put together


class GrowingObject(GrowingMembers):
    """
    Hold an object of any shape that comes in fragments.

    Texts are joined, lists extended, objects grow; of anything else the last counts,
    and of objects that are nested very deeply.

    Args:
        members: the object as far as it is there; it is changed in place, but nothing
            that is in it.
        repeats: whether a text or a list that is all there is so far says it once
            more, instead of adding to it.
        depth: levels above it.
    """

    __slots__ = ("_depth", "_lists", "_objects", "_repeats")

    def __init__(
        self,
        members: dict[str, Json] | None = None,
        *,
        repeats: bool = False,
        depth: int = 0,
    ) -> None:
        super().__init__({} if members is None else members)
        self._repeats = repeats
        self._depth = depth
        self._lists: dict[str, list[Json]] = {}
        self._objects: dict[str, GrowingObject] = {}

    def merge_all(self, fragment: Mapping[str, Json]) -> None:
        """Add the members of a fragment."""
        for name, value in fragment.items():
            self.merge(name, value)

    def merge(self, name: str, value: Json) -> None:
        """Add to a member, whatever it is."""
        if isinstance(value, str):
            if not (self._repeats and self.is_all_of(name, value)):
                self.grow(name, value)
        elif is_object(value) and self._depth < _DEEPEST:
            self.inner(name).merge_all(value)
        elif is_array(value):
            known = self._list(name)
            if not (self._repeats and known == value):
                known.extend(value)
        else:
            self.replace(name, value)

    def inner(self, name: str) -> GrowingObject:
        """Return the object of a name; one that is not there yet begins."""
        known, inner = self.members.get(name), self._objects.get(name)
        if inner is None or inner.members is not known:
            # What came in a fragment is its own: it grows as a copy.
            members = {**known} if is_object(known) else {}
            inner = GrowingObject(members, repeats=self._repeats, depth=self._depth + 1)
            self._objects[name] = inner
            self.replace(name, members)

        return inner

    def _list(self, name: str) -> list[Json]:
        known, grown = self.members.get(name), self._lists.get(name)
        if grown is None or grown is not known:
            self._lists[name] = grown = [*known] if is_array(known) else []
            self.replace(name, grown)

        return grown

    def settle(self) -> None:
        """Join the texts that have come since the last time."""
        super().settle()
        for each in self._objects.values():
            each.settle()
