"""What every decoded answer shares: the bytes it came from and its meta data."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from openrouter_async.types.lenient import Json, json_members

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


class Received(msgspec.Struct, kw_only=True):
    """
    Hold what a decoded answer has beside its wire members.

    Attributes:
        raw: the JSON text as received; empty for an answer put together from a
            stream.
        meta: the exchange it came from.
    """

    # No JSON member is called "<raw>": the wire cannot set these three.
    raw: bytes = msgspec.field(default=b"", name="<raw>")
    meta: ResponseMeta = msgspec.field(default=ResponseMeta(), name="<meta>")
    # The events of a stream that brought members other than text, for to_dict().
    _events: tuple[bytes, ...] = msgspec.field(default=(), name="<events>")

    def to_dict(self) -> dict[str, Json]:
        """
        Return everything that came as plain JSON values, unknown members included.

        An answer put together from a stream gives its accumulated choices, and
        the other members as its first and last events had them.
        """
        if self.raw:
            return json_members(self.raw)

        typed: dict[str, Json] = {
            name: value
            for name, value in msgspec.to_builtins(self).items()
            if value is not None and not name.startswith("<")
        }
        received: dict[str, Json] = {}
        for event in self._events:
            received.update(json_members(event))

        # Joined over all events; the others are as the last event had them.
        for name in ("choices", "object"):
            received.pop(name, None)

        return typed | received
