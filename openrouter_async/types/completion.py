"""What comes back from `POST /completions`, whole and in chunks."""

from __future__ import annotations

import msgspec

from openrouter_async.types.lenient import Json, is_array, is_object, json_members
from openrouter_async.types.usage import Usage
from openrouter_async.types.wire import Received, ResponseMeta, join_members


class Logprobs(msgspec.Struct, kw_only=True, gc=False, repr_omit_defaults=True):
    """
    Give the log probabilities of the tokens of one choice.

    The first four lists run in parallel. Servers send null for a token without a
    probability (the first one of an echoed prompt). `content` is there when the
    upstream answered in the shape of chat completions.
    """

    tokens: list[str] = []
    token_logprobs: list[float | None] = []
    top_logprobs: list[dict[str, float | None] | None] | None = None
    text_offset: list[int] = []
    content: list[dict[str, Json]] | None = None


class CompletionChoice(msgspec.Struct, kw_only=True, gc=False, repr_omit_defaults=True):
    """
    Hold one of the `n` answers to a prompt, or what a chunk adds to it.

    `text` is never null. Upstreams that answer in the shape of chat completions
    have the text of their `delta` or `message` moved to `text`.
    """

    index: int = 0
    text: str = ""
    finish_reason: str | None = None
    native_finish_reason: str | None = None
    logprobs: Logprobs | None = None
    reasoning: str | None = None
    reasoning_details: list[dict[str, Json]] | None = None
    error: Json = None
    delta: dict[str, Json] | None = None
    message: dict[str, Json] | None = None

    def __post_init__(self) -> None:
        """Move what a chat-shaped choice holds to where text completions have it."""
        chat = self.delta or self.message
        if not chat:
            return

        self.text = self.text or content_text(chat.get("content"))
        reasoning = chat.get("reasoning")
        if self.reasoning is None and isinstance(reasoning, str):
            self.reasoning = reasoning

    @property
    def has_content(self) -> bool:
        """Whether it carries text, reasoning, a finish reason or anything like it."""
        if self.text or self.reasoning or self.reasoning_details:
            return True

        # An answer that only says that it failed is none, and is not billed.
        if self.finish_reason and self.finish_reason != "error":
            return True

        chat = self.delta or self.message or {}
        return any(value for name, value in chat.items() if name not in _NO_CONTENT)


_NO_CONTENT = frozenset({"role", "content"})  # `content` has become `text`


def content_text(content: Json) -> str:
    """Return the text of a chat message's `content`: a string or a list of parts."""
    if isinstance(content, str):
        return content

    if not is_array(content):
        return ""

    texts = [part.get("text") for part in content if is_object(part)]
    return "".join(text for text in texts if isinstance(text, str))


class CompletionEnvelope(Received, kw_only=True):
    """
    Hold the members that whole answers and chunks have in common.

    Absent and null members are None; a missing `choices` is an empty list.
    `error` is there only in what an exception carries as `partial`.
    """

    id: str | None = None
    object: str | None = None
    created: int | None = None
    model: str | None = None
    provider: str | None = None
    system_fingerprint: str | None = None
    service_tier: str | None = None
    choices: list[CompletionChoice] = []  # noqa: RUF012  # msgspec copies it
    usage: Usage | None = None
    openrouter_metadata: dict[str, Json] | None = None
    error: Json = None

    @property
    def text(self) -> str:
        """The text of choice 0, or ''."""
        for choice in self.choices:
            if choice.index == 0:
                return choice.text

        return ""


class Completion(CompletionEnvelope, kw_only=True):
    """
    Hold a whole answer.

    Unknown values of `finish_reason` stay the strings they are, and members that
    are not typed here are in `to_dict()`: OpenRouter adds both without notice.

    Attributes:
        meta: the exchange it came from.
    """

    meta: ResponseMeta = msgspec.field(default=ResponseMeta(), name="<meta>")
    # The events of a stream that brought members other than text, for to_dict().
    _events: tuple[bytes, ...] = msgspec.field(default=(), name="<events>")

    def to_dict(self) -> dict[str, Json]:
        """
        Return everything that came as plain JSON values, unknown members too.

        An answer put together from a stream gives its accumulated choices, and
        the other members as its first and last events had them.
        """
        if self.raw:
            return json_members(self.raw)

        return join_members(self.typed_members(), self._events)


class CompletionChunk(CompletionEnvelope, kw_only=True, gc=False):
    """Hold one event of a streamed answer; `raw` is the event's data."""

    @property
    def has_content(self) -> bool:
        """Whether any of its choices carries content."""
        return any(choice.has_content for choice in self.choices)
