"""From the body of a plain call to a typed answer, or to the error inside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol, TypeVar

from openrouter_async.errors import OpenRouterError, ResponseDecodeError
from openrouter_async.transport.calls import Running
from openrouter_async.transport.codec import decode_json
from openrouter_async.transport.exchange import Exchange
from openrouter_async.transport.failures import from_answer
from openrouter_async.types.completion import Completion
from openrouter_async.types.lenient import Json

AnswerT = TypeVar("AnswerT", bound=Completion)


class _Choice(Protocol):
    error: Json
    finish_reason: str | None


def read_answer(
    running: Running, exchange: Exchange, body: bytes, into: type[AnswerT]
) -> AnswerT:
    """
    Decode a body that holds choices.

    Raises:
        APIError: the body, or a choice in it, reports an error in spite of the
            successful status.
        ResponseDecodeError: it is not JSON, or holds neither choices nor an error.
    """
    try:
        return _read(running, exchange, body, into)
    except OpenRouterError:
        redacted = exchange.redact(body)
        if redacted == body:
            raise

    # A server that quotes the request: the same failure, without the key in it.
    return _read(running, exchange, redacted, into)


def _read(
    running: Running, exchange: Exchange, body: bytes, into: type[AnswerT]
) -> AnswerT:
    try:
        answer = decode_json(body, into)
    except ResponseDecodeError as error:
        raise _located(error, exchange) from None

    answer.raw = body
    answer.meta = running.meta(exchange, answer.id)
    if answer.error or _failed(answer.choices):
        raise _reported(answer, exchange, body)

    if not answer.choices and b'"choices"' not in body:
        raise _located(
            ResponseDecodeError("the answer holds no choices", body=body[:4096]),
            exchange,
        )

    return answer


def _failed(choices: Sequence[_Choice]) -> bool:
    for choice in choices:
        if choice.error or choice.finish_reason == "error":
            return True

    return False


def _reported(answer: Completion, exchange: Exchange, body: bytes) -> OpenRouterError:
    error = answer.error or next(
        (choice.error for choice in answer.choices if choice.error), None
    )
    head = replace(exchange.head(), generation_id=answer.meta.generation_id)
    partial = answer if any(choice.has_content for choice in answer.choices) else None
    return from_answer(error, head, body, partial)


def _located(error: ResponseDecodeError, exchange: Exchange) -> ResponseDecodeError:
    kind = exchange.response.headers.get("Content-Type", "none")
    error.status = exchange.response.status
    error.generation_id = exchange.generation_id
    error.hint = f"Its content type is {kind}"
    return error
