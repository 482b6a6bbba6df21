"""What every decoded answer shares: the bytes it came from and its meta data."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

import msgspec

from openrouter_async.types.lenient import Json, is_array, json_members

Headers: TypeAlias = tuple[tuple[bytes, bytes], ...]


class AttemptFailure(msgspec.Struct, frozen=True, kw_only=True):
    """
    Tell how one attempt of a call failed.

    Attributes:
        error: name of the exception class the attempt ended with.
        message: its message, shortened.
        status: HTTP status, None when no head arrived.
        code: code as reported on the wire, None when there was none.
        at: seconds from the start of the call to the failure.
        waited: seconds waited afterwards, before the next attempt.
    """

    error: str
    message: str
    status: int | None = None
    code: int | str | None = None
    at: float = 0.0
    waited: float = 0.0


class ResponseMeta(msgspec.Struct, frozen=True, kw_only=True):
    """
    Describe the exchange an answer came from; nothing here is in its body.

    Attributes:
        status: HTTP status, 0 for an object that was not received.
        generation_id: the id under which OpenRouter keeps the usage record: the
            `X-Generation-Id` header, or the body's `id`.
        attempts: requests sent for this call.
        history: the failed attempts before the one that answered, oldest first.
        elapsed: seconds from the start of the call to the answer (for a stream:
            to its head).
        raw_headers: response headers as received.
    """

    status: int = 0
    generation_id: str | None = None
    attempts: int = 0
    history: tuple[AttemptFailure, ...] = ()
    elapsed: float = 0.0
    raw_headers: Headers = ()

    @property
    def headers(self) -> dict[str, str]:
        """Response headers by lower-case name; repeated ones joined by a comma."""
        return joined_headers(self.raw_headers)


def joined_headers(raw_headers: Headers) -> dict[str, str]:
    """Return headers by lower-case name; repeated ones are joined by a comma."""
    joined: dict[str, str] = {}
    for raw_name, raw_value in raw_headers:
        name = raw_name.decode("latin-1").lower()
        value = raw_value.decode("utf-8", "replace")
        joined[name] = f"{joined[name]}, {value}" if name in joined else value

    return joined


_HIDDEN = frozenset({"raw", "meta", "_events", "_parsed"})  # no use in a log


class Received(msgspec.Struct, kw_only=True):
    """
    Hold what everything decoded has beside its wire members.

    Attributes:
        raw: the JSON text as received; empty for an answer put together from a
            stream.
    """

    # No member of the API is called this, and it is set after decoding in any case.
    raw: bytes = msgspec.field(default=b"", name="<raw>")

    def __repr__(self) -> str:
        shown = (
            f"{name}={value!r}"
            for name in self.__struct_fields__
            if name not in _HIDDEN and (value := getattr(self, name)) not in (None, [])
        )
        return f"{type(self).__name__}({', '.join(shown)})"

    def to_dict(self) -> dict[str, Json]:
        """Return everything that came as plain JSON values, unknown members too."""
        return json_members(self.raw) if self.raw else self.typed_members()

    def typed_members(self) -> dict[str, Json]:
        """Return the members that have a value here, as plain JSON values."""
        return given_members(self)


def given_members(value: msgspec.Struct) -> dict[str, Json]:
    """Return members as plain JSON values, without what did not come: None."""
    names = zip(value.__struct_fields__, value.__struct_encode_fields__, strict=True)
    members = {wire: getattr(value, name) for name, wire in names if wire[:1] != "<"}
    return {
        wire: plain_value(member)
        for wire, member in members.items()
        if member is not None
    }


def plain_value(value: Json) -> Json:
    """Return a value of a member as plain JSON values."""
    if isinstance(value, msgspec.Struct):
        return given_members(value)

    if is_array(value):
        return [plain_value(item) for item in value]

    return msgspec.to_builtins(value)  # what came untyped keeps its nulls


def join_members(typed: dict[str, Json], events: Iterable[bytes]) -> dict[str, Json]:
    """
    Return the members of an answer that came in events, unknown ones included.

    Args:
        typed: what was put together from all of the events.
        events: those that brought members other than text, oldest first.
    """
    received: dict[str, Json] = {}
    for event in events:
        members = json_members(event).items()
        received.update({name: value for name, value in members if value is not None})

    # Joined over all events; the others are as the last event had them.
    for name in ("choices", "object"):
        received.pop(name, None)

    return typed | received
