"""From a line of a file of prompts to an item of a map."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from openrouter_async.errors import ConfigError
from openrouter_async.resources.prompts import checked_prompt
from openrouter_async.transport.codec import encode_body
from openrouter_async.types.completion_params import CompletionItemParams
from openrouter_async.types.lenient import Json, is_array, is_object

_FIELDS = frozenset(CompletionItemParams.__annotations__) | {"stream"}
_OWN = frozenset({"id"})
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_NEITHER = "is neither a JSON string nor an object"


class BadLineError(ValueError):
    """
    Raised when a line cannot be sent.

    Attributes:
        reason: what is wrong with it.
        unknown: names of members that are no fields of a request.
        is_json: whether it is JSON at all.
    """

    def __init__(
        self, reason: str, *, unknown: tuple[str, ...] = (), is_json: bool = True
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.unknown = unknown
        self.is_json = is_json


class PromptItem(dict[str, Json]):
    """
    Hold the request fields of a line, and where they come from.

    Attributes:
        line: number of the line, from 1.
        source: JSON text of the whole line, members included that are not sent.
    """

    __slots__ = ("line", "source")

    def __init__(self, fields: Mapping[str, Json], line: int, source: bytes) -> None:
        super().__init__(fields)
        self.line: int = line
        self.source: bytes = source


@dataclass(frozen=True, slots=True, kw_only=True)
class LineForm:
    """
    Say how lines are read.

    Attributes:
        is_json: whether they are JSON; else each is a prompt as it stands.
        kept: members that are the user's own: they are not sent.
        sent: members that are sent although this release does not know them.
    """

    is_json: bool
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

        if self.is_json:
            return self._json_item(text, line.strip(), number)

        return PromptItem({"prompt": text}, number, msgspec.json.encode(text))

    def _json_item(self, text: str, line: bytes, number: int) -> PromptItem:
        value = _json(text)
        if isinstance(value, str):
            return PromptItem(_fit({"prompt": value}), number, line)

        if not is_object(value):
            raise BadLineError(_no_item(value))

        own = self.kept | (_OWN - self.sent)
        fields = {name: value[name] for name in value if name not in own}
        item = PromptItem(_fit(fields), number, line)
        if not fields.keys() <= _FIELDS:
            self._refuse_unknown(fields)

        return item

    def _refuse_unknown(self, fields: Mapping[str, Json]) -> None:
        unknown = tuple(name for name in fields if name not in _FIELDS | self.sent)
        if unknown:
            names = ", ".join(f"`{name}`" for name in unknown)
            raise BadLineError(f"no request fields: {names}", unknown=unknown)


def _decoded(line: bytes, number: int) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        place = error.start + 1

    if number == 1 and line.startswith(_UTF_16):
        raise BadLineError("UTF-16; save the file as UTF-8", is_json=True)

    raise BadLineError(f"not UTF-8 (byte {place} of the line)")


def _json(text: str) -> Json:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError) as error:
        reason = str(error).removeprefix("JSON is malformed: ")
    except RecursionError:
        reason = "nested too deeply"

    raise BadLineError(f"not JSON: {reason}", is_json=False)


def _no_item(value: Json) -> str:
    if is_array(value):
        return (
            f"a JSON array {_NEITHER}; several prompts for one request go into"
            ' {"prompt": [...]}'
        )

    shown = msgspec.json.encode(value).decode()
    return f"{shown} {_NEITHER}"


def _fit(fields: dict[str, Json]) -> dict[str, Json]:
    """Return the fields if they can be sent."""
    if "prompt" not in fields:
        chat = "; `messages` are for chat, and these are text completions"
        raise BadLineError(f"no `prompt`{chat if 'messages' in fields else ''}")

    if fields["prompt"] == "":
        raise BadLineError("the prompt is empty")

    if fields.get("stream"):
        raise BadLineError("`stream` must be left out: whole answers are written")

    try:
        checked_prompt(fields["prompt"])
        encode_body(fields)
    except ConfigError as error:
        reason = error.message

    else:
        return fields

    raise BadLineError(reason)
