"""`POST /chat/completions`: conversations, awaited or streamed."""

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Iterable, Mapping, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING, Literal, TypeVar, Unpack, overload

from msgspec import UNSET, UnsetType

from openrouter_async.fanout.limiter import Limiter
from openrouter_async.formats.format import Format
from openrouter_async.resources.chat_operation import (
    CHAT,
    TOOL_RUN_KEYWORDS,
    WHOLE,
    ChatCallParams,
    ChatGatherParams,
    accumulator,
    accumulator_of,
)
from openrouter_async.resources.chat_operation import ChatMapParams as ChatMapParams
from openrouter_async.resources.options import given_stream, is_streamed
from openrouter_async.resources.parsing import parsed_kind
from openrouter_async.resources.tool_runs import CreateStep, ToolRun, run_tools
from openrouter_async.resources.verbs import Verbs
from openrouter_async.streaming.chat_stream import (
    ChatCompletionStream,
    ParsedChatCompletionStream,
)
from openrouter_async.transport.calls import Transport
from openrouter_async.types.chat import ChatCompletion, ParsedChatCompletion
from openrouter_async.types.chat_params import ChatItem
from openrouter_async.types.messages import Message

if TYPE_CHECKING:
    from openrouter_async.fanout.map import Outcomes
    from openrouter_async.fanout.outcomes import Outcome

T = TypeVar("T")
AnswerT = TypeVar("AnswerT", bound=ChatCompletion)


class Chat:
    """Hold the operations on conversations."""

    def __init__(self, transport: Transport, limiter: Limiter) -> None:
        self._transport = transport
        self._limiter = limiter

    def __repr__(self) -> str:
        return f"<Chat of {self._transport.shown_url}>"

    @cached_property
    def completions(self) -> ChatCompletions:
        """Chat completions."""
        return ChatCompletions(self._transport, self._limiter)


class ChatCompletions:
    """Continue conversations with `POST /chat/completions`."""

    def __init__(self, transport: Transport, limiter: Limiter) -> None:
        self._verbs = Verbs(transport, limiter, CHAT)

    def __repr__(self) -> str:
        return f"<ChatCompletions of {self._verbs.transport.shown_url}>"

    @overload
    async def create(
        self,
        *,
        messages: Sequence[Message],
        stream: Literal[False] | UnsetType = UNSET,
        parse: None = None,
        **params: Unpack[ChatCallParams],
    ) -> ChatCompletion: ...

    @overload
    async def create(
        self,
        *,
        messages: Sequence[Message],
        stream: Literal[True],
        parse: None = None,
        **params: Unpack[ChatCallParams],
    ) -> ChatCompletionStream: ...

    @overload
    async def create(
        self,
        *,
        messages: Sequence[Message],
        stream: bool | UnsetType = UNSET,
        parse: None = None,
        **params: Unpack[ChatCallParams],
    ) -> ChatCompletion | ChatCompletionStream: ...

    @overload
    async def create(
        self,
        *,
        messages: Sequence[Message],
        stream: Literal[False] | UnsetType = UNSET,
        parse: type[T] | Format[T],
        **params: Unpack[ChatCallParams],
    ) -> ParsedChatCompletion[T]: ...

    @overload
    async def create(
        self,
        *,
        messages: Sequence[Message],
        stream: Literal[True],
        parse: type[T] | Format[T],
        **params: Unpack[ChatCallParams],
    ) -> ParsedChatCompletionStream[T]: ...

    @overload
    async def create(
        self,
        *,
        messages: Sequence[Message],
        stream: bool | UnsetType = UNSET,
        parse: type[T] | Format[T],
        **params: Unpack[ChatCallParams],
    ) -> ParsedChatCompletion[T] | ParsedChatCompletionStream[T]: ...

    async def create(
        self,
        *,
        messages: Sequence[Message],
        stream: bool | UnsetType = UNSET,
        parse: type[T] | Format[T] | None = None,
        **params: Unpack[ChatCallParams],
    ) -> (
        ChatCompletion
        | ChatCompletionStream
        | ParsedChatCompletion[T]
        | ParsedChatCompletionStream[T]
    ):
        """
        Continue a conversation.

        Args:
            messages: the conversation so far: mappings, or `message` of an answer.
            stream: return an opened stream instead of the whole answer, as code
                written for other clients expects; `stream()` is the better way.
            parse: a type, or its `Format`; the answer is asked for as JSON of its
                schema, and read into `parsed`.
            **params: request fields by the API's names (`model`, `max_tokens`,
                `temperature`, `tools`, `reasoning`, `provider` and all others of
                `ChatParams`), and `timeout`, `retry`, `extra_body` and `extra_headers`
                for this call (`RequestOptions`). What is not given is not sent; None is
                sent as null where the API allows null.

        Returns:
            The answer; with `stream=True` a stream whose head has arrived.

        Raises:
            ConfigError: something passed cannot be sent; nothing was.
            APIError: the API reported an error, in its class by code.
            APIConnectionError: no answer arrived, or not in time.
            ResponseDecodeError: what arrived is not an answer.
            ParseError: the answer holds no value of the type `parse`: it was cut,
                refused, or does not match.
        """
        if is_streamed(stream):
            streamed = self._stream(messages, parse, params)
            await streamed.open()
            return streamed

        given = given_stream(params, stream)
        if parse is None:
            return await self._verbs.create(messages, given, WHOLE)

        return await self._verbs.create(messages, given, parsed_kind(parse))

    @overload
    def stream(
        self,
        *,
        messages: Sequence[Message],
        parse: None = None,
        **params: Unpack[ChatCallParams],
    ) -> ChatCompletionStream: ...

    @overload
    def stream(
        self,
        *,
        messages: Sequence[Message],
        parse: type[T] | Format[T],
        **params: Unpack[ChatCallParams],
    ) -> ParsedChatCompletionStream[T]: ...

    def stream(
        self,
        *,
        messages: Sequence[Message],
        parse: type[T] | Format[T] | None = None,
        **params: Unpack[ChatCallParams],
    ) -> ChatCompletionStream | ParsedChatCompletionStream[T]:
        """
        Continue a conversation, in chunks as they are generated.

        Args:
            messages: the conversation so far.
            parse: a type; `final()` reads the text into `parsed`, and raises
                `ParseError` if it cannot.
            **params: as in `create`; `retry` applies until the first content has
                arrived.

        Returns:
            A stream that is opened by `async with`, or by `async for`.

        Raises:
            ConfigError: something passed cannot be sent; nothing was.
        """
        return self._stream(messages, parse, params)

    @overload
    def map(
        self,
        inputs: Iterable[ChatItem] | AsyncIterable[ChatItem],
        *,
        parse: None = None,
        **params: Unpack[ChatMapParams],
    ) -> Outcomes[ChatCompletion]: ...

    @overload
    def map(
        self,
        inputs: Iterable[ChatItem] | AsyncIterable[ChatItem],
        *,
        parse: type[T] | Format[T],
        **params: Unpack[ChatMapParams],
    ) -> Outcomes[ParsedChatCompletion[T]]: ...

    def map(
        self,
        inputs: Iterable[ChatItem] | AsyncIterable[ChatItem],
        *,
        parse: type[T] | Format[T] | None = None,
        **params: Unpack[ChatMapParams],
    ) -> Outcomes[ChatCompletion] | Outcomes[ParsedChatCompletion[T]]:
        """
        Answer any number of conversations, as fast as the API allows.

        It works as `completions.map` does.

        Args:
            inputs: what users say, conversations, or mappings of parameters with
                `messages` that win over the common ones; pulled one at a time.
            parse: a type, as in `create`; an answer that holds none is a failure, but
                for one that calls tools instead.
            **params: request fields that all items share, the options of each call as
                in `create`, and `max_in_flight`, `ordered`, `journal`, `max_cost` and
                `max_pause` for the run (`MapOptions`).

        Returns:
            An iterator over outcomes, to be used as `async with`.

        Raises:
            ConfigError: something passed cannot be used; nothing was sent. From the
                iteration: the journal is no journal, of other parameters, or in use.
            OSError: from the iteration: the journal cannot be written; it comes after
                the outcomes of what was under way.
        """
        if parse is None:
            return self._verbs.map(inputs, params, WHOLE)

        return self._verbs.map(inputs, params, parsed_kind(parse))

    @overload
    async def gather(
        self,
        inputs: Iterable[ChatItem] | AsyncIterable[ChatItem],
        *,
        parse: None = None,
        **params: Unpack[ChatGatherParams],
    ) -> list[Outcome[ChatCompletion]]: ...

    @overload
    async def gather(
        self,
        inputs: Iterable[ChatItem] | AsyncIterable[ChatItem],
        *,
        parse: type[T] | Format[T],
        **params: Unpack[ChatGatherParams],
    ) -> list[Outcome[ParsedChatCompletion[T]]]: ...

    async def gather(
        self,
        inputs: Iterable[ChatItem] | AsyncIterable[ChatItem],
        *,
        parse: type[T] | Format[T] | None = None,
        **params: Unpack[ChatGatherParams],
    ) -> list[Outcome[ChatCompletion]] | list[Outcome[ParsedChatCompletion[T]]]:
        """
        Answer conversations, and return all outcomes in the order of the inputs.

        Args:
            inputs: as for `map`, but all of them are pulled before the first is sent.
            parse: a type, as for `map`.
            **params: as for `map`, but for `ordered`.

        Returns:
            One outcome for each input; `NotSentError` for those that a stopped run
            did not send.

        Raises:
            ConfigError: something passed cannot be used; nothing was sent.
            OSError: the journal cannot be opened.
        """
        if parse is None:
            return await self._verbs.gather(inputs, params, WHOLE)

        return await self._verbs.gather(inputs, params, parsed_kind(parse))

    @overload
    async def run_tools(
        self,
        *,
        messages: Sequence[Message],
        max_steps: int = 10,
        raises: type[Exception] | Sequence[type[Exception]] = (),
        pin_provider: bool | None = None,
        parse: None = None,
        **params: Unpack[ChatCallParams],
    ) -> ToolRun[ChatCompletion]: ...

    @overload
    async def run_tools(
        self,
        *,
        messages: Sequence[Message],
        max_steps: int = 10,
        raises: type[Exception] | Sequence[type[Exception]] = (),
        pin_provider: bool | None = None,
        parse: type[T] | Format[T],
        **params: Unpack[ChatCallParams],
    ) -> ToolRun[ParsedChatCompletion[T]]: ...

    async def run_tools(
        self,
        *,
        messages: Sequence[Message],
        max_steps: int = 10,
        raises: type[Exception] | Sequence[type[Exception]] = (),
        pin_provider: bool | None = None,
        parse: type[T] | Format[T] | None = None,
        **params: Unpack[ChatCallParams],
    ) -> ToolRun[ChatCompletion] | ToolRun[ParsedChatCompletion[T]]:
        """
        Continue a conversation, running the tools that the model calls.

        The calls of one step run concurrently. An exception, an unknown name or
        arguments that do not match are told to the model, which may do better in the
        next step.

        Args:
            messages: the conversation so far.
            max_steps: requests at most. What the last one calls is run as well.
            raises: exceptions of tools that end the run instead of being told.
            pin_provider: have one provider serve the whole run. None does so from the
                moment that an answer brings signed or encrypted reasoning, which is
                of no use to any other.
            parse: a type, as in `create`, for the answer that ends the run.
            **params: as in `create`, for each request; `tools` and `deferred_tools`
                hold functions made tools by `@tool`, and server tools as mappings.

        Returns:
            The run: the answer, the conversation, what became of each call, and the
            usage of all requests together. Look at `finished`: an answer that was
            cut, filtered or empty is none.

        Raises:
            ConfigError: the tools or the options cannot be used; nothing was sent.
            OpenRouterError: of a request; `ToolRun.of` leads from it to the run so far.
            Exception: of a tool, if it is one of `raises`.
        """
        TOOL_RUN_KEYWORDS.check_slips(params)
        given: dict[str, object] = {**params}
        given.pop("tools", None)

        def run(create: CreateStep[AnswerT]) -> Awaitable[ToolRun[AnswerT]]:
            return run_tools(
                create,
                messages,
                params.get("tools", ()),
                given,
                max_steps=max_steps,
                raises=raises,
                pin_provider=pin_provider,
            )

        if parse is None:
            return await run(partial(self._verbs.create, kind=WHOLE))

        return await run(partial(self._verbs.create, kind=parsed_kind(parse)))

    def _stream(
        self,
        messages: Sequence[Message],
        parse: type[T] | Format[T] | None,
        params: Mapping[str, object],
    ) -> ChatCompletionStream | ParsedChatCompletionStream[T]:
        verbs = self._verbs
        if parse is None:
            call = verbs.call(messages, params, stream=True)
            return ChatCompletionStream(verbs.transport, call, accumulator)

        kind = parsed_kind(parse)
        call = verbs.call(messages, kind.with_options(params), stream=True)
        return ParsedChatCompletionStream(
            verbs.transport,
            call,
            partial(accumulator_of, kind.into),
            finish=kind.finish,
        )
