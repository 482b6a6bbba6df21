"""From the body of any operation to a value, or to the error inside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar, cast, get_origin

from msgspec import structs

from openrouter_async.errors import OpenRouterError, ResponseDecodeError
from openrouter_async.transport.calls import Running
from openrouter_async.transport.decoders import OwnReader, decoder_for, with_texts
from openrouter_async.transport.exchange import Exchange
from openrouter_async.transport.failures import from_answer
from openrouter_async.types.lenient import (
    Json,
    is_array,
    is_object,
    json_members,
)
from openrouter_async.types.records import RawResponse, Record, RecordList
from openrouter_async.types.usage import Usage
from openrouter_async.types.wire import Received, ResponseMeta

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


_NO_BODY = frozenset({204, 205})
_TEXTS = frozenset({"", "text/html", "text/plain"})
_BYTES = "response_type=bytes gives what is no JSON"
# Beside an `error` that is text: with any other member it is a record's own, such as
# that of a video that could not be made.
_OF_ERRORS = frozenset(
    {"code", "error", "message", "request_id", "status", "success", "type", "user_id"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyReader(Generic[T_co]):
    """
    Read the bodies of one kind of operation.

    Attributes:
        decode: makes the value; it raises ResponseDecodeError.
        checked: content types in which an error may be; "" is in all of them, None
            for none.
        may_be_empty: whether a 204 is read as it is; else as an object without members.
        repeatable: whether the operation may be carried out twice.
        of_others: hint for a body whose content type says that it is no JSON.
    """

    decode: Callable[[bytes], T_co]
    checked: str | None = ""
    may_be_empty: bool = False
    repeatable: bool = True
    of_others: str = ""

    def __call__(self, running: Running, exchange: Exchange, body: bytes) -> T_co:
        """
        Return the value of a body.

        Raises:
            APIError: the body reports an error in spite of the successful status.
            ResponseDecodeError: it is not what was asked for.
        """
        try:
            return self._read(running, exchange, body)
        except OpenRouterError:
            redacted = exchange.redact(body)
            if redacted == body:
                raise

        # A server that quotes the request: the same failure, without the key in it.
        return self._read(running, exchange, redacted)

    def _read(self, running: Running, exchange: Exchange, body: bytes) -> T_co:
        self._check(exchange, body)
        response = exchange.response
        empty = response.status in _NO_BODY or response.method == "HEAD"
        try:
            value = self.decode(b"{}" if empty and not self.may_be_empty else body)
        except ResponseDecodeError as error:
            self._locate(error, exchange, body)
            raise

        if isinstance(value, Received):
            meta = running.meta(exchange, _generation_id(value))
            _attach(value, b"" if empty else body, meta)

        usage: object = getattr(value, "usage", None)
        running.used(usage if isinstance(usage, Usage) else None)
        running.accepted()
        return value

    def _locate(
        self, error: ResponseDecodeError, exchange: Exchange, body: bytes
    ) -> None:
        """Have an error tell where it comes from, and what can be done about it."""
        error.status = exchange.response.status
        error.generation_id = exchange.generation_id
        unread, kind = error.kind != "final", exchange.content_type
        other = unread and not _may_be_json(kind)
        hints = [error.hint] if error.hint and self.repeatable else []
        if other or (unread and self.repeatable):
            hints = [f"Its content type is {kind or 'none'}"]

        if other:
            # It is what the server has, and would be again.
            error.kind = "final"
            hints += [self.of_others] if self.of_others else []

        if not self.repeatable:
            # What cannot be asked for again, such as the secret of a key. Nor is it
            # repeated by a policy that knows only of lost answers.
            error.kind, error.body = "final", body
            hints.append(
                f"{exchange.response.method} is not repeated; the request may have"
                " been carried out; what came is in error.body"
            )

        error.hint = ". ".join(hints) or None

    def _check(self, exchange: Exchange, body: bytes) -> None:
        if self.checked is None or b'"error"' not in body:
            return

        if exchange.content_type.startswith(self.checked):
            error = reported_error(body)
            if error is not None:
                raise from_answer(error, exchange.head(), body, None)


def _may_be_json(content_type: str) -> bool:
    """
    Tell whether a body may be JSON that was spoilt on its way.

    A page may be that of a proxy in between, and passes.
    """
    return content_type in _TEXTS or content_type.endswith("json")


def _attach(value: Received, body: bytes, meta: ResponseMeta) -> None:
    value.raw = value.raw or body
    if "<meta>" in value.__struct_encode_fields__:
        structs.force_setattr(value, "meta", meta)

    if isinstance(value, RecordList):
        for record in cast("RecordList[Record]", value):
            record.meta = meta


def _generation_id(value: Received) -> str | None:
    """Return the id of a generated answer; records have ids of other kinds."""
    known: object = getattr(value, "id", None)
    return known if isinstance(known, str) and known.startswith("gen-") else None


def reported_error(body: bytes) -> Json:
    """
    Return the error that a JSON body reports.

    Args:
        body: may be anything else.

    Returns:
        The error, of the body or of one of its choices; {} for one without details;
        None if it reports none.
    """
    members = json_members(body)
    error = members.get("error")
    if is_object(error) and error:
        return error

    if error and set(members) <= _OF_ERRORS:
        return error

    return error_of_choices(members.get("choices"))


def error_of_choices(choices: Json) -> Json:
    """
    Return the error of an answer's choices, or of a chunk's.

    Args:
        choices: as they came, whatever they are.

    Returns:
        The first that there is; {} where a finish reason is all of it; None for none.
    """
    untold: Json = None
    for choice in choices if is_array(choices) else ():
        if not is_object(choice):
            continue

        error = choice.get("error")
        if error:
            return error

        if choice.get("finish_reason") == "error":
            untold = {}

    return untold


def reply_reader(
    response_type: type[T], *, repeatable: bool = True, own: OwnReader | None = None
) -> ReplyReader[T]:
    """
    Return what reads an operation's bodies as values of a type.

    Args:
        response_type: `dict` for an object's members, `NoneType` for nothing,
            `bytes` or RawResponse for the body as it is, or a type that msgspec can
            decode.
        repeatable: whether the operation may be carried out twice.
        own: reads what msgspec does not know.

    Raises:
        ConfigError: nothing can be decoded into that type.
    """
    wanted: object = response_type
    if wanted is type(None):
        reader: ReplyReader[object] = ReplyReader(decode=_nothing, may_be_empty=True)
    elif wanted is bytes:
        reader = ReplyReader(
            decode=bytes, may_be_empty=True, checked="application/json"
        )
    elif wanted is RawResponse:
        reader = ReplyReader(decode=_untouched, may_be_empty=True, checked=None)
    else:
        decode = _with_texts(wanted, decoder_for(wanted, own))
        reader = ReplyReader(decode=decode, of_others=_BYTES)

    return ReplyReader(
        decode=cast("Callable[[bytes], T]", reader.decode),
        checked=reader.checked,
        may_be_empty=reader.may_be_empty,
        repeatable=repeatable,
        of_others=reader.of_others,
    )


def _with_texts(
    wanted: object, decode: Callable[[bytes], object]
) -> Callable[[bytes], object]:
    """Return what decodes a list so that its records have their `raw`."""
    origin = get_origin(wanted) or wanted
    if not (isinstance(origin, type) and issubclass(origin, RecordList)):
        return decode

    def decode_records(text: bytes) -> object:
        return with_texts(cast("RecordList[Record]", decode(text)), text)

    return decode_records


def _nothing(_: bytes) -> None:
    return None


def _untouched(body: bytes) -> RawResponse:
    return RawResponse(raw=body)
