"""JSON objects that come in fragments."""

from __future__ import annotations

from openrouter_async.types.lenient import Json


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
            self._fragments.setdefault(name, []).append(value)
        else:
            self.replace(name, value)

    def replace(self, name: str, value: Json) -> None:
        """Set a member; null says nothing about it."""
        if value is not None:
            self.members[name] = value

    def text(self, name: str) -> str:
        """Return a text as it is by now."""
        self.settle()
        value = self.members.get(name)
        return value if isinstance(value, str) else ""

    def settle(self) -> None:
        """Join what has come since the last time."""
        for name, fragments in self._fragments.items():
            known = self.members.get(name)
            self.members[name] = f"{known}{''.join(fragments)}"

        self._fragments.clear()
