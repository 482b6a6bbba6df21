"""What a behaviour, a limit and a simulator refuse to be made of."""

from __future__ import annotations

import dataclasses
import math
import typing
from collections.abc import Callable

import pytest

from openrouter_async import testing
from openrouter_async.testing import (
    Behaviour,
    Chunks,
    Comments,
    Cut,
    Disconnect,
    ErrorEvent,
    Fail,
    FailInside,
    HtmlPage,
    InFlightLimit,
    JournalRecord,
    Malformed,
    Pad,
    RateLimit,
    RawEvents,
    Respond,
    Simulator,
    Slow,
    Stall,
    Text,
    WindowLimit,
)


def make(made: object) -> Callable[..., object]:
    """Forget what something is called with: types are what is tested."""
    return typing.cast("Callable[..., object]", made)


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (
            lambda: make(Cut)(how="x"),
            "Cut.how must be 'fin', 'reset' or 'clean', not 'x'",
        ),
        (
            lambda: make(Disconnect)("zz"),
            "Disconnect.how must be 'fin' or 'reset', not",
        ),
        (lambda: make(Stall)("zz"), "Stall.before must be 'head' or 'body', not 'zz'"),
        (
            lambda: make(FailInside)(at="zzz"),
            "FailInside.at must be 'body' or 'choice'",
        ),
        (
            lambda: Fail(42),
            "Fail.status must be a whole number from 200 to 599, not 42",
        ),
        (lambda: Respond(600), "Respond.status must be a whole number from 200 to 599"),
        (lambda: HtmlPage(0), "HtmlPage.status must be a whole number from 200 to 599"),
        (lambda: Fail(500, times=0), "Fail.times must be a whole number of at least 1"),
        (lambda: Fail(429, retry_after=-1), "Fail.retry_after must be a number of at"),
        (lambda: Cut(after_tokens=-1), "Cut.after_tokens must be a whole number of at"),
        (lambda: ErrorEvent(-1), "ErrorEvent.after_tokens must be a whole number of"),
        (
            lambda: RawEvents(b"", split=0),
            "RawEvents.split must be a whole number of at",
        ),
        (lambda: Slow(math.nan), "Slow.token_interval must be a number of at least 0,"),
        (
            lambda: Pad(3, math.inf),
            "Pad.interval must be a number of at least 0, not inf",
        ),
        (
            lambda: Comments(-1),
            "Comments.count must be a whole number of at least 0 or",
        ),
        (lambda: RateLimit(math.nan), "RateLimit.rate must be a number of at least 0,"),
        (
            lambda: RateLimit(5, burst=math.inf),
            "RateLimit.burst must be a number of at",
        ),
        (
            lambda: make(RateLimit)(5, retry_after="zz"),
            "RateLimit.retry_after must be 'seconds', 'exact', 'milliseconds' or None,",
        ),
        (
            lambda: make(WindowLimit)(1, 1, retry_after="zz"),
            "WindowLimit.retry_after must be 'seconds', 'exact', 'milliseconds' or",
        ),
        (
            lambda: WindowLimit(1, math.nan),
            "WindowLimit.seconds must be a number of at",
        ),
        (
            lambda: InFlightLimit(1, retry_after=-1),
            "InFlightLimit.retry_after must be a number of at least 0, not -1",
        ),
        (
            lambda: Simulator(latency=-1),
            "Simulator.latency must be a number of at least",
        ),
        (
            lambda: Simulator(comments=-1),
            "Simulator.comments must be a whole number of",
        ),
        (
            lambda: Simulator(port=65536),
            "Simulator.port must be a whole number from 0 to",
        ),
        (lambda: Simulator(events_per_write=0), "Simulator.events_per_write must be a"),
        (
            lambda: make(Simulator)(usage_shape="x"),
            "Simulator.usage_shape must be 'empty_choices' or 'repeated_finish', not",
        ),
        (
            lambda: Simulator(padding_interval=0),
            "Simulator.padding_interval must be above 0, or None",
        ),
        (lambda: Simulator(sentences=(3, 2)), "Simulator.sentences must be the fewest"),
    ],
    ids=lambda value: value.split(" ")[0] if isinstance(value, str) else "",
)
def test_a_value_out_of_range_is_refused(
    attempt: Callable[[], object], message: str
) -> None:
    """The message names the field and what it takes."""
    with pytest.raises(ValueError) as caught:  # noqa: PT011 -- compared below
        attempt()

    assert str(caught.value)[: len(message)] == message


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda: make(Text)(3), "Text.text must be a text, not 3"),
        (lambda: make(Fail)("503"), "Fail.status must be a whole number from 200 to"),
        (
            lambda: make(Fail)(True),
            "Fail.status must be a whole number from 200 to 599",
        ),
        (lambda: make(Fail)(500, times=1.5), "Fail.times must be a whole number of at"),
        (
            lambda: make(Fail)(500, headers={"Retry-After": 3}),
            "Fail.headers must be a mapping or a sequence, not {'Retry-After': 3}",
        ),
        (
            lambda: make(Fail)(500, metadata=[1]),
            "Fail.metadata must be a mapping or None, not [1]",
        ),
        (lambda: make(RawEvents)("data"), "RawEvents.data must be bytes, not 'data'"),
        (lambda: make(Malformed)("x"), "Malformed.body must be bytes, not 'x'"),
        (
            lambda: make(Chunks)("chunks"),
            "Chunks.chunks must be a sequence, not 'chunks'",
        ),
        (lambda: make(Chunks)([1]), "Chunks.chunks must be a sequence, not [1]"),
        (lambda: make(Chunks)([], done="no"), "Chunks.done must be True or False, not"),
        (
            lambda: make(Stall)(release=True),
            "Stall.release must be an Event or None, not",
        ),
        (lambda: make(RateLimit)("5"), "RateLimit.rate must be a number of at least 0"),
        (lambda: make(Simulator)(latency="1"), "Simulator.latency must be a number of"),
        (
            lambda: make(Simulator)(rate_limit=5),
            "Simulator.rate_limit must be a Limit,",
        ),
        (
            lambda: make(Simulator)(rate_limit=RateLimit),
            "Simulator.rate_limit must be a Limit, a sequence or None, not <class",
        ),
        (lambda: make(Simulator)(clock=1.0), "Simulator.clock must be a function, not"),
        (lambda: make(Simulator().script)(Fail), "script() takes behaviours, such as"),
        (lambda: make(Simulator().script)("x"), "script() takes behaviours, such as"),
        (
            lambda: make(Simulator().script)(Fail(500), when=True),
            "when must be a function, not True",
        ),
        (lambda: make(Simulator().answer_with)("x"), "answer_with() takes a function"),
    ],
    ids=lambda value: value.split(" ")[0] if isinstance(value, str) else "",
)
def test_a_value_of_another_type_is_refused(
    attempt: Callable[[], object], message: str
) -> None:
    """The message names the field and what it takes."""
    with pytest.raises(TypeError) as caught:
        attempt()

    assert str(caught.value)[: len(message)] == message


@pytest.mark.parametrize(
    "made",
    [
        Fail(429, retry_after="Wed, 21 Oct 2026 07:28:00 GMT"),
        Fail(502, code="server_error", metadata={"a": 1}, headers={"X-A": "b"}),
        Respond(204, None, [("X-A", "b"), ("X-A", "c")]),
        FailInside(-1),
        Pad(None, 0),
        Text("", "length", "thought", times=None),
        Chunks([{"choices": []}], done=False),
        Slow(0, latency=1),
        Cut(after_bytes=0, how="clean"),
    ],
    ids=lambda made: type(made).__name__,
)
def test_what_can_be_played_is_accepted(made: Behaviour) -> None:
    """A copy that is made of the same fields is equal."""
    fields: dict[str, object] = {
        field.name: getattr(made, field.name) for field in dataclasses.fields(made)
    }

    assert make(type(made))(**fields) == made


def test_a_behaviour_of_ones_own_may_have_fields_of_any_type() -> None:
    """Only the fields that this package plays are checked."""

    class Marked(Fail):
        if typing.TYPE_CHECKING:
            mark: object
        else:
            mark: NotThere  # noqa: F821 -- as where it is imported for checkers alone

    assert Marked(503).status == 503
    with pytest.raises(ValueError, match=r"Marked\.status"):
        Marked(42)


def test_limits_that_are_set_later_are_checked_as_well() -> None:
    """They stay what they were."""
    simulator = Simulator()
    with pytest.raises(TypeError, match="rate_limit must be"):
        simulator.rate_limit = typing.cast("RateLimit", 5)

    assert simulator.rate_limit is None


@pytest.mark.parametrize(
    "name",
    [name for name in testing.__all__ if isinstance(getattr(testing, name), type)],
)
def test_annotations_can_be_looked_up(name: str) -> None:
    """Tools that read them at run time find every name."""
    assert isinstance(typing.get_type_hints(getattr(testing, name)), dict)


def test_a_records_headers_have_a_type() -> None:
    """It is the one that the class is written with."""
    hints = typing.get_type_hints(JournalRecord)

    assert str(hints["headers"]) == "collections.abc.Mapping[str, str]"
