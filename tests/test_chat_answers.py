from __future__ import annotations

import copy
import json
from typing import cast

import msgspec
import pytest

from openrouter_async import (
    APIError,
    BadRequestError,
    ChatCompletion,
    PermissionDeniedError,
    RateLimitError,
    ResponseDecodeError,
    ServerError,
    UnprocessableEntityError,
)
from openrouter_async.types import (
    Audio,
    ChatLogprobs,
    ChatMessage,
    FunctionCall,
    TokenLogprob,
    ToolCall,
    TopLogprob,
)
from tests.chatting import HI, Members, answered, call_of, whole
from tests.scripted import Send, http_response
from tests.streams import USAGE, asked, served

FULL = whole(
    {
        "content": "Hi",
        "refusal": None,
        "reasoning": "hm",
        "reasoning_details": [{"type": "reasoning.text", "text": "hm", "index": 0}],
        "tool_calls": [call_of("1", "f", '{"a":1}', index=0)],
        "images": [{"type": "image_url", "image_url": {"url": "data:x"}}],
        "audio": {"id": "a", "data": "AA==", "transcript": "t", "expires_at": 9},
        "annotations": [{"type": "url_citation", "url_citation": {"url": "u"}}],
    },
    service_tier="flex",
    system_fingerprint="",
    openrouter_metadata={"strategy": "direct"},
    citations=["u"],
)


async def test_everything_typed() -> None:
    """1.4: each member of an answer is where its type says."""
    answer = await answered(FULL)

    [choice] = answer.choices
    message = choice.message
    assert (answer.id, answer.model) == ("gen-1", "meta/base")
    assert (answer.provider, answer.service_tier) == ("Upstream", "flex")
    assert answer.openrouter_metadata == {"strategy": "direct"}
    assert (answer.text, answer.finish_reason) == ("Hi", "stop")
    assert choice.native_finish_reason == "STOP"
    assert answer.message is message
    assert (message.role, message.reasoning) == ("assistant", "hm")
    assert message.reasoning_details == [
        {"type": "reasoning.text", "text": "hm", "index": 0}
    ]
    assert answer.tool_calls == [
        ToolCall(id="1", function=FunctionCall(name="f", arguments='{"a":1}'), index=0)
    ]
    assert [image.image_url.url for image in message.images or ()] == ["data:x"]
    audio = Audio(id="a", data="AA==", transcript="t", expires_at=9)
    assert message.audio == audio
    assert message.annotations == [
        {"type": "url_citation", "url_citation": {"url": "u"}}
    ]


async def test_everything_kept() -> None:
    """1.1: `to_dict()` and `raw` have what no type knows."""
    answer = await answered(FULL)

    assert answer.to_dict() == FULL
    assert msgspec.json.decode(answer.raw) == FULL


async def test_parts_as_plain_values() -> None:
    """1.1: a message and the usage give what came of them, as requests have it."""
    usage = {**USAGE, "cost_details": {"upstream_inference_cost": 0.5}}
    answer = await answered({**FULL, "usage": usage})

    [choice] = cast("list[dict[str, Members]]", FULL["choices"])
    came = {name: each for name, each in choice["message"].items() if each is not None}
    for call in (calls := msgspec.convert(came["tool_calls"], list[Members])):
        del call["index"]

    assert answer.message.to_dict() == {**came, "tool_calls": calls}
    assert json.loads(json.dumps(came)) == came
    assert answer.usage is not None
    assert answer.usage.to_dict() == usage


async def test_members_of_calls_that_no_type_knows() -> None:
    """1.1: calls, reasoning and citations have all of theirs, nulls too."""
    odd: list[Members] = [{"type": "of_tomorrow", "new": None, "deep": [{"a": None}]}]
    parts = dict.fromkeys(("tool_calls", "reasoning_details", "annotations"), odd)
    answer = await answered(whole({"role": "assistant", **parts}))

    assert answer.message.to_dict() == {"role": "assistant", **parts}


async def test_meta() -> None:
    """1.11: the generation id is the head's, and the body's where it has none."""
    head = http_response(headers={"x-generation-id": "gen-head"}, body=whole())
    async with served(asked(Send(head))) as (_, client):
        answer = await client.chat.completions.create(messages=HI)

    assert answer.meta.generation_id == "gen-head"
    assert (answer.meta.status, answer.meta.attempts) == (200, 1)
    assert (await answered(whole())).meta.generation_id == "gen-1"


async def test_padding() -> None:
    """1.7: white space before the JSON is no answer yet, and no harm."""
    answer = await answered(b"\n   \n" * 100 + msgspec.json.encode(whole()))

    assert answer.text == "Hi"


NULLS: dict[str, Members] = {
    "content": whole({"content": None}),
    "message": {"choices": [{"index": 0, "message": None, "finish_reason": "stop"}]},
    "role": whole({"role": None, "content": None}),
    "every member": whole(dict.fromkeys(ChatMessage.__struct_encode_fields__)),
    "every member of the answer": {
        **dict.fromkeys(whole()),
        "choices": whole({"content": ""})["choices"],
    },
    "every member of the choice": {
        "choices": [dict.fromkeys(("index", "message", "logprobs", "error"))]
    },
    "within lists": whole(
        {"tool_calls": [None], "images": [None], "reasoning_details": [None]}
    ),
    "a choice": {"choices": [None, *cast("list[Members]", whole({})["choices"])]},
}


@pytest.mark.parametrize("answer", NULLS.values(), ids=NULLS)
async def test_nulls(answer: Members) -> None:
    """1.4: null can stand anywhere in a success, and says nothing."""
    given = await answered(answer)

    assert (given.text, given.tool_calls, given.message.role or "assistant") == (
        "",
        [],
        "assistant",
    )
    assert [choice.index for choice in given.choices] == [0]


async def test_null_finish_reason() -> None:
    """1.4: a whole answer may end without a reason, or with one of its upstream."""
    answer = whole({"content": "a"})
    [choice] = cast("list[Members]", answer["choices"])
    choice["finish_reason"] = None
    assert (await answered(answer)).finish_reason is None

    choice["finish_reason"] = "end_turn"
    assert (await answered(answer)).finish_reason == "end_turn"


async def test_null_usage() -> None:
    """1.4: counts that are null or doubles are told as they are."""
    usage = {"prompt_tokens": None, "completion_tokens": 2.0, "cost": 1}
    answer = await answered(whole(usage=usage))

    assert answer.usage is not None
    assert answer.usage.prompt_tokens is None
    assert (answer.usage.completion_tokens, answer.usage.cost) == (2, 1.0)
    assert (await answered(whole(usage=None))).usage is None


async def test_usage_details() -> None:
    """1.10: all counts and costs are typed."""
    usage = {
        **USAGE,
        "is_byok": False,
        "prompt_tokens_details": {"cached_tokens": 1, "cache_write_tokens": 2},
        "completion_tokens_details": {"reasoning_tokens": 3, "image_tokens": 4},
        "cost_details": {"upstream_inference_cost": None, "server_tool_cost": 0.5},
        "server_tool_use_details": {"web_search_requests": 6},
    }
    done = await answered(whole(usage=usage))
    found = done.usage

    assert found is not None
    assert (done.cost, found.cost) == (0.25, 0.25)
    assert (await answered(whole(usage=None))).cost is None
    assert found.prompt_tokens_details is not None
    assert found.prompt_tokens_details.cache_write_tokens == 2
    assert found.completion_tokens_details is not None
    assert found.completion_tokens_details.image_tokens == 4
    assert found.cost_details is not None
    assert found.cost_details.server_tool_cost == 0.5
    assert found.server_tool_use_details is not None
    assert found.server_tool_use_details.web_search_requests == 6


@pytest.mark.parametrize(
    "content",
    [
        [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}],
        [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "ab"}],
        [{"type": "text", "text": "a"}, None, "x", {"text": "b"}],
    ],
    ids=["texts", "another kind", "odd parts"],
)
async def test_content_as_parts(content: list[object]) -> None:
    """1.4: content can be a list of parts; its text is theirs."""
    answer = await answered(whole({"content": content}))

    assert answer.text == "ab"
    assert answer.to_dict() == whole({"content": content})


ARGUMENTS: dict[str, tuple[object, str]] = {
    "null": (None, ""),
    "absent": (..., ""),
    "text": ('{"a": 1', '{"a": 1'),
    "object": ({"a": [1, None, "é"]}, '{"a":[1,null,"é"]}'),
    "empty object": ({}, "{}"),
    "array": ([1, 2], "[1,2]"),
}


@pytest.mark.parametrize(("given", "read"), ARGUMENTS.values(), ids=ARGUMENTS)
async def test_arguments(given: object, read: str) -> None:
    """1.4: arguments can be null, or JSON where JSON text is due."""
    function = {"name": "f"} if given is ... else {"name": "f", "arguments": given}
    call = {"id": "1", "type": "function", "function": function}
    answer = await answered(whole({"content": None, "tool_calls": [call]}))

    assert [each.function.arguments for each in answer.tool_calls] == [read]
    assert answer.message.tool_call_members == [call]


async def test_odd_calls() -> None:
    """1.4: a call is told as far as it is one."""
    calls: list[object] = [
        {"id": 7, "function": None},
        {"id": None, "type": None, "function": {"name": None, "arguments": None}},
        {"id": "3", "index": 2.0, "function": {"name": "f", "arguments": "{}"}},
    ]
    answer = await answered(whole({"tool_calls": calls}))

    assert answer.tool_calls == [
        ToolCall(id="7"),
        ToolCall(),
        ToolCall(id="3", index=2, function=FunctionCall(name="f", arguments="{}")),
    ]


async def test_logprobs() -> None:
    """1.4: log probabilities are typed, of refusals too."""
    entry = {"token": "é", "logprob": -0.5, "bytes": [195, 169], "top_logprobs": []}
    rival = {"token": "e", "logprob": -1, "bytes": None}
    answer = whole()
    [choice] = cast("list[Members]", answer["choices"])
    choice["logprobs"] = {
        "content": [{**entry, "top_logprobs": [rival]}, entry],
        "refusal": None,
    }
    found = (await answered(answer)).choices[0].logprobs

    assert found == ChatLogprobs(
        content=[
            TokenLogprob(
                token="é",
                logprob=-0.5,
                bytes=[195, 169],
                top_logprobs=[TopLogprob(token="e", logprob=-1)],
            ),
            TokenLogprob(token="é", logprob=-0.5, bytes=[195, 169], top_logprobs=[]),
        ]
    )


async def test_three_choices_in_any_order() -> None:
    """1.3: `n=3` gives three; the first by index is the answer's own."""
    choices = [
        {"index": index, "message": {"content": text}, "finish_reason": reason}
        for index, text, reason in [(2, "c", "stop"), (0, "a", "length"), (1, "b", "x")]
    ]
    answer = await answered({**whole(), "choices": choices})

    assert [choice.text for choice in answer.choices] == ["c", "a", "b"]
    assert (answer.text, answer.finish_reason) == ("a", "length")


async def test_no_choice_of_index_0() -> None:
    """1.4: an answer without such a choice has no text, and an empty message."""
    choice = {"index": 1, "message": {"content": "b"}, "finish_reason": "stop"}
    answer = await answered({**whole(), "choices": [choice]})

    assert (answer.text, answer.finish_reason, answer.tool_calls) == ("", None, [])
    assert answer.message == ChatMessage()


async def test_empty_choices() -> None:
    """1.6: a success without choices is an answer that says nothing."""
    answer = await answered({**whole(), "choices": []})

    assert (answer.choices, answer.text) == ([], "")
    assert answer.usage is not None


@pytest.mark.parametrize(
    "body",
    [{"id": "gen-1"}, {"choices": None}, {"choices": {}}, b"[]", b"", b"   ", b"<p>"],
    ids=["absent", "null", "object", "array", "empty", "padding", "page"],
)
async def test_no_choices(body: Members | bytes) -> None:
    """1.6: what holds neither choices nor an error is no answer."""
    response = http_response(body=body)
    async with served(asked(Send(response))) as (_, client):
        with pytest.raises(ResponseDecodeError):
            await client.chat.completions.create(messages=HI, retry=0)


ERRORS: dict[str, tuple[Members, type[APIError]]] = {
    "instead of choices": ({"error": {"code": 400}, "user_id": "u"}, BadRequestError),
    "beside no choices": ({"choices": [], "error": {"code": 429}}, RateLimitError),
    "code as text": ({"error": {"code": "502"}}, ServerError),
    "name as code": ({"error": {"code": "server_error"}}, ServerError),
    "unknown name": ({"error": {"code": "odd", "message": "a"}}, APIError),
    "availability": (
        {"error": {"http_status": 403, "availability": {"code": "region_restricted"}}},
        PermissionDeniedError,
    ),
    "in a choice": (
        {"choices": [{"message": {}, "error": {"code": 422, "message": "a"}}]},
        UnprocessableEntityError,
    ),
}


@pytest.mark.parametrize(("body", "kind"), ERRORS.values(), ids=ERRORS)
async def test_error_in_a_success(body: Members, kind: type[APIError]) -> None:
    """1.6: an error in a 200 is raised in its class."""
    response = http_response(body=body)
    async with served(asked(Send(response))) as (_, client):
        with pytest.raises(APIError) as caught:
            await client.chat.completions.create(messages=HI, retry=0)

    assert type(caught.value) is kind
    assert (caught.value.status, caught.value.partial) == (200, None)


async def test_error_in_a_choice_keeps_the_text() -> None:
    """1.6: what came before the error is in `partial`."""
    answer = whole({"content": "half"})
    [choice] = cast("list[Members]", answer["choices"])
    metadata = {"provider_name": "Upstream", "error_type": "provider_unavailable"}
    error = {"code": 502, "message": "a", "metadata": metadata}
    choice |= {"finish_reason": "error", "error": error}
    async with served(asked(Send(http_response(body=answer)))) as (_, client):
        with pytest.raises(ServerError) as caught:
            await client.chat.completions.create(messages=HI, retry=0)

    assert caught.value.code == 502
    assert caught.value.error_type == "provider_unavailable"
    assert caught.value.provider_name == "Upstream"
    partial = caught.value.partial
    assert isinstance(partial, ChatCompletion)
    assert partial.message.content == "half"


async def test_finish_reason_error_alone() -> None:
    """1.6: an answer that only says that it failed is an error."""
    answer = whole({"content": ""})
    [choice] = cast("list[Members]", answer["choices"])
    choice["finish_reason"] = "error"
    async with served(asked(Send(http_response(body=answer)))) as (_, client):
        with pytest.raises(APIError, match="no details"):
            await client.chat.completions.create(messages=HI, retry=0)


async def test_reasoning_that_ate_the_budget() -> None:
    """1.4: a cut answer without text is an answer."""
    answer = whole({"content": "", "reasoning": "hm"})
    [choice] = cast("list[Members]", answer["choices"])
    choice["finish_reason"] = "length"
    given = await answered(answer)

    assert (given.text, given.finish_reason) == ("", "length")
    assert given.message.reasoning == "hm"


async def test_copies_and_looks() -> None:
    """An answer can be copied and compared, and shows what it says."""
    answer = await answered(whole({"content": "Hi", "tool_calls": []}))

    assert copy.deepcopy(answer) == answer
    assert "content='Hi'" in repr(answer)
    assert "raw" not in repr(answer)
