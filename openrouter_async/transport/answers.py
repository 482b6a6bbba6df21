"""From the body of a plain call to a typed answer, or to the error inside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from msgspec.structs import replace

from openrouter_async.errors import OpenRouterError, ResponseDecodeError
from openrouter_async.transport.calls import Running
from openrouter_async.transport.codec import decode_json
from openrouter_async.transport.exchange import Exchange
from openrouter_async.transport.hints import page_hint
from openrouter_async.types.answer import Choice
from openrouter_async.types.lenient import is_array, json_members

if TYPE_CHECKING:
    from openrouter_async.types.chat import ChatCompletion
    from openrouter_async.types.completion import Completion

_SHOWN = 200

AnswerT = TypeVar("AnswerT", bound="Completion | ChatCompletion")


def read_answer(
    running: Running,
    exchange: Exchange,
    body: bytes,
    into: type[AnswerT],
    finish: Callable[[AnswerT], None] | None = None,
) -> AnswerT:
    """
    Decode a body that holds choices.

    Args:
        running: the call.
        exchange: the attempt that brought the body.
        body: JSON text.
        into: type of the answer.
        finish: completes it, or raises what it lacks.

    Returns:
        The answer, with its `raw` and `meta`.

    Raises:
        APIError: the body, or a choice in it, reports an error in spite of the
            successful status.
        ResponseDecodeError: it is not JSON, or holds neither choices nor an error.
        ParseError: from `finish`.
    """
    try:
        return _read(running, exchange, body, into, finish)
    except OpenRouterError:
        redacted = exchange.redact(body)
        if redacted == body:
            raise

    # A server that quotes the request: the same failure, without the key in it.
    return _read(running, exchange, redacted, into, finish)


def _read(
    running: Running,
    exchange: Exchange,
    body: bytes,
    into: type[AnswerT],
    finish: Callable[[AnswerT], None] | None,
) -> AnswerT:
    try:
        answer = decode_json(body, into)
    except ResponseDecodeError as error:
        raise _located(error, exchange) from None

    answer.raw = body
    answer.meta = running.meta(exchange, answer.id)
    if answer.error or _failed(answer.choices):
        raise _reported(answer, exchange, body)

    if not answer.choices:
        try:
            check_choices(body)
        except ResponseDecodeError as error:
            raise _located(error, exchange) from None

    running.used(answer.usage)
    if finish is not None:
        finish(answer)

    running.accepted()
    return answer


def check_choices(body: bytes) -> None:
    """
    Refuse a body without a list of choices; an empty list is one.

    Raises:
        ResponseDecodeError: there is none.
    """
    if not is_array(json_members(body).get("choices")):
        shown = body[:_SHOWN].decode("utf-8", "replace")
        message = f"the answer holds no choices: {shown}"
        raise ResponseDecodeError(message, body=body[:4096])


def _failed(choices: Sequence[Choice]) -> bool:
    for choice in choices:
        if choice.error or choice.finish_reason == "error":
            return True

    return False


def _reported(
    answer: Completion | ChatCompletion, exchange: Exchange, body: bytes
) -> OpenRouterError:
    from openrouter_async.transport.failures import from_answer

    error = answer.error or next(
        (choice.error for choice in answer.choices if choice.error), None
    )
    head = replace(exchange.head(), generation_id=answer.meta.generation_id)
    partial = answer if any(choice.has_content for choice in answer.choices) else None
    answer.meta = exchange.redact_meta(answer.meta)
    return from_answer(error, head, body, partial)


def _located(error: ResponseDecodeError, exchange: Exchange) -> ResponseDecodeError:
    kind = exchange.response.headers.get("Content-Type", "none")
    error.status = exchange.response.status
    error.generation_id = exchange.generation_id
    hints = [f"Its content type is {kind}"]
    advice = page_hint(error.body)
    if advice is not None:  # the message ends with it, and the hint is where it belongs
        error.message = error.message.removesuffix(f". {advice}")
        hints.append(advice)

    error.hint = ". ".join(hints)
    return error
