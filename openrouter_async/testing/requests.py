"""Text completion requests: the parameters that shape an answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import msgspec

from openrouter_async.testing.tokens import count_tokens, decode_tokens


class JSONSchema(msgspec.Struct):
    """The `json_schema` member of a response format."""

    schema: dict[str, object] | None = None


class ResponseFormat(msgspec.Struct):
    """The form that an answer is to have."""

    type: str = "text"
    json_schema: JSONSchema | None = None


class AnswerableRequest(Protocol):
    """The parameters that shape an answer, whichever operation they came to."""

    @property
    def model(self) -> str | None:
        """The model that was asked."""
        ...

    @property
    def models(self) -> list[str] | None:
        """Those that may answer instead of it."""
        ...

    @property
    def n(self) -> int | None:
        """Choices that are wanted."""
        ...

    @property
    def best_of(self) -> int | None:
        """Candidates of which the best are taken."""
        ...

    @property
    def seed(self) -> int | None:
        """Another seed gives another answer."""
        ...

    @property
    def suffix(self) -> str | None:
        """What follows the answer."""
        ...

    @property
    def response_format(self) -> ResponseFormat | None:
        """The form of the answer."""
        ...

    @property
    def budget(self) -> int | None:
        """The most tokens of a choice, its reasoning included."""
        ...

    @property
    def stops(self) -> list[str]:
        """Sequences that end a text."""
        ...

    @property
    def reasons(self) -> bool:
        """Whether the answer is to be thought over first."""
        ...

    def prompts(self) -> list[Prompt]:
        """Return what is to be answered, each on its own."""
        ...


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
    def budget(self) -> int | None:
        """The most tokens of a choice, its reasoning included."""
        return self.max_tokens

    @property
    def stops(self) -> list[str]:
        """Sequences that end a text; empty ones, which always would, left out."""
        return stops_of(self.stop)

    @property
    def reasons(self) -> bool:
        """Whether the answer is to be thought over first."""
        return wants_reasoning(self.reasoning, self.include_reasoning)

    @property
    def shows_reasoning(self) -> bool:
        """Whether the reasoning is part of the answer."""
        return shows_reasoning(self.reasoning, self.include_reasoning)

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
    """
    One prompt.

    Attributes:
        text: All that decides about the answer.
        tokens: How many tokens it has.
        subject: The part of it that the answer speaks about; None for all.
    """

    text: str
    tokens: int
    subject: str | None = None

    @property
    def about(self) -> str:
        """What the answer speaks about."""
        return self.text if self.subject is None else self.subject


def stops_of(stop: str | list[str] | None) -> list[str]:
    """Return stop sequences; empty ones, which would always be met, left out."""
    stops = [stop] if isinstance(stop, str) else stop or []
    return [each for each in stops if each]


def wants_reasoning(
    settings: Mapping[str, object] | None, include: bool | None
) -> bool:
    """Return whether an answer is to be thought over first."""
    if settings is None:
        return bool(include)

    return settings.get("enabled") is not False and settings.get("effort") != "none"


def shows_reasoning(
    settings: Mapping[str, object] | None, include: bool | None
) -> bool:
    """Return whether the reasoning is part of an answer."""
    excluded = settings is not None and settings.get("exclude")
    return not excluded and include is not False


def _prompt_of(item: str | float | list[float]) -> Prompt:
    if isinstance(item, list):
        return Prompt(decode_tokens(item), len(item))

    text = str(item)
    return Prompt(text, count_tokens(text))
