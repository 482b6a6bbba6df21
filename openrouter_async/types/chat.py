"""What comes back from `POST /chat/completions`, whole and in chunks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, NoReturn, TypeVar

import msgspec

from openrouter_async.types.answer import Answer, Chunk
from openrouter_async.types.chat_untyped import untyped_of, with_untyped
from openrouter_async.types.lenient import Json, is_array
from openrouter_async.types.tool_calls import (
    ToolCall,
    read_tool_call,
    sent_tool_call,
)
from openrouter_async.types.wire import plain_value

T = TypeVar("T")


class TopLogprob(msgspec.Struct, kw_only=True, gc=False, repr_omit_defaults=True):
    """Give the log probability of a token that could have stood in a place."""

    token: str = ""
    logprob: float | None = None
    bytes: list[int] | None = None


class TokenLogprob(msgspec.Struct, kw_only=True, gc=False, repr_omit_defaults=True):
    """Give the log probability of a token, and those of its rivals."""

    token: str = ""
    logprob: float | None = None
    bytes: list[int] | None = None
    top_logprobs: list[TopLogprob] | None = None


class ChatLogprobs(msgspec.Struct, kw_only=True, gc=False, repr_omit_defaults=True):
    """Give the log probabilities of the tokens of one choice."""

    content: list[TokenLogprob] | None = None
    refusal: list[TokenLogprob] | None = None


class ImageURL(
    msgspec.Struct, kw_only=True, gc=False, repr_omit_defaults=True, omit_defaults=True
):
    """Locate an image: mostly a data URL of megabytes."""

    url: str = ""


class Image(
    msgspec.Struct, kw_only=True, gc=False, repr_omit_defaults=True, omit_defaults=True
):
    """Hold an image of an answer."""

    type: str | None = None
    image_url: ImageURL = msgspec.field(default_factory=ImageURL)
    index: int | None = None


class Audio(
    msgspec.Struct, kw_only=True, gc=False, repr_omit_defaults=True, omit_defaults=True
):
    """
    Hold the sound of an answer.

    Attributes:
        id: stands for it in the next request.
        data: in base64.
        transcript: what is said.
        expires_at: until when the id is known, seconds since the epoch.
    """

    id: str | None = None
    data: str | None = None
    transcript: str | None = None
    expires_at: int | None = None


class ChatMessage(
    msgspec.Struct, kw_only=True, gc=False, repr_omit_defaults=True, omit_defaults=True
):
    """
    Hold what an assistant says, or what a chunk adds to it.

    It can be put into the `messages` of the next request as it is: what models need
    to see again (tool calls, reasoning) is kept with all its members.

    Attributes:
        role: `assistant`.
        content: the text; None where there is none.
        refusal: why the model does not answer.
        reasoning: how it came to its answer, in words.
        reasoning_details: the same as the next request needs it, unmodified; the
            fragments of a stream are merged by type and index
            (https://openrouter.ai/docs/use-cases/reasoning-tokens).
        tool_call_members: calls of tools, unmodified; `tool_calls` has them typed.
        images: what it drew.
        audio: what it said aloud.
        annotations: citations, and files as they were parsed.
    """

    role: str | None = None
    content: str | None = None
    refusal: str | None = None
    reasoning: str | None = None
    reasoning_details: list[dict[str, Json]] | None = None
    tool_call_members: list[dict[str, Json]] | None = msgspec.field(
        default=None, name="tool_calls"
    )
    images: list[Image] | None = None
    audio: Audio | None = None
    annotations: list[dict[str, Json]] | None = None

    @property
    def tool_calls(self) -> list[ToolCall]:
        """The calls of tools that it asks for, in order."""
        return [read_tool_call(each) for each in self.tool_call_members or ()]

    def to_dict(self) -> dict[str, Json]:
        """
        Return it as the next request has it, in plain JSON values.

        Tool calls, reasoning details and annotations have all of their members; what
        else has no type here is in `to_dict()` of the answer. As a mapping it can be
        put into `messages` too, once it comes back from a file:
        `json.dumps(run.messages, default=ChatMessage.to_dict)`.
        """
        return {name: plain_value(value) for name, value in sent_members(self).items()}

    @property
    def has_content(self) -> bool:
        """Whether there is anything in it."""
        return bool(self.content or self.reasoning) or self.has_more

    @property
    def has_more(self) -> bool:
        """Whether there is anything in it beside text and reasoning."""
        return bool(
            self.reasoning_details
            or self.tool_call_members
            or self.refusal
            or self.images
            or self.audio
            or self.annotations
        )


def sent_members(message: ChatMessage) -> dict[str, Json]:
    """
    Return the members of a message as a request takes them.

    Reasoning details must come back unmodified and in order
    (https://openrouter.ai/docs/use-cases/reasoning-tokens).
    """
    members: dict[str, Json] = {"role": message.role or "assistant"}
    for name, wire in zip(
        message.__struct_fields__, message.__struct_encode_fields__, strict=True
    ):
        value = getattr(message, name)
        # Lists without items say nothing, and OpenAI refuses some of them.
        if value is not None and value != [] and wire != "role":
            members[wire] = value

    if message.tool_call_members:
        members["tool_calls"] = [*map(sent_tool_call, message.tool_call_members)]
    elif "content" not in members:
        members["content"] = None  # it says nothing, but it is there

    return members


class ChatChoice(msgspec.Struct, kw_only=True, gc=False, repr_omit_defaults=True):
    """Hold one of the `n` answers."""

    index: int = 0
    message: ChatMessage = msgspec.field(default_factory=ChatMessage)
    finish_reason: str | None = None
    native_finish_reason: str | None = None
    logprobs: ChatLogprobs | None = None
    error: Json = None
    # What has no type here: read and written through `chat_untyped`.
    _untyped: dict[str, Json] | None = msgspec.field(default=None, name="<untyped>")

    @property
    def text(self) -> str:
        """What it says, or ''."""
        return self.message.content or ""

    @property
    def has_content(self) -> bool:
        """Whether it carries text, reasoning, a finish reason or anything like it."""
        said = self.message.has_content or "message" in (self._untyped or ())
        return said or _ended(self.finish_reason)


class ChatDelta(ChatMessage, kw_only=True, gc=False, forbid_unknown_fields=True):
    """
    Hold what a chunk adds to a message.

    Unknown members are refused: so they are noticed at no cost for all other chunks.
    """


class ChatChunkChoice(
    msgspec.Struct,
    kw_only=True,
    gc=False,
    repr_omit_defaults=True,
    forbid_unknown_fields=True,
):
    """
    Hold what a chunk adds to one of the answers.

    `message` is there while a server that does not stream answers, and becomes `delta`.
    """

    index: int = 0
    delta: ChatDelta = msgspec.field(default_factory=ChatDelta)
    message: ChatDelta | None = None
    finish_reason: str | None = None
    native_finish_reason: str | None = None
    logprobs: ChatLogprobs | None = None
    error: Json = None
    # What has no type here: read and written through `chat_untyped`.
    _untyped: dict[str, Json] | None = msgspec.field(default=None, name="<untyped>")

    @property
    def text(self) -> str:
        """What it adds to the text."""
        return self.delta.content or ""

    @property
    def has_content(self) -> bool:
        """Whether it carries text, reasoning, a finish reason or anything like it."""
        said = self.delta.has_content or "delta" in (self._untyped or ())
        return said or _ended(self.finish_reason)


def _ended(finish_reason: str | None) -> bool:
    # An answer that only says that it failed is none, and is not billed.
    return bool(finish_reason) and finish_reason != "error"


class ChatCompletion(Answer[ChatChoice], kw_only=True):
    """Hold a whole answer to a chat request."""

    @property
    def message(self) -> ChatMessage:
        """The message of choice 0; an empty one where there is no such choice."""
        for choice in self.choices:
            if choice.index == 0:
                return choice.message

        return ChatMessage()

    def typed_members(self) -> dict[str, Json]:
        """Return the members that have a value here, and what a stream had beside."""
        members = super().typed_members()
        shown = members["choices"]
        assert is_array(shown)
        members["choices"] = [
            with_untyped(each, untyped_of(choice))
            for each, choice in zip(shown, self.choices, strict=True)
        ]
        return members

    @property
    def tool_calls(self) -> list[ToolCall]:
        """The calls of tools that choice 0 asks for."""
        return self.message.tool_calls

    if not TYPE_CHECKING:  # which knows that it is none of its members

        @property
        def parsed(self) -> NoReturn:
            """Nothing: it is there for those who leave `parse=` out."""
            raise _no_value("pass `parse=` a type to have a value in `parsed`")

    @property
    def finish_reason(self) -> str | None:
        """Why choice 0 ended."""
        for choice in self.choices:
            if choice.index == 0:
                return choice.finish_reason

        return None


class ParsedChatCompletion(ChatCompletion, Generic[T], kw_only=True):
    """Hold a whole answer, and the value that the text of choice 0 stands for."""

    _parsed: tuple[T, ...] = msgspec.field(default=(), name="<parsed>")

    def __repr__(self) -> str:
        name = type(self).__name__
        value = "".join(f"parsed={value!r}, " for value in self._parsed)
        return super().__repr__().replace(f"{name}(", f"{name}({value}", 1)

    @property
    def parsed(self) -> T:
        """
        The value, of the type that `parse=` named.

        Raises:
            AttributeError: there is none, as the answer asks for tools instead; see
                `tool_calls`.
        """
        for value in self._parsed:
            return value

        raise _no_value(
            "the answer holds no value, but calls of tools: see `tool_calls`"
            if self.tool_calls
            else "the answer holds no value"
        )


def _no_value(message: str) -> AttributeError:
    # With a name of its own, else Python adds "Did you mean: '_parsed'?".
    return AttributeError(message, name="parsed", obj=None)


class ChatCompletionChunk(Chunk[ChatChunkChoice], kw_only=True, gc=False):
    """Hold one event of a streamed answer; `raw` is the event's data."""
