"""The fragments of `reasoning_details`, merged for the next request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from openrouter_async.streaming.growing import GrowingObject
from openrouter_async.types.lenient import Json

_Key: TypeAlias = tuple[str, float | str]

# Texts that grow, and what is told as a whole. Of other names nobody knows what they
# are. Their texts grow too, as those of the arguments of a server's tool call; but one
# that is all there is so far is taken for a repetition, as of the name of a tool. Only
# a text whose second piece equals its first comes short by that.
_TEXTS = frozenset({"text", "summary", "data"})
_WHOLE = frozenset({"type", "index", "id", "format", "signature", "tool_call_id"})


class ReasoningDetails:
    """
    Merge fragments in the order they came.

    Those of one detail share type and index; their texts are joined, and unknown
    members are put together as far as they can be
    (https://openrouter.ai/docs/use-cases/reasoning-tokens).

    Attributes:
        details: what there is so far, up to date after `settle()`.
    """

    __slots__ = ("_growing", "_unsettled", "details")

    def __init__(self) -> None:
        self.details: list[dict[str, Json]] = []
        self._growing: dict[_Key, GrowingObject] = {}
        self._unsettled: dict[_Key, GrowingObject] = {}

    def add(self, fragment: Mapping[str, Json]) -> None:
        """Merge one fragment."""
        key = _key(fragment)
        growing = None if key is None else self._growing.get(key)
        if key is None or growing is None or _is_another(growing, fragment):
            self._begin(key, dict(fragment))
            return

        self._unsettled[key] = growing
        for name, value in fragment.items():
            if name in _TEXTS and isinstance(value, str):
                growing.grow(name, value)
            elif name not in _WHOLE:
                growing.merge(name, value)
            elif value or (value is not None and name not in growing.members):
                growing.members[name] = value

    def _begin(self, key: _Key | None, detail: dict[str, Json]) -> None:
        self.details.append(detail)
        if key is None:
            return

        before = self._unsettled.pop(key, None)
        if before is not None:
            before.settle()  # it grows no more

        self._growing[key] = GrowingObject(detail, repeats=True)

    def settle(self) -> None:
        """Join the texts that have come since the last time."""
        for growing in self._unsettled.values():
            growing.settle()

        self._unsettled.clear()


def _is_another(known: GrowingObject, fragment: Mapping[str, Json]) -> bool:
    """Whether it begins a detail of its own, in spite of the same type and index."""
    signed, signature = known.members.get("signature"), fragment.get("signature")
    if signed and signature != signed:
        # A signature ends what it signs, and fits nothing else.
        return bool(signature or fragment.get("text") or fragment.get("summary"))

    call, other = known.members.get("tool_call_id"), fragment.get("tool_call_id")
    if call and other and call != other:
        return True

    if not fragment.get("data"):
        return False

    # It cannot be read together with what is encrypted under another id, nor behind
    # the padding of base64.
    one, other = known.members.get("id"), fragment.get("id")
    if one is None or other is None:
        return known.ends_with("data", "=")

    return one != other


def _key(fragment: Mapping[str, Json]) -> _Key | None:
    index = fragment.get("index")
    if not isinstance(index, float | int | str):  # a double is as good a number
        return None

    return str(fragment.get("type")), index
