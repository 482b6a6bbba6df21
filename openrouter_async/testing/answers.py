"""Answers to text completion requests, and what they cost."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeAlias, TypeVar

from openrouter_async.testing import instances, prose
from openrouter_async.testing.dice import Dice
from openrouter_async.testing.likelihoods import logprob_of
from openrouter_async.testing.prices import price_of
from openrouter_async.testing.refusals import InvalidRequestError
from openrouter_async.testing.replies import Reply, Text, ToolCalls
from openrouter_async.testing.requests import (
    AnswerableRequest,
    JSONSchema,
    Prompt,
    ResponseFormat,
)
from openrouter_async.testing.tokens import count_tokens, tokenise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Writer: TypeAlias = Callable[[Prompt], Reply | None]
    """Says what follows a prompt; None leaves it to the grammar."""

_JSONObject: TypeAlias = dict[str, object]

R = TypeVar("R", bound=AnswerableRequest)
"""The request that is answered."""


@dataclass(slots=True)
class Choice:
    """
    One choice of an answer.

    Attributes:
        index: Its place in the answer.
        prompt: What it follows.
        tokens: The text, without an echo.
        reasoning: The reasoning before it.
        finish_reason: Why it ended.
        reply: What a script, or an answer function, made of it.
    """

    index: int
    prompt: Prompt
    tokens: list[str]
    finish_reason: str = "stop"
    reasoning: list[str] = field(default_factory=list[str])
    reply: Text | ToolCalls | None = None

    @property
    def native_finish_reason(self) -> str:
        """What the provider calls the reason for its end."""
        native = None if self.reply is None else self.reply.native_finish_reason
        return self.finish_reason if native is None else native

    @property
    def refusal(self) -> str | None:
        """What the model says instead of answering."""
        return self.reply.refusal if isinstance(self.reply, Text) else None

    @property
    def size(self) -> int:
        """All its tokens."""
        tokens = len(self.reasoning) + len(self.tokens)
        if isinstance(self.reply, ToolCalls):
            tokens += self.reply.tokens

        return tokens + count_tokens(self.refusal or "")

    @property
    def score(self) -> float:
        """Mean log probability of its tokens, the measure of `best_of`."""
        if not self.tokens:
            return 0.0

        return sum(map(logprob_of, self.tokens)) / len(self.tokens)


@dataclass(slots=True)
class Answer(Generic[R]):
    """
    All choices of one request, and what they cost.

    Attributes:
        request: What was asked.
        model: The model that answers.
        choices: The choices, in the order of their indices.
        prompt_tokens: Tokens of all prompts and the suffix.
        completion_tokens: Tokens of all candidates with their reasoning.
        reasoning_tokens: Those of the reasoning alone.
    """

    request: R
    model: str
    choices: list[Choice]
    prompt_tokens: int
    completion_tokens: int
    reasoning_tokens: int

    @property
    def costs(self) -> tuple[float, float]:
        """What the prompts and what the completions cost, in credits."""
        price = price_of(self.model)
        return (
            price.of_prompt(self.prompt_tokens),
            price.of_completion(self.completion_tokens),
        )

    def usage(self) -> _JSONObject:
        """Return the wire's usage object."""
        prompt_cost, completion_cost = self.costs
        cost = prompt_cost + completion_cost
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "total_tokens": self.prompt_tokens + self.completion_tokens,
            "cost": cost,
            "is_byok": False,
            "prompt_tokens_details": {
                "cached_tokens": 0,
                "cache_write_tokens": 0,
                "audio_tokens": 0,
                "video_tokens": 0,
            },
            "cost_details": {
                "upstream_inference_cost": cost,
                "upstream_inference_prompt_cost": prompt_cost,
                "upstream_inference_completions_cost": completion_cost,
            },
            "completion_tokens_details": {
                "reasoning_tokens": self.reasoning_tokens,
                "image_tokens": 0,
                "audio_tokens": 0,
            },
        }


class Completer:
    """
    Answers requests, always in the same way.

    Args:
        default_model: Answers requests that name no model.
        sentences: The fewest and the most sentences of an answer.
    """

    def __init__(self, default_model: str, sentences: tuple[int, int]) -> None:
        self._default_model = default_model
        self._sentences = sentences

    def answer(self, request: R, writer: Writer | None = None) -> Answer[R]:
        """
        Answer a request.

        Args:
            request: The parameters.
            writer: Says what the answers are; the grammar by default.

        Returns:
            The answer.

        Raises:
            InvalidRequestError: If no answer can satisfy the parameters.
        """
        wanted = request.n or 1
        best_of = request.best_of or wanted
        if best_of < wanted:
            message = f"best_of: {best_of} is less than n, which is {wanted}"
            raise InvalidRequestError(message)

        name = self.model_of(request)
        prompts = request.prompts()
        candidates = [
            [self._candidate(request, name, prompt, k, writer) for k in range(best_of)]
            for prompt in prompts
        ]
        every = [choice for choices in candidates for choice in choices]
        reasoning_tokens = sum(len(choice.reasoning) for choice in every)
        return Answer(
            request=request,
            model=name,
            choices=list(_best(candidates, wanted)),
            prompt_tokens=sum(prompt.tokens for prompt in prompts)
            + count_tokens(request.suffix or ""),
            completion_tokens=sum(choice.size for choice in every),
            reasoning_tokens=reasoning_tokens,
        )

    def model_of(self, request: AnswerableRequest) -> str:
        """Return the model that answers a request."""
        return request.model or next(iter(request.models or ()), self._default_model)

    def _candidate(
        self,
        request: AnswerableRequest,
        name: str,
        prompt: Prompt,
        index: int,
        writer: Writer | None,
    ) -> Choice:
        reply = None if writer is None else writer(prompt)
        if isinstance(reply, Text | ToolCalls):
            return _scripted(index, prompt, reply)

        dice = Dice(prompt.text, request.seed, name, index, request.suffix)
        topics = prose.topics_of(prompt.about)
        if request.suffix:
            # A text that is inserted leads from the prompt to the suffix.
            topics += prose.topics_of(request.suffix)

        choice = Choice(index, prompt, [])
        budget = request.budget
        if request.reasons:
            choice.reasoning = tokenise(prose.ponder(dice, topics))[:budget]
            budget = None if budget is None else budget - len(choice.reasoning)

        if reply is None:
            reply = self._compose(request, prompt, dice, topics)

        _fit(choice, tokenise(reply), budget, request.stops)
        return choice

    def _compose(
        self, request: AnswerableRequest, prompt: Prompt, dice: Dice, topics: list[str]
    ) -> str:
        response_format = request.response_format or ResponseFormat()
        if response_format.type == "json_object":
            return instances.json_answer(dice, topics)

        if response_format.type == "json_schema":
            details = response_format.json_schema or JSONSchema()
            return instances.schema_answer(details.schema or {}, dice, topics)

        if response_format.type == "python":
            return instances.python_answer(dice, topics)

        low, high = self._sentences
        text = prose.compose(dice, topics, low + dice.roll(high - low + 1))
        # The text goes on where the prompt stopped.
        goes_on = prompt.text and not prompt.text[-1].isspace()
        return f" {text}" if goes_on else text


def _scripted(index: int, prompt: Prompt, reply: Text | ToolCalls) -> Choice:
    """Return a choice that says what a script wants, uncut."""
    return Choice(
        index,
        prompt,
        tokenise(reply.text),
        reply.finish_reason,
        tokenise(reply.reasoning or ""),
        reply,
    )


def _fit(
    choice: Choice, tokens: list[str], budget: int | None, stops: list[str]
) -> None:
    """Give a choice the part of a text that its limits allow."""
    choice.tokens = tokens[:budget]
    choice.finish_reason = "length" if len(choice.tokens) < len(tokens) else "stop"
    if not stops:
        return

    text = "".join(choice.tokens)
    ends = [text.find(stop) for stop in stops if stop in text]
    if ends:
        choice.tokens = tokenise(text[: min(ends)])
        choice.finish_reason = "stop"


def _best(candidates: list[list[Choice]], wanted: int) -> Iterator[Choice]:
    """Yield the best candidates of each prompt, numbered through."""
    index = 0
    for choices in candidates:
        if wanted < len(choices):
            choices = sorted(choices, key=lambda choice: -choice.score)[:wanted]

        for choice in choices:
            choice.index = index
            index += 1
            yield choice
