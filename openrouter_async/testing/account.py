"""The account: credits, the key in use, and records of answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from openrouter_async.testing.envelopes import USER_ID
from openrouter_async.testing.ledger import FREE_REQUESTS_A_DAY, written
from openrouter_async.testing.refusals import Refusal, RefusedError
from openrouter_async.testing.wire import PROVIDER

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from openrouter_async.testing.calls import Call
    from openrouter_async.testing.ledger import Generation, Ledger

WORKSPACE_ID = "00000000-0000-4000-8000-000000000001"

_NONE_OF_IT: Mapping[str, object] = dict.fromkeys(
    (
        "app_id", "cache_discount", "external_user", "http_referer",
        "moderation_latency", "native_tokens_completion_images", "num_fetches",
        "num_input_audio_prompt", "num_media_completion", "num_media_prompt",
        "num_search_results", "preset_id", "provider_responses", "router",
        "service_tier", "session_id", "web_search_engine",
    )
)  # fmt: skip


class Account:
    """
    Tells what the ledger holds.

    Args:
        ledger: What the answers cost.
        api_key: The key in use.
    """

    def __init__(self, ledger: Ledger, api_key: str) -> None:
        self._ledger = ledger
        self._label = label_of(api_key)

    def operations(self) -> dict[str, Callable[[Call], object]]:
        """Return what answers, by method and path."""
        return {
            "GET /credits": self.credits,
            "GET /key": self.key,
            "GET /generation": self.generation,
            "GET /generation/content": self.content,
        }

    def credits(self, _call: Call) -> object:
        """Return what was paid in, and what is used up."""
        ledger = self._ledger
        return {
            "data": {"total_credits": ledger.credits, "total_usage": ledger.used},
        }

    def key(self, _call: Call) -> object:
        """Return the limits of the key in use."""
        used, free = self._ledger.used, self._ledger.free_requests
        data: dict[str, object] = {
            "label": self._label,
            "limit": None,
            "limit_remaining": None,
            "limit_reset": None,
            **usage_members(used),
            "include_byok_in_limit": False,
            "is_free_tier": False,
            "is_management_key": True,
            "is_provisioning_key": True,
            "creator_user_id": USER_ID,
            "expires_at": None,
            "rate_limit": {
                "requests": -1,
                "interval": "10s",
                "note": "This field is deprecated and safe to ignore.",
            },
            "free_model_daily_requests": {
                "limit": FREE_REQUESTS_A_DAY,
                "used": free,
                "remaining": max(0, FREE_REQUESTS_A_DAY - free),
            },
        }
        return {"data": data}

    def generation(self, call: Call) -> object:
        """Return the record of an answer, once it is written."""
        return {"data": _record(self._found(call))}

    def content(self, call: Call) -> object:
        """Return what was asked and answered, once the record of it is written."""
        found = self._found(call)
        output = {"completion": found.completion, "reasoning": found.reasoning}
        data = {"input": _input(found.asked), "output": output, "error": None}
        return {"data": data}

    def _found(self, call: Call) -> Generation:
        name = str(call.query["id"])
        generation = self._ledger.find(name)
        if generation is None:
            message = f"Generation {name} not found"
            raise RefusedError(Refusal(status=404, message=message))

        return generation


def label_of(key: str) -> str:
    """Return the beginning and the end of a key."""
    return f"{key[:12]}...{key[-3:]}"


def usage_members(used: float) -> dict[str, object]:
    """Return the members that tell what a key has used."""
    periods = ("", "_daily", "_weekly", "_monthly")
    own = {f"usage{period}": used for period in periods}
    return {**own, **{f"byok_usage{period}": 0 for period in periods}}


def _input(asked: Mapping[str, object]) -> dict[str, object]:
    """Return what was asked as messages or as one text, whatever it was."""
    if "messages" in asked:
        return {"messages": asked["messages"]}

    given = asked.get("prompt", asked.get("input"))
    text = given if isinstance(given, str) else msgspec.json.encode(given).decode()
    return {"prompt": text}


def _record(generation: Generation) -> dict[str, object]:
    return {
        **_NONE_OF_IT,
        "id": generation.id,
        "upstream_id": generation.id.replace("gen-", "chatcmpl-"),
        "total_cost": generation.cost,
        "usage": generation.cost,
        "upstream_inference_cost": generation.cost,
        "created_at": written(generation.created),
        "model": generation.model,
        "provider_name": PROVIDER,
        "api_type": generation.api_type,
        "streamed": generation.streamed,
        "cancelled": generation.cancelled,
        "latency": 1,
        "generation_time": generation.completion_tokens,
        "finish_reason": generation.finish_reason,
        "native_finish_reason": generation.native_finish_reason,
        "tokens_prompt": generation.prompt_tokens,
        "tokens_completion": generation.completion_tokens,
        "native_tokens_prompt": generation.prompt_tokens,
        "native_tokens_completion": generation.completion_tokens,
        "native_tokens_reasoning": generation.reasoning_tokens,
        "native_tokens_cached": 0,
        "is_byok": False,
        "origin": "",
        "data_region": "global",
        "user_agent": generation.user_agent,
        "workspace_id": WORKSPACE_ID,
    }
