"""`GET /models`, `/providers` and what is below: the catalogue."""

from __future__ import annotations

from functools import partial
from typing import Unpack, cast

from openrouter_async.errors import ConfigError
from openrouter_async.resources.keywords import IN_QUERY, Keywords
from openrouter_async.resources.options import CallOptions
from openrouter_async.resources.reading import Resource, read
from openrouter_async.transport.calls import Transport
from openrouter_async.transport.decoders import decode_data, decode_list
from openrouter_async.transport.paths import Params
from openrouter_async.transport.replies import ReplyReader
from openrouter_async.types.lenient import is_array
from openrouter_async.types.models import (
    Model,
    ModelCount,
    ModelEndpoints,
    ModelFilters,
    ModelList,
    Names,
    ProviderList,
)

_LIST = ReplyReader(decode=partial(decode_list, into=ModelList))
_ONE = ReplyReader(decode=partial(decode_data, into=Model))
_ENDPOINTS = ReplyReader(decode=partial(decode_data, into=ModelEndpoints))
_COUNT = ReplyReader(decode=partial(decode_data, into=ModelCount))
_PROVIDERS = ReplyReader(decode=partial(decode_list, into=ProviderList))
_OPTIONS = frozenset(CallOptions.__optional_keys__)


class ModelListParams(ModelFilters, CallOptions):
    """Name what `list` accepts; see `ModelFilters` and `CallOptions`."""


_OF_LIST = Keywords(ModelListParams.__optional_keys__, unknown=IN_QUERY)


async def read_models(
    transport: Transport, path: str, options: CallOptions, params: Params | None = None
) -> ModelList:
    """
    Get a list of models.

    Args:
        transport: sends the call.
        path: of the list.
        options: of the call.
        params: of the query.

    Raises:
        ConfigError: something passed cannot be sent; nothing was.
        OpenRouterError: of the last attempt.
    """
    return await read(transport, path, _LIST, options, params)


class Models(Resource):
    """Look models up, with their prices and endpoints."""

    async def list(
        self,
        **filters: Unpack[ModelListParams],
    ) -> ModelList:
        """
        Return all models, or those that meet the filters.

        Args:
            **filters: see `ModelFilters`; several names can be given as a list; and
                `timeout`, `retry` and `extra_headers`, as in every call.

        Raises:
            ConfigError: a filter or an option cannot be sent; nothing was.
            OpenRouterError: whatever ended the call.
        """
        _OF_LIST.check_slips(filters)
        given = cast("dict[str, object]", filters)
        options = {name: given.pop(name) for name in _OPTIONS.intersection(given)}
        params = {name: _joined(value) for name, value in given.items()}
        return await read_models(
            self._transport,
            "/models",
            cast("CallOptions", options),
            cast("Params", params),
        )

    async def for_user(self, **options: Unpack[CallOptions]) -> ModelList:
        """
        Return the models that the account's own settings leave.

        Args:
            **options: `timeout`, `retry` and `extra_headers`, as in every call.

        Raises:
            ConfigError: something passed cannot be sent; nothing was.
            OpenRouterError: whatever ended the call.
        """
        return await read_models(self._transport, "/models/user", options)

    async def get(self, model: str, **options: Unpack[CallOptions]) -> Model:
        """
        Return one model.

        Args:
            model: its slug, `author/name`, with or without a variant such as `:free`.
            **options: `timeout`, `retry` and `extra_headers`, as in every call.

        Raises:
            ConfigError: `model` is no slug, or an option cannot be sent; nothing was.
            NotFoundError: there is no such model.
            OpenRouterError: whatever else ended the call.
        """
        path = ["model", *_author_and_slug(model)]
        return await read(self._transport, path, _ONE, options)

    async def endpoints(
        self, model: str, **options: Unpack[CallOptions]
    ) -> ModelEndpoints:
        """
        Return the endpoints that serve a model: prices, limits, uptime, speed.

        Args:
            model: its slug, `author/name`.
            **options: `timeout`, `retry` and `extra_headers`, as in every call.

        Raises:
            ConfigError: `model` is no slug, or an option cannot be sent; nothing was.
            NotFoundError: there is no such model.
            OpenRouterError: whatever else ended the call.
        """
        path = ["models", *_author_and_slug(model), "endpoints"]
        return await read(self._transport, path, _ENDPOINTS, options)

    async def count(
        self,
        *,
        output_modalities: Names | None = None,
        **options: Unpack[CallOptions],
    ) -> int:
        """
        Return how many models there are.

        Args:
            output_modalities: count only those that can give this, such as "image";
                "all" for any. Default: those that give text.
            **options: `timeout`, `retry` and `extra_headers`, as in every call.

        Raises:
            ConfigError: something passed cannot be sent; nothing was.
            OpenRouterError: whatever ended the call.
        """
        params = cast("Params", {"output_modalities": _joined(output_modalities)})
        answer = await read(self._transport, "/models/count", _COUNT, options, params)
        return answer.count


class Providers(Resource):
    """Look providers up."""

    async def list(self, **options: Unpack[CallOptions]) -> ProviderList:
        """
        Return all providers.

        Args:
            **options: `timeout`, `retry` and `extra_headers`, as in every call.

        Raises:
            ConfigError: something passed cannot be sent; nothing was.
            OpenRouterError: whatever ended the call.
        """
        return await read(self._transport, "/providers", _PROVIDERS, options)


def _author_and_slug(model: object) -> tuple[str, str]:
    if isinstance(model, str):
        author, slash, slug = model.partition("/")
        if slash and "/" not in slug:
            return author, slug

    raise ConfigError(f"model must be a slug, author/name; not {model!r}")


def _joined(value: object) -> object:
    """Return several names as the API takes them: with commas between."""
    if not is_array(value):
        return value

    if not all(isinstance(each, str) for each in value):
        raise ConfigError(f"a filter must be a name or several, not {value!r}")

    return ",".join(cast("list[str]", value))
