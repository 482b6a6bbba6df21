"""
The slow, patient way to decode: whatever can be read of an answer is read.

Strict decoding comes first and is fast. It gives up on a whole answer for one
member of an unexpected type, though, and OpenAI-compatible servers send doubles
for whole numbers, nulls anywhere, and bytes that are not UTF-8.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import TypeAlias, TypeGuard, TypeVar

import msgspec
from msgspec import inspect

Json: TypeAlias = object
"""Any JSON value: None, bool, int, float, str, list or dict with string keys."""

T = TypeVar("T", bound=msgspec.Struct)


class Unfit(ValueError):
    """
    Raised when a record lacks what it must have.

    Attributes:
        reason: what is wrong.
        path: where, such as `$.data[2]`.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason: str = reason
        self.path: str = "$"

    def below(self, step: str | int) -> Unfit:
        """Return it, seen from the value that holds the one it is about."""
        here = f"[{step}]" if isinstance(step, int) else f".{step}"
        self.path = f"${here}{self.path[1:]}"
        return self

    def __str__(self) -> str:
        place = "" if self.path == "$" else f" - at `{self.path}`"
        return f"{self.reason}{place}"


def is_object(value: object) -> TypeGuard[Mapping[str, Json]]:
    """Tell whether it is a mapping, which JSON calls an object."""
    return isinstance(value, Mapping)


def is_array(value: object) -> TypeGuard[Sequence[Json]]:
    """Tell whether it is a sequence of values: neither text nor bytes."""
    return isinstance(value, Sequence) and not isinstance(
        value, str | bytes | bytearray | memoryview
    )


def json_value(text: bytes) -> Json:
    """
    Parse JSON that strict decoders refuse.

    A byte order mark is dropped, bytes that are not UTF-8 and lone surrogates
    become U+FFFD, NaN and infinities become None, the last of repeated keys wins.

    Raises:
        ValueError: it is not JSON even so, or is nested too deeply.
    """
    decoded = text.decode("utf-8-sig", "replace")
    try:
        return _encodable(json.loads(decoded, parse_constant=lambda _: None))
    except RecursionError:
        message = "the JSON is nested too deeply"

    raise ValueError(message)


def json_members(text: bytes) -> dict[str, Json]:
    """Parse a JSON object patiently; anything else gives no members."""
    try:
        value = json_value(text)
    except ValueError:
        return {}

    return dict(value) if is_object(value) else {}


def convert_lenient(value: Json, into: type[T]) -> T:
    """
    Build a Struct from JSON values, member by member.

    A member that cannot be read becomes its default, or the empty value of its
    type where it stands in a list whose positions count. One that has no default
    may be None, if its type allows that.

    Raises:
        Unfit: a member without default is missing, or cannot be read.
        ValueError: `value` is not a JSON object.
    """
    if not is_object(value):
        raise ValueError(f"expected a JSON object, got {type(value).__name__}")

    return _struct(value, into)


def _encodable(value: Json) -> Json:
    """Replace what cannot be encoded again: lone surrogates, overflowed numbers."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")

    if isinstance(value, float) and not math.isfinite(value):
        return None

    if is_array(value):
        return [_encodable(item) for item in value]

    if is_object(value):
        return {str(_encodable(name)): _encodable(item) for name, item in value.items()}

    return value


@cache
def _fields(into: type[msgspec.Struct]) -> tuple[inspect.Field, ...]:
    described = inspect.type_info(into)
    assert isinstance(described, inspect.StructType)
    return described.fields


def _struct(members: Mapping[str, Json], into: type[T]) -> T:
    read: dict[str, Json] = {}
    for field in _fields(into):
        name = field.encode_name
        value = members.get(name)
        converted = None
        if value is not None and not name.startswith("<"):
            converted = _placed(name, value, field.type)

        if converted is not None:
            read[field.name] = converted
        elif field.required:
            _check_nullable(field, value)
            read[field.name] = None

    try:
        return into(**read)
    except (TypeError, ValueError) as exc:  # of its own `__post_init__`
        raise Unfit(str(exc)) from exc


def _check_nullable(field: inspect.Field, value: Json) -> None:
    """Refuse a record without a member that has no default and may not be None."""
    kinds = field.type.types if isinstance(field.type, inspect.UnionType) else ()
    if isinstance(field.type, inspect.AnyType | inspect.NoneType) or any(
        isinstance(kind, inspect.NoneType) for kind in kinds
    ):
        return

    problem = "is missing"
    if value is not None:
        wanted = type(field.type).__name__.removesuffix("Type").lower()
        problem = f"is of type {type(value).__name__}, where {wanted} is wanted"

    raise Unfit(f"the required member `{field.encode_name}` {problem}")


def _placed(step: str | int, value: Json, wanted: inspect.Type) -> Json:
    """Read what is a step below, and have errors tell the step."""
    try:
        return _member(value, wanted)
    except Unfit as exc:
        raise exc.below(step) from None


def _member(value: Json, wanted: inspect.Type) -> Json:
    """Return `value` as the wanted type, None where that cannot be done."""
    match wanted:
        case inspect.UnionType(types=types):
            return _member(value, types[0]) if value is not None else None
        case inspect.StructType(cls=cls):
            return _struct(value, cls) if is_object(value) else None
        case inspect.ListType(item_type=item):
            return _items(value, item)
        case inspect.DictType(value_type=item):
            if not is_object(value):
                return None

            return {name: _placed(name, each, item) for name, each in value.items()}
        case inspect.IntType() | inspect.FloatType() | inspect.BoolType():
            return _number(value, wanted)
        case inspect.StrType():
            return _string(value)
        case inspect.DecimalType():
            return _decimal(value)
        case (
            inspect.DataclassType(cls=cls)
            | inspect.TypedDictType(cls=cls)
            | inspect.NamedTupleType(cls=cls)
            | inspect.EnumType(cls=cls)
        ):
            return _converted(value, cls)
        case _:
            return value


def _converted(value: Json, into: type[object]) -> Json:
    try:
        return msgspec.convert(value, into, strict=False)
    except msgspec.ValidationError:
        return None


def _items(value: Json, item: inspect.Type) -> list[Json] | None:
    if not is_array(value):
        return None

    read = [_placed(place, each, item) for place, each in enumerate(value)]
    if isinstance(item, inspect.UnionType | inspect.AnyType):
        return read

    if isinstance(item, inspect.StructType | inspect.DictType):
        return [each for each in read if each is not None]

    empty: Json = "" if isinstance(item, inspect.StrType) else 0
    return [empty if each is None else each for each in read]


def _number(value: Json, wanted: inspect.Type) -> Json:
    if isinstance(wanted, inspect.BoolType):
        return value if isinstance(value, bool) else None

    kind = int if isinstance(wanted, inspect.IntType) else float
    if isinstance(value, float) and kind is int and value.is_integer():
        return int(value)

    try:
        return msgspec.convert(value, kind, strict=False)
    except msgspec.ValidationError:
        return None


def _decimal(value: Json) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None

    try:
        return Decimal(str(value))  # a float's shortest text, not its binary value
    except InvalidOperation:
        return None


def _string(value: Json) -> str | None:
    if isinstance(value, str):
        return value

    if is_array(value):
        return content_text(value) or None

    return str(value) if isinstance(value, int | float) else None


def content_text(content: Json) -> str:
    """Return the text of a chat message's `content`: a string or a list of parts."""
    if isinstance(content, str):
        return content

    if not is_array(content):
        return ""

    texts = [part.get("text") for part in content if is_object(part)]
    return "".join(text for text in texts if isinstance(text, str))
