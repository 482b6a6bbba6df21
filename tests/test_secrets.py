"""The key shows nowhere: not in texts, logs, errors, pickles or tracebacks."""

from __future__ import annotations

import asyncio
import gc
import io
import logging
import pickle
import traceback
from collections.abc import Awaitable, Callable, Iterator

import pytest

import openrouter_async
from openrouter_async import OpenRouter, OpenRouterError, Timeout
from openrouter_async.types.lenient import is_array, is_object
from tests.calling import answer, ask, fail, in_turn, record_waits, refusal
from tests.scripted import (
    Fin,
    Hang,
    ReadBody,
    ReadHead,
    Reset,
    ScriptedServer,
    Send,
    Step,
    events,
    exchange,
    http_response,
)
from tests.streams import begun, delta

CANARY = "sk-or-v1-canary-7f3a9c51e2d84b60"
QUOTED = f"bad header Authorization: Bearer {CANARY}"


@pytest.fixture(autouse=True)
def logs(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> Iterator[None]:
    """Search everything that is logged, by anybody, at any level."""
    record_waits(monkeypatch)
    caplog.set_level(logging.DEBUG)
    yield
    assert CANARY not in caplog.text
    assert CANARY not in repr([vars(record) for record in caplog.records])


def reachable(root: object) -> Iterator[object]:
    """Walk over all that an error holds, as tools that report errors do."""
    seen: set[int] = set()
    queue = [root]
    while queue:
        found = queue.pop()
        if id(found) in seen or len(seen) > 20_000:
            continue

        seen.add(id(found))
        yield found
        queue.extend(_held(found))


def _held(found: object) -> list[object]:
    if isinstance(found, BaseException):
        return [found.__cause__, found.__context__, found.args, vars(found)]

    if is_object(found):
        return [*found.keys(), *found.values()]

    if is_array(found):
        return list(found)

    if isinstance(found, str | bytes | int | float | type(None) | type):
        return []

    slots = [name for kind in type(found).__mro__ for name in _slots(kind)]
    members = [getattr(found, name, None) for name in slots]
    return [*members, *getattr(found, "__dict__", {}).values()]


def _slots(kind: type) -> list[str]:
    slots: str | tuple[str, ...] = getattr(kind, "__slots__", ())
    return [slots] if isinstance(slots, str) else list(slots)


def check(error: BaseException) -> None:
    """Fail where the key is in an error, or can be reached from it."""
    shown = [repr(error), str(error), repr(vars(error)), repr(error.args)]
    assert [text for text in shown if CANARY in text] == []
    texts = [each for each in reachable(error) if isinstance(each, str | bytes)]
    assert [each for each in texts if _holds(each)] == []
    assert CANARY.encode() not in pickle.dumps(error)


def _holds(text: str | bytes) -> bool:
    return CANARY in text if isinstance(text, str) else CANARY.encode() in text


def check_locals(error: BaseException) -> None:
    """Fail where a traceback that shows the locals of its frames shows the key."""
    summary = traceback.TracebackException.from_exception(error, capture_locals=True)
    frames = [
        frame
        for each in (summary, summary.__cause__, summary.__context__)
        if each is not None
        for frame in each.stack
        if frame.filename != __file__  # where the key comes from
    ]
    house = str(openrouter_async.__path__[0])
    assert [frame for frame in frames if frame.filename.startswith(house)]
    assert [frame for frame in frames if CANARY in repr(frame.locals)] == []


FAILURES: dict[str, list[Step]] = {
    "refused": exchange(refusal(400)),
    "unauthorized": exchange(refusal(401)),
    "unavailable": exchange(refusal(503)),
    "redirect": exchange(http_response(302, {"location": "/"})),
    "closed": [ReadHead(), ReadBody(), Fin()],
    "reset": [ReadHead(), ReadBody(), Reset()],
    "not HTTP": [ReadHead(), ReadBody(), Send(b"THIS IS NOT HTTP\r\n\r\n")],
    "cut": [ReadHead(), ReadBody(), Send(answer()[:-9]), Fin()],
    "empty": exchange(http_response()),
    "not JSON": exchange(http_response(200, None, b"<html>")),
    "inside a 200": exchange(http_response(body={"error": {"message": "no"}})),
    "silent": [ReadHead(), ReadBody(), Hang()],
}


@pytest.mark.parametrize("steps", FAILURES.values(), ids=FAILURES.keys())
@pytest.mark.parametrize("way", ["fixed", "callable"])
async def test_failures(steps: list[Step], way: str) -> None:
    """No failure holds the key, leads to it, or shows it in a traceback."""

    async def give() -> str:
        return CANARY

    async with (
        ScriptedServer([steps] * 2) as server,
        OpenRouter(
            CANARY if way == "fixed" else give,
            base_url=server.url,
            retry=1,
            timeout=Timeout(first_event=0.02),
        ) as client,
    ):
        error = await fail(client)

    check(error)
    check_locals(error)


async def call(client: OpenRouter) -> None:
    """Make a call that is answered in one piece."""
    await ask(client)


async def stream(client: OpenRouter) -> None:
    """Wait for the head of a stream."""
    await client.completions.stream(prompt="x").open()


async def read(client: OpenRouter) -> None:
    """Wait for the next chunk of a stream."""
    async for _ in client.completions.stream(prompt="x"):
        pass


@pytest.mark.parametrize("way", [call, stream, read])
async def test_cancellation(way: Callable[[OpenRouter], Awaitable[None]]) -> None:
    """What the caller's own timeout is made of does not lead to the key either."""
    silent: list[Step] = [ReadHead(), ReadBody(), Hang()]
    if way is read:
        silent = [*begun(events(delta("a"))), Hang()]

    async with (
        ScriptedServer([silent]) as server,
        OpenRouter(CANARY, base_url=server.url) as client,
    ):
        with pytest.raises(TimeoutError) as caught:
            async with asyncio.timeout(0.1):
                await way(client)

    check_locals(caught.value)


async def test_refused_connection() -> None:
    """A server that is not there does not bring the key out either."""
    async with OpenRouter(CANARY, base_url="http://127.0.0.1:1", retry=1) as client:
        error = await fail(client)

    check(error)
    check_locals(error)


ECHOES: dict[str, list[Step]] = {
    "message": exchange(refusal(401, message=QUOTED)),
    "metadata": exchange(refusal(400, metadata={"raw": {"headers": [QUOTED]}})),
    "page": exchange(http_response(502, None, f"<p>{QUOTED}</p>".encode())),
    "page with a 200": exchange(http_response(200, None, f"<p>{QUOTED}".encode())),
    "inside a 200": exchange(http_response(body={"error": {"message": QUOTED}})),
    "in a choice": exchange(
        http_response(body={"choices": [{"text": QUOTED, "finish_reason": "error"}]})
    ),
    "redirect": exchange(http_response(302, {"location": f"/?key={CANARY}"})),
    "path of a redirect": exchange(http_response(302, {"location": f"/{CANARY}"})),
    "provider": exchange(refusal(502, {"x-provider-name": CANARY})),
    "generation id": exchange(refusal(502, {"x-generation-id": CANARY})),
    "not HTTP": [ReadHead(), ReadBody(), Send(f"{QUOTED}\r\n\r\n".encode())],
    "bad header": [
        ReadHead(), ReadBody(),
        Send(f"HTTP/1.1 200 OK\r\nx: \0{CANARY}\r\n\r\n".encode()),
    ],
    "reason": [
        ReadHead(), ReadBody(),
        Send(f"HTTP/1.1 500 {CANARY}\r\ncontent-length: 0\r\n\r\n".encode()),
    ],
}  # fmt: skip


@pytest.mark.parametrize("steps", ECHOES.values(), ids=ECHOES.keys())
async def test_server_that_quotes_the_request(steps: list[Step]) -> None:
    """A server that sends the key back does not bring it into the error."""
    async with (
        ScriptedServer([steps] * 3) as server,
        OpenRouter(CANARY, base_url=server.url, retry=1) as client,
    ):
        check(await fail(client))


async def test_answer_is_left_alone() -> None:
    """What a model wrote is the caller's, whatever it is."""
    async with (
        ScriptedServer([exchange(answer(CANARY))]) as server,
        OpenRouter(CANARY, base_url=server.url) as client,
    ):
        assert (await ask(client)).text == CANARY


async def test_library_objects() -> None:
    """No object of the library shows the key when it is printed."""
    async with (
        ScriptedServer([in_turn(answer(), refusal(400))]) as server,
        OpenRouter(CANARY, base_url=server.url) as client,
    ):
        done = await ask(client)
        error = await fail(client)
        gc.collect()
        everything: list[object] = gc.get_objects()
        ours = [each for each in everything if _is_ours(type(each))]
        shown = [text for each in ours for text in (repr(each), str(each))]

    assert len(ours) > 10
    assert [text for text in shown if CANARY in text] == []
    assert CANARY not in repr((done, error))


def _is_ours(kind: type) -> bool:
    module: object = getattr(kind, "__module__", None)
    return isinstance(module, str) and module.startswith("openrouter_async")


def test_client_shows_only_the_end() -> None:
    """What a client prints is enough to tell one key from another, and no more."""
    client = OpenRouter(CANARY)

    assert f"{client!r} {client} {client.completions!r}".count(CANARY[-4:]) == 2
    assert CANARY not in f"{client!r} {client} {client.completions!r}"


async def test_key_that_cannot_be_sent() -> None:
    """A key that is refused is not shown, although it is what is wrong."""

    async def give() -> str:
        return f"{CANARY}\n"

    async with OpenRouter(give) as client:
        with pytest.raises(OpenRouterError) as caught:
            await ask(client)

    check(caught.value)
    check_locals(caught.value)


def test_printed_traceback() -> None:
    """A traceback of a constructor that refused its key does not print it."""
    printed = io.StringIO()
    try:
        OpenRouter(f"{CANARY}\n")
    except OpenRouterError as error:
        check(error)
        traceback.print_exception(error, file=printed)

    assert "OPENROUTER" not in printed.getvalue()
    assert CANARY not in printed.getvalue()
