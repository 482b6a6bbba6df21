"""Request bodies of any kind, turned into bytes once for all attempts."""

from __future__ import annotations

from dataclasses import is_dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, cast

import aiohttp
import msgspec

from openrouter_async.errors import ConfigError
from openrouter_async.transport.codec import encode_json
from openrouter_async.types.lenient import Json, is_array, is_object

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from _typeshed import DataclassInstance

    Body: TypeAlias = (
        Mapping[str, Json]
        | Sequence[Json]
        | msgspec.Struct
        | DataclassInstance
        | bytes
        | bytearray
        | memoryview
        | aiohttp.FormData
        | None
    )
    """What `client.request` can send."""

_BYTES = (bytes, bytearray, memoryview)
_BINARY = "application/octet-stream"
_UPLOAD = (
    "a file is uploaded in a form: form = aiohttp.FormData();"
    " form.add_field('file', file, filename='...')"
)


class EncodedBody(NamedTuple):
    """
    Hold a body as it goes out.

    Attributes:
        content: empty for no body.
        content_type: None for JSON, and for no body.
    """

    content: bytes
    content_type: str | None = None


async def encode_any(body: object) -> EncodedBody:
    """
    Encode a request body.

    A form is read to its end here, files in another thread: it can be read once, and
    the same bytes go out on every attempt.

    Args:
        body: see `Body`.

    Raises:
        ConfigError: it cannot be sent.
    """
    if body is None:
        return EncodedBody(b"")

    if isinstance(body, _BYTES):
        return EncodedBody(bytes(cast("bytes", body)), _BINARY)

    if isinstance(body, aiohttp.FormData):
        return await _encode_form(body)

    if isinstance(body, msgspec.Struct) or is_dataclass(body):
        return EncodedBody(_encoded(_builtins(body)))

    if is_object(body) or is_array(body):
        return EncodedBody(_encoded(body))

    advice = f"; {_UPLOAD}" if _is_file(body) else ""
    raise ConfigError(
        "body must be a mapping, a sequence, a Struct, a dataclass, bytes or"
        f" aiohttp.FormData, not {type(body).__name__}{advice}"
    )


def _encoded(body: Json) -> bytes:
    try:
        return encode_json(body)
    except ConfigError as exc:
        problem = exc.message

    for name, member in body.items() if is_object(body) else ():
        # Other clients take tuples with the name of a file and its content.
        for each in member if is_array(member) else [member]:
            if _is_file(each):
                kind = type(each).__name__
                problem = f"{name} of the body is of type {kind}; {_UPLOAD}"

    raise ConfigError(problem)


def _is_file(value: object) -> bool:
    return isinstance(value, _BYTES) or callable(getattr(value, "read", None))


def _builtins(body: object) -> Json:
    """Return a record as mappings and lists, without members that are UNSET."""
    try:
        return msgspec.to_builtins(body, builtin_types=_BYTES)
    except (TypeError, ValueError, RecursionError) as exc:
        problem = f"body cannot be encoded as JSON: {exc}"

    raise ConfigError(problem)


async def _encode_form(form: aiohttp.FormData) -> EncodedBody:
    try:
        payload = form()
        return EncodedBody(await payload.as_bytes(), payload.content_type)
    except (TypeError, ValueError, RuntimeError) as exc:
        problem = f"the form cannot be sent: {exc}"

    raise ConfigError(problem)


def asked_model(members: Mapping[str, Json]) -> str | None:
    """Return the model that is asked for first: limits are counted by it."""
    model, models = members.get("model"), members.get("models")
    if model is None and is_array(models) and models:
        model = models[0]

    return model if isinstance(model, str) else None


def asked_tokens(members: Mapping[str, Json]) -> int | None:
    """Return how many tokens the answer may have, if the request says so."""
    for name in ("max_completion_tokens", "max_tokens"):
        value = members.get(name)
        if isinstance(value, int):
            return value

    return None
