"""Every field of a request as it is sent, and every field of a response as it comes."""

from __future__ import annotations

from collections.abc import Mapping
from operator import attrgetter
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

import msgspec
import pytest
from msgspec import UNSET

from openrouter_async import (
    ConfigError,
    RetryPolicy,
    ServerError,
    Timeout,
)
from openrouter_async.types import (
    CompletionParams,
    JSONSchemaConfig,
    Prompt,
    ResponseFormatGrammar,
    ResponseFormatJSONObject,
    ResponseFormatJSONSchema,
    ResponseFormatPython,
    ResponseFormatText,
)
from tests.scripted import Send, http_response
from tests.streams import WHOLE, answered, asked, served, streamed

SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}}
PUBLISHED: dict[str, object] = {
    "model": "meta/base",
    "models": ["meta/base", "other/base"],
    "best_of": 3,
    "echo": True,
    "frequency_penalty": -0.5,
    "logit_bias": {"50256": -100, "1": 0.5},
    "logprobs": 5,
    "max_tokens": 16,
    "n": 2,
    "presence_penalty": 1.25,
    "seed": 2**53 - 1,
    "stop": ["\n", "END"],
    "stream_options": {"include_usage": True},
    "suffix": "\u2028 é",
    "temperature": 0,
    "top_p": 0.9,
    "user": "someone",
    "metadata": {"a": "b"},
    "response_format": {"type": "json_object"},
}
FURTHER: dict[str, object] = {
    "provider": {"only": ["x"], "allow_fallbacks": False},
    "reasoning": {"effort": "low"},
    "include_reasoning": False,
    "top_k": 40,
    "min_p": 0.1,
    "top_a": 0.2,
    "repetition_penalty": 1.1,
    "transforms": [],
    "plugins": [{"id": "web", "max_results": 3}],
}
FIELDS = PUBLISHED | FURTHER
NEVER_NULL = ["model", "models", "user", *FURTHER]
NULLABLE = [name for name in FIELDS if name not in NEVER_NULL]

PROMPTS: dict[str, Prompt] = {
    "text": "Say hi \N{GRINNING FACE}",
    "empty text": "",
    "texts": ["a", "b"],
    "tokens": [1, 2, 3],
    "token lists": [[1, 2], [3], []],
    "tuples": ((1, 2), (3,)),
}

ANSWER: dict[str, object] = {
    "id": "gen-1",
    "object": "text_completion",
    "created": 1700000000,
    "model": "meta/base",
    "provider": "Upstream",
    "system_fingerprint": "fp",
    "choices": [
        {
            "text": "a",
            "index": 0,
            "logprobs": {
                "tokens": ["a"],
                "token_logprobs": [-0.5],
                "top_logprobs": [{"a": -0.5, "b": -1.5}],
                "text_offset": [3],
            },
            "finish_reason": "stop",
            "native_finish_reason": "eos",
            "reasoning": "because",
        },
        {"text": "b", "index": 1, "logprobs": None, "finish_reason": "length"},
    ],
    "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
}
RECEIVED: dict[str, tuple[str, object]] = {
    "id": ("id", "gen-1"),
    "object": ("object", "text_completion"),
    "created": ("created", 1700000000),
    "model": ("model", "meta/base"),
    "provider": ("provider", "Upstream"),
    "system_fingerprint": ("system_fingerprint", "fp"),
    "choices": ("choices.__len__", 2),
    "choices.text": ("text", "a"),
    "choices.index": ("index", 0),
    "choices.logprobs.tokens": ("logprobs.tokens", ["a"]),
    "choices.logprobs.token_logprobs": ("logprobs.token_logprobs", [-0.5]),
    "choices.logprobs.top_logprobs": (
        "logprobs.top_logprobs",
        [{"a": -0.5, "b": -1.5}],
    ),
    "choices.logprobs.text_offset": ("logprobs.text_offset", [3]),
    "choices.finish_reason": ("finish_reason", "stop"),
    "choices.native_finish_reason": ("native_finish_reason", "eos"),
    "choices.reasoning": ("reasoning", "because"),
    "usage.prompt_tokens": ("usage.prompt_tokens", 3),
    "usage.completion_tokens": ("usage.completion_tokens", 2),
    "usage.total_tokens": ("usage.total_tokens", 5),
}


async def sent(
    params: Mapping[str, object] | None = None,
    *,
    prompt: object = "x",
    extra_body: Mapping[str, object] | None = None,
) -> bytes:
    """Return the body that goes over the wire."""
    answer = http_response(body={"choices": []})
    async with served(asked(Send(answer))) as (server, client):
        await client.completions.create(
            prompt=cast("Prompt", prompt),
            extra_body=extra_body,
            **cast("CompletionParams", dict(params or {})),
        )
        [request] = server.requests

    assert request.path == "/api/v1/completions"
    assert request.method == "POST"
    return request.body


def body(**members: object) -> bytes:
    """Encode what a body should be, its members in order."""
    return msgspec.json.encode({"prompt": "x", **members})


@pytest.mark.parametrize("field", FIELDS)
async def test_request_field(field: str) -> None:
    """A field is sent exactly as it is given, and nothing besides."""
    assert await sent({field: FIELDS[field]}) == body(**{field: FIELDS[field]})


async def test_all_request_fields() -> None:
    """All fields together keep the order in which they were given."""
    assert await sent(FIELDS) == body(**FIELDS)


@pytest.mark.parametrize("field", NULLABLE)
async def test_none_is_null(field: str) -> None:
    """None is sent as null where the API allows null."""
    assert await sent({field: None}) == body(**{field: None})


@pytest.mark.parametrize("field", NEVER_NULL)
async def test_none_is_not_given(field: str) -> None:
    """None means "not given" where the API does not allow null."""
    assert await sent({field: None}) == body()


@pytest.mark.parametrize("field", FIELDS)
async def test_unset_is_not_given(field: str) -> None:
    """UNSET leaves a field out."""
    assert await sent({field: UNSET}) == body()


@pytest.mark.parametrize("prompt", PROMPTS.values(), ids=PROMPTS)
async def test_prompt(prompt: Prompt) -> None:
    """A prompt is sent in the form it has: texts or token ids, one or several."""
    assert await sent(prompt=prompt) == msgspec.json.encode({"prompt": prompt})


@pytest.mark.parametrize(
    ("prompt", "problem"),
    [
        (None, "not NoneType"),
        (b"x", "not bytes"),
        (1, "not int"),
        ({"a": 1}, "not dict"),
        ([], "empty"),
        ([None], "NoneType"),
        (["a", 1], "number, str"),
        ([[1], 2], "number, tokens"),
        ([True], "bool"),
        ([["a"]], "list"),
        ([[1, True]], "list"),
    ],
    ids=repr,
)
async def test_prompt_in_no_form(prompt: object, problem: str) -> None:
    """A prompt in none of the four forms is refused before anything is sent."""
    async with served() as (server, client):
        create, stream = client.completions.create, client.completions.stream
        with pytest.raises(ConfigError, match=problem):
            await create(prompt=cast("Prompt", prompt))

        with pytest.raises(ConfigError, match=problem):
            stream(prompt=cast("Prompt", prompt))

        assert server.connections == []


@pytest.mark.parametrize("stop", ["END", ["a", "b"], []], ids=repr)
async def test_stop(stop: object) -> None:
    """`stop` is one text or several."""
    assert await sent({"stop": stop}) == body(stop=stop)


async def test_stream() -> None:
    """`stream` is sent as true by both verbs that stream, and otherwise not at all."""
    async with served([*streamed(WHOLE), *streamed(WHOLE)]) as (server, client):
        await client.completions.stream(prompt="x").final()
        await (await client.completions.create(prompt="x", stream=True)).final()
        bodies = [request.body for request in server.requests]

    assert bodies == [body(stream=True)] * 2
    assert await sent() == body()


CONFIG = JSONSchemaConfig(name="n", description="d", schema=SCHEMA, strict=None)
FORMATS: dict[str, Mapping[str, object]] = {
    "text": ResponseFormatText(type="text"),
    "json_object": ResponseFormatJSONObject(type="json_object"),
    "json_schema": ResponseFormatJSONSchema(type="json_schema", json_schema=CONFIG),
    "json_schema, name only": ResponseFormatJSONSchema(
        type="json_schema", json_schema={"name": "n"}
    ),
    "grammar": ResponseFormatGrammar(type="grammar", grammar='root ::= "a"'),
    "python": ResponseFormatPython(type="python"),
    "plain mapping": {"type": "new", "more": [1, None]},
    "read-only mapping": MappingProxyType({"type": "json_object"}),
}


@pytest.mark.parametrize("response_format", FORMATS.values(), ids=FORMATS)
async def test_response_format(response_format: Mapping[str, object]) -> None:
    """Each of the five forms is sent as it is, and so is a mapping of any other."""
    assert await sent({"response_format": response_format}) == body(
        response_format=dict(response_format)
    )


async def test_logit_bias_by_number() -> None:
    """Token ids may be numbers: JSON has them as text."""
    assert await sent({"logit_bias": {50256: -100}}) == body(logit_bias={"50256": -100})


async def test_extra_body_passes_through() -> None:
    """Fields that are not typed are sent untouched, null and all."""
    extra = {"route": "fallback", "new": {"a": [None, 1.5]}, "nothing": None}
    assert await sent(extra_body=extra) == body(**extra)


async def test_extra_body_wins() -> None:
    """`extra_body` is sent in place of typed fields, the prompt included."""
    given = await sent({"n": 1, "user": "a"}, extra_body={"n": None, "prompt": "y"})

    assert given == msgspec.json.encode({"prompt": "y", "n": None, "user": "a"})


async def test_extra_body_does_not_change_what_is_returned() -> None:
    """`extra_body` cannot ask for a stream behind the back of `create`."""
    with pytest.raises(ConfigError, match="`stream` decides what is returned"):
        await sent(extra_body={"stream": True})

    assert await sent(extra_body={"stream": False}) == body(stream=False)


async def test_options_of_one_call() -> None:
    """Headers, timers and a retry policy can be given with a call."""
    refusal = http_response(503, body={"error": {"code": 503}})
    async with served(asked(Send(refusal))) as (server, client):
        with pytest.raises(ServerError) as caught:
            await client.completions.create(
                prompt="x",
                extra_headers={"X-Title": "app"},
                timeout=Timeout(total=5),
                retry=RetryPolicy(max_retries=0),
            )

        [request] = server.requests

    assert request.headers["x-title"] == "app"
    assert caught.value.attempts == 1


@pytest.mark.parametrize(
    "options",
    [{"timeout": "5"}, {"timeout": -1}, {"retry": "2"}, {"retry": -1}, {"retry": None}],
    ids=repr,
)
async def test_options_that_cannot_be_used(options: dict[str, Any]) -> None:
    """Options that are none are refused before anything is sent."""
    async with served() as (server, client):
        with pytest.raises(ConfigError):
            await client.completions.create(prompt="x", **options)

        assert server.connections == []


@pytest.mark.parametrize("field", RECEIVED)
async def test_response_field(field: str) -> None:
    """A field of the response is read as its type says."""
    path, value = RECEIVED[field]
    completion = await answered(ANSWER)
    owner = completion.choices[0] if field.startswith("choices.") else completion
    found = attrgetter(path)(owner)

    assert (found() if callable(found) else found) == value


async def test_whole_response() -> None:
    """Everything that came is in `raw` and `to_dict()`, unknown members included."""
    answer = {**ANSWER, "new": [1], "usage": {"total_tokens": 5, "cost": 1e-7}}
    completion = await answered(answer)

    assert completion.to_dict() == answer
    assert msgspec.json.decode(completion.raw) == answer
    assert completion.text == "a"
    assert completion.usage is not None
    assert completion.usage.cost == 1e-7
    assert (completion.meta.status, completion.meta.attempts) == (200, 1)
    assert completion.meta.generation_id == "gen-1"


def documented() -> dict[str, list[tuple[str, str]]]:
    """Return the tables of docs/fields.md by heading, but for those of chat."""
    page = Path(__file__).parents[1] / "docs" / "fields.md"
    tables: dict[str, list[tuple[str, str]]] = {}
    heading = ""
    for line in page.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            heading = line.removeprefix("## ")
        elif line.startswith("| `") and not heading.startswith("Chat"):
            cells = [cell.strip().strip("`") for cell in line.strip("|").split("|")]
            tables.setdefault(heading, []).append((cells[0], cells[-1]))

    return tables


def test_documented_fields() -> None:
    """The page lists each field with the test that there is for it, and no other."""
    request = [("prompt", "test_prompt")]
    request += [(name, f"test_request_field[{name}]") for name in PUBLISHED]
    request.insert(request.index(("stop", "test_request_field[stop]")) + 1, STREAM)

    assert documented() == {
        "Request": request,
        "Request, beyond the published schema": [
            (name, f"test_request_field[{name}]") for name in FURTHER
        ],
        "Response": [(name, f"test_response_field[{name}]") for name in RECEIVED],
    }
    tests = {
        test.partition("[")[0] for rows in documented().values() for _, test in rows
    }
    assert tests <= globals().keys()


STREAM = ("stream", "test_stream")


def test_fields_are_those_of_the_types() -> None:
    """No field that can be given is without its test."""
    assert sorted(FIELDS) == sorted(CompletionParams.__annotations__)
