"""Text completion requests: the parameters that shape an answer."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from openrouter_async.testing.tokens import count_tokens, decode_tokens


class JSONSchema(msgspec.Struct):
    """The `json_schema` member of a response format."""

    schema: dict[str, object] | None = None


class ResponseFormat(msgspec.Struct):
    """The form that an answer is to have."""

    type: str = "text"
    json_schema: JSONSchema | None = None


class CompletionRequest(msgspec.Struct, kw_only=True):
    """
    The parameters that shape an answer, after validation.

    Decoded with `strict=False`: for JSON Schema `3.0` is an integer.
    """

    prompt: str | list[str | float | list[float]]
    model: str | None = None
    models: list[str] | None = None
    n: int | None = None
    best_of: int | None = None
    echo: bool | None = None
    logprobs: int | None = None
    max_tokens: int | None = None
    seed: int | None = None
    stop: str | list[str] | None = None
    stream: bool = False
    suffix: str | None = None
    response_format: ResponseFormat | None = None
    reasoning: dict[str, object] | None = None
    include_reasoning: bool | None = None

    @property
    def stops(self) -> list[str]:
        """Sequences that end a text; empty ones, which always would, left out."""
        stops = [self.stop] if isinstance(self.stop, str) else self.stop or []
        return [stop for stop in stops if stop]

    @property
    def reasons(self) -> bool:
        """Whether the answer is to be thought over first."""
        if self.reasoning is None:
            return bool(self.include_reasoning)

        settings = self.reasoning
        return settings.get("enabled") is not False and settings.get("effort") != "none"

    @property
    def shows_reasoning(self) -> bool:
        """Whether the reasoning is part of the answer."""
        excluded = self.reasoning is not None and self.reasoning.get("exclude")
        return not excluded and self.include_reasoning is not False

    def prompts(self) -> list[Prompt]:
        """Return the prompts, whichever of the four forms they came in."""
        if isinstance(self.prompt, str):
            return [Prompt(self.prompt, count_tokens(self.prompt))]

        numbers = [token for token in self.prompt if isinstance(token, float)]
        if numbers:
            return [Prompt(decode_tokens(numbers), len(numbers))]

        return [_prompt_of(item) for item in self.prompt]


@dataclass(frozen=True, slots=True)
class Prompt:
    """One prompt: its text and how many tokens it has."""

    text: str
    tokens: int


def _prompt_of(item: str | float | list[float]) -> Prompt:
    if isinstance(item, list):
        return Prompt(decode_tokens(item), len(item))

    text = str(item)
    return Prompt(text, count_tokens(text))
