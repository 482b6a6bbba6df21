"""Answers whose text stands for a value of a Python type."""

from __future__ import annotations

from typing import TypeVar, cast

from openrouter_async.errors import (
    AnswerMismatchError,
    AnswerRefusedError,
    AnswerTruncatedError,
    ParseError,
)
from openrouter_async.formats.format import Format
from openrouter_async.formats.mismatch import FormatMismatch
from openrouter_async.resources.chat_answers import take_odd_members
from openrouter_async.resources.kinds import AnswerKind
from openrouter_async.types.chat import ChatChoice, ParsedChatCompletion

T = TypeVar("T")

_QUOTED_CHARACTERS = 80  # of an answer in the message of an error
_RAISE = "Raise `max_tokens` or `max_completion_tokens`; reasoning counts too"
_REWORD = "`text` says why; ask in other words, or another model"
_AGAIN = "Ask again, or take a model that supports structured output"


def parsed_kind(parse: type[T] | Format[T]) -> AnswerKind[ParsedChatCompletion[T]]:
    """
    Return the kind of answer that holds a value of a type.

    Raises:
        ConfigError: the type has no JSON schema; the message says where, and why.
    """
    form = Format.of(parse)

    def finish(answer: ParsedChatCompletion[T]) -> None:
        take_odd_members(answer)
        _parse(answer, form)

    into = cast("type[ParsedChatCompletion[T]]", ParsedChatCompletion)
    return AnswerKind(into, {"response_format": form.response_format()}, finish)


def _parse(answer: ParsedChatCompletion[T], form: Format[T]) -> None:
    """
    Read the text of choice 0.

    Raises:
        ParseError: it holds no such value; calls of tools in its place are none.
    """
    choice = next((each for each in answer.choices if each.index == 0), None)
    if choice is None:
        message = "the answer holds no choice"
        raise _of(_hinted(AnswerMismatchError(message, text=""), _AGAIN), answer)

    try:
        answer._parsed = (form.read(choice.text),)  # pyright: ignore[reportPrivateUsage]  # not for callers
    except FormatMismatch as exc:
        found = exc
    else:
        return

    if choice.message.tool_call_members:
        return  # beside calls, text is for whoever reads it

    raise _of(_lack(choice, found, form.name), answer) from found.__cause__


def _of(error: ParseError, answer: ParsedChatCompletion[T]) -> ParseError:
    """Return an error that leads to the answer."""
    error.partial = answer
    error.status = answer.meta.status or None
    error.generation_id = answer.meta.generation_id
    return error


def _lack(choice: ChatChoice, found: FormatMismatch, name: str) -> ParseError:
    """Return why a choice holds no value."""
    text, path = choice.text, found.path
    if choice.finish_reason == "length":
        message = "the answer was cut by a token limit"
        return _hinted(AnswerTruncatedError(message, text=text, path=path), _RAISE)

    refusal = choice.message.refusal
    if refusal:
        message = f"the model refused: {refusal}"
        return _hinted(AnswerRefusedError(message, text=refusal), _REWORD)

    if choice.finish_reason == "content_filter":
        message = "a content filter ended the answer"
        return _hinted(AnswerRefusedError(message, text=text), _REWORD)

    if not text.strip():
        by_itself = ", though it ended by itself" if choice.finish_reason else ""
        message = f"the answer is empty{by_itself}"
        return _hinted(AnswerMismatchError(message, text=text), _AGAIN)

    message = f"the answer does not match {name}: {found}; {_quoted(text)}"
    return _hinted(AnswerMismatchError(message, text=text, path=path), _AGAIN)


def _hinted(error: ParseError, hint: str) -> ParseError:
    error.hint = hint
    return error


def _quoted(text: str) -> str:
    if len(text) <= _QUOTED_CHARACTERS:
        return f"it is {text!r}"

    return f"it begins with {text[:_QUOTED_CHARACTERS]!r}"
