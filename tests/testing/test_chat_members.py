"""What a chat answer can have beside its text."""

from __future__ import annotations

import base64

import pytest

from openrouter_async.testing import Simulator, Text
from openrouter_async.testing.chat.media import PICTURE, PNG
from openrouter_async.testing.openapi import specification
from openrouter_async.testing.validation import problem_of
from tests.testing.api import Api, merged

DETAILS = [
    {"type": "reasoning.summary", "summary": "One two", "index": 0, "format": "f"},
    {"type": "reasoning.encrypted", "data": "xyz", "id": "rs_1", "index": 0},
]


async def test_a_picture_comes_when_it_is_asked_for(api: Api) -> None:
    """It is a data URL of a whole PNG, in one event."""
    plain = await api.chat(modalities=["text", "image"])
    stream = await api.chat(modalities=["text", "image"], stream=True)

    (image,) = plain.message["images"]
    assert base64.b64decode(image["image_url"]["url"].partition(",")[2]) == PNG
    assert stream.deltas("images") == [plain.message["images"]]


async def test_sound_comes_in_streams_only(api: Api) -> None:
    """Its words are the text, its data is base64, and it expires."""
    plain = await api.chat(modalities=["text", "audio"])
    stream = await api.chat(modalities=["text", "audio"], stream=True)
    text = await api.chat()

    assert (plain.status, plain.error["message"]) == (
        400,
        "modalities: audio output requires stream: true",
    )
    sounds = stream.deltas("audio")
    assert "".join(s.get("transcript", "") for s in sounds) == text.message["content"]
    assert all(base64.b64decode(s["data"]) for s in sounds if "data" in s)
    assert "expires_at" in sounds[-1]


async def test_debugging_shows_what_the_provider_got(api: Api) -> None:
    """The first chunk has no choices and the body."""
    stream = await api.chat(stream=True, debug={"echo_upstream_body": True})

    assert stream.chunks[0]["choices"] == []
    assert stream.chunks[0]["debug"]["echo_upstream_body"]["stream"] is True


async def test_a_prompt_stands_for_a_message(api: Api) -> None:
    """The service takes it in place of messages; without either it complains."""
    reply = await api.call("POST", "/chat/completions", {"prompt": "Why rivers?"})
    neither = await api.call("POST", "/chat/completions", {"model": "a/b"})

    assert "rivers" in reply.message["content"]
    assert (neither.status, neither.error["message"]) == (
        400,
        "Input required: specify prompt or messages",
    )


async def test_a_text_has_all_that_a_message_can_have(
    simulator: Simulator, api: Api
) -> None:
    """Scripted members go out as they are, plain and streamed."""
    citation = {"type": "url_citation", "url_citation": {"url": "https://a.example"}}
    text = Text(
        "Hi there",
        finish_reason="content_filter",
        native_finish_reason="SAFETY",
        reasoning="One two",
        reasoning_details=DETAILS,
        refusal="I will not say that",
        images=[PICTURE],
        annotations=[citation],
        times=2,
    )
    simulator.script(text)
    plain = await api.chat(max_tokens=1)
    stream = await api.chat(stream=True)

    assert plain.message == {
        "role": "assistant",
        "content": "Hi there",
        "refusal": "I will not say that",
        "reasoning": "One two",
        "reasoning_details": DETAILS,
        "images": [{"type": "image_url", "image_url": {"url": PICTURE}, "index": 0}],
        "annotations": [citation],
    }
    assert plain.choice["native_finish_reason"] == "SAFETY"
    assert "".join(stream.deltas("content")) == "Hi there"
    assert "".join(stream.deltas("refusal")) == "I will not say that"
    assert merged(stream.deltas("reasoning_details")) == DETAILS
    assert stream.deltas("annotations") == [[citation]]
    assert stream.column("native_finish_reason")[-1] == "SAFETY"
    assert stream.chunks[-1]["usage"] == plain.json["usage"]


async def test_a_refusal_alone_leaves_the_content_empty(
    simulator: Simulator, api: Api
) -> None:
    """Its content is null, as OpenAI writes it."""
    simulator.script(Text("", refusal="No."))
    reply = await api.chat()

    assert (reply.message["content"], reply.message["refusal"]) == (None, "No.")


@pytest.mark.parametrize("path", ["/chat/completions", "/completions"])
async def test_the_router_tells_about_its_work(api: Api, path: str) -> None:
    """To whoever asks for it: in the answer, or in the last chunk of a stream."""
    header = {"X-OpenRouter-Metadata": "enabled"}
    body = {"prompt": "Hi", "models": ["a/b", "c/d"], "max_tokens": 1}
    plain = await api.call("POST", path, body, **header)
    stream = await api.call("POST", path, {**body, "stream": True}, **header)
    silent = await api.call("POST", path, body)

    metadata = plain.json["openrouter_metadata"]
    schema = "#/components/schemas/OpenRouterMetadata"
    assert problem_of(specification().validator(schema), metadata) is None
    assert metadata["endpoints"]["available"][0]["model"] == "a/b"
    having = [c for c in stream.chunks if "openrouter_metadata" in c]
    assert [chunk["openrouter_metadata"] for chunk in having] == [metadata]
    assert having == [stream.chunks[-1]]
    assert "openrouter_metadata" not in silent.json
