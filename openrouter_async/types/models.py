"""What `/models` and its neighbours tell; prices are exact decimals."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TypeAlias, TypedDict

import msgspec

from openrouter_async.types.lenient import Json
from openrouter_async.types.records import Record, RecordList


class _Prices(msgspec.Struct, kw_only=True, repr_omit_defaults=True):
    prompt: Decimal | None = None
    completion: Decimal | None = None
    audio: Decimal | None = None
    input_audio_cache: Decimal | None = None
    input_cache_read: Decimal | None = None
    input_cache_write: Decimal | None = None
    input_cache_write_1h: Decimal | None = None


class PricingOverride(_Prices, kw_only=True):
    """
    Hold prices that apply to long prompts, or at some hours, in place of the others.

    Attributes:
        min_prompt_tokens: they apply to requests with more prompt tokens than that.
        utc_start: they apply from this time of the day on, as the clock number
            HHMM (UTC): 1030 is 10:30.
        utc_end: they no longer apply from this time on; it may be before the start.
    """

    min_prompt_tokens: float | None = None
    utc_start: float | None = None
    utc_end: float | None = None


class ModelPricing(_Prices, kw_only=True):
    """
    Hold prices in US dollars: per token, per request, or per image or search.

    Exact decimals, made from the strings on the wire; None where there is none.
    """

    request: Decimal | None = None
    image: Decimal | None = None
    image_token: Decimal | None = None
    image_output: Decimal | None = None
    audio_output: Decimal | None = None
    internal_reasoning: Decimal | None = None
    web_search: Decimal | None = None
    discount: float | None = None
    overrides: list[PricingOverride] | None = None


class ModelArchitecture(msgspec.Struct, kw_only=True, repr_omit_defaults=True):
    """Tell what a model takes in and gives out, and how it was trained to be asked."""

    modality: str | None = None
    input_modalities: list[str] = []
    output_modalities: list[str] = []
    tokenizer: str | None = None
    instruct_type: str | None = None


class TopProvider(msgspec.Struct, kw_only=True, repr_omit_defaults=True):
    """Tell what the first of a model's providers allows."""

    context_length: int | None = None
    max_completion_tokens: int | None = None
    is_moderated: bool | None = None


class PerRequestLimits(msgspec.Struct, kw_only=True, repr_omit_defaults=True):
    """Bound the tokens of one request, for this account."""

    prompt_tokens: float | None = None
    completion_tokens: float | None = None


class ModelReasoning(msgspec.Struct, kw_only=True, repr_omit_defaults=True):
    """
    Tell how a model's reasoning can be asked for.

    Attributes:
        mandatory: whether a request that turns it off is refused.
    """

    mandatory: bool | None = None
    default_enabled: bool | None = None
    default_effort: str | None = None
    supported_efforts: list[str] | None = None
    supports_max_tokens: bool | None = None


class Model(Record, kw_only=True):
    """
    Describe a model (https://openrouter.ai/docs/api-reference/list-available-models).

    Attributes:
        id: its slug, as requests name it.
        created: when it was added, in seconds since 1970.
    """

    id: str = ""
    canonical_slug: str | None = None
    name: str | None = None
    created: int | None = None
    description: str | None = None
    context_length: int | None = None
    architecture: ModelArchitecture | None = None
    pricing: ModelPricing | None = None
    top_provider: TopProvider | None = None
    per_request_limits: PerRequestLimits | None = None
    supported_parameters: list[str] = []  # noqa: RUF012  # msgspec copies it
    supported_voices: list[str] | None = None
    default_parameters: dict[str, Json] | None = None
    reasoning: ModelReasoning | None = None
    hugging_face_id: str | None = None
    knowledge_cutoff: str | None = None
    expiration_date: str | None = None
    alias_target: dict[str, Json] | None = None
    benchmarks: dict[str, Json] | None = None
    links: dict[str, Json] | None = None


class ModelList(RecordList[Model], kw_only=True):
    """
    Hold a list of models, whole or a page of it.

    Attributes:
        total_count: how many models meet the filters.
        links: `next` is the page after this one, None for none.
    """

    total_count: int | None = None
    links: dict[str, Json] | None = None


class PercentileStats(msgspec.Struct, kw_only=True, repr_omit_defaults=True):
    """Hold percentiles, of seconds or of tokens a second."""

    p50: float | None = None
    p75: float | None = None
    p90: float | None = None
    p99: float | None = None


class ModelEndpoint(msgspec.Struct, kw_only=True, repr_omit_defaults=True):
    """
    Describe one provider's endpoint of a model.

    Attributes:
        tag: the provider's slug, as `provider.order` names it.
        status: 0 while it is well, negative otherwise.
        uptime_last_30m: percent.
    """

    name: str | None = None
    provider_name: str | None = None
    tag: str | None = None
    model_id: str | None = None
    model_name: str | None = None
    context_length: int | None = None
    max_prompt_tokens: int | None = None
    max_completion_tokens: int | None = None
    pricing: ModelPricing | None = None
    quantization: str | None = None
    status: int | None = None
    supported_parameters: list[str] = []
    supports_implicit_caching: bool | None = None
    supports_voice_cloning: bool | None = None
    latency_last_30m: PercentileStats | None = None
    throughput_last_30m: PercentileStats | None = None
    uptime_last_5m: float | None = None
    uptime_last_30m: float | None = None
    uptime_last_1d: float | None = None


class ModelEndpoints(Record, kw_only=True):
    """Describe a model and the endpoints that serve it."""

    id: str = ""
    name: str | None = None
    created: int | None = None
    description: str | None = None
    architecture: ModelArchitecture | None = None
    endpoints: list[ModelEndpoint] = []  # noqa: RUF012  # msgspec copies it


class Provider(Record, kw_only=True):
    """Describe a provider; `slug` is what `provider.only` and `.order` take."""

    name: str | None = None
    slug: str = ""
    privacy_policy_url: str | None = None
    terms_of_service_url: str | None = None
    status_page_url: str | None = None
    headquarters: str | None = None
    datacenters: list[str] | None = None


class ProviderList(RecordList[Provider], kw_only=True):
    """Hold all providers."""


class ModelCount(Record, kw_only=True):
    """Count the models."""

    count: int


Names: TypeAlias = str | Sequence[str]
"""One name, or several that are joined by a comma."""


class ModelFilters(TypedDict, total=False):
    """
    Filter and sort the list of models; prices are in US dollars per million tokens.

    Without `offset` and `limit` the whole list comes. Values of `sort` are, among
    others, `newest`, `most-popular`, `pricing-low-to-high`, `latency-low-to-high`.
    """

    q: str
    category: str
    sort: str
    supported_parameters: Names
    input_modalities: Names
    output_modalities: Names
    context: int
    arch: str
    model_authors: Names
    providers: Names
    distillable: bool
    zdr: bool
    region: str
    min_price: float
    max_price: float
    min_output_price: float
    max_output_price: float
    min_age_days: int
    max_age_days: int
    min_intelligence_index: float
    max_intelligence_index: float
    min_coding_index: float
    max_coding_index: float
    min_agentic_index: float
    max_agentic_index: float
    min_tool_success_rate: float
    max_tool_success_rate: float
    offset: int
    limit: int
