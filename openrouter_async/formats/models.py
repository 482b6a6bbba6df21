"""Models of pydantic, known by what they can do: pydantic is never imported."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from types import NoneType
from typing import Protocol, TypeGuard, cast, get_args

import msgspec

from openrouter_async.formats.hints import is_union
from openrouter_async.formats.mismatch import FormatMismatch, raised_mismatch
from openrouter_async.types.lenient import Json, is_array, is_object


class Model(Protocol):
    """Be a class that describes itself as a JSON schema, and reads JSON."""

    def model_json_schema(self, *, ref_template: str) -> dict[str, Json]:
        """Return the JSON schema, with the types it refers to in `$defs`."""
        ...

    def model_validate_json(self, json_data: bytes, /) -> object:
        """Return an instance; anything wrong is a ValueError with `errors()`."""
        ...


def is_model(kind: object) -> TypeGuard[Model]:
    """Tell whether a type is a model of pydantic, or acts like one."""
    return (
        isinstance(kind, type)
        and callable(getattr(kind, "model_json_schema", None))
        and callable(getattr(kind, "model_validate_json", None))
    )


class _Adapter(Protocol):
    """Be a TypeAdapter of pydantic."""

    def json_schema(self, *, ref_template: str) -> dict[str, Json]:
        """Return the JSON schema, as a model does."""
        ...

    def validate_json(self, json_data: bytes, /) -> object:
        """Return a value, as a model does."""
        ...


class _Choice(type):
    """Be the type of whatever pydantic reads as one of several models."""

    def __instancecheck__(cls, instance: object) -> bool:
        return True


def is_choice(kind: object) -> bool:
    """Tell whether it is a union of models, which msgspec does not tell apart."""
    models = [each for each in get_args(kind) if each is not NoneType]
    return is_union(kind) and len(models) > 1 and all(map(is_model, models))


def reader_of_choice(kind: object, name: str) -> type:
    """
    Return a type that acts like a model, and whose values are those of a union.

    Args:
        kind: a union of models, with metadata or without.
        name: what it is called.

    Raises:
        Exception: whatever pydantic has against it.
    """
    # It is there already, as models of it are.
    adapter_of = cast(
        "Callable[[object], _Adapter]", sys.modules["pydantic"].TypeAdapter
    )
    adapter = adapter_of(kind)
    adapter.json_schema(ref_template="{model}")
    members = {
        "model_json_schema": adapter.json_schema,
        "model_validate_json": adapter.validate_json,
    }
    return _Choice(name, (), members)


def read_member(kind: type, value: Json) -> object:
    """
    Return a JSON value as a type that msgspec does not know (its `dec_hook`).

    Raises:
        FormatMismatch: the model refuses the value; with the place inside of it.
    """
    if kind is object:
        return value

    model = cast("Model", kind)  # all others were refused as they were described
    try:
        return model.model_validate_json(msgspec.json.encode(value))
    except ValueError as error:
        raise _found(error, value) from error
    except Exception as error:  # whatever a validator raises
        raise raised_mismatch(error) from error


def _found(error: ValueError, value: Json) -> FormatMismatch:
    """Return what pydantic's ValidationError lists, each once."""
    listing = getattr(error, "errors", None)
    listed: Json = listing() if callable(listing) else None
    found: dict[tuple[str, str], None] = {}
    for each in listed if is_array(listed) else ():
        if is_object(each):
            place = each.get("loc")
            path = _path(place, value) if is_array(place) else "$"
            found[str(each.get("msg", error)), path] = None

    if not found:
        return FormatMismatch(str(error))

    (message, path), *others = found
    return FormatMismatch(message, path, tuple(others))


def _path(place: Sequence[Json], value: Json) -> str:
    """Write a place as a path; pydantic puts branches of unions into it as well."""
    path = "$"
    for at, step in enumerate(place):
        if is_array(value) and isinstance(step, int) and step < len(value):
            path += f"[{step}]"
            value = value[step]
            continue

        missing = at == len(place) - 1
        if is_object(value) and isinstance(step, str) and (missing or step in value):
            path += f".{step}"
            value = value.get(step)

    return path
