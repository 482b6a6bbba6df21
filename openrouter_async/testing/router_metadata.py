"""What the router tells about its work to whoever asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openrouter_async.testing.wire import PROVIDER

if TYPE_CHECKING:
    from collections.abc import Mapping

_HEADERS = ("x-openrouter-metadata", "x-openrouter-experimental-metadata")


def router_metadata(
    headers: Mapping[str, str], params: Mapping[str, object], model: str
) -> dict[str, object]:
    """
    Return the member of an answer that holds it.

    Args:
        headers: Of the request, names in lower case.
        params: Of the request.
        model: The model that answers.

    Returns:
        `openrouter_metadata` if a header asks for it, otherwise nothing.
    """
    if all(headers.get(name) != "enabled" for name in _HEADERS):
        return {}

    requested = params.get("model", model)
    fallback = requested != model
    endpoint: dict[str, object] = {
        "provider": PROVIDER,
        "model": model,
        "selected": True,
    }
    return {
        "openrouter_metadata": {
            "requested": requested,
            "strategy": "fallback" if fallback else "direct",
            "region": None,
            "summary": f"{PROVIDER} was the only endpoint",
            "attempt": 1,
            "is_byok": False,
            "endpoints": {"total": 1, "available": [endpoint]},
        }
    }
