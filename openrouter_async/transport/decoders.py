"""From the text of an answer to a value of any type."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import cache, partial
from typing import TypeVar, cast

import msgspec

from openrouter_async.errors import ConfigError, ResponseDecodeError
from openrouter_async.transport.codec import decode_json
from openrouter_async.types.lenient import Json, is_array, json_members, json_value
from openrouter_async.types.records import Record, RecordList
from openrouter_async.types.wire import Received

T = TypeVar("T")
ReceivedT = TypeVar("ReceivedT", bound=Received)
ListT = TypeVar("ListT", bound=RecordList[Record])

_SHOWN = 200
_KEPT = 4096
_FAILURES = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


class _Enveloped(msgspec.Struct):
    data: msgspec.Raw = msgspec.Raw(b"")


@cache
def decoder_for(wanted: Hashable) -> Callable[[bytes], object]:
    """
    Return what decodes JSON into a type; `dict` stands for any object.

    Raises:
        ConfigError: nothing can be decoded into that type.
    """
    if wanted is dict:
        wanted = dict[str, Json]

    try:
        decoder = msgspec.json.Decoder(wanted)
    except (TypeError, NameError) as exc:
        problem = f"response_type cannot be decoded: {exc}"
    else:
        if isinstance(wanted, type) and issubclass(wanted, msgspec.Struct):
            return partial(decode_json, into=wanted)

        return partial(_decode_any, decoder)

    raise ConfigError(problem)


def _decode_any(decoder: msgspec.json.Decoder[T], text: bytes) -> T:
    try:
        return decoder.decode(text)
    except _FAILURES:
        return _decode_patiently(decoder.type, text)


def _decode_patiently(into: type[T], text: bytes) -> T:
    try:
        return msgspec.convert(json_value(text), into, strict=False)
    except (ValueError, *_FAILURES) as exc:
        reason = str(exc)

    if not text.strip():
        raise ResponseDecodeError("the answer is empty", body=text[:_SHOWN])

    shown = text[:_SHOWN].decode("utf-8", "replace").strip()
    raise ResponseDecodeError(
        f"the answer is not the JSON that was expected ({reason}): {shown}",
        body=text[:_KEPT],
    )


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
        return answer

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


def item_reader(item_type: type[T]) -> Callable[[Json], T]:
    """
    Return what reads the items of a list as values of a type.

    Args:
        item_type: `dict`, or a type that msgspec can decode.

    Raises:
        ConfigError: nothing can be decoded into that type.
    """
    decode = decoder_for(cast("Hashable", item_type))

    def convert(item: Json) -> T:
        text = msgspec.json.encode(item)
        value = decode(text)
        if isinstance(value, Received):
            value.raw = text

        return cast("T", value)

    return convert
