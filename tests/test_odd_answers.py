"""Whole answers that are not quite what the API promises."""

from __future__ import annotations

from operator import attrgetter

import pytest

from openrouter_async import Completion, ResponseDecodeError
from tests.scripted import Send, http_response
from tests.streams import answered, asked, served

ANSWER: dict[str, object] = {
    "created": 1700000000,
    "choices": [{"text": "a", "index": 0, "finish_reason": "stop"}],
}

NESTED = 100_000


@pytest.mark.parametrize(
    "wire",
    [
        b"",
        b" ",
        b"[]",
        b"7",
        b"{",
        b'{"choices": ' + b"[" * NESTED + b"]" * NESTED + b"}",
        b'{"choices": []} x',
    ],
    ids=["empty", "space", "list", "number", "cut", "nested", "text behind"],
)
async def test_response_that_is_no_answer(wire: bytes) -> None:
    """What is not the JSON that was asked for is an error that shows it."""
    async with served(asked(Send(http_response(body=wire)))) as (_, client):
        with pytest.raises(ResponseDecodeError):
            await client.completions.create(prompt="x", retry=0)


async def test_numbers_that_json_does_not_have() -> None:
    """NaN and infinities, and numbers beyond a double, are read as null."""
    wire = b"""{"choices": [{"text": "a", "logprobs": {"tokens": ["a", "b", "c"],
        "token_logprobs": [NaN, -Infinity, 1e999]}}], "x": 1e999, "y": "\\ud800"}"""
    async with served(asked(Send(http_response(body=wire)))) as (_, client):
        completion = await client.completions.create(prompt="x")

    logprobs = completion.choices[0].logprobs
    assert logprobs is not None
    assert logprobs.token_logprobs == [None, None, None]
    everything = completion.to_dict()
    assert (everything["x"], everything["y"]) == (None, "\ufffd")


ODD: dict[str, tuple[dict[str, object], str, object]] = {
    "doubles": ({"created": 1.7e9}, "created", 1700000000),
    "numbers as text": ({"created": "7"}, "created", 7),
    "fraction for a whole number": ({"created": 1.5}, "created", None),
    "null": ({"created": None}, "created", None),
    "number as text of a member": ({"id": 7}, "id", "7"),
    "wrong type": ({"model": ["x"]}, "model", None),
    "wrong object": ({"usage": []}, "usage", None),
    "usage of nulls": ({"usage": {"prompt_tokens": None}}, "usage.prompt_tokens", None),
    "usage of doubles": (
        {"usage": {"cost": 1, "total_tokens": 5.0}},
        "usage.cost",
        1.0,
    ),
    "truth": ({"usage": {"is_byok": True, "cost": "1"}}, "usage.is_byok", True),
    "no truth": ({"usage": {"is_byok": 1}}, "usage.is_byok", None),
    "details": (
        {"usage": {"prompt_tokens_details": {"cached_tokens": 2.0}}},
        "usage.prompt_tokens_details.cached_tokens",
        2,
    ),
    "object": ({"openrouter_metadata": {"a": 1}, "created": 1.0}, "text", "a"),
    "no object": ({"openrouter_metadata": 3}, "openrouter_metadata", None),
    "choices among nulls": (
        {"choices": [None, {"text": "b", "index": 0.0}]},
        "text",
        "b",
    ),
    "index null": ({"choices": [{"text": "b", "index": None}]}, "text", "b"),
    "no choice 0": ({"choices": [{"text": "b", "index": 1}]}, "text", ""),
    "no choices": ({"choices": []}, "text", ""),
}


@pytest.mark.parametrize(("change", "path", "value"), ODD.values(), ids=ODD)
async def test_odd_response(
    change: dict[str, object], path: str, value: object
) -> None:
    """One member of an odd type costs that member at most, not the answer."""
    completion = await answered({**ANSWER, **change})

    assert attrgetter(path)(completion) == value


LOGPROBS: list[tuple[dict[str, object], tuple[object, ...]]] = [
    (
        {
            "tokens": ["a", None],
            "token_logprobs": [None, "-1"],
            "text_offset": [0.0],
        },
        (["a", ""], [None, -1.0], None, [0]),
    ),
    (
        {"tokens": ["a"], "top_logprobs": [None, {"a": None, "b": 1}, 3]},
        (["a"], [], [None, {"a": None, "b": 1.0}, None], []),
    ),
    ({"tokens": 3, "text_offset": [None, 2.0]}, ([], [], None, [0, 2])),
]


@pytest.mark.parametrize(
    ("logprobs", "expected"),
    LOGPROBS,
    ids=["nulls in lists", "nulls in top_logprobs", "no list"],
)
async def test_odd_logprobs(
    logprobs: dict[str, object], expected: tuple[object, ...]
) -> None:
    """Positions count: what cannot be read in a list leaves an empty value there."""
    completion = await answered({"choices": [{"text": "a", "logprobs": logprobs}]})

    found = completion.choices[0].logprobs
    assert found is not None
    lists = found.tokens, found.token_logprobs, found.top_logprobs, found.text_offset
    assert lists == expected


async def test_chat_shaped_response() -> None:
    """An upstream that answers in the shape of chat gives text all the same."""
    message = {"role": "assistant", "content": "hi", "reasoning": "hm"}
    completion = await answered({"choices": [{"message": message}]})

    [only] = completion.choices
    assert (only.text, only.reasoning) == ("hi", "hm")
    assert only.has_content


async def test_headers_of_the_response() -> None:
    """Response headers are there by lower-case name, repeated ones joined."""
    head = http_response(body=ANSWER).replace(b"\r\n", b"\r\nX-A: 1\r\nX-a: 2\r\n", 1)
    async with served(asked(Send(head))) as (_, client):
        completion = await client.completions.create(prompt="x")

    assert completion.meta.headers["x-a"] == "1, 2"
    assert completion.meta.headers["content-type"] == "application/json"


def test_to_dict_of_what_is_no_json() -> None:
    """An answer whose `raw` was set to something else has no members."""
    assert Completion(raw=b"{").to_dict() == {}
    assert Completion(raw=b"[]").to_dict() == {}
