"""Chat answers, plain and streamed."""

from __future__ import annotations

import msgspec
import pytest

from openrouter_async.testing import Simulator
from openrouter_async.testing.tokens import tokenise
from tests.testing.api import PROMPT, Api, merged

THINKING = {"effort": "low"}


async def test_a_plain_answer_has_the_shape_of_the_service(api: Api) -> None:
    """A choice holds a message; the envelope has what the specification lacks."""
    reply = await api.chat(model="openai/gpt-4o-mini")

    assert reply.status == 200
    assert {k: v for k, v in reply.message.items() if k != "content"} == {
        "role": "assistant",
        "refusal": None,
        "reasoning": None,
    }
    assert reply.message["content"].startswith(("A ", "Here", "Let", "You", "On", "In"))
    assert reply.choice["finish_reason"] == reply.choice["native_finish_reason"]
    assert reply.json["object"] == "chat.completion"
    assert (reply.json["model"], reply.json["provider"]) == (
        "openai/gpt-4o-mini",
        "Simulator",
    )
    assert reply.headers["X-Generation-Id"] == reply.json["id"]


async def test_a_stream_says_what_a_plain_answer_says(api: Api) -> None:
    """Deltas joined are the content, and the usage is the same."""
    plain = await api.chat(seed=7)
    stream = await api.chat(seed=7, stream=True)

    assert "".join(stream.deltas("content")) == plain.message["content"]
    assert stream.done
    assert stream.chunks[-1]["usage"] == plain.json["usage"]
    assert stream.column("finish_reason")[-1] == "stop"
    assert {chunk["object"] for chunk in stream.chunks} == {"chat.completion.chunk"}


async def test_each_delta_repeats_the_role(api: Api) -> None:
    """As the live service's do, and all but the tokens have an empty content."""
    stream = await api.chat(stream=True, max_tokens=6, reasoning=THINKING)

    assert set(stream.deltas("role")) == {"assistant"}
    assert len(stream.deltas("content")) == len(stream.column("delta"))


async def test_the_usage_can_repeat_the_finish_reason(api: Api) -> None:
    """The other of the two shapes has a choice in the last chunk."""
    async with Simulator(comments=0, usage_shape="repeated_finish") as other:
        stream = await Api(other, api.session).chat(stream=True, max_tokens=2)

    assert stream.column("finish_reason")[-2:] == ["length", "length"]
    assert stream.chunks[-1]["choices"][0]["delta"] == {
        "role": "assistant",
        "content": "",
    }


async def test_the_same_conversation_gets_the_same_answer(api: Api) -> None:
    """The answer depends on all messages, the seed and nothing else."""
    first = await api.chat()
    again = await api.chat(temperature=1.5)
    other = await api.chat(seed=3)
    messages = [
        {"role": "system", "content": "Be short"},
        {"role": "user", "content": PROMPT},
    ]
    longer = await api.call("POST", "/chat/completions", {"messages": messages})

    assert again.message == first.message
    assert len({r.message["content"] for r in (first, other, longer)}) == 3


async def test_the_answer_is_about_the_last_user_message(api: Api) -> None:
    """Neither instructions nor earlier turns are its subject."""
    messages = [
        {"role": "system", "content": "Speak of submarines"},
        {"role": "user", "content": [{"type": "text", "text": "And butterflies?"}]},
        {"role": "assistant", "content": "Hm."},
    ]
    reply = await api.call("POST", "/chat/completions", {"messages": messages})

    assert "butterflies" in reply.message["content"]
    assert "submarines" not in reply.message["content"]


async def test_a_conversation_may_have_no_words(api: Api) -> None:
    """A picture alone is answered as well."""
    reply = await api.chat([{"type": "image_url", "image_url": {"url": "data:,"}}])

    assert "nothing in particular" in reply.message["content"]


async def test_n_choices_take_turns(api: Api) -> None:
    """Each choice has an answer of its own."""
    plain = await api.chat(n=3)
    stream = await api.chat(n=3, stream=True)

    contents = [choice["message"]["content"] for choice in plain.json["choices"]]
    assert len(set(contents)) == 3
    assert ["".join(stream.deltas("content", k)) for k in range(3)] == contents


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
async def test_the_length_is_limited(api: Api, name: str) -> None:
    """Both names of the limit hold."""
    reply = await api.chat(**{name: 3})

    assert reply.json["usage"]["completion_tokens"] == 3
    assert reply.choice["finish_reason"] == "length"


async def test_stop_sequences_end_the_answer(api: Api) -> None:
    """The text ends before the first of them."""
    whole = await api.chat()
    reply = await api.chat(stop=["."])

    assert reply.message["content"] == whole.message["content"].partition(".")[0]


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
async def test_json_is_answered_with_json(api: Api, *, stream: bool) -> None:
    """A schema is satisfied in chat as in text completions."""
    schema = {"type": "object", "properties": {"n": {"const": 4}}, "required": ["n"]}
    response_format = {
        "type": "json_schema",
        "json_schema": {"name": "number", "strict": True, "schema": schema},
    }
    reply = await api.chat(response_format=response_format, stream=stream)

    text = "".join(reply.deltas("content")) if stream else reply.message["content"]
    assert text == '{"n":4}'


async def test_reasoning_comes_first_and_its_signature_last(api: Api) -> None:
    """Details keep their index; merged they are those of the plain answer."""
    plain = await api.chat(reasoning=THINKING)
    stream = await api.chat(reasoning=THINKING, stream=True)

    fragments = stream.deltas("reasoning_details")
    assert "signature" in fragments[-1][0]
    assert {fragment["index"] for (fragment,) in fragments} == {0}
    assert merged(fragments) == plain.message["reasoning_details"]
    assert (
        "".join(filter(None, stream.deltas("reasoning"))) == plain.message["reasoning"]
    )
    first_text = stream.deltas("content").index(tokenise(plain.message["content"])[0])
    assert first_text == len(fragments)


@pytest.mark.parametrize(
    ("params", "shown"),
    [
        ({"reasoning": {"effort": "none"}}, False),
        ({"reasoning": {"effort": "high", "exclude": True}}, False),
        ({"reasoning_effort": "none"}, False),
        ({"reasoning_effort": "high"}, True),
        ({"include_reasoning": True}, True),
        ({}, False),
    ],
    ids=str,
)
async def test_reasoning_is_shown_where_it_is_asked_for(
    api: Api, params: dict[str, object], *, shown: bool
) -> None:
    """All of its switches work."""
    reply = await api.chat(**params)

    assert (reply.message["reasoning"] is not None) == shown
    assert ("reasoning_details" in reply.message) == shown


async def test_excluded_reasoning_is_billed(api: Api) -> None:
    """It is thought, only not shown."""
    reply = await api.chat(reasoning={"effort": "high", "exclude": True})

    assert reply.json["usage"]["completion_tokens_details"]["reasoning_tokens"] > 0


async def test_logprobs_have_the_shape_of_chat(api: Api) -> None:
    """There is an entry for each token, with its bytes and its rivals."""
    plain = await api.chat(logprobs=True, top_logprobs=2, max_tokens=3)
    stream = await api.chat(logprobs=True, top_logprobs=2, max_tokens=3, stream=True)

    content = plain.choice["logprobs"]["content"]
    assert "".join(entry["token"] for entry in content) == plain.message["content"]
    assert bytes(content[0]["bytes"]).decode() == content[0]["token"]
    assert [len(entry["top_logprobs"]) for entry in content] == [2, 2, 2]
    streamed = [value["content"] for value in stream.column("logprobs") if value]
    assert [entry for row in streamed for entry in row] == content


class Tree(msgspec.Struct):
    """Hold more of its kind."""

    value: int
    children: list[Tree]
    parent: Tree | None


async def test_types_that_hold_themselves(simulator: Simulator) -> None:
    """`parse` of such a type is answered, and its instance ends."""
    async with simulator.client() as client:
        done = await client.chat.completions.create(
            model="a/b", messages=[{"role": "user", "content": PROMPT}], parse=Tree
        )

    [child] = done.parsed.children
    assert isinstance(done.parsed.parent, Tree)
    assert (child.children, child.parent) == ([], None)
