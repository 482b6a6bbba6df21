"""Bodies out and in: encoded once, decoded strictly first and patiently second."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import is_dataclass
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import TypeVar

import msgspec

from openrouter_async.errors import ConfigError, ResponseDecodeError
from openrouter_async.transport.hints import page_hint
from openrouter_async.types.lenient import (
    Json,
    convert_lenient,
    is_array,
    is_object,
    json_value,
)

T = TypeVar("T", bound=msgspec.Struct)

_PLAIN = frozenset({str, int, bool, type(None)})
_BYTES = (bytes, bytearray, memoryview)
_SHOWN_BYTES = 200
_KEPT_BYTES = 4096


def _as_builtin(value: object) -> Json:
    """Turn read-only mappings, other sequences and subclasses into what JSON has."""
    if is_object(value):
        return dict(value)

    if is_array(value):
        return list(value)

    if isinstance(value, str):
        return str.__str__(value)

    # NumPy's numbers, for one.
    if isinstance(value, float):
        return float(value)

    assert isinstance(value, int), "everything else has been refused"
    return int(value)


# Prices come as Decimal: they go out as the numbers they are.
_encode = msgspec.json.Encoder(enc_hook=_as_builtin, decimal_format="number").encode


def encode_body(members: Mapping[str, Json]) -> bytes:
    """
    Encode a request body, keeping the order of its members.

    Args:
        members: the fields and their values.

    Returns:
        UTF-8 JSON, the same bytes for the same members.

    Raises:
        ConfigError: a value has no faithful JSON form: NaN and infinities (which
            encoders turn into null), bytes (into base64), lone surrogates,
            objects, what holds itself. It names the field.
    """
    for name, value in members.items():
        if type(value) not in _PLAIN:
            _check_member(value, name)

    if not set(map(type, members)) <= {str}:
        _check_object(members, "the request")

    try:
        return _encode(members)
    except UnicodeEncodeError as exc:
        reason = str(exc)

    for name, value in members.items():
        _try_to_encode(name, "a key of the request")
        _find_unencodable(value, name)

    raise ConfigError(f"the request cannot be encoded as JSON: {reason}")


def encode_json(value: Json) -> bytes:
    """
    Encode a request body of any shape.

    Args:
        value: a mapping, or another value that JSON has.

    Raises:
        ConfigError: as `encode_body`.
    """
    if is_object(value):
        return encode_body(value)

    _check_member(value, "body")
    try:
        return _encode(value)
    except UnicodeEncodeError as exc:
        reason = str(exc)

    _find_unencodable(value, "body")
    raise ConfigError(f"the request cannot be encoded as JSON: {reason}")


def _check_member(value: object, name: str) -> None:
    try:
        _check(value, name)
    except ConfigError:
        raise
    except RecursionError:
        problem = "is nested too deeply, or holds itself"
    except (TypeError, ValueError) as exc:
        problem = f"cannot be encoded as JSON: {exc}"
    else:
        return

    raise ConfigError(f"{name} {problem}")


def _check(value: object, path: str) -> None:
    """Raise for what the encoder would take but change."""
    if isinstance(value, float | Decimal):
        if not math.isfinite(value):
            raise ConfigError(f"{path} is {value}, which JSON does not have")
    elif isinstance(value, _BYTES):
        raise ConfigError(f"{path} is bytes; decode it to str first")
    elif is_object(value):
        _check_object(value, path)
    elif is_array(value):
        _check_items(value, path)
    elif isinstance(value, Enum):
        _check(value.value, path)
    elif isinstance(value, msgspec.Struct) or is_dataclass(value):
        _check(msgspec.to_builtins(value, builtin_types=_BYTES), path)
    elif not isinstance(value, str | int | None):
        kind = type(value).__name__
        problem = f"is of type {kind}, which JSON does not have"
        raise ConfigError(f"{path} {problem}{dump_hint(value)}")


def dump_hint(value: object) -> str:
    """
    Return how to pass a model of pydantic, or of one that is alike; else "".

    It could go out in several ways, with or without what is not set, by one name or
    another: which of them is meant is for the caller to say.
    """
    if isinstance(value, type | msgspec.Struct) or is_dataclass(value):
        return ""

    # Of the class: a stand-in of a test has whatever attribute is asked for.
    if is_object(value) or not hasattr(type(value), "model_dump"):
        return ""

    return "; pass its `.model_dump(mode='json')`, with `exclude_none=True` if need be"


def _check_object(members: Mapping[str, Json], path: str) -> None:
    for name, item in members.items():
        _check_key(name, path)
        if type(item) not in _PLAIN:
            _check(item, f"{path}.{name}")


def _check_key(name: object, path: str) -> None:
    # Numbers, such as the token ids of a bias, become strings.
    if not isinstance(name, str | int) or isinstance(name, bool):
        kind = type(name).__name__
        raise ConfigError(f"a key of {path} is of type {kind}, not a string")


def _check_items(items: Sequence[object], path: str) -> None:
    # One pass in C: prompts can be lists of a hundred thousand token ids.
    if set(map(type, items)) <= _PLAIN:
        return

    for position, item in enumerate(items):
        _check(item, f"{path}[{position}]")


def _find_unencodable(value: Json, path: str) -> None:
    """Raise for the innermost value that cannot be encoded."""
    if is_object(value):
        for name, item in value.items():
            _try_to_encode(name, f"a key of {path}")
            _find_unencodable(item, f"{path}.{name}")
    elif is_array(value):
        for position, item in enumerate(value):
            _find_unencodable(item, f"{path}[{position}]")
    else:
        _try_to_encode(value, path)


def _try_to_encode(value: Json, path: str) -> None:
    try:
        _encode(value)
        return
    except UnicodeEncodeError:
        problem = "holds a lone surrogate, which has no UTF-8 form"

    raise ConfigError(f"{path} {problem}")


@cache
def _decoder(into: type[T]) -> msgspec.json.Decoder[T]:
    return msgspec.json.Decoder(into)


def decode_json(text: bytes, into: type[T]) -> T:
    """
    Decode an answer.

    Strictly first, which is fast; if that fails, member by member: doubles for
    integers, nulls, invalid UTF-8, a byte order mark and wrong types do not cost
    the answer that came with them.

    Raises:
        ResponseDecodeError: it is not a JSON object.
    """
    try:
        return _decoder(into).decode(text)  # type: ignore[no-any-return]  # the cache hides T
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _decode_patiently(text, into)


def _decode_patiently(text: bytes, into: type[T]) -> T:
    try:
        return convert_lenient(json_value(text), into)
    except ValueError as exc:
        reason = str(exc)

    raise unreadable(text, reason)


def unreadable(text: bytes, reason: str) -> ResponseDecodeError:
    """Return the error for a body that is no JSON, or none of the kind expected."""
    if not text.strip():
        return ResponseDecodeError("the answer is empty", body=text[:_SHOWN_BYTES])

    shown = text[:_SHOWN_BYTES].decode("utf-8", "replace").strip()
    advice = page_hint(text)
    return ResponseDecodeError(
        f"the answer is not the JSON that was expected ({reason}): {shown}"
        + (f". {advice}" if advice else ""),
        body=text[:_KEPT_BYTES],
    )
