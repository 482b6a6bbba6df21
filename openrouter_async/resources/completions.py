"""`POST /completions`: text completions, awaited or streamed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, Unpack, overload

from msgspec import UNSET

from openrouter_async.errors import ConfigError
from openrouter_async.resources.options import (
    RetryOption,
    TimeoutOption,
    request_members,
    retry_for,
    timeout_for,
)
from openrouter_async.streaming.accumulate import CompletionAccumulator
from openrouter_async.streaming.stream import Stream
from openrouter_async.transport.answers import read_answer
from openrouter_async.transport.calls import Running, Transport
from openrouter_async.transport.codec import encode_body
from openrouter_async.transport.exchange import Call, Exchange
from openrouter_async.types.completion import Completion, CompletionChunk
from openrouter_async.types.completion_params import (
    NEVER_NULL,
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

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
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

    def _call(
        self,
        prompt: Prompt,
        stream: bool,
        timeout: TimeoutOption,
        retry: RetryOption,
        extra_body: Mapping[str, Json] | None,
        extra_headers: Mapping[str, str] | None,
        params: CompletionParams,
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
        )


def _read(running: Running, exchange: Exchange, body: bytes) -> Completion:
    return read_answer(running, exchange, body, Completion)


_FORMS = (
    "prompt must be a string, a list of strings, a list of token ids or a list of"
    " lists of token ids"
)


def check_prompt(prompt: object) -> None:
    """
    Refuse what is none of the four forms of a prompt.

    Raises:
        ConfigError: it says what was passed.
    """
    if isinstance(prompt, str):
        return

    if not is_array(prompt):
        raise ConfigError(f"{_FORMS}, not {type(prompt).__name__}")

    if not prompt:
        raise ConfigError(f"{_FORMS}; this list is empty")

    kinds = {"number"} if _is_tokens(prompt) else {_kind(item) for item in prompt}
    if len(kinds) > 1 or kinds - {"str", "number", "tokens"}:
        raise ConfigError(f"{_FORMS}; this list holds {', '.join(sorted(kinds))}")


def _kind(item: object) -> str:
    if isinstance(item, str):
        return "str"

    if isinstance(item, int | float) and not isinstance(item, bool):
        return "number"

    return "tokens" if is_array(item) and _is_tokens(item) else type(item).__name__


def _is_tokens(items: Sequence[object]) -> bool:
    # In C where it can be: a prompt can be a hundred thousand token ids.
    return set(map(type, items)) <= {int} or all(
        _kind(item) == "number" for item in items
    )
