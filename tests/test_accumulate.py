"""Chunks folded into the completion they make up."""

from __future__ import annotations

import msgspec
import pytest

from openrouter_async import Completion
from openrouter_async.streaming.completion_pieces import CompletionAccumulator
from openrouter_async.streaming.reasoning_details import ReasoningDetails
from tests.streams import USAGE, choice, delta, envelope, finish, usage_chunk


def folded(*chunks: dict[str, object]) -> CompletionAccumulator:
    """Fold chunks as they would come over the wire."""
    accumulator = CompletionAccumulator()
    for each in chunks:
        accumulator.add(accumulator.decode(msgspec.json.encode(each)))

    return accumulator


def answer_of(*chunks: dict[str, object]) -> Completion:
    """Return what the chunks make up."""
    return folded(*chunks).answer


def test_interleaved_choices_are_kept_apart() -> None:
    """Choices are told apart by index and sorted by it, whatever the order."""
    answer = answer_of(
        delta("c", 2),
        envelope(choice("a", 0), choice("b", 1)),
        delta("A", 0),
        delta("C", 2),
        finish("length", 1),
        finish("stop", 0),
    )

    assert [(each.index, each.text) for each in answer.choices] == [
        (0, "aA"),
        (1, "b"),
        (2, "cC"),
    ]
    reasons = [each.finish_reason for each in answer.choices]
    assert reasons == ["stop", "length", None]
    assert answer.text == "aA"


def test_text_without_choice_zero() -> None:
    """`text` is that of choice 0: empty while it has not come."""
    assert answer_of(delta("b", 1)).text == ""


@pytest.mark.parametrize(
    ("chunks", "complete"),
    [
        ([], False),
        ([envelope()], False),
        ([delta("a")], False),
        ([finish()], True),
        ([finish(), delta("b", 1)], False),
        ([finish(), delta("b", 1), finish(index=1)], True),
        ([finish(), usage_chunk()], True),
    ],
    ids=["nothing", "no choice", "open", "finished", "one open", "both", "usage"],
)
def test_complete(chunks: list[dict[str, object]], complete: bool) -> None:
    """An answer is complete when a choice was seen, and all have finish reasons."""
    assert folded(*chunks).complete is complete


def test_has_content() -> None:
    """Empty chunks bring no content, text and reasoning do."""
    empty = folded(envelope(), delta())

    assert not empty.has_content
    assert folded(delta("a")).has_content
    assert folded(delta(reasoning="a")).has_content


def test_logprobs_are_joined() -> None:
    """The parallel lists of all chunks are joined, nulls and all."""
    first = {
        "tokens": ["a"],
        "token_logprobs": [None],
        "top_logprobs": [None],
        "text_offset": [0],
    }
    second = {
        "tokens": ["b", "c"],
        "token_logprobs": [-0.5, -1.0],
        "top_logprobs": [{"b": -0.5}, {"c": None}],
        "text_offset": [1, 2],
    }
    answer = answer_of(
        delta("a", logprobs=first), delta("bc", logprobs=second), finish()
    )

    logprobs = answer.choices[0].logprobs
    assert logprobs is not None
    assert logprobs.tokens == ["a", "b", "c"]
    assert logprobs.token_logprobs == [None, -0.5, -1.0]
    assert logprobs.top_logprobs == [None, {"b": -0.5}, {"c": None}]
    assert logprobs.text_offset == [0, 1, 2]
    assert logprobs.content is None


def test_logprobs_without_top_and_of_chat() -> None:
    """Absent lists stay None, and `content` of chat-shaped ones is joined."""
    answer = answer_of(
        delta("a", logprobs={"tokens": ["a"], "token_logprobs": [-1]}),
        delta("b", logprobs={"content": [{"token": "b"}]}),
        delta("c", logprobs={"content": [{"token": "c"}]}),
    )

    logprobs = answer.choices[0].logprobs
    assert logprobs is not None
    assert (logprobs.tokens, logprobs.top_logprobs) == (["a"], None)
    assert logprobs.content == [{"token": "b"}, {"token": "c"}]


def test_reasoning_is_joined() -> None:
    """Reasoning comes in pieces as text does."""
    answer = answer_of(
        delta(reasoning="Let"), delta(reasoning=" me"), delta("a"), finish()
    )

    assert (answer.choices[0].reasoning, answer.text) == ("Let me", "a")
    assert answer_of(delta("a")).choices[0].reasoning is None


DETAIL = {"type": "reasoning.text", "index": 0}
MERGES: dict[str, tuple[list[dict[str, object]], list[dict[str, object]]]] = {
    "texts are joined": (
        [{**DETAIL, "text": "a"}, {**DETAIL, "text": "b"}],
        [{**DETAIL, "text": "ab"}],
    ),
    "summaries and data too": (
        [
            {"type": "reasoning.summary", "index": 0, "summary": "a"},
            {"type": "reasoning.encrypted", "index": 1, "data": "x"},
            {"type": "reasoning.summary", "index": 0, "summary": "b"},
            {"type": "reasoning.encrypted", "index": 1, "data": "y"},
        ],
        [
            {"type": "reasoning.summary", "index": 0, "summary": "ab"},
            {"type": "reasoning.encrypted", "index": 1, "data": "xy"},
        ],
    ),
    "other members are replaced": (
        [
            {**DETAIL, "text": "a", "signature": None, "format": "x"},
            {**DETAIL, "signature": "s", "format": None, "id": 1},
        ],
        [{**DETAIL, "text": "a", "signature": "s", "format": "x", "id": 1}],
    ),
    "another index is another detail": (
        [{**DETAIL, "text": "a"}, {**DETAIL, "index": 1, "text": "b"}],
        [{**DETAIL, "text": "a"}, {**DETAIL, "index": 1, "text": "b"}],
    ),
    "another type is another detail": (
        [{**DETAIL, "text": "a"}, {"type": "reasoning.summary", "index": 0}],
        [{**DETAIL, "text": "a"}, {"type": "reasoning.summary", "index": 0}],
    ),
    "without an index nothing is merged": (
        [{"type": "reasoning.text", "text": "a"}] * 2,
        [{"type": "reasoning.text", "text": "a"}] * 2,
    ),
    "text over null": (
        [{**DETAIL, "text": None}, {**DETAIL, "text": "a"}],
        [{**DETAIL, "text": "a"}],
    ),
}


@pytest.mark.parametrize(("pieces", "details"), MERGES.values(), ids=MERGES)
def test_reasoning_details(
    pieces: list[dict[str, object]], details: list[dict[str, object]]
) -> None:
    """Fragments of one detail share type and index, and are merged in place."""
    answer = answer_of(*[delta(reasoning_details=[piece]) for piece in pieces])

    assert answer.choices[0].reasoning_details == details


def test_reasoning_details_leave_the_pieces_alone() -> None:
    """What is folded is not changed by later pieces."""
    piece = {**DETAIL, "text": "a"}
    merged = ReasoningDetails()
    merged.add(piece)
    merged.add(piece)
    merged.settle()

    assert piece == {**DETAIL, "text": "a"}
    assert merged.details == [{**DETAIL, "text": "aa"}]


@pytest.mark.parametrize(
    "last",
    [
        [finish(), usage_chunk()],
        [finish(), envelope(choice(finish_reason="stop"), usage=USAGE)],
        [envelope(choice(finish_reason="stop"), usage=USAGE)],
        [finish(), envelope(choice(finish_reason=None), usage=USAGE)],
    ],
    ids=["empty choices", "repeated finish", "with the finish", "null after finish"],
)
def test_usage_in_every_shape(last: list[dict[str, object]]) -> None:
    """Usage counts wherever it comes; the finish reason outlives a null."""
    answer = answer_of(delta("a"), *last)

    assert answer.usage is not None
    assert answer.usage.total_tokens == 5
    assert len(answer.choices) == 1
    assert answer.choices[0].finish_reason == "stop"


def test_usage_with_every_chunk() -> None:
    """The last of many usages counts, and few of the events are kept."""
    chunks = [
        envelope(choice("a"), usage={"total_tokens": number}) for number in range(500)
    ]
    accumulator = folded(*chunks)

    assert accumulator.answer.usage is not None
    assert accumulator.answer.usage.total_tokens == 499
    assert len(accumulator.answer.text) == 500
    assert accumulator.answer.to_dict()["usage"] == {"total_tokens": 499}


def test_finish_reason_twice() -> None:
    """The last finish reason that is not null counts, and so does the native one."""
    answer = answer_of(
        delta("a"),
        finish("length"),
        delta("", finish_reason="stop", native_finish_reason=None),
        delta("b"),
    )

    [only] = answer.choices
    assert (only.finish_reason, only.native_finish_reason) == ("stop", "length")
    assert only.text == "ab"


def test_errors() -> None:
    """A chunk that reports an error is told apart, and the error folded when asked."""
    accumulator = CompletionAccumulator()
    error = {"code": 500}
    top = accumulator.decode(msgspec.json.encode({"error": error}))
    inside = accumulator.decode(msgspec.json.encode(delta(error=error)))
    untold = accumulator.decode(msgspec.json.encode(finish("error")))
    fine = accumulator.decode(msgspec.json.encode(delta("a", error=None)))

    chunks = (top, inside, untold, fine)
    assert [accumulator.add(each) for each in chunks] == [True, True, True, False]
    errors = [accumulator.fold_error(each) for each in chunks[1:3] + chunks[:1]]
    assert errors == [error, None, error]
    assert accumulator.answer.error == error
    assert accumulator.answer.choices[0].error == error


def test_answer_is_one_object() -> None:
    """Every look gives the same object, with the same choices."""
    accumulator = folded(delta("a"))
    first = accumulator.answer
    [only] = first.choices
    accumulator.add(accumulator.decode(msgspec.json.encode(delta("b"))))

    assert accumulator.answer is first
    assert first.choices == [only]
    assert only.text == "ab"


def test_chunk_shaped_like_chat() -> None:
    """Text and reasoning of a delta count as those of a text completion."""
    answer = answer_of(
        envelope({"index": 0, "delta": {"role": "assistant", "reasoning": "hm"}}),
        envelope({"index": 0, "delta": {"content": "a"}}),
        envelope({"delta": {"content": [{"type": "text", "text": "b"}]}}),
        envelope({"delta": {"content": [{"type": "image"}, "x"]}}),
        envelope({"delta": {"content": None}, "finish_reason": "stop"}),
    )

    [only] = answer.choices
    assert (only.text, only.reasoning, only.finish_reason) == ("ab", "hm", "stop")


def test_to_dict_has_unknown_members() -> None:
    """`to_dict()` gives the folded answer, and members that are not typed here."""
    answer = answer_of(
        envelope(choice("a"), citations=["x"], service_tier="flex"),
        delta("b"),
        finish(),
        envelope(usage={**USAGE, "new": 1}, openrouter_metadata={"a": 1}, last=True),
    )

    assert answer.openrouter_metadata == {"a": 1}
    assert answer.service_tier == "flex"
    everything = answer.to_dict()
    [only] = msgspec.convert(everything.pop("choices"), list[dict[str, object]])
    assert (only["text"], only["finish_reason"]) == ("ab", "stop")
    assert everything == {
        "id": "gen-1",
        "object": "chat.completion",
        "created": 1700000000,
        "model": "meta/base",
        "provider": "Upstream",
        "citations": ["x"],
        "service_tier": "flex",
        "usage": {**USAGE, "new": 1},
        "openrouter_metadata": {"a": 1},
        "last": True,
    }


def test_to_dict_of_an_empty_answer() -> None:
    """An answer that nothing was folded into has no members but its choices."""
    assert CompletionAccumulator().answer.to_dict() == {"choices": []}
