"""From an outcome to a line of the answers."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from openrouter_async.cli.prompt_lines import PromptItem
from openrouter_async.errors import OpenRouterError
from openrouter_async.fanout.outcomes import Outcome
from openrouter_async.types.answer import Choice
from openrouter_async.types.chat import ChatCompletion, ChatMessage
from openrouter_async.types.completion import Completion
from openrouter_async.types.lenient import Json, json_value
from openrouter_async.types.usage import Usage


class ErrorMember(msgspec.Struct, frozen=True):
    """
    Tell why there is no answer.

    Attributes:
        class_: the exception's.
        message: what happened.
        code: as reported, a number or a name.
        status: HTTP status; 200 for an error inside an answer.
        provider: the upstream that failed.
        retryable: whether the same request may succeed later.
        maybe_billed: whether it may have been billed.
        partial_text: the text that came before the error.
    """

    class_: str = msgspec.field(name="class")
    message: str
    code: int | str | None
    status: int | None
    provider: str | None
    retryable: bool
    maybe_billed: bool
    partial_text: str | None


class AnswerLine(msgspec.Struct, frozen=True, kw_only=True):
    """
    Hold an item as it is written.

    Attributes:
        line: number of the line that the item comes from, from 1.
        input: that line.
        text: of the answer's first choice; None if there is no answer.
        texts: of all choices, where there are several.
        refusal: why the first choice has no answer, where it says so.
        tool_calls: that the first choice asks for, as received, where there are any.
        finish_reason: of the first choice.
        model: that answered.
        generation_id: the id of the usage record.
        prompt_tokens: as the answer reports them.
        completion_tokens: as the answer reports them.
        cost: USD, as the answer reports it.
        attempts: requests sent.
        replayed: whether the answer comes from the journal.
        error: why there is no answer.
        answer: the whole of it, where that is asked for.
    """

    line: int
    input: msgspec.Raw
    text: str | None = None
    texts: list[str] | msgspec.UnsetType = msgspec.UNSET
    refusal: str | msgspec.UnsetType = msgspec.UNSET
    tool_calls: list[dict[str, Json]] | msgspec.UnsetType = msgspec.UNSET
    finish_reason: str | None = None
    model: str | None = None
    generation_id: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cost: float | None = None
    attempts: int
    replayed: bool
    error: ErrorMember | None = None
    answer: msgspec.Raw | msgspec.UnsetType | None = msgspec.UNSET


# They stand beside each other in each line; in a string a quote has a backslash.
REPLAYED = b',"replayed":true,"error":null'
FAILED = b',"replayed":false,"error":{"class":'

_encode = msgspec.json.Encoder().encode


def answer_line(outcome: Outcome[Completion | ChatCompletion], *, full: bool) -> bytes:
    """
    Encode an outcome as a line.

    Args:
        outcome: of a `PromptItem`.
        full: whether to write the whole answer as it was received.
    """
    item = outcome.input
    assert isinstance(item, PromptItem), "these are the items that are sent"
    if outcome.error is None:
        line = _answered(item, outcome.value, outcome.attempts, outcome.replayed, full)
    else:
        line = AnswerLine(
            line=item.line,
            input=msgspec.Raw(item.source),
            generation_id=outcome.error.generation_id,
            attempts=outcome.attempts,
            replayed=False,
            error=_error(outcome.error),
            answer=None if full else msgspec.UNSET,
        )

    return _encode(line) + b"\n"


def _answered(
    item: PromptItem,
    value: Completion | ChatCompletion,
    attempts: int,
    replayed: bool,
    full: bool,
) -> AnswerLine:
    choices = _choices(value)
    message = value.message if isinstance(value, ChatCompletion) else ChatMessage()
    usage = value.usage or Usage()
    return AnswerLine(
        line=item.line,
        input=msgspec.Raw(item.source),
        text=value.text,
        texts=[each.text for each in choices] if len(choices) > 1 else msgspec.UNSET,
        refusal=message.refusal or msgspec.UNSET,
        tool_calls=message.tool_call_members or msgspec.UNSET,
        finish_reason=choices[0].finish_reason if choices else None,
        model=value.model,
        generation_id=value.meta.generation_id,
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
        cost=usage.cost,
        attempts=attempts,
        replayed=replayed,
        answer=_one_line(value.raw) if full else msgspec.UNSET,
    )


def _choices(value: Completion | ChatCompletion) -> list[Choice]:
    choices: Sequence[Choice] = value.choices
    return sorted(choices, key=lambda choice: choice.index)


def _one_line(raw: bytes) -> msgspec.Raw:
    try:
        raw.decode()
        text = bytes(msgspec.json.decode(raw, type=msgspec.Raw))
    except (ValueError, RecursionError):
        # What servers send that is not JSON to the letter, and could be read.
        text = _encode(json_value(raw))

    # A string of JSON holds no line break: those between its tokens are all there are.
    return msgspec.Raw(text.strip().replace(b"\n", b" ").replace(b"\r", b" "))


def _error(error: OpenRouterError) -> ErrorMember:
    return ErrorMember(
        class_=type(error).__name__,
        message=error.message.encode(errors="replace").decode(),
        code=error.code,
        status=error.status,
        provider=error.provider_name,
        retryable=error.retryable,
        maybe_billed=error.maybe_billed,
        partial_text=None if error.partial is None else error.partial.text,
    )
