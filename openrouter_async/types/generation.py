"""The usage record that OpenRouter keeps of a generation, and what was stored."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from openrouter_async.types.lenient import Json
from openrouter_async.types.records import Record

FeedbackCategory: TypeAlias = Literal[
    "latency",
    "incoherence",
    "incorrect_response",
    "formatting",
    "billing",
    "api_error",
    "other",
]


class Generation(Record, kw_only=True):
    """
    Tell what a generation used and cost, by the records of OpenRouter.

    These are the authoritative numbers: `native_tokens_*` are those of the model's own
    tokenizer, `total_cost` is what was billed, in US dollars, and
    `provider_responses` tells which providers were tried
    (https://openrouter.ai/docs/api-reference/get-a-generation).

    Attributes:
        latency: milliseconds to the first token.
        generation_time: milliseconds from the first to the last.
        cancelled: whether the connection was closed before the end.
    """

    id: str = ""
    model: str | None = None
    provider_name: str | None = None
    provider_responses: list[dict[str, Json]] | None = None
    created_at: str | None = None
    total_cost: float | None = None
    usage: float | None = None
    cache_discount: float | None = None
    upstream_inference_cost: float | None = None
    is_byok: bool | None = None
    tokens_prompt: int | None = None
    tokens_completion: int | None = None
    native_tokens_prompt: int | None = None
    native_tokens_completion: int | None = None
    native_tokens_completion_images: int | None = None
    native_tokens_reasoning: int | None = None
    native_tokens_cached: int | None = None
    num_fetches: int | None = None
    num_input_audio_prompt: int | None = None
    num_media_prompt: int | None = None
    num_media_completion: int | None = None
    num_search_results: int | None = None
    finish_reason: str | None = None
    native_finish_reason: str | None = None
    streamed: bool | None = None
    cancelled: bool | None = None
    latency: float | None = None
    generation_time: float | None = None
    moderation_latency: float | None = None
    api_type: str | None = None
    data_region: str | None = None
    service_tier: str | None = None
    router: str | None = None
    origin: str | None = None
    http_referer: str | None = None
    user_agent: str | None = None
    app_id: int | None = None
    external_user: str | None = None
    preset_id: str | None = None
    request_id: str | None = None
    session_id: str | None = None
    upstream_id: str | None = None
    response_cache_source_id: str | None = None
    web_search_engine: str | None = None
    workspace_id: str | None = None


class GenerationOutput(msgspec.Struct, kw_only=True, repr_omit_defaults=True):
    """Hold what a model said."""

    completion: str | None = None
    reasoning: str | None = None


class GenerationContent(Record, kw_only=True):
    """
    Hold what was asked and answered, where the account has it stored.

    Attributes:
        input: `prompt` or `messages`.
        output: the text and the reasoning.
        error: what went wrong, and what the providers before had answered.
    """

    input: dict[str, Json] | None = None
    output: GenerationOutput | None = None
    error: dict[str, Json] | None = None
