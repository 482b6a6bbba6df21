"""The operations of the API: what they have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable
from functools import partial
from typing import TYPE_CHECKING, Generic, Protocol, TypeAlias

from openrouter_async.testing.answers import Answer, Completer, R
from openrouter_async.testing.behaviours import Behaviour
from openrouter_async.testing.ledger import Generation, Ledger
from openrouter_async.testing.replies import Reply, Text, ToolCalls
from openrouter_async.testing.router_metadata import router_metadata
from openrouter_async.testing.scenes import Scene
from openrouter_async.testing.wire import Envelope, Rendering, UsageShape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from openrouter_async.testing.answers import Writer
    from openrouter_async.testing.exchange import Exchange
    from openrouter_async.testing.requests import Prompt
    from openrouter_async.testing.scenes import Pace

    AnswerFunction: TypeAlias = Callable[
        [Mapping[str, object]], Reply | Awaitable[Reply | None] | None
    ]
    """Says what an answer is; None leaves it to the simulator."""


class Endpoint(Protocol):
    """One operation of the API."""

    @property
    def limited(self) -> bool:
        """Whether limits hold for it."""
        ...

    def plays(self, behaviour: Behaviour) -> bool:
        """Return whether a behaviour means something to it."""
        ...

    async def scene(
        self, exchange: Exchange, pace: Pace, behaviour: Behaviour | None
    ) -> Scene:
        """
        Return the answer to a request.

        Raises:
            RefusedError: If the request is not valid, or asks for what is not there.
        """
        ...


class AnswerEndpoint(ABC, Generic[R]):
    """
    An operation that completes something.

    Args:
        completer: Makes the answers.
        ledger: Bills them.

    Attributes:
        answer_function: Replaces the simulator's own answers.
        limited: Whether limits hold for it.
    """

    limited: bool = True

    def __init__(self, completer: Completer, ledger: Ledger) -> None:
        self.answer_function: AnswerFunction | None = None
        self._completer = completer
        self._ledger = ledger

    def plays(self, behaviour: Behaviour) -> bool:
        """Return whether a behaviour means something to it."""
        return not isinstance(behaviour, Text | ToolCalls) or self.allows(behaviour)

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
        exchange.params_or_refuse()
        request = self.read(exchange)
        self._ledger.admit(self._completer.model_of(request))
        # Asked beforehand, as behaviours are played without a chance to wait; and
        # not for nothing.
        writer = None
        function = self.answer_function
        if function is not None and not isinstance(behaviour, Text | ToolCalls):
            writer = await self._written(function, exchange, request)

        render = partial(self._render, exchange, request, pace, writer)
        return Scene(stream=self.streams(request), pace=pace, render=render)

    @abstractmethod
    def read(self, exchange: Exchange) -> R:
        """Check the parameters of a request and return them."""

    @abstractmethod
    def streams(self, request: R) -> bool:
        """Return whether a request wants a stream."""

    @abstractmethod
    def questions(
        self, params: Mapping[str, object], request: R
    ) -> Iterable[Mapping[str, object]]:
        """Yield what an answer function is asked, candidate by candidate."""

    @abstractmethod
    def allows(self, reply: object) -> bool:
        """Return whether an answer can be made of what was scripted."""

    @abstractmethod
    def rendering(
        self, envelope: Envelope, answer: Answer[R], usage_shape: UsageShape
    ) -> Rendering:
        """Return an answer in the form of this operation."""

    def usual_writer(self, request: R) -> Writer | None:
        """Return what writes if nothing was scripted; None for the grammar."""
        del request
        return None

    def _render(
        self,
        exchange: Exchange,
        request: R,
        pace: Pace,
        writer: Writer | None,
        reply: Text | ToolCalls | None,
    ) -> Rendering:
        if reply is not None:
            writer = partial(_always, reply)

        usual = self.usual_writer(request)
        answer = self._completer.answer(request, writer or usual)
        if exchange.billed:
            self._ledger.post(self._generation(exchange, answer))

        record = exchange.record
        envelope = Envelope(
            record.generation_id,
            exchange.created,
            answer.model,
            router_metadata(record.headers, record.params, answer.model),
        )
        return self.rendering(envelope, answer, pace.usage_shape)

    def _generation(self, exchange: Exchange, answer: Answer[R]) -> Generation:
        first = answer.choices[0]
        return Generation(
            id=exchange.record.generation_id,
            api_type="completions",
            model=answer.model,
            created=exchange.created,
            streamed=self.streams(answer.request),
            prompt_tokens=answer.prompt_tokens,
            completion_tokens=answer.completion_tokens,
            reasoning_tokens=answer.reasoning_tokens,
            finish_reason=first.finish_reason,
            native_finish_reason=first.native_finish_reason,
            cost=sum(answer.costs),
            user_agent=exchange.record.headers.get("user-agent"),
            asked=exchange.record.params,
            completion="".join(first.tokens),
            reasoning="".join(first.reasoning) or None,
        )

    async def _written(
        self, function: AnswerFunction, exchange: Exchange, request: R
    ) -> Writer:
        """Return a writer of what a function answers, in the order it is asked in."""
        replies: list[Reply | None] = []
        for question in self.questions(exchange.record.params, request):
            reply = function(question)
            if isinstance(reply, Awaitable):
                reply = await reply

            self._check(reply)
            replies.append(reply)

        following = iter(replies)
        usual = self.usual_writer(request)

        def write(prompt: Prompt) -> Reply | None:
            reply = next(following, None)
            return usual(prompt) if reply is None and usual is not None else reply

        return write

    def _check(self, reply: object) -> None:
        if reply is not None and not self.allows(reply):
            kind = type(reply).__name__
            message = f"{type(self).__name__} cannot answer with {kind}: {reply!r}"
            raise TypeError(message)


def _always(reply: Reply, _prompt: Prompt) -> Reply:
    return reply
