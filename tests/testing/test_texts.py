"""The text of an answer, by each field of the request that shapes it."""

from __future__ import annotations

import ast
import re
from typing import Any

import msgspec
import pytest

from openrouter_async.testing import Simulator
from tests.testing.api import PROMPT, Api

ID = re.compile(r"gen-\d{10}-[A-Za-z0-9]{20}")


async def test_echo_puts_the_prompt_first(api: Api) -> None:
    """The text is the prompt and what would have been the text."""
    usual, echoed = await api.post(), await api.post(echo=True)

    assert echoed.text == PROMPT + usual.text
    assert echoed.json["usage"] == usual.json["usage"]


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
async def test_max_tokens_cuts(api: Api, stream: bool) -> None:
    """The text has that many tokens and the finish reason is `length`."""
    usual = await api.post()
    reply = await api.post(max_tokens=5, stream=stream)

    if stream:
        text = reply.streamed_text()
        reason = reply.column("finish_reason")[-1]
        usage = reply.chunks[-1]["usage"]
    else:
        text, reason = reply.text, reply.choice["finish_reason"]
        usage = reply.json["usage"]

    assert usual.text.startswith(text)
    assert reason == "length"
    assert usage["completion_tokens"] == 5


async def test_a_text_that_fits_stops_by_itself(api: Api) -> None:
    """With just enough tokens the finish reason is `stop`."""
    tokens = (await api.post()).json["usage"]["completion_tokens"]
    fitting = await api.post(max_tokens=tokens)
    short = await api.post(max_tokens=tokens - 1)

    assert tokens <= 100
    assert fitting.choice["finish_reason"] == "stop"
    assert short.choice["finish_reason"] == "length"


@pytest.mark.parametrize("as_list", [False, True], ids=["text", "list"])
async def test_stop_ends_the_text(api: Api, as_list: bool) -> None:
    """The text ends before the first stop sequence."""
    text = (await api.post()).text
    stop = text[10:14]
    stops = ["not there", text[20:25], stop, ""] if as_list else stop
    reply = await api.post(stop=stops)

    assert reply.text == text[: text.index(stop)]
    assert reply.choice["finish_reason"] == "stop"
    assert reply.json["usage"]["completion_tokens"] < 10


async def test_stop_beyond_max_tokens_is_not_reached(api: Api) -> None:
    """What comes first ends the text."""
    text = (await api.post()).text
    reply = await api.post(stop=text[-5:], max_tokens=3)

    assert reply.choice["finish_reason"] == "length"


async def test_suffix_leads_the_answer(api: Api) -> None:
    """A suffix changes the text, is spoken about and counted."""
    usual = await api.post(n=8)
    suffixed = await api.post(n=8, suffix=" and that was the zeppelin.")
    texts = [choice["text"] for choice in suffixed.json["choices"]]

    assert texts != [choice["text"] for choice in usual.json["choices"]]
    assert any("zeppelin" in text for text in texts)
    assert (
        suffixed.json["usage"]["prompt_tokens"]
        == usual.json["usage"]["prompt_tokens"] + 6
    )


@pytest.mark.parametrize("wanted", [0, 1, 5])
async def test_logprobs_have_the_legacy_shape(api: Api, wanted: int) -> None:
    """Tokens, their log probabilities, rivals and offsets have the same length."""
    reply = await api.post(logprobs=wanted)
    logprobs = reply.choice["logprobs"]
    tokens, offsets = logprobs["tokens"], logprobs["text_offset"]

    assert "".join(tokens) == reply.text
    assert len(tokens) == reply.json["usage"]["completion_tokens"]
    assert [
        reply.text[offset : offset + len(token)]
        for offset, token in zip(offsets, tokens, strict=True)
    ] == tokens
    assert all(value <= 0 for value in logprobs["token_logprobs"])
    if wanted == 0:
        assert logprobs["top_logprobs"] is None
    else:
        assert [len(rivals) for rivals in logprobs["top_logprobs"]] == [wanted] * len(
            tokens
        )
        assert [
            rivals[token]
            for rivals, token in zip(logprobs["top_logprobs"], tokens, strict=True)
        ] == logprobs["token_logprobs"]


async def test_logprobs_of_an_echo_begin_with_null(api: Api) -> None:
    """Nothing precedes the first token of the prompt, so it has no probability."""
    reply = await api.post("one two", logprobs=1, echo=True)
    logprobs = reply.choice["logprobs"]

    assert logprobs["tokens"][:2] == ["one", " two"]
    assert logprobs["token_logprobs"][0] is None
    assert logprobs["top_logprobs"][0] is None
    assert logprobs["token_logprobs"][1] is not None
    assert logprobs["text_offset"][:3] == [0, 3, 7]


async def test_an_empty_text_has_empty_logprobs(api: Api) -> None:
    """Lists stay lists when there are no tokens."""
    text = (await api.post()).text
    reply = await api.post(logprobs=2, stop=text[0])

    assert reply.choice["logprobs"] == {
        "tokens": [],
        "token_logprobs": [],
        "top_logprobs": [],
        "text_offset": [],
    }


@pytest.mark.parametrize(
    "params",
    [
        {"reasoning": {}},
        {"reasoning": {"effort": "high"}},
        {"reasoning": {"enabled": True}},
        {"include_reasoning": True},
    ],
    ids=["empty", "effort", "enabled", "include"],
)
async def test_reasoning_on_request(api: Api, params: dict[str, object]) -> None:
    """Reasoning is text of its own and its tokens are counted."""
    usual, reasoned = await api.post(), await api.post(**params)
    usage = reasoned.json["usage"]
    tokens = usage["completion_tokens_details"]["reasoning_tokens"]

    assert len(reasoned.choice["reasoning"]) > 20
    assert tokens > 5
    assert usage["completion_tokens"] > tokens
    assert usual.choice["reasoning"] is None


@pytest.mark.parametrize(
    "params",
    [
        {"reasoning": {"effort": "none"}},
        {"reasoning": {"enabled": False}},
        {"reasoning": None, "include_reasoning": False},
    ],
    ids=["effort", "enabled", "include"],
)
async def test_reasoning_can_be_off(api: Api, params: dict[str, object]) -> None:
    """Nothing is thought over when the request says so."""
    assert await _reasoning(api, params) == (None, 0)


@pytest.mark.parametrize(
    "params",
    [{"reasoning": {"exclude": True}}, {"reasoning": {}, "include_reasoning": False}],
    ids=["exclude", "include"],
)
async def test_reasoning_can_be_hidden(api: Api, params: dict[str, object]) -> None:
    """Excluded reasoning is paid for and not shown."""
    shown, tokens = await _reasoning(api, params)

    assert shown is None
    assert tokens > 0


async def test_reasoning_can_eat_the_whole_budget(api: Api) -> None:
    """With few tokens there is reasoning, no text, and the reason is `length`."""
    reply = await api.post(reasoning={}, max_tokens=4)

    assert reply.text == ""
    assert reply.choice["reasoning"]
    assert reply.choice["finish_reason"] == "length"
    assert reply.json["usage"]["completion_tokens"] == 4


async def test_json_object(api: Api) -> None:
    """The text is a JSON document."""
    reply = await api.post(response_format={"type": "json_object"})

    assert isinstance(msgspec.json.decode(reply.text), dict)


async def test_json_schema(api: Api) -> None:
    """The text is a document that satisfies the schema."""
    schema = {
        "type": "object",
        "properties": {"city": {"type": "string"}, "people": {"type": "integer"}},
        "required": ["city", "people"],
    }
    reply = await api.post(
        response_format={
            "type": "json_schema",
            "json_schema": {"name": "city", "schema": schema},
        }
    )
    document = msgspec.json.decode(reply.text)

    assert document == {"city": document["city"], "people": 0}
    assert document["city"] in PROMPT


async def test_json_schema_without_a_schema(api: Api) -> None:
    """Without a schema any document will do."""
    named = {"type": "json_schema", "json_schema": {"name": "any"}}
    reply = await api.post(response_format=named)

    assert isinstance(msgspec.json.decode(reply.text), str)


async def test_python(api: Api) -> None:
    """The text is Python that runs."""
    reply = await api.post(response_format={"type": "python"})

    exec(compile(ast.parse(reply.text), "answer", "exec"), {"print": _swallow})


async def test_a_function_can_answer(api: Api) -> None:
    """Each prompt goes through the function; stop and max_tokens still cut."""
    seen: list[object] = []

    def shout(params: Any) -> str:
        seen.append(params["user"])
        return str(params["prompt"]).upper()

    api.simulator.answer_with(shout)
    reply = await api.post(["one two three"], user="ada", max_tokens=2)

    assert reply.text == "ONE TWO"
    assert reply.choice["finish_reason"] == "length"
    assert seen == ["ada"]
    assert reply.json["usage"]["completion_tokens"] == 2


async def test_a_function_can_leave_it_to_the_simulator(api: Api) -> None:
    """None from the function, or instead of it, gives the usual text."""
    usual = await api.post()
    api.simulator.answer_with(lambda _params: None)
    left = await api.post()
    api.simulator.answer_with(lambda _params: "mine")
    mine = await api.post()
    api.simulator.answer_with(None)

    assert left.text == usual.text == (await api.post()).text
    assert mine.text == "mine"


@pytest.mark.parametrize("kind", [ValueError, ConnectionResetError])
async def test_a_function_that_raises_is_reported(
    api: Api, kind: type[Exception]
) -> None:
    """The client gets 500 with what was raised; the simulator goes on."""

    def fail(params: Any) -> str:
        raise kind(params["prompt"])

    api.simulator.answer_with(fail)
    replies = [await api.post("Hi"), await api.stream("Hi")]

    assert [reply.status for reply in replies] == [500, 500]
    assert replies[0].error == {"code": 500, "message": f"{kind.__name__}: Hi"}
    assert api.simulator.journal[-1].outcome == "failed"


async def test_the_length_of_answers_can_be_set(api: Api) -> None:
    """More sentences make room for a larger max_tokens."""
    async with Simulator(sentences=(300, 300)) as long:
        reply = await Api(long, api.session).post(max_tokens=1000)

    async with Simulator(sentences=(1, 1)) as short:
        text = (await Api(short, api.session).post()).text

    assert reply.json["usage"]["completion_tokens"] == 1000
    assert reply.choice["finish_reason"] == "length"
    assert text.count(".") == 1


async def _reasoning(api: Api, params: dict[str, object]) -> tuple[str | None, int]:
    reply = await api.post(**params)
    details = reply.json["usage"]["completion_tokens_details"]
    return reply.choice["reasoning"], details["reasoning_tokens"]


def _swallow(*_values: object) -> None:
    return None
