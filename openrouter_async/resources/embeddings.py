"""`POST /embeddings`: vectors for texts, one request at a time or a whole corpus."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable, Mapping
from functools import partial
from typing import Unpack, cast

from openrouter_async.errors import ConfigError
from openrouter_async.fanout.limiter import Limiter
from openrouter_async.fanout.outcomes import Item
from openrouter_async.resources.common_options import CommonOptions, common_options
from openrouter_async.resources.embedding_answers import read_embeddings
from openrouter_async.resources.embedding_map import EmbeddingOutcomes
from openrouter_async.resources.keywords import Keywords
from openrouter_async.resources.mapping import CallWork
from openrouter_async.resources.models import read_models
from openrouter_async.resources.options import (
    CallOptions,
    MapOptions,
    RequestOptions,
    request_members,
)
from openrouter_async.resources.packs import Pack, PackLimits, Packs, kind_of
from openrouter_async.resources.reading import Resource
from openrouter_async.resources.runs import take_run_options
from openrouter_async.transport.bodies import asked_model
from openrouter_async.transport.calls import Transport
from openrouter_async.transport.codec import encode_body
from openrouter_async.transport.exchange import Call
from openrouter_async.transport.replies import ReplyReader
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
_DECODE = read_embeddings(None).decode


class EmbeddingCallParams(EmbeddingParams, RequestOptions):
    """Name what one call accepts beside its input; see `RequestOptions`."""


class EmbeddingMapParams(EmbeddingParams, MapOptions):
    """Name what all inputs of a map share; see `MapOptions`."""


# `models`, the fallbacks of other operations, is none of `model` misspelt.
_NAMED = frozenset({"input", "model", "models"})
_OF_CALLS = Keywords(EmbeddingCallParams.__optional_keys__ | _NAMED)
_OF_RUNS = Keywords(
    EmbeddingMapParams.__optional_keys__ | _NAMED | {"batch_size", "batch_tokens"}
)


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
        **params: Unpack[EmbeddingCallParams],
    ) -> EmbeddingResponse:
        """
        Return the embeddings of one input or several.

        Vectors are asked for as base64, which is less than half as long on the wire
        and decodes twice as fast as numbers; `encoding_format` decides otherwise.

        Args:
            input: text, token ids, or a mapping with `content` parts; or a list of
                inputs of one of these forms.
            model: its slug, such as `openai/text-embedding-3-small`.
            **params: request fields by the API's names (`EmbeddingParams`), and
                `timeout`, `retry`, `extra_body` and `extra_headers` for this call
                (`RequestOptions`).

        Returns:
            One embedding for each input, in their order.

        Raises:
            ConfigError: something passed cannot be sent; nothing was.
            APIError: the API reported an error, in its class by code.
            APIConnectionError: no answer arrived, or not in time.
            ResponseDecodeError: what arrived is no answer, or holds fewer embeddings
                than there are inputs.
        """
        _OF_CALLS.check_slips(params)
        common = self._common(model, params)
        checked, count = _checked(input)
        call = self._call(checked, common)
        return await self._transport.fetch(call, read_embeddings(count))

    async def models(self, **options: Unpack[CallOptions]) -> ModelList:
        """
        Return the models that give embeddings.

        Args:
            **options: `timeout`, `retry` and `extra_headers`, as in every call.

        Raises:
            ConfigError: something passed cannot be sent; nothing was.
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
        **params: Unpack[EmbeddingMapParams],
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
            **params: request fields that all inputs share, the options of each call as
                in `create`, and `max_in_flight` (32 requests, or what the pool and
                the limit on open files allow), `ordered`, `journal`, `max_cost` and
                `max_pause` for the run (`MapOptions`). Refusals by a limit are
                outside of `retry`. A journal keeps whole requests: `batch_size` and
                `batch_tokens` have to be the same, and an input that is put in, or
                left out, resends all inputs behind it. With `max_cost` the first
                request goes alone, whatever it costs.

        Returns:
            An iterator over outcomes, one for each input, to be used as `async with`.

        Raises:
            ConfigError: something passed cannot be used; nothing was sent. From the
                iteration: the journal is no journal, of other parameters, or in use.
            OSError: from the iteration: the journal cannot be written.
        """
        _OF_RUNS.check_slips(params)
        _check_whole("batch_size", batch_size)
        _check_whole("batch_tokens", batch_tokens)
        rest = dict(params)
        settings, journal = take_run_options(
            rest, self._limiter, self._transport, _IN_FLIGHT
        )
        common = self._common(model, rest)
        common.check_shared("input")
        self._call("", common)  # refuses options that cannot be sent
        ahead = settings.max_in_flight * 4 if settings.ordered else None
        limits = PackLimits(inputs=batch_size, tokens=batch_tokens, ahead=ahead)
        work = CallWork(
            self._transport, partial(self._pack_call, common), _reader, _DECODE
        )
        parameters = {
            **common.parameters(str(self._url)),
            # Requests are what is found again: others would all be paid anew.
            "batch_size": batch_size,
            "batch_tokens": batch_tokens,
        }
        packs = Packs(inputs, limits)
        return EmbeddingOutcomes(
            packs, work, self._limiter, settings, journal, parameters
        )

    def _pack_call(self, common: CommonOptions, item: Item) -> Call:
        pack = cast("Pack", item)
        if kind_of(pack[0]) == "other":
            _checked(pack[0])

        return self._call(list(pack), common)

    def _common(self, model: str, options: Mapping[str, object]) -> CommonOptions:
        def params_of(given: Mapping[str, Json]) -> dict[str, Json]:
            # By name: a journal knows requests by their bytes.
            ordered = dict(sorted(given.items()))
            members = request_members({"model": model}, ordered, _NEVER_NULL)
            members.setdefault("encoding_format", "base64")
            return members

        return common_options(options, self._transport, params_of)

    def _call(self, checked: Json, common: CommonOptions) -> Call:
        members = {"input": checked, **common.params, **(common.extra_body or {})}
        return self._transport.call(
            self._url,
            encode_body(members),
            timeout=common.timeout,
            retry=common.retry,
            headers=common.extra_headers or {},
            model=asked_model(members),
        )


def _reader(item: Item) -> ReplyReader[EmbeddingResponse]:
    return read_embeddings(len(cast("Pack", item)))


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
