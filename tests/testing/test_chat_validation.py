"""Chat requests are checked against the specification and what it lacks."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import msgspec
import pytest

from openrouter_async.testing.openapi import specification
from openrouter_async.testing.validation import problem_of
from tests.testing.api import Api

USER = {"role": "user", "content": "Hi"}
VALIDATOR = specification().validator("#/components/schemas/ChatRequest")

WRONG: list[tuple[dict[str, object], str]] = [
    ({"messages": []}, "messages"),
    ({"messages": "Hi"}, "messages"),
    ({"messages": [{"role": "wizard", "content": "Hi"}]}, "messages.0.role"),
    ({"messages": [{"content": "Hi"}]}, "messages.0"),
    ({"messages": [{"role": "user", "content": 3}]}, "messages.0.content"),
    (
        {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]},
        "messages.0.content.0",
    ),
    ({"messages": [{"role": "tool", "content": "Hi"}]}, "messages.0"),
    ({"temperature": "hot"}, "temperature"),
    ({"max_tokens": 1.5}, "max_tokens"),
    ({"stop": ["a", "b", "c", "d", "e"]}, "stop"),
    ({"stream": "yes"}, "stream"),
    ({"n": 0}, "n"),
    ({"tool_choice": "maybe"}, "tool_choice"),
    (
        {"tools": [{"type": "function", "function": {"name": 3}}]},
        "tools.0.function.name",
    ),
    ({"plugins": [{"id": "none"}]}, "plugins.0.id"),
    ({"plugins": [{"id": "web", "max_results": "5"}]}, "plugins.0.max_results"),
    ({"provider": {"order": "openai"}}, "provider.order"),
    ({"provider": {"max_price": {"prompt": []}}}, "provider.max_price.prompt"),
    ({"reasoning": {"effort": "huge"}}, "reasoning.effort"),
    ({"reasoning": {"max_tokens": "many"}}, "reasoning.max_tokens"),
    ({"response_format": {"type": "xml"}}, "response_format.type"),
    ({"max_tool_calls": 31}, "max_tool_calls"),
    ({"verbosity": "loud"}, "verbosity"),
    ({"metadata": {"a": 1}}, "metadata.a"),
    ({"session_id": "x" * 257}, "session_id"),
    ({"temperature": 2.1}, "temperature"),
    ({"temperature": -0.1}, "temperature"),
    ({"top_p": 1.5}, "top_p"),
    ({"max_tokens": 0}, "max_tokens"),
    ({"max_completion_tokens": 0}, "max_completion_tokens"),
    ({"frequency_penalty": -3}, "frequency_penalty"),
    ({"presence_penalty": 3}, "presence_penalty"),
    ({"repetition_penalty": 2.5}, "repetition_penalty"),
    ({"min_p": 2}, "min_p"),
    ({"top_a": -1}, "top_a"),
    ({"top_k": -1}, "top_k"),
    ({"logprobs": True, "top_logprobs": 21}, "top_logprobs"),
    ({"seed": 2**53}, "seed"),
    ({"metadata": {str(k): "" for k in range(17)}}, "metadata"),
    ({"metadata": {"k" * 65: ""}}, "metadata"),
    ({"metadata": {"a": "x" * 513}}, "metadata.a"),
]
RIGHT: list[dict[str, object]] = [
    {"preset": "mine", "verbosity": "max", "max_tool_calls": 30, "n": 2},
    {"include_reasoning": True, "structured_outputs": True, "route": "fallback"},
    {
        "web_search_options": {"search_context_size": "low"},
        "transforms": ["middle-out"],
    },
    {"usage": {"include": True}, "audio": {"voice": "alloy", "format": "wav"}},
    {"reasoning": {"max_tokens": 100, "exclude": True, "enabled": True}},
    {"provider": {"max_price": {"prompt": 1, "completion": "2.5"}}},
    {"provider": {"options": {"openai": {}}, "later": 1}},
    {"plugins": [{"id": "armor"}], "service_tier": "ultrafast"},
    {"tools": [{"type": "openrouter:web_search"}, {"type": "openrouter:tool_search"}]},
    {"stop": None, "tool_choice": "auto", "seed": None, "something": "new"},
    {"temperature": 2, "top_p": 0, "max_tokens": 1, "top_logprobs": 20, "top_k": 0},
    {"frequency_penalty": -2, "presence_penalty": 2, "min_p": None, "seed": -5},
    {"metadata": {"k" * 64: "x" * 512}},
    {"max_tokens": 3.0, "stream_options": {"include_usage": True}},
]


@pytest.mark.parametrize(
    ("params", "path"), WRONG, ids=[f"{path}-{k}" for k, (_, path) in enumerate(WRONG)]
)
async def test_wrong_members_are_named(
    api: Api, params: dict[str, object], path: str
) -> None:
    """A 400 begins with the path of what is wrong."""
    reply = await api.call("POST", "/chat/completions", {"messages": [USER], **params})

    assert reply.status == 400
    assert reply.error["message"].partition(":")[0] == path


@pytest.mark.parametrize("params", RIGHT, ids=[",".join(params) for params in RIGHT])
async def test_what_the_service_takes_is_taken(
    api: Api, params: dict[str, object]
) -> None:
    """Documented members beyond the specification, and unknown ones, pass."""
    reply = await api.chat(**params)

    assert reply.status == 200, reply.body


async def test_all_parts_of_contents_are_taken(api: Api) -> None:
    """Text, pictures, sounds, files and videos, with cache control."""
    cached = {"type": "ephemeral"}
    parts: list[dict[str, object]] = [
        {"type": "text", "text": "What is this?", "cache_control": cached},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}},
        {"type": "input_audio", "input_audio": {"data": "AA==", "format": "wav"}},
        {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:,"}},
        {"type": "video_url", "video_url": {"url": "https://a.example/v.mp4"}},
    ]
    reply = await api.chat(parts)
    text = await api.chat("What is this?")

    prompt_tokens = reply.json["usage"]["prompt_tokens"]
    assert reply.status == 200
    assert prompt_tokens == text.json["usage"]["prompt_tokens"] + 4 * 256


async def test_verdicts_do_not_depend_on_what_was_asked_before(api: Api) -> None:
    """A remembered verdict holds for texts of a form, not for other forms."""
    first = await api.chat("Hi")
    wrong = await api.chat([{"type": "text", "text": 3}])
    again = await api.chat("Ho")
    still = await api.chat([{"type": "text", "text": 4}])

    assert [r.status for r in (first, wrong, again, still)] == [200, 400, 200, 400]


def test_recorded_requests_are_valid(recordings: Path) -> None:
    """What the live service answered is valid, also with its answer sent back."""
    problems: list[str | None] = []
    for path in sorted(recordings.glob("*.json")):
        for exchange in msgspec.json.decode(path.read_bytes(), type=list[Any]):
            request = exchange["request"]["body"]
            problems.append(problem_of(VALIDATOR, request))
            body = base64.b64decode(exchange["response"]["body"])
            if not body.startswith(b"{") or b'"choices"' not in body:
                continue

            message = msgspec.json.decode(body)["choices"][0]["message"]
            messages = [*request["messages"], message]
            problems.append(problem_of(VALIDATOR, {**request, "messages": messages}))

    assert set(problems) == {None}
