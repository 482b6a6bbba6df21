"""What `POST /chat/completions` takes, and what its answers are made into."""

from __future__ import annotations

from typing import TypeVar

from openrouter_async.resources.chat_answers import take_odd_members
from openrouter_async.resources.conversions import CHAT_CHECKERS, CHAT_CONVERTERS
from openrouter_async.resources.keywords import Keywords
from openrouter_async.resources.kinds import AnswerKind
from openrouter_async.resources.messages import checked_messages, conversation_of
from openrouter_async.resources.options import (
    GatherOptions,
    MapOptions,
    RequestOptions,
)
from openrouter_async.resources.verbs import Operation
from openrouter_async.streaming.chat_pieces import ChatAccumulator
from openrouter_async.types.chat import ChatCompletion, ParsedChatCompletion
from openrouter_async.types.chat_params import CHAT_NEVER_NULL, ChatParams

T = TypeVar("T")


class ChatCallParams(ChatParams, RequestOptions):
    """Name what one call accepts beside its messages; see `RequestOptions`."""


class ChatMapParams(ChatParams, MapOptions):
    """Name what all items of a map share; see `MapOptions`."""


class ChatGatherParams(ChatParams, GatherOptions):
    """Name what all items of a gather share; see `GatherOptions`."""


_NAMED = frozenset({"messages", "parse", "stream"})
CHAT = Operation(
    path="chat/completions",
    own="messages",
    value_of=conversation_of,
    checked=checked_messages,
    never_null=CHAT_NEVER_NULL,
    converters=CHAT_CONVERTERS,
    checkers=CHAT_CHECKERS,
    of_calls=Keywords(ChatCallParams.__optional_keys__ | _NAMED),
    of_runs=Keywords(ChatMapParams.__optional_keys__ | _NAMED),
)
WHOLE: AnswerKind[ChatCompletion] = AnswerKind(ChatCompletion, finish=take_odd_members)
TOOL_RUN_KEYWORDS = Keywords(
    CHAT.of_calls.known | {"max_steps", "raises", "pin_provider"}
)


def accumulator() -> ChatAccumulator[ChatCompletion]:
    """Return what makes an answer of its chunks."""
    return ChatAccumulator(ChatCompletion())


def accumulator_of(
    into: type[ParsedChatCompletion[T]],
) -> ChatAccumulator[ParsedChatCompletion[T]]:
    """Return the same for an answer that is to hold a value."""
    return ChatAccumulator(into())
