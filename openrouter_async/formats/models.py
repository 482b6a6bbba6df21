"""Models of pydantic, known by what they can do: pydantic is never imported."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeGuard, cast

import msgspec

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
    """Return the first of the findings that pydantic's ValidationError lists."""
    listing = getattr(error, "errors", None)
    findings: Json = listing() if callable(listing) else None
    first = findings[0] if is_array(findings) and findings else None
    if not is_object(first):
        return FormatMismatch(str(error))

    place = first.get("loc")
    path = _path(place, value) if is_array(place) else "$"
    return FormatMismatch(str(first.get("msg", error)), path)


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
