"""`POST /completions`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from openrouter_async.testing.endpoints import AnswerEndpoint
from openrouter_async.testing.replies import Text
from openrouter_async.testing.requests import CompletionRequest
from openrouter_async.testing.text_rendering import TextRendering
from openrouter_async.testing.validation import (
    RequestValidator,
    compile_schema,
    load_schema,
    smallest_form,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from openrouter_async.testing.answers import Answer, Completer
    from openrouter_async.testing.exchange import Exchange
    from openrouter_async.testing.ledger import Ledger
    from openrouter_async.testing.wire import Envelope, Rendering, UsageShape

_decode_request = msgspec.json.Decoder(CompletionRequest, strict=False).decode


class CompletionsEndpoint(AnswerEndpoint[CompletionRequest]):
    """
    `POST /completions`.

    Args:
        completer: Makes the answers.
        ledger: Bills them.
    """

    def __init__(self, completer: Completer, ledger: Ledger) -> None:
        super().__init__(completer, ledger)
        self._validator = completion_validator()

    def read(self, exchange: Exchange) -> CompletionRequest:
        """Check the parameters of a request and return them."""
        self._validator.check(exchange.record.params)
        return _decode_request(exchange.record.body)

    def streams(self, request: CompletionRequest) -> bool:
        """Return whether a request wants a stream."""
        return request.stream

    def questions(
        self, params: Mapping[str, object], request: CompletionRequest
    ) -> Iterator[Mapping[str, object]]:
        """Yield the parameters once for each prompt and candidate."""
        wanted = request.n or 1
        candidates = request.best_of or wanted
        if candidates < wanted:
            return  # refused when it is rendered

        for prompt in request.prompts():
            for _ in range(candidates):
                yield {**params, "prompt": prompt.text}

    def allows(self, reply: object) -> bool:
        """Return whether a text completion can be made of it: not of calls of tools."""
        return isinstance(reply, str | Text)

    def rendering(
        self,
        envelope: Envelope,
        answer: Answer[CompletionRequest],
        usage_shape: UsageShape,
    ) -> Rendering:
        """Return an answer as choices with a text."""
        return TextRendering(envelope, answer, usage_shape)


def completion_validator() -> RequestValidator:
    """Return what checks the parameters of text completions."""
    schema = load_schema("completion_create_params")
    return RequestValidator(compile_schema(schema), _form)


def _form(params: Mapping[str, object]) -> Mapping[str, object] | None:
    prompt = smallest_form(params.get("prompt"))
    return None if prompt is None else {**params, "prompt": prompt}
