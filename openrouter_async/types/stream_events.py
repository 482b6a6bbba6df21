"""What happens in a streamed chat completion, one kind of event each."""

from __future__ import annotations

from typing import Generic, Literal, TypeAlias, TypeVar

import msgspec

from openrouter_async.types.chat import Audio, ChatCompletion, Image
from openrouter_async.types.lenient import Json
from openrouter_async.types.tool_calls import ToolCall
from openrouter_async.types.usage import Usage

AnswerT_co = TypeVar("AnswerT_co", bound=ChatCompletion, covariant=True)


class TextEvent(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Hold a piece of the text of a choice."""

    text: str
    choice: int = 0
    type: Literal["text"] = "text"


class ReasoningEvent(msgspec.Struct, frozen=True, kw_only=True):
    """
    Hold a piece of the reasoning of a choice.

    Attributes:
        text: in words; '' where it is encrypted.
        details: the fragments of `reasoning_details` that came with it.
        choice: index of the choice.
        type: tells it from other events.
    """

    text: str
    details: list[dict[str, Json]] = []  # msgspec copies it
    choice: int = 0
    type: Literal["reasoning"] = "reasoning"


class RefusalEvent(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Hold a piece of why the model does not answer."""

    text: str
    choice: int = 0
    type: Literal["refusal"] = "refusal"


class ToolCallStartedEvent(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """
    Tell that a call of a tool begins.

    Attributes:
        position: of the call among those of the choice, from 0.
        id: of the call.
        name: of the tool; '' if it has not come yet.
        choice: index of the choice.
        type: tells it from other events.
    """

    position: int
    id: str
    name: str
    choice: int = 0
    type: Literal["tool_call_started"] = "tool_call_started"


class ToolCallArgumentsEvent(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """
    Hold a piece of the arguments of a call.

    Attributes:
        position: of the call among those of the choice, from 0.
        arguments: a piece of JSON text.
        choice: index of the choice.
        type: tells it from other events.
    """

    position: int
    arguments: str
    choice: int = 0
    type: Literal["tool_call_arguments"] = "tool_call_arguments"


class ToolCallFinishedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """
    Hold a whole call: the next one has begun, or the choice has ended.

    Attributes:
        position: of the call among those of the choice, from 0.
        call: with all of its arguments, which need not be valid.
        choice: index of the choice.
        type: tells it from other events.
    """

    position: int
    call: ToolCall
    choice: int = 0
    type: Literal["tool_call_finished"] = "tool_call_finished"


class ImageEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Hold an image of a choice."""

    image: Image
    choice: int = 0
    type: Literal["image"] = "image"


class AudioEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Hold a piece of the sound of a choice, or of its transcript."""

    audio: Audio
    choice: int = 0
    type: Literal["audio"] = "audio"


class AnnotationEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Hold a citation, or a file as it was parsed."""

    annotation: dict[str, Json]
    choice: int = 0
    type: Literal["annotation"] = "annotation"


class UsageEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Hold the token counts and the cost so far."""

    usage: Usage
    type: Literal["usage"] = "usage"


class CommentEvent(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """
    Hold a comment of the server: it is alive, and there is no answer yet.

    Attributes:
        text: such as `OPENROUTER PROCESSING`
            (https://openrouter.ai/docs/api-reference/streaming).
        type: tells it from other events.
    """

    text: str
    type: Literal["comment"] = "comment"


class FinishedEvent(msgspec.Struct, Generic[AnswerT_co], frozen=True, kw_only=True):
    """Hold the whole answer; the last event, and there once if the stream is whole."""

    answer: AnswerT_co
    type: Literal["finished"] = "finished"


ChunkEvent: TypeAlias = (
    TextEvent
    | ReasoningEvent
    | RefusalEvent
    | ToolCallStartedEvent
    | ToolCallArgumentsEvent
    | ToolCallFinishedEvent
    | ImageEvent
    | AudioEvent
    | AnnotationEvent
    | UsageEvent
)
"""What the chunks of a stream bring."""

StreamEvent: TypeAlias = ChunkEvent | CommentEvent | FinishedEvent[AnswerT_co]
"""Whatever happens in a stream; `type` and the class tell the events apart."""
