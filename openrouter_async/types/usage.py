"""Token counts and cost, as OpenRouter reports them with every answer."""

from __future__ import annotations

import msgspec

from openrouter_async.types.lenient import Json
from openrouter_async.types.wire import given_members


class PromptTokensDetails(
    msgspec.Struct, kw_only=True, gc=False, repr_omit_defaults=True
):
    """Split the prompt tokens by kind."""

    cached_tokens: int | None = None
    cache_write_tokens: int | None = None
    audio_tokens: int | None = None
    video_tokens: int | None = None


class CompletionTokensDetails(
    msgspec.Struct, kw_only=True, gc=False, repr_omit_defaults=True
):
    """Split the completion tokens by kind."""

    reasoning_tokens: int | None = None
    image_tokens: int | None = None
    audio_tokens: int | None = None
    accepted_prediction_tokens: int | None = None
    rejected_prediction_tokens: int | None = None


class CostDetails(msgspec.Struct, kw_only=True, gc=False, repr_omit_defaults=True):
    """Split the cost, in credits (US dollars)."""

    upstream_inference_cost: float | None = None
    upstream_inference_prompt_cost: float | None = None
    upstream_inference_completions_cost: float | None = None
    server_tool_cost: float | None = None


class ServerToolUseDetails(
    msgspec.Struct, kw_only=True, gc=False, repr_omit_defaults=True
):
    """Count the server-side tools that ran for an answer."""

    tool_calls_executed: int | None = None
    tool_calls_requested: int | None = None
    web_search_requests: int | None = None


class Usage(msgspec.Struct, kw_only=True, gc=False, repr_omit_defaults=True):
    """
    Count what an answer used; `cost` is in credits (US dollars).

    Members beyond the three token counts are OpenRouter's own and may be absent
    (https://openrouter.ai/docs/use-cases/usage-accounting).
    """

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None
    cost: float | None = None
    is_byok: bool | None = None
    prompt_tokens_details: PromptTokensDetails | None = None
    completion_tokens_details: CompletionTokensDetails | None = None
    cost_details: CostDetails | None = None
    server_tool_use_details: ServerToolUseDetails | None = None

    def to_dict(self) -> dict[str, Json]:
        """
        Return the members that came, as plain JSON values.

        What has no type here is in `to_dict()` of the answer.
        """
        return given_members(self)
