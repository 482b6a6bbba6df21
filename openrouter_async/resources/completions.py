"""`POST /completions`: text completions, awaited or streamed."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable, Mapping
from typing import TYPE_CHECKING, Literal, NoReturn, Unpack, overload

from msgspec import UNSET, UnsetType

from openrouter_async.errors import ConfigError
from openrouter_async.fanout.limiter import Limiter
from openrouter_async.resources.keywords import Keywords
from openrouter_async.resources.kinds import AnswerKind
from openrouter_async.resources.options import (
    GatherOptions,
    MapOptions,
    RequestOptions,
    given_stream,
    is_streamed,
)
from openrouter_async.resources.prompts import checked_prompt
from openrouter_async.resources.verbs import Operation, Verbs
from openrouter_async.streaming.completion_pieces import CompletionAccumulator
from openrouter_async.streaming.stream import Stream
from openrouter_async.transport.calls import Transport
from openrouter_async.types.completion import Completion, CompletionChunk
from openrouter_async.types.completion_params import (
    NEVER_NULL,
    CompletionItem,
    CompletionParams,
    Prompt,
)

if TYPE_CHECKING:
    from openrouter_async.fanout.map import Outcomes
    from openrouter_async.fanout.outcomes import Item, Outcome


class CompletionStream(Stream[CompletionChunk, Completion]):
    """Iterate over the chunks of a text completion; see `Stream`."""


class CompletionCallParams(CompletionParams, RequestOptions):
    """Name what one call accepts beside its prompt; see `RequestOptions`."""


class CompletionMapParams(CompletionParams, MapOptions):
    """Name what all items of a map share; see `MapOptions`."""


class CompletionGatherParams(CompletionParams, GatherOptions):
    """Name what all items of a gather share; see `GatherOptions`."""


def _refuse_parse(kind: object) -> NoReturn:
    from openrouter_async.formats.refusals import shown_name

    raise ConfigError(
        "parse is for chat.completions; read the text of a completion with"
        f" Format.of({shown_name(kind)}).read(done.text)"
    )


def _prompt_of(item: Item) -> object:
    return item


_NAMED = frozenset({"prompt", "stream"})
_OPERATION = Operation(
    path="completions",
    own="prompt",
    value_of=_prompt_of,
    checked=checked_prompt,
    never_null=NEVER_NULL,
    converters={"parse": _refuse_parse},
    checkers={},
    of_calls=Keywords(CompletionCallParams.__optional_keys__ | _NAMED),
    of_runs=Keywords(CompletionMapParams.__optional_keys__ | _NAMED),
)
_WHOLE = AnswerKind(Completion)


class Completions:
    """
    Complete text with `POST /completions`.

    The endpoint is served but no longer in OpenRouter's published API; base models
    and prefilled answers need it.
    """

    def __init__(self, transport: Transport, limiter: Limiter) -> None:
        self._verbs = Verbs(transport, limiter, _OPERATION)

    def __repr__(self) -> str:
        return f"<Completions of {self._verbs.transport.shown_url}>"

    @overload
    async def create(
        self,
        *,
        prompt: Prompt,
        stream: Literal[False] | UnsetType = UNSET,
        **params: Unpack[CompletionCallParams],
    ) -> Completion: ...

    @overload
    async def create(
        self,
        *,
        prompt: Prompt,
        stream: Literal[True],
        **params: Unpack[CompletionCallParams],
    ) -> CompletionStream: ...

    @overload
    async def create(
        self,
        *,
        prompt: Prompt,
        stream: bool | UnsetType = UNSET,
        **params: Unpack[CompletionCallParams],
    ) -> Completion | CompletionStream: ...

    async def create(
        self,
        *,
        prompt: Prompt,
        stream: bool | UnsetType = UNSET,
        **params: Unpack[CompletionCallParams],
    ) -> Completion | CompletionStream:
        """
        Complete a prompt.

        Args:
            prompt: one prompt or several, as text or as token ids.
            stream: return an opened stream instead of the whole answer, as code
                written for other clients expects; `stream()` is the better way.
            **params: request fields by the API's names (`model`, `max_tokens`,
                `temperature`, `stop` and all others of `CompletionParams`), and
                `timeout`, `retry`, `extra_body` and `extra_headers` for this call
                (`RequestOptions`). What is not given is not sent; None is sent as null
                where the API allows null.

        Returns:
            The completion; with `stream=True` a stream whose head has arrived.

        Raises:
            ConfigError: something passed cannot be sent; nothing was.
            APIError: the API reported an error, in its class by code.
            APIConnectionError: no answer arrived, or not in time.
            ResponseDecodeError: what arrived is not an answer.
        """
        if not is_streamed(stream):
            return await self._verbs.create(
                prompt, given_stream(params, stream), _WHOLE
            )

        streamed = self._stream(prompt, params)
        await streamed.open()
        return streamed

    def stream(
        self, *, prompt: Prompt, **params: Unpack[CompletionCallParams]
    ) -> CompletionStream:
        """
        Complete a prompt, in chunks as they are generated.

        Args:
            prompt: one prompt or several, as text or as token ids.
            **params: as in `create`; `retry` applies until the first content has
                arrived.

        Returns:
            A stream that is opened by `async with`, or by `async for`.

        Raises:
            ConfigError: something passed cannot be sent; nothing was.
        """
        return self._stream(prompt, params)

    def map(
        self,
        inputs: Iterable[CompletionItem] | AsyncIterable[CompletionItem],
        **params: Unpack[CompletionMapParams],
    ) -> Outcomes[Completion]:
        """
        Complete any number of prompts, as fast as the API allows.

        The limiter finds the rate; what is refused for it goes again. One outcome
        comes for each item that was pulled, as it finishes. An error that every item
        would end with (the key, the credits, a wait above `max_pause`) stops the run:
        items that were pulled and not sent end as `NotSentError`, and the iteration
        ends.

        Args:
            inputs: prompts, or mappings of parameters with a `prompt` that win over
                the common ones; pulled one at a time when there is room for it.
            **params: request fields that all items share, the options of each call as
                in `create`, and `max_in_flight`, `ordered`, `journal`, `max_cost` and
                `max_pause` for the run (`MapOptions`). Refusals by a limit are outside
                of `retry`.

        Returns:
            An iterator over outcomes, to be used as `async with`.

        Raises:
            ConfigError: something passed cannot be used; nothing was sent. From the
                iteration: the journal is no journal, of other parameters, or in use.
            OSError: from the iteration: the journal cannot be written; it comes after
                the outcomes of what was under way.
        """
        return self._verbs.map(inputs, params, _WHOLE)

    async def gather(
        self,
        inputs: Iterable[CompletionItem] | AsyncIterable[CompletionItem],
        **params: Unpack[CompletionGatherParams],
    ) -> list[Outcome[Completion]]:
        """
        Complete prompts, and return all outcomes in the order of the inputs.

        Args:
            inputs: as for `map`, but all of them are pulled before the first is sent.
            **params: as for `map`, but for `ordered`.

        Returns:
            One outcome for each input; `NotSentError` for those that a stopped run
            did not send.

        Raises:
            ConfigError: something passed cannot be used; nothing was sent.
            OSError: the journal cannot be opened.
        """
        return await self._verbs.gather(inputs, params, _WHOLE)

    def _stream(self, prompt: Prompt, params: Mapping[str, object]) -> CompletionStream:
        call = self._verbs.call(prompt, params, stream=True)
        return CompletionStream(self._verbs.transport, call, CompletionAccumulator)
