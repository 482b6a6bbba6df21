"""The fragments of tool calls, put together by index."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from openrouter_async.streaming.growing import GrowingObject
from openrouter_async.types.lenient import Json, is_object, json_value
from openrouter_async.types.tool_calls import arguments_text


class Fragment(NamedTuple):
    """
    Tell what a fragment was.

    Attributes:
        position: of its call among the calls, from 0.
        begins: whether it is the first of its call.
        arguments: what it adds to the arguments.
    """

    position: int
    begins: bool
    arguments: str


# What is called, and with what, is in an object named for the type of the call.
_KINDS = {"function": "arguments", "custom": "input"}
_WHOLE = frozenset({"id", "type", "index"})
_NOTHING = GrowingObject()


class _Call:
    """
    Hold one call, and what of it grows.

    Texts of unknown names grow as well, as a signature may that comes in pieces; but
    one that is all there is so far is taken for a repetition, as of a name. Only the
    input of a custom tool always grows, and arguments until they are closed.
    """

    __slots__ = ("call", "kind", "position", "said")

    def __init__(self, position: int) -> None:
        self.position = position
        self.call = GrowingObject({"id": ""}, repeats=True)
        self.kind = ""
        self.said = _NOTHING

    def take(self, fragment: Mapping[str, Json]) -> str:
        """
        Take a fragment in.

        Returns:
            What it adds to the arguments.
        """
        added = ""
        for name, value in fragment.items():
            if name in _WHOLE:
                if value is not None and value != "":
                    self.call.members[name] = value
            elif name not in _KINDS:
                self.call.merge(name, value)
            elif is_object(value):
                added += self._take_said(name, value)

        return added

    def _take_said(self, kind: str, said: Mapping[str, Json]) -> str:
        if not self.kind:
            self._begin(kind)

        if kind != self.kind:
            self.call.merge(kind, said)
            return ""

        added = ""
        for name, value in said.items():
            if name == "arguments":
                added = self._new_arguments(arguments_text(value))
                self.said.grow(name, added)
            elif name == "input":
                self.said.grow(name, value)
            else:
                self.said.merge(name, value)

        return added

    def _begin(self, kind: str) -> None:
        """Make place for what is called: not before it is known what kind it is."""
        self.kind = kind
        self.call.members.setdefault("type", kind)
        self.call.members[kind] = {"name": "", _KINDS[kind]: ""}
        self.said = self.call.inner(kind)

    def _new_arguments(self, arguments: str) -> str:
        """Return what is new in them: a few upstreams end with a whole call again."""
        # Nothing but space can follow what is closed, so it is no piece of it.
        if "}" in arguments and self.said.is_all_of("arguments", arguments):
            return "" if is_closed(arguments) else arguments

        return arguments

    def begun_anew(self, fragment: Mapping[str, Json]) -> bool:
        """Whether it is the first of another call, in spite of the same index."""
        said = _said(fragment)
        name = said.get("name")
        if not name:
            return False

        known, given = self.call.members["id"], fragment.get("id")
        if known and given:
            return given != known

        if not self.kind:
            return False

        text = self.said.text(_KINDS[self.kind])
        adds = arguments_text(said.get(_KINDS[self.kind]))
        named = self.said.text("name")
        if not named:  # or it is the name that comes late
            return bool(adds) and adds != text and is_closed(text)

        if name == named:  # or it is the name once more
            # Who repeats it does so with a piece of the arguments.
            return not (text or known or given or adds) or is_closed(text)

        return bool(text)


class ToolCallFragments:
    """
    Put calls together.

    A fragment belongs to the call of its index. Without one it belongs to the call
    of its id, and without that to the last, unless it names what it calls: upstreams
    exist that leave the index out, and others that give all calls the same
    (https://openrouter.ai/docs/features/tool-calling).

    Attributes:
        calls: the calls so far as the wire has them, up to date after `settle()`.
    """

    __slots__ = ("_by_index", "_calls", "_unsettled", "calls")

    def __init__(self) -> None:
        self.calls: list[dict[str, Json]] = []
        self._calls: list[_Call] = []
        self._by_index: dict[int, _Call] = {}
        self._unsettled: dict[int, _Call] = {}

    def add(self, fragment: Mapping[str, Json]) -> Fragment:
        """Add one fragment to its call."""
        known = self._find(fragment)
        call = known or self._begin(fragment)
        added = call.take(fragment)
        self._unsettled[call.position] = call
        return Fragment(call.position, known is None, added)

    def _find(self, fragment: Mapping[str, Json]) -> _Call | None:
        index, given = _index(fragment), fragment.get("id")
        if index is not None:
            call = self._by_index.get(index)
            return None if call is None or call.begun_anew(fragment) else call

        if given:
            same = (each for each in self._calls if each.call.members["id"] == given)
            return next(same, None)

        named = _said(fragment).get("name")
        return self._calls[-1] if self._calls and not named else None

    def _begin(self, fragment: Mapping[str, Json]) -> _Call:
        call = _Call(len(self._calls))
        self._calls.append(call)
        self.calls.append(call.call.members)
        index = _index(fragment)
        if index is not None:
            self._by_index[index] = call

        return call

    def settle(self) -> None:
        """Join the texts that have come since the last time."""
        for each in self._unsettled.values():
            each.call.settle()

        self._unsettled.clear()


def is_closed(arguments: str) -> bool:
    """Tell whether nothing can follow: an object is closed, a number may go on."""
    if not arguments.rstrip().endswith("}"):
        return False

    try:
        return is_object(json_value(arguments.encode()))
    except ValueError:
        return False


def _said(fragment: Mapping[str, Json]) -> Mapping[str, Json]:
    """Return what a fragment calls, and with what."""
    for kind in _KINDS:
        said = fragment.get(kind)
        if said is not None and is_object(said):
            return said

    return {}


def _index(fragment: Mapping[str, Json]) -> int | None:
    index = fragment.get("index")
    return int(index) if isinstance(index, int | float) else None
