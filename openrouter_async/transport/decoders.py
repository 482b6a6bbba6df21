"""From the text of an answer to a value of any type."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import cache, partial
from typing import Protocol, TypeVar, cast

import msgspec
from msgspec import inspect

from openrouter_async.errors import ConfigError, ResponseDecodeError
from openrouter_async.transport.codec import decode_json, unreadable
from openrouter_async.types.lenient import (
    Json,
    convert_lenient,
    is_array,
    is_object,
    json_members,
    json_value,
)
from openrouter_async.types.records import Record, RecordList
from openrouter_async.types.wire import Received, ResponseMeta

T = TypeVar("T")
ReceivedT = TypeVar("ReceivedT", bound=Received)
ListT = TypeVar("ListT", bound=RecordList[Record])

_SHOWN = 200
_KEPT = 4096
_NAMED = 8  # members of an answer in a message
_FAILURES = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


class _Enveloped(msgspec.Struct):
    data: msgspec.Raw = msgspec.Raw(b"")


class OwnReader(Hashable, Protocol):
    """Read JSON values as types that msgspec does not know."""

    def accepts(self, kind: type, /) -> bool:
        """Tell whether values of that type can be read."""
        ...

    def read(self, kind: type, value: Json, /) -> object:
        """Return a value as that type; anything wrong is a ValueError."""
        ...


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Hold what a type was given as, and what decodes into it, strictly first."""

    name: str
    decoder: msgspec.json.Decoder[object]
    convert: Callable[[Json], object]

    def decode(self, text: bytes) -> object:
        try:
            return self.decoder.decode(text)
        except _FAILURES:
            value = _parsed(text)

        try:
            return self.convert(value)
        except (ValueError, *_FAILURES) as exc:
            reason = str(exc)

        raise ResponseDecodeError(
            f"{self.name} does not fit: {reason}{_outline(value)}",
            body=text,
            hint="What came is in error.body",
            kind="final",  # the same answer would come again
        )


def decoder_for(
    wanted: Hashable, own: OwnReader | None = None, option: str = "response_type"
) -> Callable[[bytes], object]:
    """
    Return what decodes JSON into a type; `dict` stands for any object.

    Args:
        wanted: the type.
        own: reads what msgspec does not know.
        option: what the type was given as.

    Raises:
        ConfigError: nothing can be decoded into that type.
    """
    try:
        return _decoder_for(wanted, own, option)
    except TypeError as exc:  # not hashable, or no type at all
        problem = f"{option} must be a type: {exc}"

    raise ConfigError(problem)


@cache
def _decoder_for(
    wanted: Hashable, own: OwnReader | None, option: str
) -> Callable[[bytes], object]:
    kind: object = dict[str, Json] if wanted is dict else wanted
    try:
        foreign = _foreign_types(kind)
        hook = own.read if own is not None and foreign else None
        decoder = msgspec.json.Decoder(kind, dec_hook=hook)
    except (TypeError, NameError) as exc:
        problem = f"{option} cannot be decoded: {exc}"
    else:
        unknown = [each for each in foreign if own is None or not own.accepts(each)]
        if not unknown:
            convert = _converter(kind, hook, foreign)
            return _Wanted(f"{option}={_type_name(wanted)}", decoder, convert).decode

        problem = (
            f"{option} cannot be decoded: {_type_name(unknown[0])} is none of"
            " msgspec.Struct, dataclass, TypedDict, pydantic model and built-in types"
        )

    raise ConfigError(problem)


def _converter(
    kind: object, hook: Callable[[type, Json], object] | None, foreign: list[type]
) -> Callable[[Json], object]:
    """Return what is more patient: with a Struct, member by member."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and not foreign:
        return partial(convert_lenient, into=kind)

    return partial(msgspec.convert, type=kind, strict=False, dec_hook=hook)


def _foreign_types(kind: object) -> list[type]:
    """Return the types within a type that msgspec leaves to a hook."""
    seen: set[int] = set()
    waiting: list[object] = [inspect.type_info(kind)]
    found: list[type] = []
    while waiting:
        each = waiting.pop()
        if id(each) in seen:
            continue

        seen.add(id(each))
        if isinstance(each, inspect.CustomType):
            if each.cls is not object:  # which stands for any value
                found.append(each.cls)
        elif isinstance(each, tuple):
            waiting.extend(cast("tuple[object, ...]", each))
        elif isinstance(each, inspect.Type | inspect.Field):
            waiting.extend(getattr(each, name) for name in each.__struct_fields__)

    return found


def _type_name(kind: object) -> str:
    return kind.__qualname__ if isinstance(kind, type) else str(kind)


def _outline(value: Json) -> str:
    """Tell what there is instead, without its values: one may be a secret."""
    if not is_object(value):
        return ""

    names = [f"`{name}`" for name in list(value)[:_NAMED]]
    more = " and more" if len(value) > _NAMED else ""
    return f"; what came holds {', '.join(names) or 'no members'}{more}"


def _parsed(text: bytes) -> Json:
    try:
        return json_value(text)
    except ValueError as exc:
        reason = str(exc)

    raise unreadable(text, reason)


_decode_envelope = msgspec.json.Decoder(_Enveloped).decode


def decode_data(text: bytes, into: type[ReceivedT]) -> ReceivedT:
    """
    Decode an answer that holds its record in `data`.

    Raises:
        ResponseDecodeError: there is no such record.
    """
    try:
        data = bytes(_decode_envelope(text).data)
    except _FAILURES:
        data = msgspec.json.encode(json_members(text).get("data"))

    if data in (b"", b"null"):
        shown = text[:_SHOWN].decode("utf-8", "replace")
        message = f"the answer holds no `data`: {shown}"
        raise ResponseDecodeError(message, body=text[:_KEPT])

    record = decode_json(data, into)
    record.raw = data
    return record


class _ListOfRaw(msgspec.Struct):
    data: list[msgspec.Raw] = []


_decode_items = msgspec.json.Decoder(_ListOfRaw).decode


def decode_list(text: bytes, into: type[ListT]) -> ListT:
    """
    Decode an answer that holds a list of records in `data`, each with its `raw`.

    Raises:
        ResponseDecodeError: there is no such list.
    """
    answer = decode_json(text, into)
    if not answer.data:
        _check_list(text)

    return with_texts(answer, text)


def with_texts(answer: ListT, text: bytes) -> ListT:
    """Return a list whose records have their `raw`, out of the text of the list."""
    try:
        items = _decode_items(text).data
    except _FAILURES:
        return answer

    if len(items) == len(answer.data):
        for record, item in zip(answer.data, items, strict=True):
            record.raw = bytes(item)

    return answer


def _check_list(text: bytes) -> None:
    if is_array(json_members(text).get("data")):
        return

    shown = text[:_SHOWN].decode("utf-8", "replace")
    message = f"the answer holds no list in `data`: {shown}"
    raise ResponseDecodeError(message, body=text[:_KEPT])


class ListPage(Record, kw_only=True):
    """
    Hold a page of a list, whatever its items are.

    Attributes:
        members: of the page.
        items: those in `data`.
        texts: their JSON texts, as received.
    """

    members: dict[str, Json]
    items: list[Json]
    texts: list[bytes]


def decode_page(text: bytes) -> ListPage:
    """
    Decode an answer that holds a list in `data`.

    Raises:
        ResponseDecodeError: there is no such list.
    """
    members = _decode_members(text)
    items = _items_of(members, text)
    try:
        texts = [bytes(each) for each in _decode_items(text).data]
    except _FAILURES:
        texts = []

    if len(texts) != len(items):
        texts = [msgspec.json.encode(each) for each in items]

    return ListPage(members=members, items=items, texts=texts)


def _decode_members(text: bytes) -> dict[str, Json]:
    return cast("dict[str, Json]", decoder_for(dict)(text))


def _items_of(members: dict[str, Json], text: bytes) -> list[Json]:
    items = members.get("data")
    if is_array(items):
        return list(items)

    if is_object(items):
        problem = "`data` of the answer is a mapping, not a list"
    elif "data" in members:
        problem = f"`data` of the answer is {items!r:.40}, not a list"
    else:
        names = ", ".join(list(members)[:_NAMED]) or "no members"
        problem = f"the answer holds no list in `data`, but {names}"

    hint = "client.request gets what is no list"
    raise ResponseDecodeError(problem, kind="final", hint=hint, body=text)


def item_reader(
    item_type: type[T], own: OwnReader | None = None
) -> Callable[[bytes, ResponseMeta], T]:
    """
    Return what reads the items of a list as values of a type.

    What it returns takes an item's text, and the exchange that brought it.

    Args:
        item_type: `dict`, or a type that can be decoded.
        own: reads what msgspec does not know.

    Raises:
        ConfigError: nothing can be decoded into that type.
    """
    decode = decoder_for(cast("Hashable", item_type), own, "item_type")

    def convert(text: bytes, meta: ResponseMeta) -> T:
        value = decode(text)
        if isinstance(value, Received):
            value.raw = text

        if isinstance(value, Record):
            value.meta = meta

        return cast("T", value)

    return convert
