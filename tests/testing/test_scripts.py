"""Which request meets which behaviour."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from openrouter_async.testing import (
    Behaviour,
    Cut,
    ErrorEvent,
    Fail,
    FailInside,
    JournalRecord,
    Malformed,
    NoDone,
    Pad,
    Stall,
    Text,
)
from tests.testing.api import Api

COMMENT = b": OPENROUTER PROCESSING\n\n"
STREAMED = pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])


async def test_a_script_is_met_in_order(api: Api) -> None:
    """One behaviour each, as often as it says, and then the usual answers."""
    api.simulator.script(Fail(500), Fail(429, times=2), Text("fine"))
    replies = [await api.post() for _ in range(5)]

    assert [reply.status for reply in replies] == [500, 429, 429, 200, 200]
    assert replies[3].text == "fine"
    assert replies[4].text != "fine"


async def test_a_behaviour_can_last(api: Api) -> None:
    """`times=None` is met by all requests until the script is cancelled."""
    script = api.simulator.script(Fail(503, times=None), Text("never"))
    statuses = [(await api.post()).status for _ in range(5)]
    finished = [script.finished]
    script.cancel()
    finished.append(script.finished)

    assert statuses == [503] * 5
    assert finished == [False, True]
    assert (await api.post()).status == 200


async def test_scripts_follow_each_other(api: Api) -> None:
    """A script waits for the one before it."""
    api.simulator.script(Text("one"))
    api.simulator.script(Text("two"))

    assert [(await api.post()).text for _ in range(2)] == ["one", "two"]


async def test_scripts_for_some_requests(api: Api) -> None:
    """A predicate picks the requests, before scripts that are for all."""

    def wants_model(request: JournalRecord) -> bool:
        return request.params.get("model") == "bad/model"

    api.simulator.script(Text("for all", times=None))
    api.simulator.script(Fail(404), when=wants_model)

    assert (await api.post(model="good/model")).text == "for all"
    assert (await api.post(model="bad/model")).status == 404
    assert (await api.post(model="bad/model")).text == "for all"


async def test_a_predicate_that_raises_is_reported(api: Api) -> None:
    """The client gets 500 with what was raised."""

    def fail(request: JournalRecord) -> bool:
        return bool(request.params["nothing"])

    api.simulator.script(Fail(404), when=fail)

    assert (await api.post()).error["message"] == "KeyError: 'nothing'"


@pytest.mark.parametrize("times", [0, -1])
def test_times_has_a_lower_bound(times: int) -> None:
    """A behaviour is met at least once."""
    with pytest.raises(ValueError, match="at least 1"):
        Fail(500, times=times)


async def test_behaviours_are_this_packages(api: Api) -> None:
    """What cannot be played is reported to the client."""
    api.simulator.script(Behaviour())
    reply = await api.post()

    assert reply.status == 500
    assert reply.error["message"].startswith("TypeError: unknown behaviour")


@pytest.mark.parametrize(
    "behaviour",
    [Cut, ErrorEvent, FailInside, Malformed, NoDone, Pad, Stall, lambda: Text("a")],
)
async def test_a_wrong_request_is_wrong_in_a_script_as_well(
    api: Api, behaviour: Callable[[], Behaviour]
) -> None:
    """What is done to an answer needs a valid request."""
    api.simulator.script(behaviour())
    assert (await api.post(temperature=9)).status == 400
    api.simulator.script(behaviour())
    assert (await api.post(n=2, best_of=1)).status == 400
