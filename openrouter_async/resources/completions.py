"""`POST /completions`: text completions, awaited or streamed."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable, Mapping
from functools import partial
from os import PathLike
from typing import Literal, Unpack, overload

from msgspec import UNSET, UnsetType

from openrouter_async.errors import ConfigError
from openrouter_async.fanout.gather import gather_outcomes
from openrouter_async.fanout.limiter import Limiter
from openrouter_async.fanout.map import Outcomes, check_run
from openrouter_async.fanout.outcomes import Item, Outcome
from openrouter_async.fanout.run import RunSettings
from openrouter_async.resources.mapping import (
    CallWork,
    CommonOptions,
    default_in_flight,
)
from openrouter_async.resources.options import (
    RetryOption,
    TimeoutOption,
    request_members,
    retry_for,
    timeout_for,
)
from openrouter_async.resources.prompts import check_prompt
from openrouter_async.streaming.accumulate import CompletionAccumulator
from openrouter_async.streaming.stream import Stream
from openrouter_async.transport.answers import read_answer
from openrouter_async.transport.calls import Running, Transport
from openrouter_async.transport.codec import encode_body
from openrouter_async.transport.exchange import Call, Exchange
from openrouter_async.types.completion import Completion, CompletionChunk
from openrouter_async.types.completion_params import (
    NEVER_NULL,
    CompletionItem,
    CompletionParams,
    Prompt,
)
from openrouter_async.types.lenient import Json, is_array, is_object


class CompletionStream(Stream[CompletionChunk, Completion]):
    """Iterate over the chunks of a text completion; see `Stream`."""


class Completions:
    """
    Complete text with `POST /completions`.

    The endpoint is served but no longer in OpenRouter's published API; base models
    and prefilled answers need it.
    """

    def __init__(self, transport: Transport, limiter: Limiter) -> None:
        self._transport = transport
        self._limiter = limiter
        self._url = transport.base_url / "completions"

    @overload
    async def create(
        self,
        *,
        prompt: Prompt,
        stream: Literal[False] = False,
        timeout: TimeoutOption = UNSET,
        retry: RetryOption = UNSET,
        extra_body: Mapping[str, Json] | None = None,
        extra_headers: Mapping[str, str] | None = None,
        **params: Unpack[CompletionParams],
    ) -> Completion: ...

    @overload
    async def create(
        self,
        *,
        prompt: Prompt,
        stream: Literal[True],
        timeout: TimeoutOption = UNSET,
        retry: RetryOption = UNSET,
        extra_body: Mapping[str, Json] | None = None,
        extra_headers: Mapping[str, str] | None = None,
        **params: Unpack[CompletionParams],
    ) -> CompletionStream: ...

    @overload
    async def create(
        self,
        *,
        prompt: Prompt,
        stream: bool,
        timeout: TimeoutOption = UNSET,
        retry: RetryOption = UNSET,
        extra_body: Mapping[str, Json] | None = None,
        extra_headers: Mapping[str, str] | None = None,
        **params: Unpack[CompletionParams],
    ) -> Completion | CompletionStream: ...

    async def create(
        self,
        *,
        prompt: Prompt,
        stream: bool = False,
        timeout: TimeoutOption = UNSET,
        retry: RetryOption = UNSET,
        extra_body: Mapping[str, Json] | None = None,
        extra_headers: Mapping[str, str] | None = None,
        **params: Unpack[CompletionParams],
    ) -> Completion | CompletionStream:
        """
        Complete a prompt.

        Args:
            prompt: one prompt or several, as text or as token ids.
            stream: return an opened stream instead of the whole answer, as code
                written for other clients expects; `stream()` is the better way.
            timeout: timers for this call; a number of seconds bounds the whole call,
                None turns all timers off.
            retry: policy for this call; a number is `max_retries`.
            extra_body: members of the request that are not typed here; they win
                over typed ones and are sent untouched.
            extra_headers: headers added to, or in place of, the client's.
            **params: request fields by the API's names. What is not given is not
                sent; None is sent as null where the API allows null.

        Returns:
            The completion; with `stream=True` a stream whose head has arrived.

        Raises:
            ConfigError: something passed cannot be sent; nothing was.
            APIError: the API reported an error, in its class by code.
            APIConnectionError: no answer arrived, or not in time.
            ResponseDecodeError: what arrived is not an answer.
        """
        stream = bool(stream)
        call = self._call(
            prompt, stream, timeout, retry, extra_body, extra_headers, params
        )
        if not stream:
            return await self._transport.fetch(call, _read)

        streamed = CompletionStream(self._transport, call, CompletionAccumulator)
        await streamed.open()
        return streamed

    def stream(
        self,
        *,
        prompt: Prompt,
        timeout: TimeoutOption = UNSET,
        retry: RetryOption = UNSET,
        extra_body: Mapping[str, Json] | None = None,
        extra_headers: Mapping[str, str] | None = None,
        **params: Unpack[CompletionParams],
    ) -> CompletionStream:
        """
        Complete a prompt, in chunks as they are generated.

        Args:
            prompt: one prompt or several, as text or as token ids.
            timeout: timers for this call, as in `create`.
            retry: policy for this call, as in `create`; it applies until the first
                content has arrived.
            extra_body: members of the request that are not typed here.
            extra_headers: headers added to, or in place of, the client's.
            **params: request fields by the API's names.

        Returns:
            A stream that is opened by `async with`, or by `async for`.

        Raises:
            ConfigError: something passed cannot be sent; nothing was.
        """
        call = self._call(
            prompt, True, timeout, retry, extra_body, extra_headers, params
        )
        return CompletionStream(self._transport, call, CompletionAccumulator)

    def map(
        self,
        inputs: Iterable[CompletionItem] | AsyncIterable[CompletionItem],
        *,
        max_in_flight: int | None = None,
        ordered: bool = False,
        journal: str | PathLike[str] | None = None,
        max_cost: float | None = None,
        max_pause: float | UnsetType | None = UNSET,
        timeout: TimeoutOption = UNSET,
        retry: RetryOption = UNSET,
        extra_body: Mapping[str, Json] | None = None,
        extra_headers: Mapping[str, str] | None = None,
        **params: Unpack[CompletionParams],
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
            max_in_flight: requests at a time; 256, or what the pool and the limit on
                open files allow.
            ordered: yield outcomes in the order of the inputs.
            journal: path of a file that gets every answer before it is yielded; a
                run that is given it again sends only what is missing.
            max_cost: USD; no item is sent that could overshoot it, by the mean and
                deviation of what was spent.
            max_pause: longest wait that a server may ask for, and longest time with
                nothing but refusals before they count as failures, seconds; None for
                any. Default: the limiter's, 120.
            timeout: timers for each call, as in `create`.
            retry: policy for each call, as in `create`; refusals by a limit are
                outside of it.
            extra_body: members of each request that are not typed here.
            extra_headers: headers added to, or in place of, the client's.
            **params: request fields that all items share.

        Returns:
            An iterator over outcomes, to be used as `async with`.

        Raises:
            ConfigError: something passed cannot be used; nothing was sent. From the
                iteration: the journal is no journal, of other parameters, or in use.
            OSError: from the iteration: the journal cannot be written; it comes after
                the outcomes of what was under way.
        """
        if isinstance(max_pause, UnsetType):
            max_pause = self._limiter.max_pause

        if max_in_flight is None:
            max_in_flight = default_in_flight(self._transport.sessions.connections)

        settings = RunSettings(
            max_in_flight=max_in_flight,
            ordered=ordered,
            max_cost=max_cost,
            max_pause=max_pause,
        )
        check_run(settings, journal)
        common = CommonOptions(
            timeout=timeout_for(timeout, self._transport.timeout),
            retry=retry_for(retry, self._transport.retry),
            extra_body=extra_body,
            extra_headers=extra_headers,
            # A journal knows items by their encoded body, whatever the order in which
            # the arguments were written down.
            params=_sorted(request_members({}, params, NEVER_NULL)),
        )
        self._item_call(common, "")  # what all items share is refused before any
        common.check_shared("prompt")
        work = CallWork(self._transport, partial(self._item_call, common), Completion)
        parameters = common.parameters(str(self._url))
        return Outcomes(inputs, work, self._limiter, settings, journal, parameters)

    async def gather(
        self,
        inputs: Iterable[CompletionItem] | AsyncIterable[CompletionItem],
        *,
        max_in_flight: int | None = None,
        journal: str | PathLike[str] | None = None,
        max_cost: float | None = None,
        max_pause: float | UnsetType | None = UNSET,
        timeout: TimeoutOption = UNSET,
        retry: RetryOption = UNSET,
        extra_body: Mapping[str, Json] | None = None,
        extra_headers: Mapping[str, str] | None = None,
        **params: Unpack[CompletionParams],
    ) -> list[Outcome[Completion]]:
        """
        Complete prompts, and return all outcomes in the order of the inputs.

        Args:
            inputs: as for `map`, but all of them are pulled before the first is sent.
            max_in_flight: as for `map`; so are the others.
            journal: path of a file to resume from.
            max_cost: USD.
            max_pause: seconds.
            timeout: timers for each call.
            retry: policy for each call.
            extra_body: members of each request that are not typed here.
            extra_headers: headers added to, or in place of, the client's.
            **params: request fields that all items share.

        Returns:
            One outcome for each input; `NotSentError` for those that a stopped run
            did not send.

        Raises:
            ConfigError: something passed cannot be used; nothing was sent.
            OSError: the journal cannot be opened.
        """

        def start(items: list[CompletionItem]) -> Outcomes[Completion]:
            return self.map(
                items,
                max_in_flight=max_in_flight,
                journal=journal,
                max_cost=max_cost,
                max_pause=max_pause,
                timeout=timeout,
                retry=retry,
                extra_body=extra_body,
                extra_headers=extra_headers,
                **params,
            )

        return await gather_outcomes(inputs, start)

    def _item_call(self, common: CommonOptions, item: Item) -> Call:
        params: Mapping[str, object] = common.params
        prompt: object = item
        if isinstance(item, Mapping):
            merged = _sorted({**params, **item})
            if "prompt" not in merged:
                raise ConfigError("an item that is a mapping must hold a `prompt`")

            prompt = merged.pop("prompt")
            params = merged

        return self._call(
            prompt,
            False,
            common.timeout,
            common.retry,
            common.extra_body,
            common.extra_headers,
            params,
        )

    def _call(
        self,
        prompt: object,
        stream: bool,
        timeout: TimeoutOption,
        retry: RetryOption,
        extra_body: Mapping[str, Json] | None,
        extra_headers: Mapping[str, str] | None,
        params: Mapping[str, object],
    ) -> Call:
        check_prompt(prompt)
        members = request_members({"prompt": prompt}, params, NEVER_NULL)
        if stream:
            members["stream"] = True

        if extra_body is not None:
            if not is_object(extra_body):
                raise ConfigError("extra_body must be a mapping of request fields")

            members.update(extra_body)

        if bool(members.get("stream", False)) is not stream:
            raise ConfigError(
                "extra_body must not change `stream`, which decides what is returned;"
                " use stream() or create()"
            )

        return self._transport.call(
            self._url,
            encode_body(members),
            timeout=timeout_for(timeout, self._transport.timeout),
            retry=retry_for(retry, self._transport.retry),
            headers=extra_headers or {},
            stream=stream,
            model=_model(members),
            max_tokens=_whole(members.get("max_tokens")),
        )


def _sorted(members: Mapping[str, Json]) -> dict[str, Json]:
    return {name: members[name] for name in sorted(members, key=str)}


def _model(members: Mapping[str, Json]) -> str | None:
    """Return the model that is asked for first: limits are counted by it."""
    model, models = members.get("model"), members.get("models")
    if model is None and is_array(models) and models:
        model = models[0]

    return model if isinstance(model, str) else None


def _whole(value: Json) -> int | None:
    return value if isinstance(value, int) else None


def _read(running: Running, exchange: Exchange, body: bytes) -> Completion:
    return read_answer(running, exchange, body, Completion)
