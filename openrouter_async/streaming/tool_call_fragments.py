"""The fragments of tool calls, put together by index."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from openrouter_async.streaming.growing import GrowingMembers
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


class _Call:
    """Hold one call, and what of it grows."""

    __slots__ = ("call", "function", "position")

    def __init__(self, position: int) -> None:
        self.position = position
        self.function = GrowingMembers({"name": "", "arguments": ""})
        self.call = GrowingMembers(
            {"id": "", "type": "function", "function": self.function.members}
        )

    def take(self, fragment: Mapping[str, Json]) -> None:
        for name, value in fragment.items():
            if name == "function" and is_object(value):
                self._take_function(value)
            elif name != "function" and value != "":
                self.call.replace(name, value)

    def _take_function(self, function: Mapping[str, Json]) -> None:
        known = self.function.members["name"]
        for name, value in function.items():
            if name == "arguments":
                self.function.grow(name, arguments_text(value))
            elif name != "name" or not known:
                self.function.replace(name, value)
            elif value != known:
                # A few upstreams repeat the name with every fragment.
                self.function.grow(name, value)

    def begun_anew(self, fragment: Mapping[str, Json]) -> bool:
        """Whether it is the first of another call, in spite of the same index."""
        function, known = fragment.get("function"), self.call.members.get("id")
        name = function.get("name") if is_object(function) else None
        if not name:
            return False

        given = fragment.get("id")
        if known and given:
            return given != known

        arguments = self.function.text("arguments")
        if name == self.function.members["name"]:  # or it is the name once more
            # Who repeats it does so with a piece of the arguments.
            empty = not (arguments or known or given or _arguments(fragment))
            return empty or is_closed(arguments)

        return bool(arguments)


class ToolCallFragments:
    """
    Put calls together.

    A fragment belongs to the call of its index. Without one it belongs to the call
    of its id, and without that to the last, unless it names a function: upstreams
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
        call.take(fragment)
        self._unsettled[call.position] = call
        return Fragment(call.position, known is None, _arguments(fragment))

    def _find(self, fragment: Mapping[str, Json]) -> _Call | None:
        index, given = _index(fragment), fragment.get("id")
        if index is not None:
            call = self._by_index.get(index)
            return None if call is None or call.begun_anew(fragment) else call

        if given:
            same = (each for each in self._calls if each.call.members["id"] == given)
            return next(same, None)

        function = fragment.get("function")
        named = is_object(function) and bool(function.get("name"))
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
        """Join the arguments that have come since the last time."""
        for each in self._unsettled.values():
            each.function.settle()

        self._unsettled.clear()


def is_closed(arguments: str) -> bool:
    """Tell whether nothing can follow: an object is closed, a number may go on."""
    if not arguments.rstrip().endswith("}"):
        return False

    try:
        return is_object(json_value(arguments.encode()))
    except ValueError:
        return False


def _arguments(fragment: Mapping[str, Json]) -> str:
    function = fragment.get("function")
    return arguments_text(function.get("arguments")) if is_object(function) else ""


def _index(fragment: Mapping[str, Json]) -> int | None:
    index = fragment.get("index")
    return int(index) if isinstance(index, int | float) else None
