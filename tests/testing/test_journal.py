"""What the journal says about requests, and the statistics about all of them."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from openrouter_async.testing import (
    Cut,
    Fail,
    FailInside,
    Hang,
    RateLimit,
    Simulator,
    Stall,
    Statistics,
    Text,
)
from tests.testing.api import Api


async def test_a_record_holds_the_request(api: Api) -> None:
    """Method, path, headers, body and parameters are kept as they came."""
    await api.send(
        b'{"prompt": "Hi",  "n": 1}',
        url=f"{api.url}?a=b",
        headers={**api.headers, "X-Title": "Test"},
    )
    (record,) = api.simulator.journal

    assert record.number == 1
    assert record.method == "POST"
    assert record.path == "/api/v1/completions?a=b"
    assert record.headers["x-title"] == "Test"
    assert record.body == b'{"prompt": "Hi",  "n": 1}'
    assert record.params == {"prompt": "Hi", "n": 1}
    assert record.connection == 1
    assert record.status == 200
    assert record.outcome == "answered"
    assert record.behaviour is None
    assert record.tokens_sent > 5


async def test_a_record_cannot_be_changed(api: Api) -> None:
    """The journal says what happened."""
    await api.post()
    record = api.simulator.journal[0]
    with pytest.raises(AttributeError):
        # Both checkers see it as well, which is what the test is about.
        record.status = 500  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]


async def test_the_key_is_hidden(api: Api) -> None:
    """Of the authorization only the last four characters are kept."""
    await api.post()
    (record,) = api.simulator.journal

    assert record.headers["authorization"] == "...ator"
    assert api.simulator.api_key not in repr(record)


async def test_the_generation_id_is_the_answers(api: Api) -> None:
    """A record can be found by what the client knows."""
    reply = await api.post()

    assert api.simulator.journal[0].generation_id == reply.json["id"]


@pytest.mark.parametrize(
    "body", [b"", b"[1]", b"{", b"\xff", b"[" * 100_000], ids=lambda body: body[:3]
)
async def test_a_body_that_is_no_object(api: Api, body: bytes) -> None:
    """The bytes are kept, there are no parameters, and the request is rejected."""
    reply = await api.send(body)
    (record,) = api.simulator.journal

    assert reply.status == 400
    assert reply.error["message"] == "The body is not a JSON object"
    assert record.body == body
    assert record.params == {}
    assert record.outcome == "rejected"


async def test_times_are_the_clocks(api: Api) -> None:
    """Receipt and end of a request are on the simulator's clock."""
    times = iter(range(100))
    async with Simulator(clock=lambda: float(next(times))) as simulator:
        await Api(simulator, api.session).post()
        (record,) = simulator.journal

    assert record.finished_at is not None
    assert 0 < record.received_at < record.finished_at


async def test_connections_are_numbered(api: Api) -> None:
    """Requests over one connection have its number."""
    await api.post()
    await api.post()
    async with aiohttp.ClientSession() as session:
        await Api(api.simulator, session).post()

    assert [record.connection for record in api.simulator.journal] == [1, 1, 2]
    assert api.simulator.statistics().connections == 2


async def test_records_are_in_order_of_arrival(api: Api) -> None:
    """A request that ends late keeps its place."""
    api.simulator.script(Stall("head", release=(release := asyncio.Event())))
    late = asyncio.create_task(api.post("first"))
    await api.arrived()

    await api.post("second")
    before = [record.outcome for record in api.simulator.journal]
    release.set()
    await late
    records = api.simulator.journal

    assert before == ["in flight", "answered"]
    assert [record.params["prompt"] for record in records] == ["first", "second"]
    assert [record.outcome for record in records] == ["scripted:Stall", "answered"]


async def test_outcomes(api: Api) -> None:
    """Each way to end has a name."""
    simulator = api.simulator
    simulator.script(Text("a"))
    await api.post()
    simulator.rate_limit = RateLimit(0.001, burst=1)
    await api.post()
    await api.post()
    simulator.rate_limit = None
    await api.post(temperature=9)

    assert [record.outcome for record in simulator.journal] == [
        "scripted:Text",
        "answered",
        "refused",
        "rejected",
    ]
    assert simulator.journal[0].behaviour == "Text"


async def test_a_client_that_leaves_ends_the_work(api: Api) -> None:
    """After a disconnect no more tokens are made, and the journal says so."""
    async with Simulator(token_interval=0.002, sentences=(99, 99)) as simulator:
        leaving = Api(simulator, api.session)
        async with leaving.open(stream=True) as response:
            await response.content.readexactly(500)

        await simulator.wait_idle()
        (record,) = simulator.journal

    assert (record.status, record.outcome) == (200, "disconnected")
    assert 1 <= record.tokens_sent < 100


async def test_a_client_that_leaves_during_its_upload(api: Api) -> None:
    """A request that never came whole is in the journal."""
    _, writer = await api.connect()
    writer.write(
        b"POST /api/v1/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{"
    )
    for _ in range(2000):
        await asyncio.sleep(0.001)
        if api.simulator.journal:
            break

    writer.close()
    await writer.wait_closed()
    await api.simulator.wait_idle()
    (record,) = api.simulator.journal

    assert (record.outcome, record.body) == ("disconnected", b"")


async def test_statistics(api: Api) -> None:
    """Every request is counted once, by how it ended."""
    simulator = api.simulator
    simulator.script(Fail(500), FailInside(502), Cut(how="clean"), Text("a b"))
    for _ in range(4):
        await api.post()

    simulator.rate_limit = RateLimit(0.001, burst=2)
    await api.post(max_tokens=3)
    simulator.script(Hang())
    hanging = asyncio.create_task(api.post())
    await api.arrived()

    await api.post()
    statistics = simulator.statistics()
    hanging.cancel()
    await simulator.wait_idle()

    assert statistics == Statistics(
        requests=7,
        answered=2,
        refused=1,
        failed=3,
        in_flight=1,
        peak_in_flight=2,
        connections=2,
        tokens_sent=5,
    )
    assert simulator.statistics().failed == 4


@pytest.mark.parametrize(
    ("size", "kept"), [(0, []), (2, [4, 5]), (None, [1, 2, 3, 4, 5])]
)
async def test_the_size_of_the_journal(
    api: Api, size: int | None, kept: list[int]
) -> None:
    """The latest records are kept; all requests are counted."""
    async with Simulator(journal_size=size) as simulator:
        for _ in range(5):
            await Api(simulator, api.session).post()

        numbers = [record.number for record in simulator.journal]
        statistics = simulator.statistics()

    assert numbers == kept
    assert statistics.answered == 5


async def test_reset_forgets(api: Api) -> None:
    """Scripts, records, counts and the answer function are gone."""
    simulator = api.simulator
    usual = (await api.post()).text
    simulator.answer_with(lambda _params: "mine")
    script = simulator.script(Fail(500, times=None))
    simulator.script(Fail(500), when=lambda request: request.number > 9)
    await api.post()
    simulator.reset()

    assert simulator.journal == []
    assert simulator.statistics().requests == 0
    assert script.finished
    assert (await api.post()).text == usual


async def test_reset_keeps_requests_in_flight(api: Api) -> None:
    """What is being answered is still counted when it ends."""
    api.simulator.script(Stall("head", release=(release := asyncio.Event())))
    answer = asyncio.create_task(api.post())
    await api.arrived()

    api.simulator.reset()
    during = api.simulator.statistics()
    release.set()
    await answer

    assert (during.requests, during.in_flight, during.peak_in_flight) == (1, 1, 1)
    assert api.simulator.statistics().answered == 1
    assert len(api.simulator.journal) == 1
