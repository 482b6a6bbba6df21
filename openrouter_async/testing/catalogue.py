"""The models and providers that can be listed, and what is known about them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openrouter_async.testing.models import EMBEDDING_MODELS, MODELS, ModelCard
from openrouter_async.testing.refusals import Refusal, RefusedError
from openrouter_async.testing.wire import PROVIDER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from openrouter_async.testing.calls import Call

_TOKENS_PER_PRICE = 1_000_000

# Orders that depend on what a catalogue knows; by all others it is left as it is.
_ORDERS: Mapping[object, Callable[[ModelCard], float]] = {
    "context-high-to-low": lambda model: -model.context_length,
    "newest": lambda model: -model.created,
    "pricing-high-to-low": lambda model: -model.mean_price,
    "pricing-low-to-high": lambda model: model.mean_price,
}


class Catalogue:
    """
    Tells about models.

    Any name can be asked for an answer; these are the ones that are listed.

    Args:
        base_path: What the paths in the answers begin with.
    """

    def __init__(self, base_path: str) -> None:
        self._base_path = base_path

    def operations(self) -> dict[str, Callable[[Call], object]]:
        """Return what answers, by method and path."""
        return {
            "GET /models": self.models,
            "GET /models/user": self.models,
            "GET /models/count": self.count,
            "GET /model/{author}/{slug}": self.model,
            "GET /models/{author}/{slug}/endpoints": self.endpoints,
            "GET /embeddings/models": self.embedding_models,
            "GET /providers": self.providers,
        }

    def models(self, call: Call) -> object:
        """Return a page of the models that meet all conditions."""
        return self._page(call, _sorted(call, _selected(call)))

    def embedding_models(self, call: Call) -> object:
        """Return a page of the models that make vectors."""
        return self._page(call, EMBEDDING_MODELS)

    def count(self, call: Call) -> object:
        """Return how many models there are."""
        return {"data": {"count": len(_selected(call))}}

    def model(self, call: Call) -> object:
        """Return one model."""
        return {"data": self._described(_found(call))}

    def endpoints(self, call: Call) -> object:
        """Return a model with its one endpoint."""
        model = _found(call)
        described = self._described(model)
        members = ("id", "name", "created", "description", "architecture")
        return {
            "data": {
                **{name: described[name] for name in members},
                "endpoints": [_endpoint(model)],
            }
        }

    def providers(self, _call: Call) -> object:
        """Return the providers."""
        page = "https://example.com"
        provider: dict[str, object] = {
            "name": PROVIDER,
            "slug": PROVIDER.lower(),
            "privacy_policy_url": f"{page}/privacy",
            "terms_of_service_url": f"{page}/terms",
            "status_page_url": None,
            "headquarters": None,
            "datacenters": None,
        }
        return {"data": [provider]}

    def _page(self, call: Call, models: Sequence[ModelCard]) -> object:
        total = len(models)
        offset = call.number("offset", 0)
        limit = call.number("limit", total)
        following = None
        if offset + limit < total:
            query = f"offset={offset + limit}&limit={limit}"
            following = f"{call.exchange.path}?{query}"

        page = models[offset : offset + limit]
        return {
            "data": [self._described(model) for model in page],
            "total_count": total,
            "links": {"next": following},
        }

    def _described(self, model: ModelCard) -> dict[str, object]:
        return {
            "id": model.id,
            "canonical_slug": model.id,
            "name": model.name,
            "created": model.created,
            "description": f"{model.name}, as the simulator plays it.",
            "context_length": model.context_length,
            "architecture": _architecture(model),
            "pricing": _pricing(model),
            "top_provider": {
                "context_length": model.context_length,
                "max_completion_tokens": model.max_completion_tokens,
                "is_moderated": False,
            },
            "per_request_limits": None,
            "supported_parameters": list(model.supported_parameters),
            "default_parameters": None,
            "supported_voices": None,
            "hugging_face_id": None,
            "knowledge_cutoff": None,
            "expiration_date": None,
            "links": {"details": f"{self._base_path}/models/{model.id}/endpoints"},
        }


def _found(call: Call) -> ModelCard:
    name = f"{call.path['author']}/{call.path['slug']}"
    for model in (*MODELS, *EMBEDDING_MODELS):
        if model.id == name:
            return model

    message = f"Model {name} does not exist"
    raise RefusedError(Refusal(status=404, message=message))


def _selected(call: Call) -> list[ModelCard]:
    outputs = call.words("output_modalities") or ["text"]
    every = (*MODELS, *EMBEDDING_MODELS) if outputs != ["text"] else MODELS
    return [model for model in every if _meets(call, model, outputs)]


def _meets(call: Call, model: ModelCard, outputs: list[str]) -> bool:
    authors = call.words("model_authors")
    searched = str(call.query.get("q") or "").lower()
    return (
        ("all" in outputs or bool({*outputs} & {*model.output_modalities}))
        and {*call.words("supported_parameters")} <= {*model.supported_parameters}
        and {*call.words("input_modalities")} <= {*model.input_modalities}
        and (not authors or model.author in authors)
        and searched in f"{model.id} {model.name}".lower()
        and model.context_length >= call.number("context", 0)
        and _within(call, "price", model.price.prompt)
        and _within(call, "output_price", model.price.completion)
    )


def _within(call: Call, name: str, price: float) -> bool:
    low, high = call.query.get(f"min_{name}"), call.query.get(f"max_{name}")
    if isinstance(low, int | float) and price < low:
        return False

    return not isinstance(high, int | float) or price <= high


def _sorted(call: Call, models: Iterable[ModelCard]) -> list[ModelCard]:
    order = _ORDERS.get(call.query.get("sort"))
    return list(models) if order is None else sorted(models, key=order)


def _architecture(model: ModelCard) -> dict[str, object]:
    inputs, outputs = (
        "+".join(model.input_modalities),
        "+".join(model.output_modalities),
    )
    return {
        "modality": f"{inputs}->{outputs}",
        "input_modalities": list(model.input_modalities),
        "output_modalities": list(model.output_modalities),
        "tokenizer": "Other",
        "instruct_type": None,
    }


def _pricing(model: ModelCard) -> dict[str, object]:
    """Return prices in credits for a token, as the decimal texts of the wire."""
    return {
        "prompt": _per_token(model.price.prompt),
        "completion": _per_token(model.price.completion),
        "request": "0",
        "image": "0",
    }


def _per_token(price: float) -> str:
    text = f"{price / _TOKENS_PER_PRICE:.12f}".rstrip("0")
    return text.rstrip(".")


def _endpoint(model: ModelCard) -> dict[str, object]:
    return {
        "name": f"{PROVIDER} | {model.id}",
        "model_id": model.id,
        "model_name": model.name,
        "context_length": model.context_length,
        "pricing": _pricing(model),
        "provider_name": PROVIDER,
        "tag": PROVIDER.lower(),
        "quantization": "unknown",
        "max_completion_tokens": model.max_completion_tokens,
        "max_prompt_tokens": model.context_length,
        "supported_parameters": list(model.supported_parameters),
        "status": 0,
        "uptime_last_5m": 100,
        "uptime_last_30m": 100,
        "uptime_last_1d": 100,
        "supports_implicit_caching": False,
        "latency_last_30m": None,
        "throughput_last_30m": None,
    }
