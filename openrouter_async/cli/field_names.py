"""The names of request fields, and what is meant by a name that is none."""

from __future__ import annotations

from openrouter_async.errors import ConfigError
from openrouter_async.resources.keywords import Keywords
from openrouter_async.types.chat_params import ChatItemParams
from openrouter_async.types.completion_params import CompletionItemParams

_NO_FIELDS = {"extra_body"}

TEXT_FIELDS: frozenset[str] = frozenset(
    {*CompletionItemParams.__annotations__, "stream"} - _NO_FIELDS
)
CHAT_FIELDS: frozenset[str] = frozenset(
    {*ChatItemParams.__annotations__, "stream"} - _NO_FIELDS
)

# What the library, or another client, takes beside the fields, and the option for it.
_OPTIONS = {
    **dict.fromkeys(("timeout", "request_timeout"), "--timeout"),
    **dict.fromkeys(("retry", "max_retries", "num_retries"), "--retries"),
    **dict.fromkeys(("base_url", "api_base"), "--base-url"),
    **dict.fromkeys(
        (
            "max_in_flight",
            "concurrency",
            "max_concurrency",
            "max_concurrent",
            "max_workers",
            "n_jobs",
        ),
        "--max-in-flight of `map`",
    ),
    **dict.fromkeys(("max_cost", "max_budget"), "--max-cost of `map`"),
    "max_pause": "--max-pause of `map`",
    "journal": "--journal of `map`",
    "ordered": "--ordered of `map`",
    "api_key": "OPENROUTER_API_KEY",
}
LIBRARY_ALONE: frozenset[str] = frozenset(
    {"extra_body", "extra_headers", "headers", "extra_query", "parse", "response_model"}
    | {"text_format", "max_steps", "max_iterations", "max_rounds", "max_tool_rounds"}
    | {"max_turns", "pin_provider"}
)
"""What callers of the library pass beside the fields, and no command has."""

_KNOWN = {
    each: Keywords(each, unknown="")
    for each in (TEXT_FIELDS, CHAT_FIELDS, TEXT_FIELDS | CHAT_FIELDS)
}


def meant_by(name: str, fields: frozenset[str]) -> str | None:
    """
    Say what is most likely meant by a name that is no field, None if nobody knows.

    Args:
        name: of a member.
        fields: `TEXT_FIELDS`, `CHAT_FIELDS`, or both.
    """
    if name in _OPTIONS:
        return f"there is {_OPTIONS[name]}"

    if name in LIBRARY_ALONE:
        return None

    try:
        _KNOWN[fields].check_slips([name])
    except ConfigError as error:
        return error.message.partition(": ")[2]

    return None
