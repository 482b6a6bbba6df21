"""`POST /embeddings`: vectors for texts, one request at a time or a whole corpus."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable, Mapping
from os import PathLike
from typing import Unpack, cast

from msgspec import UNSET, UnsetType

from openrouter_async.errors import ConfigError
from openrouter_async.fanout.limiter import Limiter
from openrouter_async.fanout.map import check_run
from openrouter_async.fanout.run import RunSettings
from openrouter_async.resources.embedding_answers import read_embeddings
from openrouter_async.resources.embedding_map import EmbeddingOutcomes, PackWork
from openrouter_async.resources.mapping import CommonOptions
from openrouter_async.resources.models import read_models
from openrouter_async.resources.options import (
    RetryOption,
    TimeoutOption,
    request_members,
    retry_for,
    timeout_for,
)
from openrouter_async.resources.packs import Pack, PackLimits, Packs, kind_of
from openrouter_async.resources.reading import CallOptions, Resource
from openrouter_async.resources.runs import default_in_flight
from openrouter_async.transport.calls import Transport
from openrouter_async.transport.codec import encode_body
from openrouter_async.transport.exchange import Call
from openrouter_async.types.embeddings import (
    EmbeddingInput,
    EmbeddingItem,
    EmbeddingParams,
    EmbeddingResponse,
)
from openrouter_async.types.lenient import Json, is_array, is_object
from openrouter_async.types.models import ModelList

_NEVER_NULL = frozenset({"dimensions", "encoding_format", "input_type", "user"})
# With 256 requests of a hundred inputs there would be 100 MB of answers on the way.
_IN_FLIGHT = 32


class Embeddings(Resource):
    """Turn texts, tokens and media into vectors with `POST /embeddings`."""

    def __init__(self, transport: Transport, limiter: Limiter) -> None:
        super().__init__(transport)
        self._limiter = limiter
        self._url = transport.base_url / "embeddings"

    async def create(
        self,
        *,
        input: EmbeddingInput,
        model: str,
        timeout: TimeoutOption = UNSET,
        retry: RetryOption = UNSET,
        extra_body: Mapping[str, Json] | None = None,
        extra_headers: Mapping[str, str] | None = None,
        **params: Unpack[EmbeddingParams],
    ) -> EmbeddingResponse:
        """
        Return the embeddings of one input or several.

        Vectors are asked for as base64, which is less than half as long on the wire
        and decodes twice as fast as numbers; `encoding_format` decides otherwise.

        Args:
            input: text, token ids, or a mapping with `content` parts; or a list of
                inputs of one of these forms.
            model: its slug, such as `openai/text-embedding-3-small`.
            timeout: timers for this call; a number of seconds bounds the whole call,
                None turns all timers off.
            retry: policy for this call; a number is `max_retries`.
            extra_body: members of the request that are not typed here; they win.
            extra_headers: headers added to, or in place of, the client's.
            **params: request fields by the API's names.

        Returns:
            One embedding for each input, in their order.

        Raises:
            ConfigError: something passed cannot be sent; nothing was.
            APIError: the API reported an error, in its class by code.
            APIConnectionError: no answer arrived, or not in time.
            ResponseDecodeError: what arrived is no answer, or holds fewer embeddings
                than there are inputs.
        """
        common = self._common(model, timeout, retry, extra_body, extra_headers, params)
        checked, count = _checked(input)
        call = self._call(checked, common)
        return await self._transport.fetch(call, read_embeddings(count))

    async def models(self, **options: Unpack[CallOptions]) -> ModelList:
        """
        Return the models that give embeddings.

        Args:
            **options: `timeout`, `retry` and `extra_headers`, as in every call.

        Raises:
            OpenRouterError: whatever ended the call.
        """
        return await read_models(self._transport, "/embeddings/models", options)

    def map(
        self,
        inputs: Iterable[EmbeddingItem] | AsyncIterable[EmbeddingItem],
        *,
        model: str,
        batch_size: int = 96,
        batch_tokens: int = 16_000,
        max_in_flight: int | None = None,
        ordered: bool = False,
        journal: str | PathLike[str] | None = None,
        max_cost: float | None = None,
        max_pause: float | UnsetType | None = UNSET,
        timeout: TimeoutOption = UNSET,
        retry: RetryOption = UNSET,
        extra_body: Mapping[str, Json] | None = None,
        extra_headers: Mapping[str, str] | None = None,
        **params: Unpack[EmbeddingParams],
    ) -> EmbeddingOutcomes:
        """
        Return the embeddings of a corpus of any size, as fast as the API allows.

        Inputs are packed into requests. One that is refused for what an input could
        be the reason of (400, 403 by moderation, 413, 422, a missing embedding) is
        sent again in halves, so that a bad input costs only itself. Everything else
        is as in the `map` of completions.

        Args:
            inputs: texts, lists of token ids, or mappings with `content` parts;
                pulled until a request is full.
            model: its slug.
            batch_size: most inputs of a request.
            batch_tokens: most tokens of a request, by an estimate of four letters
                each; a longer input goes alone.
            max_in_flight: requests at a time; 32, or what the pool and the limit on
                open files allow.
            ordered: yield outcomes in the order of the inputs.
            journal: path of a file that gets every answer before it is yielded; a
                run that is given it again sends only what is missing. It keeps whole
                requests: `batch_size` and `batch_tokens` have to be the same, and an
                input that is put in, or left out, resends all inputs behind it.
            max_cost: USD. The first request goes alone, whatever it costs; after that
                none is sent that could overshoot it, going by what the others cost.
            max_pause: longest wait that a server may ask for, seconds; None for any.
            timeout: timers for each call, as in `create`.
            retry: policy for each call, as in `create`; refusals by a limit are
                outside of it.
            extra_body: members of each request that are not typed here.
            extra_headers: headers added to, or in place of, the client's.
            **params: request fields that all inputs share.

        Returns:
            An iterator over outcomes, one for each input, to be used as `async with`.

        Raises:
            ConfigError: something passed cannot be used; nothing was sent. From the
                iteration: the journal is no journal, of other parameters, or in use.
            OSError: from the iteration: the journal cannot be written.
        """
        _check_whole("batch_size", batch_size)
        _check_whole("batch_tokens", batch_tokens)
        if isinstance(max_pause, UnsetType):
            max_pause = self._limiter.max_pause

        if max_in_flight is None:
            connections = self._transport.sessions.connections
            max_in_flight = default_in_flight(connections, _IN_FLIGHT)

        settings = RunSettings(
            max_in_flight=max_in_flight,
            ordered=ordered,
            max_cost=max_cost,
            max_pause=max_pause,
        )
        check_run(settings, journal)
        common = self._common(model, timeout, retry, extra_body, extra_headers, params)
        common.check_shared("input")
        self._call("", common)  # refuses options that cannot be sent
        ahead = max_in_flight * 4 if ordered else None
        limits = PackLimits(inputs=batch_size, tokens=batch_tokens, ahead=ahead)
        return EmbeddingOutcomes(
            Packs(inputs, limits),
            PackWork(self._transport, lambda pack: self._pack_call(pack, common)),
            self._limiter,
            settings,
            journal,
            {
                **common.parameters(str(self._url)),
                # Requests are what is found again: others would all be paid anew.
                "batch_size": batch_size,
                "batch_tokens": batch_tokens,
            },
        )

    def _pack_call(self, pack: Pack, common: CommonOptions) -> Call:
        if kind_of(pack[0]) == "other":
            _checked(pack[0])

        return self._call(list(pack), common)

    def _common(
        self,
        model: str,
        timeout: TimeoutOption,
        retry: RetryOption,
        extra_body: Mapping[str, Json] | None,
        extra_headers: Mapping[str, str] | None,
        params: EmbeddingParams,
    ) -> CommonOptions:
        if extra_body is not None and not is_object(extra_body):
            raise ConfigError("extra_body must be a mapping of request fields")

        given = cast("Mapping[str, Json]", params)
        members = request_members({"model": model}, given, _NEVER_NULL)
        members.setdefault("encoding_format", "base64")
        return CommonOptions(
            timeout=timeout_for(timeout, self._transport.timeout),
            retry=retry_for(retry, self._transport.retry),
            extra_body=extra_body,
            extra_headers=extra_headers,
            params=members,
        )

    def _call(self, checked: Json, common: CommonOptions) -> Call:
        members = {"input": checked, **common.params, **(common.extra_body or {})}
        model = members.get("model")
        return self._transport.call(
            self._url,
            encode_body(members),
            timeout=common.timeout,
            retry=common.retry,
            headers=common.extra_headers or {},
            model=model if isinstance(model, str) else None,
        )


def _checked(given: object) -> tuple[Json, int]:
    """Return an input as it is sent, and how many embeddings it is to have."""
    if isinstance(given, str):
        return given, 1

    if is_object(given):
        return [given], 1

    if not is_array(given) or not given:
        kind = "an empty list" if is_array(given) else type(given).__name__
        raise ConfigError(
            "input must be text, token ids, a mapping with `content`, or a list of"
            f" these; not {kind}"
        )

    tokens = all(type(each) is int for each in given)
    return given, 1 if tokens else len(given)


def _check_whole(name: str, value: object) -> None:
    if type(value) is not int or value < 1:
        raise ConfigError(f"{name} must be a whole number >= 1, not {value!r}")
