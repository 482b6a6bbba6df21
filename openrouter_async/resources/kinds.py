"""The kinds of answer that a request can be read as."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING, Generic, TypeVar

from openrouter_async.transport.answers import read_answer
from openrouter_async.transport.calls import Running
from openrouter_async.transport.codec import decode_json
from openrouter_async.transport.exchange import Exchange
from openrouter_async.types.lenient import Json

if TYPE_CHECKING:
    from openrouter_async.types.chat import ChatCompletion
    from openrouter_async.types.completion import Completion

AnswerT = TypeVar("AnswerT", bound="Completion | ChatCompletion")


@dataclass(frozen=True)
class AnswerKind(Generic[AnswerT]):
    """
    Tell what an answer is read as.

    Attributes:
        into: its type.
        members: what the request needs to hold for it.
        finish: completes an answer that came whole, or raises what it lacks.
    """

    into: type[AnswerT]
    members: Mapping[str, Json] = field(default_factory=dict[str, Json])
    finish: Callable[[AnswerT], None] | None = None

    @cached_property
    def reader(self) -> Callable[[Running, Exchange, bytes], AnswerT]:
        """What turns a body into an answer; made once, as every call needs it."""
        return partial(read_answer, into=self.into, finish=self.finish)

    def with_options(self, options: Mapping[str, object]) -> Mapping[str, object]:
        """Return options with what the request needs beside them; None is not given."""
        if not self.members:
            return options

        given = {
            name: value
            for name, value in options.items()
            if value is not None or name not in self.members
        }
        return {**self.members, **given}

    def decoded(self, text: bytes) -> AnswerT:
        """Return an answer that was kept as text."""
        answer = decode_json(text, self.into)
        answer.raw = text
        if self.finish is not None:
            self.finish(answer)

        return answer
