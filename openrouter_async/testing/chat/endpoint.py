"""`POST /chat/completions`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import msgspec

from openrouter_async.testing.chat.rendering import ChatRendering
from openrouter_async.testing.chat.requests import ChatRequest, form_of_chat
from openrouter_async.testing.chat.tools import forced_call, forced_function
from openrouter_async.testing.endpoints import AnswerEndpoint
from openrouter_async.testing.refusals import InvalidRequestError
from openrouter_async.testing.replies import Text, ToolCalls
from openrouter_async.testing.validation import RequestValidator

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from openrouter_async.testing.answers import Answer, Completer, Writer
    from openrouter_async.testing.exchange import Exchange
    from openrouter_async.testing.ledger import Ledger
    from openrouter_async.testing.validation import JSONSchemaValidator
    from openrouter_async.testing.wire import Envelope, Rendering, UsageShape

_decode_request = msgspec.json.Decoder(ChatRequest, strict=False).decode


class ChatEndpoint(AnswerEndpoint[ChatRequest]):
    """
    `POST /chat/completions`.

    Args:
        completer: Makes the answers.
        ledger: Bills them.
        validator: Checks requests.
    """

    def __init__(
        self, completer: Completer, ledger: Ledger, validator: JSONSchemaValidator
    ) -> None:
        super().__init__(completer, ledger)
        self._validator = RequestValidator(validator, form_of_chat)

    def read(self, exchange: Exchange) -> ChatRequest:
        """Check the parameters of a request and return them."""
        self._validator.check(exchange.record.params)
        request = _decode_request(exchange.record.body)
        if request.prompt is None and not request.messages:
            message = "Input required: specify prompt or messages"
            raise InvalidRequestError(message)

        if request.wants("audio") and not request.stream:
            message = "modalities: audio output requires stream: true"
            raise InvalidRequestError(message)

        return request

    def streams(self, request: ChatRequest) -> bool:
        """Return whether a request wants a stream."""
        return bool(request.stream)

    def questions(
        self, params: Mapping[str, object], request: ChatRequest
    ) -> Iterator[Mapping[str, object]]:
        """Yield the parameters once for each choice."""
        for _ in range(request.n or 1):
            yield params

    def allows(self, reply: object) -> bool:
        """Return whether an answer can be made of it."""
        return isinstance(reply, str | Text | ToolCalls)

    def rendering(
        self, envelope: Envelope, answer: Answer[ChatRequest], usage_shape: UsageShape
    ) -> Rendering:
        """Return an answer as choices with a message."""
        return ChatRendering(envelope, answer, usage_shape)

    def usual_writer(self, request: ChatRequest) -> Writer | None:
        """Return what calls the tool that the request insists on, if it does."""
        function = forced_function(request)
        return None if function is None else partial(forced_call, function)
