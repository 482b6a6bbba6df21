"""From a line of a file of prompts to an item of a map."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from openrouter_async.cli.json_text import BadJSONError, json_of
from openrouter_async.cli.line_fields import (
    BadLineError,
    Fields,
    chat_fields,
    text_fields,
)
from openrouter_async.types.lenient import Json, is_array, is_object

_OWN = frozenset({"id"})
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_OPENING = ("{", "[")
_NEITHER = "is neither a JSON string nor an object"


class NoPromptsError(BadLineError):
    """Raised when a line shows that no line of the file can be read."""


class PromptItem(dict[str, Json]):
    """
    Hold the request fields of a line, and where they come from.

    Attributes:
        line: number of the line, from 1.
        source: JSON text of the whole line, members included that are not sent.
        is_chat: whether it goes to chat completions.
    """

    __slots__ = ("is_chat", "line", "source")

    def __init__(
        self, fields: Mapping[str, Json], line: int, source: bytes, *, is_chat: bool
    ) -> None:
        super().__init__(fields)
        self.line: int = line
        self.source: bytes = source
        self.is_chat: bool = is_chat


@dataclass(frozen=True, slots=True, kw_only=True)
class LineForm:
    """
    Say how lines are read.

    Attributes:
        is_json: whether they are JSON; else each is a prompt as it stands.
        is_chat: whether a line without `messages` is what a user says.
        system: what conversations begin with; None for nothing.
        kept: members that are the user's own: they are not sent.
        sent: members that are sent although this release does not know them.
    """

    is_json: bool
    is_chat: bool = False
    system: str | None = None
    kept: frozenset[str] = frozenset()
    sent: frozenset[str] = frozenset()

    def item(self, line: bytes, number: int) -> PromptItem | None:
        """
        Return the item of a line, None for a blank one.

        Args:
            line: with or without its line break.
            number: which one it is, from 1.

        Raises:
            BadLineError: it cannot be sent.
        """
        line = line.removesuffix(b"\n").removesuffix(b"\r")
        if number == 1:
            line = line.removeprefix(_BYTE_ORDER_MARK)

        text = _decoded(line, number)
        if not text or text.isspace():
            return None

        if not self.is_json:
            return self._text_item(text, msgspec.json.encode(text), number)

        value = _json(text)
        if isinstance(value, str):
            return self._text_item(value, line.strip(), number)

        if is_object(value):
            return self._object_item(value, line.strip(), number)

        raise BadLineError(_no_item(value, is_chat=self.is_chat))

    def _text_item(self, text: str, source: bytes, number: int) -> PromptItem:
        own = "content" if self.is_chat else "prompt"
        return self._item({own: text}, source, number)

    def _object_item(
        self, value: Mapping[str, Json], source: bytes, number: int
    ) -> PromptItem:
        own = self.kept | (_OWN - self.sent)
        return self._item(
            {name: value[name] for name in value if name not in own}, source, number
        )

    def _item(self, members: Fields, source: bytes, number: int) -> PromptItem:
        is_chat = self.is_chat or "messages" in members
        if is_chat:
            fields = chat_fields(members, self.system, self.sent)
        else:
            fields = text_fields(members, self.sent)

        return PromptItem(fields, number, source, is_chat=is_chat)


def _decoded(line: bytes, number: int) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        place = error.start + 1

    if number == 1 and line.startswith(_UTF_16):
        raise NoPromptsError("UTF-16; save the file as UTF-8", is_json=True)

    raise BadLineError(f"not UTF-8 (byte {place} of the line)")


def _json(text: str) -> Json:
    try:
        return json_of(text)
    except BadJSONError as error:
        reason = error.reason

    raise BadLineError(reason, is_json=text.lstrip().startswith(_OPENING))


def _no_item(value: Json, *, is_chat: bool) -> str:
    if is_array(value):
        remedy = 'several prompts for one request go into {"prompt": [...]}'
        if is_chat or (value and is_object(value[0])):
            remedy = 'messages go into {"messages": [...]}'

        return f"a JSON array {_NEITHER}; {remedy}"

    shown = msgspec.json.encode(value).decode()
    return f"{shown} {_NEITHER}"
