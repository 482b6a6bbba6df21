from __future__ import annotations

import contextlib

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openrouter_async import ChatCompletion, ResponseDecodeError
from openrouter_async.resources.messages import checked_messages
from openrouter_async.streaming.chat_events import ChatEvents
from openrouter_async.streaming.chat_pieces import ChatAccumulator
from openrouter_async.transport.codec import decode_json, encode_body
from tests.chatting import Members, piece, whole
from tests.streams import envelope

SCALARS: st.SearchStrategy[object] = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=3)
)
ANYTHING: st.SearchStrategy[object] = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    *("type", "text", "index", "id", "function", "name", "arguments"),
                    *("url", "image_url", "data", "content", "signature", "own"),
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
MESSAGES: st.SearchStrategy[dict[str, object]] = st.dictionaries(
    st.sampled_from(
        [
            *("role", "content", "refusal", "reasoning", "reasoning_details"),
            *("tool_calls", "images", "audio", "annotations", "own"),
        ]
    ),
    ANYTHING,
)
CHOICES: st.SearchStrategy[dict[str, object]] = st.dictionaries(
    st.sampled_from(["finish_reason", "native_finish_reason", "logprobs", "index"]),
    ANYTHING,
)
HARD = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


def look(answer: ChatCompletion) -> None:
    """Look at all that an answer has, and send its messages again."""
    _ = (answer.text, answer.tool_calls, answer.has_content, repr(answer))
    _ = (answer.to_dict(), answer.finish_reason)
    for choice in answer.choices:
        _ = choice.message.tool_calls
        encode_body({"messages": checked_messages([choice.message])})


@given(message=MESSAGES, choice=CHOICES)
@HARD
def test_any_answer(message: Members, choice: Members) -> None:
    """1.4: whatever stands where, an answer can be read and replayed."""
    body = whole()
    body["choices"] = [{"index": 0, "message": message, **choice}]

    answer = decode_json(msgspec.json.encode(body), ChatCompletion)

    look(answer)
    assert answer.id == "gen-1"


@given(chunks=st.lists(st.tuples(MESSAGES, CHOICES), min_size=1, max_size=6))
@HARD
def test_any_chunks(chunks: list[tuple[Members, Members]]) -> None:
    """1.5: whatever stands where, chunks can be folded, told and replayed."""
    accumulator = ChatAccumulator(ChatCompletion())
    happening = ChatEvents()
    told: list[str] = []
    for delta, choice in chunks:
        wire = msgspec.json.encode(envelope({**piece(delta), **choice}))
        chunk = accumulator.decode(wire)
        accumulator.add(chunk)
        happening.add(chunk)
        told += [event.type for event in happening.due()]
        look(accumulator.answer)

    happening.end()
    told += [event.type for event in happening.due()]
    assert told.count("tool_call_started") == told.count("tool_call_finished")
    calls = [len(choice.message.tool_calls) for choice in accumulator.answer.choices]
    assert told.count("tool_call_started") == sum(calls)


@given(body=ANYTHING)
@HARD
def test_any_json(body: object) -> None:
    """1.6: JSON of any shape is an answer, or none; nothing else is raised."""
    with contextlib.suppress(ResponseDecodeError):
        look(decode_json(msgspec.json.encode(body), ChatCompletion))
