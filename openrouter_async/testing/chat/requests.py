"""Chat requests: the parameters that shape an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias, cast

import msgspec

from openrouter_async.testing.requests import (
    Prompt,
    ResponseFormat,
    shows_reasoning,
    stops_of,
    wants_reasoning,
)
from openrouter_async.testing.tokens import count_tokens

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Message: TypeAlias = dict[str, object]

# Made up, the right order of magnitude: what surrounds a message, and one picture,
# recording, video or file.
_TOKENS_PER_MESSAGE = 4
_TOKENS_PER_MEDIUM = 256

# Members of messages that may hold any text at all.
_TEXTS = frozenset(
    (
        "arguments", "content", "data", "file_data", "filename", "id", "name",
        "reasoning", "refusal", "signature", "summary", "text", "tool_call_id", "url",
    )
)  # fmt: skip


class Function(msgspec.Struct):
    """What a tool is called and what it takes."""

    name: str
    parameters: dict[str, object] | None = None


class Tool(msgspec.Struct):
    """A tool; those of the service itself have no function."""

    type: str | None = None
    function: Function | None = None


class Debug(msgspec.Struct):
    """What else a stream is to tell."""

    echo_upstream_body: bool | None = None


class ChatRequest(msgspec.Struct, kw_only=True):
    """
    The parameters that shape an answer, after validation.

    Decoded with `strict=False`: for JSON Schema `3.0` is an integer.
    """

    messages: list[Message] = []
    prompt: str | None = None
    model: str | None = None
    models: list[str] | None = None
    n: int | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    seed: int | None = None
    stop: str | list[str] | None = None
    stream: bool | None = False
    response_format: ResponseFormat | None = None
    reasoning: dict[str, object] | None = None
    reasoning_effort: str | None = None
    include_reasoning: bool | None = None
    modalities: list[str] | None = None
    tools: list[Tool] | None = None
    tool_choice: str | dict[str, object] | None = None
    debug: Debug | None = None

    @property
    def best_of(self) -> int | None:
        """Chat knows no candidates beside the choices."""
        return None

    @property
    def suffix(self) -> str | None:
        """Chat knows nothing that follows."""
        return None

    @property
    def budget(self) -> int | None:
        """The most tokens of a choice, its reasoning included."""
        limit = self.max_completion_tokens
        return self.max_tokens if limit is None else limit

    @property
    def stops(self) -> list[str]:
        """Sequences that end a text; empty ones, which always would, left out."""
        return stops_of(self.stop)

    @property
    def reasons(self) -> bool:
        """Whether the answer is to be thought over first."""
        if self.reasoning is None and self.reasoning_effort is not None:
            return self.reasoning_effort != "none"

        return wants_reasoning(self.reasoning, self.include_reasoning)

    @property
    def shows_reasoning(self) -> bool:
        """Whether the reasoning is part of the answer."""
        return shows_reasoning(self.reasoning, self.include_reasoning)

    @property
    def functions(self) -> list[Function]:
        """The tools that the caller plays."""
        return [tool.function for tool in self.tools or () if tool.function is not None]

    def wants(self, modality: str) -> bool:
        """Return whether answers are to come in a modality, such as `"image"`."""
        return modality in (self.modalities or ())

    def prompts(self) -> list[Prompt]:
        """Return the conversation as the one thing that is to be answered."""
        if not self.messages and self.prompt is not None:
            # The service takes a prompt for a user's message.
            self.messages.append({"role": "user", "content": self.prompt})

        conversation = msgspec.json.encode(self.messages).decode()
        tokens = sum(map(_tokens_of, self.messages))
        return [Prompt(f"{conversation}\n", tokens, self._subject())]

    def _subject(self) -> str:
        """Return what the last of the user's messages with a text says."""
        for message in reversed(self.messages):
            text = "".join(_texts(message))
            if message.get("role") == "user" and text:
                return text

        return ""


def _tokens_of(message: Message) -> int:
    content = message.get("content")
    parts = len(cast("list[object]", content)) if isinstance(content, list) else 0
    texts = [*_texts(message)]
    media = max(0, parts - len(texts))
    text_tokens = sum(map(count_tokens, texts))
    return _TOKENS_PER_MESSAGE + text_tokens + media * _TOKENS_PER_MEDIUM


def _texts(message: Mapping[str, object]) -> Iterator[str]:
    content = message.get("content")
    if isinstance(content, str):
        yield content
    elif isinstance(content, list):
        for part in cast("list[object]", content):
            if isinstance(part, dict):
                text = cast("dict[str, object]", part).get("text")
                if isinstance(text, str):
                    yield text


def form_of_chat(params: Mapping[str, object]) -> Mapping[str, object]:
    """Return a request that is as valid, with its messages' texts left empty."""
    form = {**params}
    if "messages" in form:
        form["messages"] = _emptied(form["messages"])

    return form


def _emptied(value: object) -> object:
    if isinstance(value, list):
        return [_emptied(each) for each in cast("list[object]", value)]

    if not isinstance(value, dict):
        return value

    return {
        name: "" if isinstance(each, str) and name in _TEXTS else _emptied(each)
        for name, each in cast("dict[str, object]", value).items()
    }
