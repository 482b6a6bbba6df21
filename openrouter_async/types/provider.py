"""Which providers may answer, and in what order they are asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Literal, TypeAlias, TypedDict

from openrouter_async.types.lenient import Json

Quantization: TypeAlias = Literal[
    "int4", "int8", "fp4", "mxfp4", "nvfp4", "fp6", "fp8", "mxfp8", "fp16", "bf16",
    "fp32", "unknown",
]  # fmt: skip
SortKey: TypeAlias = Literal["price", "throughput", "latency", "exacto"]


class SortConfig(TypedDict, total=False):
    """
    Say what providers are sorted by.

    Attributes:
        by: the key.
        partition: `model` sorts within each model, `none` over all of them.
    """

    by: SortKey | None
    partition: Literal["model", "none"] | None


class Percentiles(TypedDict, total=False):
    """Bound the percentiles of a measure of the last half hour."""

    p50: float | None
    p75: float | None
    p90: float | None
    p99: float | None


class MaxPrice(TypedDict, total=False):
    """
    Bound prices: USD per million tokens, and per request or image.

    Numbers and strings are both taken, and go out as they are, Decimals as numbers
    (https://openrouter.ai/docs/features/provider-routing).
    """

    prompt: float | str | Decimal
    completion: float | str | Decimal
    request: float | str | Decimal
    image: float | str | Decimal
    audio: float | str | Decimal


class ProviderPreferences(TypedDict, total=False):
    """
    Say which providers may answer (https://openrouter.ai/docs/features/provider-routing).

    Attributes:
        order: slugs, asked in this order.
        only: slugs, and no others.
        ignore: slugs, never asked.
        allow_fallbacks: whether others are asked when those in `order` fail.
        require_parameters: whether to pass over those that would ignore a field.
        data_collection: whether those that keep prompts may answer.
        zdr: whether only those that keep nothing may.
        enforce_distillable_text: whether only models whose text may be distilled may.
        quantizations: which ones will do.
        sort: what providers are sorted by, in place of balancing them by price.
        preferred_min_throughput: tokens a second; slower ones come last.
        preferred_max_latency: seconds; slower ones come last.
        max_price: dearer ones are passed over.
        options: by slug, what is handed on to that provider alone.
    """

    order: Sequence[str] | None
    only: Sequence[str] | None
    ignore: Sequence[str] | None
    allow_fallbacks: bool | None
    require_parameters: bool | None
    data_collection: Literal["allow", "deny"] | None
    zdr: bool | None
    enforce_distillable_text: bool | None
    quantizations: Sequence[Quantization] | None
    sort: SortKey | SortConfig | None
    preferred_min_throughput: float | Percentiles | None
    preferred_max_latency: float | Percentiles | None
    max_price: MaxPrice
    options: Mapping[str, Mapping[str, Json]]
