"""What other servers write in another form is where OpenRouter has it."""

from __future__ import annotations

import pytest

from tests.chatting import (
    Members,
    answered,
    call_of,
    delta,
    ended,
    folded,
    replayed,
    whole,
)

CALL = call_of("1", "f", "{}")
PICTURE: Members = {"type": "image_url", "image_url": {"url": "data:x"}}
UNTYPED: Members = {"image_url": {"url": "data:y"}}
SIGNED: Members = {"type": "reasoning.text", "text": "hm", "signature": "S"}
CITED: Members = {"type": "url_citation", "url_citation": {"url": "u"}}
ELSEWHERE: dict[str, tuple[Members, Members]] = {
    "reasoning": ({"reasoning_content": "hm"}, {"reasoning": "hm"}),
    "both names of reasoning": (
        {"reasoning_content": "hm", "reasoning": "so"},
        {"reasoning": "so"},
    ),
    "reasoning beside an empty text": (
        {"reasoning_content": "hm", "reasoning": ""},
        {"reasoning": "hm"},
    ),
    "no reasoning": ({"reasoning_content": None}, {}),
    "images among parts": (
        {"content": [{"type": "text", "text": "a"}, PICTURE, PICTURE]},
        {"content": "a", "images": [PICTURE, PICTURE]},
    ),
    "an image alone": ({"content": [PICTURE]}, {"images": [PICTURE]}),
    "an image without a type": ({"content": [UNTYPED]}, {"images": [UNTYPED]}),
    "images in both places": (
        {"content": [UNTYPED], "images": [PICTURE]},
        {"images": [PICTURE, UNTYPED]},
    ),
    "one image in place of a list": ({"images": PICTURE}, {"images": [PICTURE]}),
    "a call alone": ({"tool_calls": CALL}, {"tool_calls": [CALL]}),
    "a detail alone": ({"reasoning_details": SIGNED}, {"reasoning_details": [SIGNED]}),
    "an annotation alone": ({"annotations": CITED}, {"annotations": [CITED]}),
    "no calls": ({"tool_calls": None}, {}),
}


@pytest.mark.parametrize(("came", "expected"), ELSEWHERE.values(), ids=ELSEWHERE)
async def test_members_in_other_places(came: Members, expected: Members) -> None:
    """1.4: what other servers have elsewhere is where OpenRouter has it."""
    answer = await answered(whole({"content": None, **came}))

    told: Members = {"role": "assistant", "content": None, **expected}
    assert {"content": None, **answer.message.to_dict()} == told
    assert answer.to_dict() == whole({"content": None, **came})


@pytest.mark.parametrize(("came", "expected"), ELSEWHERE.values(), ids=ELSEWHERE)
async def test_members_in_other_places_of_a_stream(
    came: Members, expected: Members
) -> None:
    """1.5: streams have the same in the same places, in the next request too."""
    plain = await answered(whole({"content": None, **came}))
    streamed = await folded(delta(**{"content": None, **came}), ended())

    told: Members = {"role": "assistant", "content": None, **expected}
    assert {"content": None, **streamed.message.to_dict()} == told
    assert await replayed(streamed) == await replayed(plain)


async def test_members_in_other_places_of_several_choices() -> None:
    """1.4: each choice has its own."""
    first = {"index": 0, "message": {"content": "a", "reasoning": "so"}}
    second = {"index": 1, "message": {"content": "b", "reasoning_content": "hm"}}
    answer = await answered({"choices": [first, None, second]})

    assert [each.message.reasoning for each in answer.choices] == ["so", "hm"]
