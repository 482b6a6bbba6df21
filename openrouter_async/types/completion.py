"""What comes back from `POST /completions`, whole and in chunks."""

from __future__ import annotations

import msgspec

from openrouter_async.types.answer import Answer, Chunk
from openrouter_async.types.lenient import Json, content_text


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

    # No __post_init__: called for every chunk, it would be a tenth of what one costs.
    def take_chat_shape(self) -> None:
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


class Completion(Answer[CompletionChoice], kw_only=True):
    """Hold a whole answer to a text completion request."""

    def __post_init__(self) -> None:
        """Have the choices hold what they say where text completions do."""
        for choice in self.choices:
            choice.take_chat_shape()


class CompletionChunk(Chunk[CompletionChoice], kw_only=True, gc=False):
    """Hold one event of a streamed text completion; `raw` is the event's data."""
