"""The operations of the API that the simulator knows, and how each is answered."""

from __future__ import annotations

from collections.abc import Awaitable
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeAlias

import msgspec

from openrouter_async.testing.answers import Completer
from openrouter_async.testing.behaviours import Behaviour, Text
from openrouter_async.testing.requests import CompletionRequest
from openrouter_async.testing.scenes import Scene
from openrouter_async.testing.validation import RequestValidator, load_schema
from openrouter_async.testing.wire import Envelope, Rendering

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from openrouter_async.testing.answers import Writer
    from openrouter_async.testing.exchange import Exchange
    from openrouter_async.testing.scenes import Pace

    AnswerFunction: TypeAlias = Callable[
        [Mapping[str, object]], str | Awaitable[str | None] | None
    ]
    """Says what the text of an answer is; None leaves it to the simulator."""

_decode_request = msgspec.json.Decoder(CompletionRequest, strict=False).decode


class Endpoint(Protocol):
    """One operation of the API."""

    @property
    def method(self) -> str:
        """Its HTTP method."""
        ...

    async def scene(
        self, exchange: Exchange, pace: Pace, behaviour: Behaviour | None
    ) -> Scene:
        """
        Return the answer to a request whose body is a JSON object.

        Raises:
            InvalidRequestError: If the request is not valid.
        """
        ...


class CompletionsEndpoint:
    """
    `POST /completions`.

    Args:
        default_model: Answers requests that name no model.
        sentences: The fewest and the most sentences of an answer.

    Attributes:
        answer_function: Replaces the simulator's own texts.
    """

    method = "POST"

    def __init__(self, default_model: str, sentences: tuple[int, int]) -> None:
        self.answer_function: AnswerFunction | None = None
        self._completer = Completer(default_model, sentences)
        self._validator = RequestValidator(load_schema("completion_create_params"))

    async def scene(
        self, exchange: Exchange, pace: Pace, behaviour: Behaviour | None
    ) -> Scene:
        """
        Return the answer to a request.

        Args:
            exchange: The request.
            pace: How fast the answer comes.
            behaviour: What will be done with it.

        Returns:
            The answer, not written yet.

        Raises:
            InvalidRequestError: If the request is not valid.
        """
        self._validator.check(exchange.record.params)
        request = _decode_request(exchange.record.body)
        # Asked beforehand, as behaviours are played without a chance to wait; and
        # not for nothing.
        writer = None
        if self.answer_function is not None and not isinstance(behaviour, Text):
            params = exchange.record.params
            writer = await _written(self.answer_function, params, request)

        render = partial(self._render, exchange, request, pace, writer)
        return Scene(stream=request.stream, pace=pace, render=render)

    def _render(
        self,
        exchange: Exchange,
        request: CompletionRequest,
        pace: Pace,
        writer: Writer | None,
        text: Text | None,
    ) -> Rendering:
        if text is None:
            answer = self._completer.answer(request, writer)
        else:
            answer = self._completer.fixed(
                request, text.text, text.finish_reason, text.reasoning
            )

        envelope = Envelope(
            exchange.record.generation_id, exchange.created, answer.model
        )
        return Rendering(envelope, answer, pace.usage_shape)


async def _written(
    function: AnswerFunction, params: Mapping[str, object], request: CompletionRequest
) -> Writer | None:
    """Return a writer of what a function answers, in the order it is asked in."""
    wanted = request.n or 1
    candidates = request.best_of or wanted
    if candidates < wanted:
        return None  # refused when it is rendered

    texts: list[str | None] = []
    for prompt in request.prompts():
        for _ in range(candidates):
            text = function({**params, "prompt": prompt.text})
            texts.append(await text if isinstance(text, Awaitable) else text)

    following = iter(texts)
    return lambda _prompt: next(following)
