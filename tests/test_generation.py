from __future__ import annotations

import asyncio
from itertools import repeat
from typing import cast

import msgspec
import pytest

from openrouter_async import (
    APIConnectionError,
    APIError,
    APITimeoutError,
    ConfigError,
    NotFoundError,
    ServerError,
    Timeout,
)
from openrouter_async.resources import generation
from openrouter_async.resources.options import CallOptions
from openrouter_async.types import Record, ResponseMeta
from tests.operations import AT_ONCE, got, ok, served
from tests.scripted import (
    Hang,
    ReadBody,
    ReadHead,
    Reset,
    Send,
    exchange,
    http_response,
)

MISSING = http_response(404, body={"error": {"code": 404, "message": "not found"}})
RECORD: dict[str, object] = {
    "id": "gen-1",
    "model": "openai/gpt-4o",
    "provider_name": "Azure",
    "provider_responses": [{"provider_name": "Azure", "status": 200}],
    "total_cost": 0.00125,
    "native_tokens_prompt": 10,
    "native_tokens_completion": 25,
    "native_tokens_cached": None,
    "streamed": True,
    "cancelled": False,
    "latency": 480,
    "new": "member",
}


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let the time pass at once, and return the waits."""
    waits: list[float] = []
    loop_time = asyncio.BaseEventLoop.time

    def later(loop: asyncio.BaseEventLoop) -> float:
        return loop_time(loop) + sum(waits)

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr(asyncio.BaseEventLoop, "time", later)
    monkeypatch.setattr(generation, "sleep", sleep)
    return waits


async def test_get() -> None:
    """The record of a generation, unknown members included."""
    async with served(got(ok(data=RECORD))) as (server, client):
        record = await client.generation.get("gen-1 &?")

    assert server.requests[0].path == "/api/v1/generation?id=gen-1%20%26%3F"
    assert (record.total_cost, record.native_tokens_completion) == (0.00125, 25)
    assert record.provider_responses == [{"provider_name": "Azure", "status": 200}]
    assert record.latency == 480.0
    assert record.to_dict() == RECORD


async def test_record_that_is_not_written_yet(waits: list[float]) -> None:
    """It is asked for again, at growing distances."""
    async with served(got(*[MISSING] * 8, ok(data=RECORD))) as (_, client):
        record = await client.generation.get("gen-1")

    assert record.id == "gen-1"
    assert waits[:3] == [0.5, 0.75, 1.125]
    assert max(waits) == 5.0


async def test_record_that_never_comes(waits: list[float]) -> None:
    """The patience bounds the waits, and the error counts all looks."""
    async with served(got(*repeat(MISSING, 40))) as (server, client):
        with pytest.raises(NotFoundError) as caught:
            await client.generation.get("gen-1", patience=10)

    assert 5 < sum(waits) <= 10
    assert caught.value.attempts == len(server.requests) == len(waits) + 1
    assert caught.value.elapsed >= sum(waits)
    assert "still being written" in str(caught.value)


async def test_history_of_all_looks(waits: list[float]) -> None:
    """Looks are told of as attempts of one call, those that faults cost included."""
    broken = http_response(500, body={"error": {"code": 500, "message": "no"}})
    script = got(broken, MISSING, MISSING, broken, ok(data=RECORD))
    async with served(script) as (_, client):
        meta = (await client.generation.get("gen-1")).meta

    assert meta.attempts == 5
    assert [each.status for each in meta.history] == [500, 404, 404, 500]
    assert [each.error for each in meta.history][1:3] == ["NotFoundError"] * 2
    assert [each.waited for each in meta.history] == [0.0, 0.5, 0.75, 0.0]
    assert sorted(each.at for each in meta.history) == [
        each.at for each in meta.history
    ]
    assert meta.history[3].at >= sum(waits)
    assert meta.elapsed >= sum(waits)


@pytest.mark.parametrize("last", [MISSING, http_response(403, body={})])
async def test_history_of_an_error(waits: list[float], last: bytes) -> None:
    """An error knows the looks before it, whatever it is."""
    async with served(got(MISSING, MISSING, last)) as (_, client):
        with pytest.raises(APIError) as caught:
            await client.generation.get("gen-1", patience=1.5)

    assert caught.value.attempts == 3
    assert [each.status for each in caught.value.history] == [404, 404]
    assert caught.value.elapsed >= sum(waits) == 1.25


PAGES = {
    "HTML": b"<html><title>404 Not Found</title></html>",
    "JSON of others": b'{"detail":"Not Found"}',
    "nothing": b"",
}


@pytest.mark.parametrize("page", PAGES.values(), ids=list(PAGES))
async def test_page_that_is_not_there(waits: list[float], page: bytes) -> None:
    """A 404 that is not the API's own is final: no record is on its way."""
    async with served(got(http_response(404, body=page))) as (server, client):
        with pytest.raises(NotFoundError, match="Check base_url"):
            await client.generation.get("gen-1")

    assert (waits, len(server.requests)) == ([], 1)


async def test_no_patience(waits: list[float]) -> None:
    """One look is enough then."""
    async with served(got(MISSING)) as (_, client):
        with pytest.raises(NotFoundError):
            await client.generation.get("gen-1", patience=0)

    assert waits == []


TOTALS: dict[str, tuple[Timeout, CallOptions]] = {
    "a number": (Timeout(), {"timeout": 2}),
    "timers": (Timeout(), {"timeout": Timeout(total=2)}),
    "those of the client": (Timeout(total=2), {}),
}


@pytest.mark.parametrize(("own", "options"), TOTALS.values(), ids=list(TOTALS))
async def test_total_time_bounds_all_looks(
    own: Timeout, options: CallOptions, waits: list[float]
) -> None:
    """No wait begins that would outlast it, whatever the patience is."""
    async with served(got(*repeat(MISSING, 9)), timeout=own) as (server, client):
        with pytest.raises(NotFoundError, match="look: 2 s") as told:
            await client.generation.get("gen-1", patience=60, **options)

    assert waits == [0.5, 0.75]
    assert told.value.attempts == len(server.requests) == 3
    assert "There is no time for another look" in str(told.value)
    assert "still being written" in str(told.value)


async def test_total_time_that_runs_out_in_a_look(waits: list[float]) -> None:
    """The look has what the others left, and the error tells the whole."""
    script = [*got(MISSING), ReadHead(), Hang()]
    async with served(script) as (_, client):
        with pytest.raises(APITimeoutError, match=r"no record within 0\.6 s") as told:
            await client.generation.get("gen-1", timeout=0.6)

    assert waits == [0.5]
    assert (told.value.phase, told.value.attempts) == ("total", 2)
    assert 0.6 <= told.value.elapsed < 3
    assert [each.status for each in told.value.history] == [404]


async def test_no_timers() -> None:
    """They do not bound the looks."""
    async with served(got(ok(data=RECORD))) as (_, client):
        assert (await client.generation.get("gen-1", timeout=None)).id == "gen-1"


async def test_other_errors_are_not_waited_out(waits: list[float]) -> None:
    """Only a record that is missing is; faults follow the retry policy."""
    broken = http_response(500, body={"error": {"code": 500, "message": "no"}})
    async with served(got(MISSING, *[broken] * 3)) as (server, client):
        with pytest.raises(ServerError):
            await client.generation.get("gen-1")

    assert waits == [0.5]
    assert len(server.requests) == 4


@pytest.mark.parametrize("patience", [-1, float("nan"), "30", None, True])
async def test_bad_patience(patience: float) -> None:
    """It is refused."""
    async with served() as (_, client):
        with pytest.raises(ConfigError, match="patience"):
            await client.generation.get("gen-1", patience=patience)


async def test_what_names_a_generation() -> None:
    """An answer and an error are as good as the id."""
    answer = Record(meta=ResponseMeta(generation_id="gen-2"))
    error = APIConnectionError("lost", generation_id="gen-3")
    async with served(got(*[ok(data=RECORD)] * 3)) as (server, client):
        await client.generation.get(answer)
        await client.generation.get(error)
        await client.generation.content(answer)

    assert [each.path.partition("id=")[2] for each in server.requests] == [
        "gen-2",
        "gen-3",
        "gen-2",
    ]


NO_IDS: dict[str, tuple[object, str]] = {
    "nothing": ("", "id is empty: pass an answer"),
    "a number": (1, "id is of type int: pass an answer"),
    "None": (None, "id is None: the server named no generation"),
    "an answer": (Record(), "the id of this Record is None: the server named no"),
    "an error": (
        APIConnectionError("lost"),
        "the id of this APIConnectionError is None: the server named no",
    ),
}


@pytest.mark.parametrize(("given", "told"), NO_IDS.values(), ids=list(NO_IDS))
async def test_bad_id(given: object, told: str) -> None:
    """It is refused before anything is sent, and the message says what to pass."""
    id = cast("str", given)
    async with served() as (_, client):
        with pytest.raises(ConfigError, match=told):
            await client.generation.get(id)

        with pytest.raises(ConfigError, match=told):
            await client.generation.content(id)

        with pytest.raises(ConfigError, match=told):
            await client.generation.feedback(id, category="billing")


async def test_content() -> None:
    """What was asked and answered."""
    data = {
        "input": {"messages": [{"role": "user", "content": "Hi"}]},
        "output": {"completion": "Hello", "reasoning": None},
        "error": None,
    }
    async with served(got(ok(data=data))) as (server, client):
        content = await client.generation.content("gen-1")

    assert server.requests[0].path == "/api/v1/generation/content?id=gen-1"
    assert content.input == data["input"]
    assert content.output is not None
    assert (content.output.completion, content.output.reasoning) == ("Hello", None)
    assert content.error is None


async def test_content_with_an_error() -> None:
    """The error of a generation is a member of its record."""
    data = {"output": None, "error": {"message": "busy", "status": 429}}
    async with served(got(ok(data=data))) as (_, client):
        content = await client.generation.content("gen-1")

    assert content.error == {"message": "busy", "status": 429}


async def test_feedback() -> None:
    """It is sent as the API takes it."""
    answers = [*exchange(ok(data={"success": True}))] * 2
    async with served(answers) as (server, client):
        await client.generation.feedback("gen-1", category="latency")
        await client.generation.feedback("gen-1", category="other", comment="odd")

    assert [msgspec.json.decode(each.body) for each in server.requests] == [
        {"generation_id": "gen-1", "category": "latency"},
        {"generation_id": "gen-1", "category": "other", "comment": "odd"},
    ]
    assert server.requests[0].path == "/api/v1/generation/feedback"


async def test_feedback_is_given_once() -> None:
    """It is not repeated where it may have been taken, unless a policy says so."""
    lost = [ReadHead(), ReadBody(), Reset()]
    async with served(lost, lost, [ReadHead(), ReadBody(), Send(ok())]) as (
        server,
        client,
    ):
        with pytest.raises(APIConnectionError):
            await client.generation.feedback("gen-1", category="billing")

        assert len(server.requests) == 1
        await client.generation.feedback("gen-1", category="billing", retry=AT_ONCE)

    assert len(server.requests) == 3
