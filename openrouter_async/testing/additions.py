"""
What the live service takes beyond its published OpenAPI, and what it does not.

The specification of 2026-08-22 lacks parameters that OpenRouter's own documentation
describes, types them narrower than its guides use them, and tells of bounds in
descriptions alone. All of it is listed here, and nowhere else; the shipped file is the
specification as published.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias, cast

from openrouter_async.testing.wire import PROVIDER

if TYPE_CHECKING:
    from collections.abc import Mapping

JSONObject: TypeAlias = dict[str, object]

_TEXT: Final[JSONObject] = {"type": ["string", "null"]}
_FLAG: Final[JSONObject] = {"type": ["boolean", "null"]}
_WHOLE: Final[JSONObject] = {"type": ["integer", "null"]}
_OBJECT: Final[JSONObject] = {"type": ["object", "null"]}
_PRICE: Final[JSONObject] = {"type": ["number", "string"]}
_EFFORTS: Final = ("max", "xhigh", "high", "medium", "low", "minimal", "none", None)

PROPERTIES: Final[Mapping[str, Mapping[str, JSONObject]]] = {
    "ChatRequest": {
        # Documented in the parameters reference and the guides.
        "include_reasoning": _FLAG,
        "max_tool_calls": {"type": ["integer", "null"], "maximum": 30},
        "preset": _TEXT,
        "structured_outputs": _FLAG,
        "verbosity": {"enum": ["low", "medium", "high", "xhigh", "max", None]},
        "web_search_options": _OBJECT,
        # Of OpenAI's API, and served: the number of choices, the spoken answer.
        "n": {"type": ["integer", "null"], "minimum": 1, "maximum": 128},
        "audio": {
            "type": ["object", "null"],
            "properties": {"voice": {"type": "string"}, "format": {"type": "string"}},
        },
        # Of no effect any more, but still sent by clients.
        "transforms": {"type": ["array", "null"], "items": {"type": "string"}},
        "usage": {
            "type": ["object", "null"],
            "properties": {"include": {"type": "boolean"}},
        },
        # The specification knows effort and summary of it alone.
        "reasoning": {
            "type": ["object", "null"],
            "properties": {
                "context": {"enum": ["auto", "all_turns", "current_turn", None]},
                "effort": {"enum": list(_EFFORTS)},
                "enabled": _FLAG,
                "exclude": _FLAG,
                "max_tokens": _WHOLE,
                "mode": {"enum": ["standard", "pro", None]},
                "summary": {
                    "anyOf": [
                        {
                            "$ref": "#/components/schemas/"
                            "ChatReasoningSummaryVerbosityEnum"
                        },
                        {"type": "null"},
                    ]
                },
            },
        },
        # "ultrafast" came after the specification.
        "service_tier": {
            "enum": [
                "auto", "default", "fast", "flex", "priority", "scale", "ultrafast",
                None,
            ],
        },
        # A conversation can be given as one prompt; which of the two is missing is
        # the endpoint's to say.
        "prompt": {"type": "string"},
    },
    "ProviderPreferences": {
        # The specification wants strings, the guides write numbers.
        "max_price": {
            "type": ["object", "null"],
            "properties": dict.fromkeys(
                ("audio", "completion", "image", "prompt", "request"), _PRICE
            ),
        },
        # Settings for single providers, by their slugs.
        "options": _OBJECT,
    },
}  # fmt: skip
"""Members that are added to schemas, or take the place of what is there."""

BOUNDS: Final[Mapping[str, JSONObject]] = {
    # Of the specification's descriptions.
    "frequency_penalty": {"minimum": -2, "maximum": 2},
    "metadata": {
        "maxProperties": 16,
        "propertyNames": {"maxLength": 64},
        "additionalProperties": {"type": "string", "maxLength": 512},
    },
    "presence_penalty": {"minimum": -2, "maximum": 2},
    "temperature": {"minimum": 0, "maximum": 2},
    "top_logprobs": {"minimum": 0, "maximum": 20},
    "top_p": {"minimum": 0, "maximum": 1},
    # Of the specification of text completions and of the parameters reference.
    "max_completion_tokens": {"minimum": 1},
    "max_tokens": {"minimum": 1},
    "min_p": {"minimum": 0, "maximum": 1},
    "repetition_penalty": {"minimum": 0, "maximum": 2},
    "seed": {"minimum": -9007199254740991, "maximum": 9007199254740991},
    "top_a": {"minimum": 0, "maximum": 1},
    "top_k": {"minimum": 0},
}
"""What members of a chat request may be at the least and at the most."""

LATER_PLUGINS: Final = ("alignment", "armor", "jev-router")
"""Plugins that came after the specification."""

LATER_TOOLS: Final = (
    "openrouter:apply_patch",
    "openrouter:shell",
    "openrouter:tool_search",
)
"""Tools of the service itself that came after the specification."""


def add_to(schemas: dict[str, JSONObject]) -> None:
    """
    Let the schemas of a specification take what the live service takes.

    Args:
        schemas: Its components; changed in place.
    """
    for name, added in PROPERTIES.items():
        properties = cast("JSONObject", schemas[name]["properties"])
        properties.update(added)

    chat = cast("dict[str, JSONObject]", schemas["ChatRequest"]["properties"])
    for name, bounds in BOUNDS.items():
        chat[name] = {**chat[name], **bounds}

    # The one request schema that is closed; the service ignores what it does not
    # know everywhere.
    schemas["ProviderPreferences"].pop("additionalProperties")
    # The simulator is a provider like any other.
    names = schemas["ProviderName"]
    names["enum"] = [*cast("list[object]", names["enum"]), PROVIDER]
    # Clients send null for what they do not set.
    schemas["ChatRequest"]["required"] = []
    # The list of formats is open, and recorded answers have null.
    schemas["ReasoningFormat"] = {"type": ["string", "null"]}
    _add_plugins(schemas)
    _add_tools(schemas)


def _add_plugins(schemas: dict[str, JSONObject]) -> None:
    schemas["LaterPlugin"] = {
        "type": "object",
        "required": ["id"],
        "properties": {"id": {"enum": list(LATER_PLUGINS)}},
    }
    properties = cast("dict[str, JSONObject]", schemas["ChatRequest"]["properties"])
    items = cast("JSONObject", properties["plugins"]["items"])
    discriminator = cast("JSONObject", items["discriminator"])
    mapping = cast("JSONObject", discriminator["mapping"])
    mapping.update(dict.fromkeys(LATER_PLUGINS, "#/components/schemas/LaterPlugin"))


def _add_tools(schemas: dict[str, JSONObject]) -> None:
    tool: JSONObject = {
        "type": "object",
        "required": ["type"],
        "properties": {"type": {"enum": list(LATER_TOOLS)}},
    }
    cast("list[object]", schemas["ChatFunctionTool"]["anyOf"]).append(tool)
