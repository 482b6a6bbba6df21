from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import cast, get_type_hints

import msgspec
import pytest

import openrouter_async.testing
from openrouter_async import ConfigError, OpenRouter
from openrouter_async.formats.tool import tool
from openrouter_async.types import ChatParams, ProviderPreferences, ReasoningParam
from openrouter_async.types.chat_params import CHAT_NEVER_NULL
from tests.calling import KEY
from tests.chatting import HI, Members, params, sent

FIELDS: Members = {
    "model": "vendor/model",
    "models": ["vendor/model", "vendor/other"],
    "provider": {"only": ["vendor"]},
    "plugins": [{"id": "file-parser", "pdf": {"engine": "native"}}],
    "tools": [{"type": "openrouter:web_search", "parameters": {"max_uses": 1}}],
    "tool_choice": {"type": "function", "function": {"name": "f"}},
    "parallel_tool_calls": False,
    "response_format": {"type": "json_schema", "json_schema": {"name": "a"}},
    "reasoning": {"effort": "low"},
    "reasoning_effort": "minimal",
    "max_tokens": 16,
    "max_completion_tokens": 17,
    "temperature": 0,
    "top_p": 0.5,
    "top_k": 0,
    "min_p": 0.0,
    "top_a": 0.1,
    "frequency_penalty": -2,
    "presence_penalty": 2.0,
    "repetition_penalty": 1.1,
    "logit_bias": {"50256": -100},
    "logprobs": True,
    "top_logprobs": 20,
    "seed": 2**53 - 1,
    "stop": ["a", "b"],
    "stream_options": {"include_usage": True},
    "modalities": ["text", "image"],
    "image_config": {"aspect_ratio": "16:9"},
    "prediction": {"type": "content", "content": "a"},
    "cache_control": {"type": "ephemeral", "ttl": "1h"},
    "prompt_cache_key": "a",
    "prompt_cache_options": {"mode": "explicit", "ttl": "12h"},
    "service_tier": "flex",
    "session_id": "s" * 256,
    "metadata": {"a": "b"},
    "trace": {"trace_id": "a", "span_name": "b", "own": 1},
    "user": "u",
    "stop_server_tools_when": [{"type": "max_cost", "max_cost": 0.5}],
    "debug": {"echo_upstream_body": True},
    "route": "fallback",
    "n": 2,
    "preset": "mine",
    "max_tool_calls": 30,
    "deferred_tools": [{"type": "function", "function": {"name": "f"}}],
    "verbosity": "max",
    "include_reasoning": False,
    "structured_outputs": True,
    "web_search_options": {"search_context_size": "low"},
    "audio": {"voice": "alloy", "format": "pcm16"},
    "transforms": [],
    "usage": {"include": True},
}
"""A value for each field; falsy ones where a field has them."""

PROVIDER: ProviderPreferences = {
    "order": ["a", "b"],
    "only": ["a/fp8"],
    "ignore": [],
    "allow_fallbacks": False,
    "require_parameters": True,
    "data_collection": "deny",
    "zdr": True,
    "enforce_distillable_text": False,
    "quantizations": ["int4", "mxfp8", "unknown"],
    "sort": {"by": "throughput", "partition": "none"},
    "preferred_min_throughput": {"p50": 100, "p90": None},
    "preferred_max_latency": 3.5,
    "max_price": {"prompt": 1, "completion": "2.50", "image": 0, "request": "0"},
    "options": {"vendor": {"anything": [1, None]}},
}
REASONING: ReasoningParam = {
    "effort": "xhigh",
    "max_tokens": 2000,
    "exclude": False,
    "enabled": True,
    "summary": "auto",
    "context": "all_turns",
    "mode": "pro",
}


def published() -> dict[str, dict[str, object]]:
    """Return the properties of the published request schema."""
    folder = Path(openrouter_async.testing.__file__).parent / "schemas"
    document = msgspec.json.decode((folder / "openapi.json").read_bytes())
    schemas = document["components"]["schemas"]

    def resolved(schema: dict[str, object]) -> dict[str, object]:
        reference = schema.get("$ref")
        if isinstance(reference, str):
            return resolved(schemas[reference.rpartition("/")[2]])

        return schema

    request = resolved(schemas["ChatRequest"])
    members = msgspec.convert(request["properties"], dict[str, dict[str, object]])
    return {name: resolved(schema) for name, schema in members.items()}


def admits_null(schema: dict[str, object]) -> bool:
    """Tell whether a schema has null among its types."""
    kinds = schema.get("type")
    branches = [*_listed(schema.get("anyOf")), *_listed(schema.get("oneOf"))]
    return (
        kinds == "null"
        or (isinstance(kinds, list) and "null" in kinds)
        or any(map(admits_null, branches))
    )


def _listed(value: object) -> list[dict[str, object]]:
    return msgspec.convert(value or [], list[dict[str, object]])


def test_names_every_published_field() -> None:
    """1.3: what the schema has can be passed by its name; the rest is documented."""
    named = set(get_type_hints(ChatParams))

    assert set(published()) - named == {"messages", "stream"}
    assert set(FIELDS) == named


def test_null_where_the_schema_has_it() -> None:
    """1.3: a published field is never null exactly where the schema says so."""
    null = {name for name, schema in published().items() if admits_null(schema)}
    own = {"messages", "stream"}

    assert CHAT_NEVER_NULL & set(published()) == set(published()) - null - own


@pytest.mark.parametrize(("name", "value"), FIELDS.items(), ids=FIELDS)
async def test_field(name: str, value: object) -> None:
    """1.3: each field goes out as it was given, and nothing is added."""
    assert await sent(**{name: value}) == {"messages": HI, name: value}


async def test_all_fields_in_their_order() -> None:
    """1.14: the order of the members is the caller's: the response cache needs it."""
    body = await sent(**FIELDS)

    assert body == {"messages": HI, **FIELDS}
    assert list(body) == ["messages", *FIELDS]


@pytest.mark.parametrize("name", FIELDS)
async def test_none(name: str) -> None:
    """1.3: None is sent as null where the API knows one, and not at all elsewhere."""
    expected = {} if name in CHAT_NEVER_NULL else {name: None}

    assert await sent(**{name: None}) == {"messages": HI, **expected}


@pytest.mark.parametrize("name", PROVIDER)
async def test_provider_option(name: str) -> None:
    """1.12: each provider preference goes out as it was given."""
    value = cast("Members", PROVIDER)[name]

    assert (await sent(provider={name: value}))["provider"] == {name: value}


async def test_provider_options_together() -> None:
    """1.12: all preferences go out together, prices as numbers and as strings."""
    assert (await sent(provider=PROVIDER))["provider"] == PROVIDER
    assert set(PROVIDER) == set(get_type_hints(ProviderPreferences))


@pytest.mark.parametrize("price", [1, 0.000001, "0.50", 0], ids=str)
async def test_max_price(price: object) -> None:
    """1.12: prices are numbers in the guides and strings in the schema: both go."""
    provider = {"max_price": {"prompt": price, "audio": price}}

    assert (await sent(provider=provider))["provider"] == provider


@pytest.mark.parametrize("name", REASONING)
async def test_reasoning_option(name: str) -> None:
    """1.13: each option goes out, the five that the schema lacks included."""
    value = cast("Members", REASONING)[name]

    assert (await sent(reasoning={name: value}))["reasoning"] == {name: value}
    assert (await sent(reasoning={name: None}))["reasoning"] == {name: None}


async def test_reasoning_options_together() -> None:
    """1.13: all options go out together, and unknown ones with them."""
    reasoning = {**REASONING, "new": {"a": 1}}

    assert (await sent(reasoning=reasoning))["reasoning"] == reasoning
    assert set(REASONING) == set(get_type_hints(ReasoningParam))


async def test_unknown_names_go_by_extra_body() -> None:
    """1.1: fields of tomorrow go out untouched, and win over typed ones."""
    extra = {"new": {"a": [1, None]}, "top_k": None, "model": "b"}

    body = await sent(model="a", top_k=1, extra_body=extra)

    assert body == {"messages": HI, **extra}


WRONG: dict[str, tuple[str, object]] = {
    "text for a number": ("temperature", "0.5"),
    "number for text": ("model", 5),
    "text for a list": ("models", "a"),
    "text for reasoning": ("reasoning", "high"),
    "list for provider": ("provider", ["vendor"]),
    "number for a switch": ("logprobs", 1),
    "object for an effort": ("reasoning_effort", {"effort": "high"}),
    "number for stop": ("stop", 7),
    "text for tools": ("tools", "web"),
    "object for tools": ("tools", {"type": "function"}),
    "text for one tool": ("tools", ["web", None, 7]),
    "unknown value": ("service_tier", "tomorrow"),
}


@pytest.mark.parametrize(("name", "value"), WRONG.values(), ids=WRONG)
async def test_wrongly_typed_is_sent(name: str, value: object) -> None:
    """1.3: the API judges what JSON can say; nothing is dropped or changed."""
    assert await sent(**{name: value}) == {"messages": HI, name: value}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("temperature", float("nan")),
        ("top_p", float("inf")),
        ("user", b"bytes"),
        ("user", "\ud800"),
        ("metadata", {"a": {1, 2}}),
        ("tools", iter([1])),
        ("tool_choice", lambda: None),
        ("reasoning", {"effort": Path("a")}),
    ],
    ids=["nan", "inf", "bytes", "surrogate", "set", "iterator", "function", "path"],
)
async def test_what_json_cannot_say_is_refused(name: str, value: object) -> None:
    """1.3: nothing is sent that would not arrive as it was given, and it is named."""
    with pytest.raises(ConfigError, match=name):
        await sent(**{name: value})


async def test_other_containers() -> None:
    """1.3: read-only mappings, tuples and numbers of other kinds are what they hold."""
    body = await sent(
        provider=MappingProxyType(
            {"order": ("a", "b"), "max_price": {"prompt": Decimal("0.10")}}
        ),
        logit_bias={50256: -100, 1: 0.5},
        models=("a", "b"),
    )

    assert body["provider"] == {"order": ["a", "b"], "max_price": {"prompt": 0.1}}
    assert body["logit_bias"] == {"50256": -100, "1": 0.5}
    assert body["models"] == ["a", "b"]


async def test_function_without_decoration_is_refused() -> None:
    """1.14: a plain function among the tools is named, with the remedy."""
    with pytest.raises(ConfigError, match=r"tools\[1\].*@tool"):
        await sent(tools=[{"type": "function", "function": {"name": "f"}}, len])


@pytest.mark.parametrize("name", ["tools", "deferred_tools"])
async def test_tools_describe_themselves(name: str) -> None:
    """1.14: functions made by `@tool` stand beside mappings, in their place."""

    @tool
    def weather(city: str, days: int = 1) -> str:
        """Tell the weather."""
        return city * days

    plain = {"type": "openrouter:datetime"}
    body = await sent(**{name: (plain, weather)})

    assert body[name] == [plain, weather.definition()]


async def test_stream_cannot_be_smuggled_in() -> None:
    """1.5: what is returned is decided by the verb, not by `extra_body`."""
    with pytest.raises(ConfigError, match="stream"):
        await sent(extra_body={"stream": True})


async def test_stream_false_is_sent() -> None:
    """1.3: False is sent when it was given, and not otherwise."""
    assert await sent(stream=False) == {"messages": HI, "stream": False}


async def test_extra_body_must_be_a_mapping() -> None:
    """1.3: anything else is refused before anything is sent."""
    async with OpenRouter(KEY) as client:
        with pytest.raises(ConfigError, match="extra_body"):
            await client.chat.completions.create(
                messages=HI, **params(extra_body=[("a", 1)])
            )
