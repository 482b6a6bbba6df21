"""What a command asks of a model: to go on from a prompt, or to answer a message."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass

from openrouter_async.client import OpenRouter
from openrouter_async.resources.completions import CompletionStream
from openrouter_async.streaming.chat_stream import ChatCompletionStream
from openrouter_async.types.chat import ChatCompletion
from openrouter_async.types.chat_params import ChatParams
from openrouter_async.types.completion import Completion
from openrouter_async.types.completion_params import CompletionParams
from openrouter_async.types.messages import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class TextRequest:
    """
    Ask for a text completion.

    Attributes:
        prompt: what to complete.
        params: the other fields of the request.
        extra_body: members that are not typed.
    """

    prompt: str
    params: CompletionParams
    extra_body: Mapping[str, object]

    def create(self, opened: OpenRouter) -> Awaitable[Completion]:
        """Ask for the whole answer."""
        return opened.completions.create(
            prompt=self.prompt, extra_body=self.extra_body, **self.params
        )

    def stream(self, opened: OpenRouter) -> CompletionStream:
        """Ask for the answer in chunks."""
        return opened.completions.stream(
            prompt=self.prompt, extra_body=self.extra_body, **self.params
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRequest:
    """
    Ask for a chat completion.

    Attributes:
        messages: the conversation so far.
        params: the other fields of the request.
        extra_body: members that are not typed.
    """

    messages: Sequence[Message]
    params: ChatParams
    extra_body: Mapping[str, object]

    def create(self, opened: OpenRouter) -> Awaitable[ChatCompletion]:
        """Ask for the whole answer."""
        return opened.chat.completions.create(
            messages=self.messages, extra_body=self.extra_body, **self.params
        )

    def stream(self, opened: OpenRouter) -> ChatCompletionStream:
        """Ask for the answer in chunks."""
        return opened.chat.completions.stream(
            messages=self.messages, extra_body=self.extra_body, **self.params
        )
