"""The operations of the API that the simulator knows, and how each is answered."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeAlias

import msgspec

from openrouter_async.testing.answers import Completer
from openrouter_async.testing.requests import CompletionRequest
from openrouter_async.testing.scenes import Scene
from openrouter_async.testing.validation import RequestValidator, load_schema
from openrouter_async.testing.wire import Envelope, Rendering

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from openrouter_async.testing.behaviours import Text
    from openrouter_async.testing.exchange import Exchange
    from openrouter_async.testing.requests import Prompt
    from openrouter_async.testing.scenes import Pace

    AnswerFunction: TypeAlias = Callable[[Mapping[str, object]], str | None]
    """Says what the text of an answer is; None leaves it to the simulator."""

_decode_request = msgspec.json.Decoder(CompletionRequest, strict=False).decode


class Endpoint(Protocol):
    """One operation of the API."""

    @property
    def method(self) -> str:
        """Its HTTP method."""
        ...

    def scene(self, exchange: Exchange, pace: Pace) -> Scene:
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

    def scene(self, exchange: Exchange, pace: Pace) -> Scene:
        """
        Return the answer to a request.

        Args:
            exchange: The request.
            pace: How fast the answer comes.

        Returns:
            The answer, not written yet.

        Raises:
            InvalidRequestError: If the request is not valid.
        """
        self._validator.check(exchange.record.params)
        request = _decode_request(exchange.record.body)
        render = partial(self._render, exchange, request, pace)
        return Scene(stream=request.stream, pace=pace, render=render)

    def _render(
        self,
        exchange: Exchange,
        request: CompletionRequest,
        pace: Pace,
        text: Text | None,
    ) -> Rendering:
        if text is None:
            answer = self._completer.answer(request, self._writer(exchange))
        else:
            answer = self._completer.fixed(
                request, text.text, text.finish_reason, text.reasoning
            )

        envelope = Envelope(
            exchange.record.generation_id, exchange.created, answer.model
        )
        return Rendering(envelope, answer, pace.usage_shape)

    def _writer(self, exchange: Exchange) -> Callable[[Prompt], str | None] | None:
        function = self.answer_function
        if function is None:
            return None

        params = exchange.record.params
        return lambda prompt: function({**params, "prompt": prompt.text})
