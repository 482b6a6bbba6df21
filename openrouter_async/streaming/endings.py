"""How streams of known protocols end, and what they used by then."""

from __future__ import annotations

import msgspec

from openrouter_async.errors import ResponseDecodeError
from openrouter_async.transport.codec import decode_json
from openrouter_async.types.lenient import Json, is_array, is_object

# What begins like this has an end of its own: a body that only ends was cut
# (openrouter.ai/docs/api-reference: responses, messages, images).
_LAST: dict[str, tuple[str, ...]] = {
    "response.": ("response.completed", "response.incomplete"),
    "message_start": ("message_stop",),
    "image_generation.": ("image_generation.completed",),
}
_CHUNKS = frozenset({"chat.completion.chunk", "text_completion"})


class Outline(msgspec.Struct):
    """Hold what tells the protocol of an event, and how far the stream is."""

    type: Json = None
    object: Json = None
    choices: Json = None
    usage: Json = None
    response: Json = None


class Ending:
    """
    Tell whether the events of one stream come to their protocol's end.

    Attributes:
        tokens: how many were used, once an event told.
    """

    def __init__(self) -> None:
        self.tokens: int | None = None
        self._begun = False
        self._last: tuple[str, ...] = ()
        self._over = False
        self._chunks = False
        self._finished: dict[str, bool] = {}  # by the index of a choice

    @property
    def missing(self) -> str | None:
        """What the stream should not end without; None if nothing is missing."""
        if not self._begun:
            return "any event"

        finished = self._finished.values()
        if self._chunks and not (finished and all(finished)):
            return "`[DONE]` or a finish reason"

        return f"`{self._last[0]}`" if self._last and not self._over else None

    def note(self, name: str | None, data: bytes) -> None:
        """
        Take in an event.

        Args:
            name: as its `event:` line gives it.
            data: JSON, or anything else.
        """
        self._begun = True
        try:
            outline = decode_json(data, Outline)
        except ResponseDecodeError:
            outline = Outline()

        kind = name or (outline.type if isinstance(outline.type, str) else "")
        self._last = self._last or _last_of(kind)
        self._over = self._over or kind in self._last
        if is_array(outline.choices):
            self._note_choices(outline.choices)

        self._chunks = self._chunks or bool(self._finished) or _is_chunk(outline)
        used = _tokens(outline)
        self.tokens = self.tokens if used is None else used

    def _note_choices(self, choices: Json) -> None:
        for choice in choices if is_array(choices) else ():
            if is_object(choice):
                index = str(choice.get("index", 0))
                over = bool(choice.get("finish_reason"))
                self._finished[index] = over or self._finished.get(index, False)


def _last_of(kind: str) -> tuple[str, ...]:
    return next((last for start, last in _LAST.items() if kind.startswith(start)), ())


def _is_chunk(outline: Outline) -> bool:
    return isinstance(outline.object, str) and outline.object in _CHUNKS


def _tokens(outline: Outline) -> int | None:
    response = outline.response
    usage = outline.usage or (response.get("usage") if is_object(response) else None)
    if not is_object(usage):
        return None

    total = usage.get("total_tokens")
    if isinstance(total, int):
        return total

    # Messages have no total.
    told = [usage.get("input_tokens"), usage.get("output_tokens")]
    counts = [count for count in told if isinstance(count, int)]
    return sum(counts) if len(counts) == len(told) else None
