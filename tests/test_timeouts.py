"""The five timers through the public API, and cancellations that are not ours."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest

from openrouter_async import (
    APITimeoutError,
    OpenRouter,
    PoolLimits,
    Timeout,
)
from tests.calling import (
    COMPLETION,
    KEY,
    answer,
    ask,
    client_of,
    fail,
    not_caught,
    record_waits,
    request_arrived,
)
from tests.scripted import (
    Drip,
    Hang,
    Pause,
    ReadBody,
    ReadHead,
    ScriptedServer,
    Send,
    Step,
    Wait,
    chunk,
    exchange,
    http_response,
)

SHORT = 0.02  # seconds: long enough for a loopback, short enough for a test
SILENT: list[Step] = [ReadHead(), ReadBody(), Hang()]
HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


async def late(server: ScriptedServer, timeout: Timeout) -> APITimeoutError:
    """Ask without retries, and return the timer's error there must be."""
    async with client_of(server, retry=0, timeout=timeout) as client:
        error = await fail(client)

    assert isinstance(error, APITimeoutError)
    return error


async def test_head_that_never_comes() -> None:
    """Without any answer the timer of the first event ends the attempt."""
    async with ScriptedServer([SILENT]) as server:
        error = await late(server, Timeout(first_event=SHORT))
        await server.connections[0].client_closed.wait()

    assert (error.phase, error.kind, error.maybe_billed) == (
        "first_event", "ambiguous", True
    )  # fmt: skip
    assert str(error) == "no data arrived within 0.02 s (Timeout.first_event)"
    assert isinstance(error, TimeoutError)


async def test_head_that_drips() -> None:
    """Single bytes of a head are no answer."""
    steps: list[Step] = [ReadHead(), ReadBody(), Drip(answer(), 1, 0.005)]
    async with ScriptedServer([steps]) as server:
        error = await late(server, Timeout(first_event=SHORT, transport_idle=0.5))

    assert error.phase == "first_event"


async def test_padding_without_end() -> None:
    """White space is no answer, and does not keep the call alive."""
    padding = [Send(chunk(b" ")), Pause(0.002)] * 500
    steps: list[Step] = [ReadHead(), ReadBody(), Send(HEAD), *padding]
    async with ScriptedServer([steps]) as server:
        error = await late(server, Timeout(first_event=SHORT, transport_idle=0.5))

    assert (error.phase, error.status) == ("first_event", 200)


async def test_body_that_stalls() -> None:
    """Once the answer has begun every byte has to come in time."""
    steps: list[Step] = [ReadHead(), ReadBody(), Send(answer()[:-9]), Hang()]
    async with ScriptedServer([steps]) as server:
        error = await late(server, Timeout(first_event=0.2, transport_idle=SHORT))

    assert error.phase == "transport_idle"


async def test_padding_keeps_the_transport_alive() -> None:
    """White space does show that the connection lives."""
    padding = [Send(chunk(b" ")), Pause(0.002)] * 30
    body = [Send(chunk(COMPLETION) + chunk(b""))]
    steps: list[Step] = [ReadHead(), ReadBody(), Send(HEAD), *padding, *body]
    async with (
        ScriptedServer([steps]) as server,
        client_of(server, timeout=Timeout(transport_idle=0.05)) as client,
    ):
        assert (await ask(client)).text == "Hi"


@pytest.fixture
async def full_backlog() -> AsyncIterator[str]:
    """Give the URL of a server that accepts nobody: its backlog is full."""
    loop = asyncio.get_running_loop()
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        waiting: list[socket.socket] = []
        connects: list[asyncio.Task[None]] = []
        for _ in range(4):
            client = socket.socket()
            client.setblocking(False)
            waiting.append(client)
            connects.append(asyncio.create_task(loop.sock_connect(client, address)))

        await asyncio.sleep(0.005)
        yield f"http://127.0.0.1:{address[1]}"
        for connect in connects:
            connect.cancel()

        await asyncio.gather(*connects, return_exceptions=True)
        for client in waiting:
            client.close()


async def test_connect(full_backlog: str) -> None:
    """A connection that is not made in time was never sent on."""
    timeout = Timeout(connect=SHORT)
    async with OpenRouter(KEY, base_url=full_backlog, timeout=timeout) as client:
        with pytest.raises(APITimeoutError) as caught:
            await client.completions.create(model="m", prompt="p", retry=0)

    error = caught.value
    assert (error.phase, error.kind, error.maybe_billed) == ("connect", "unsent", False)


async def test_tls_handshake() -> None:
    """The handshake is part of connecting."""
    async with ScriptedServer([[Hang()]]) as server:
        url = server.url.replace("http", "https")
        timeout = Timeout(connect=SHORT)
        async with OpenRouter(KEY, base_url=url, timeout=timeout, retry=0) as client:
            error = await fail(client)

    assert isinstance(error, APITimeoutError)
    assert error.phase == "connect"


async def test_total() -> None:
    """However lively the connection is, the whole call is bounded."""
    padding = [Send(chunk(b" ")), Pause(0.002)] * 500
    steps: list[Step] = [ReadHead(), ReadBody(), Send(HEAD), *padding]
    async with ScriptedServer([steps]) as server:
        error = await late(server, Timeout(total=0.1))

    assert (error.phase, error.kind) == ("total", "ambiguous")
    assert 0.1 <= error.elapsed < 1


async def test_total_ends_all_attempts() -> None:
    """When the call's time is over there is no other attempt."""
    async with (
        ScriptedServer([SILENT]) as server,
        client_of(server, timeout=0.1) as client,
    ):
        error = await fail(client)

    assert (error.attempts, error.maybe_billed) == (1, True)


async def test_pool() -> None:
    """Waiting for a connection is told as that, and the server has no part in it."""
    async with ScriptedServer([SILENT]) as server:
        pool = PoolLimits(connections=1)
        async with OpenRouter(KEY, base_url=server.url, pool=pool) as client:
            holder = asyncio.create_task(ask(client))
            await server.connection()
            with pytest.raises(APITimeoutError) as caught:
                await client.completions.create(
                    model="m", prompt="p", timeout=Timeout(total=SHORT, connect=0.001)
                )

            holder.cancel()
            await asyncio.gather(holder, return_exceptions=True)

    assert (caught.value.phase, len(server.connections)) == ("pool", 1)
    assert "all connections stayed taken" in str(caught.value)


async def test_lost_attempt_is_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    """A timer of one attempt leaves time for another."""
    record_waits(monkeypatch)
    async with (
        ScriptedServer([SILENT, exchange(answer())]) as server,
        client_of(server, timeout=Timeout(first_event=0.05)) as client,
    ):
        done = await ask(client)

    assert (done.text, done.meta.history[0].error) == ("Hi", "APITimeoutError")


async def test_server_that_stops_reading() -> None:
    """A request that cannot be written is bounded by the first event's timer."""
    async with ScriptedServer([[ReadHead(), Hang()]]) as server:
        timeout = Timeout(first_event=SHORT)
        async with client_of(server, retry=0, timeout=timeout) as client:
            with pytest.raises(APITimeoutError) as caught:
                await client.completions.create(model="m", prompt="x" * 20_000_000)

    assert caught.value.phase == "first_event"


async def test_slow_key_callable() -> None:
    """Fetching the key is part of the call's time."""

    async def give() -> str:
        await asyncio.Event().wait()
        return KEY

    async with OpenRouter(give, timeout=SHORT) as client:
        error = await fail(client)

    assert isinstance(error, APITimeoutError)


async def test_no_timers() -> None:
    """With timeout=None nothing is over, however long it takes."""
    slow: list[Step] = [ReadHead(), ReadBody(), Pause(0.01), Send(answer())]
    async with (
        ScriptedServer([slow]) as server,
        client_of(server, timeout=Timeout(total=0.001)) as client,
    ):
        done = await client.completions.create(model="m", prompt="p", timeout=None)

    assert done.text == "Hi"


STAGES: dict[str, list[Step]] = {
    "head": SILENT,
    "body": [ReadHead(), ReadBody(), Send(answer()[:-9]), Hang()],
    "error body": [
        ReadHead(), ReadBody(), Send(http_response(500, None, b"x" * 9)[:-3]), Hang()
    ],
}  # fmt: skip


class TestOthers:
    """Somebody else ends the call: that wins, and nothing is left behind."""

    @pytest.mark.parametrize("steps", STAGES.values(), ids=STAGES.keys())
    async def test_cancellation(self, steps: list[Step]) -> None:
        """A cancelled call is cancelled, its connection closed, and not repeated."""
        scripts = [steps, exchange(answer())]
        async with ScriptedServer(scripts) as server, client_of(server) as client:
            with not_caught():
                call = asyncio.create_task(ask(client))
                connection = await server.connection()
                await asyncio.sleep(0.005)
                call.cancel("enough")
                with pytest.raises(asyncio.CancelledError, match="enough"):
                    await call

            await connection.client_closed.wait()
            assert call.cancelling() == 1
            assert (await ask(client)).text == "Hi"

    @pytest.mark.parametrize("steps", STAGES.values(), ids=STAGES.keys())
    async def test_timeout_of_the_caller(self, steps: list[Step]) -> None:
        """A timeout around the call is raised as what it is."""
        scripts = [steps, exchange(answer())]
        async with ScriptedServer(scripts) as server, client_of(server) as client:
            with not_caught(), pytest.raises(TimeoutError) as caught:
                await _ask_within_a_timeout(client, server)

            task = asyncio.current_task()
            assert task is not None
            assert (type(caught.value), task.cancelling()) == (TimeoutError, 0)
            assert (await ask(client)).text == "Hi"

    async def test_timeout_of_the_caller_comes_later(self) -> None:
        """A timer of ours that is over first is our error, also inside a timeout."""
        async with ScriptedServer([SILENT]) as server:
            async with asyncio.timeout(5):
                error = await late(server, Timeout(total=0.01))

        task = asyncio.current_task()
        assert task is not None
        assert (error.phase, task.cancelling()) == ("total", 0)

    async def test_both_at_once(self) -> None:
        """When both are over in the same turn the caller's wins."""
        async with (
            ScriptedServer([SILENT]) as server,
            client_of(server, timeout=0.03) as client,
        ):
            call = asyncio.create_task(ask(client))
            await server.connection()
            loop = asyncio.get_running_loop()
            when = loop.time() + 0.03
            # The loop is held up: it finds both timers over in the same turn.
            loop.call_at(when, call.cancel)
            loop.call_soon(_hold_up, loop, when + 0.001)
            with pytest.raises(asyncio.CancelledError):
                await call

    async def test_cancellation_between_attempts(self) -> None:
        """A call that waits for its next attempt can be cancelled."""
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            async with OpenRouter(KEY, base_url=url) as client:
                call = asyncio.create_task(ask(client))
                await asyncio.sleep(0.01)
                call.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await call

    async def test_cancellation_in_the_pool(self) -> None:
        """A call that waits for a connection gives its place up."""
        scripts = [[*SILENT[:2], Pause(0.01), Send(answer()), *exchange(answer())]]
        pool = PoolLimits(connections=1)
        async with ScriptedServer(scripts) as server:
            async with OpenRouter(KEY, base_url=server.url, pool=pool) as client:
                calls = [asyncio.create_task(ask(client)) for _ in range(3)]
                await server.connection()
                calls[1].cancel()
                done = await asyncio.gather(*calls, return_exceptions=True)

        kinds = [type(each).__name__ for each in done]
        assert kinds == ["Completion", "CancelledError", "Completion"]


async def _ask_within_a_timeout(client: OpenRouter, server: ScriptedServer) -> None:
    async with asyncio.timeout(None) as scope, asyncio.TaskGroup() as group:
        group.create_task(_expire(scope, server))
        await ask(client)


async def _expire(scope: asyncio.Timeout, server: ScriptedServer) -> None:
    """Let the scope's time be over soon after the server has got the request."""
    await request_arrived(server)
    await asyncio.sleep(0.005)
    scope.reschedule(asyncio.get_running_loop().time())


def _hold_up(loop: asyncio.AbstractEventLoop, until: float) -> None:
    """Let no other callback run until then."""
    while loop.time() < until:
        pass


async def test_answers_are_not_mixed_up() -> None:
    """After a cancelled call nobody gets the answer that was meant for it."""
    release = asyncio.Event()
    answers = [ReadHead(), ReadBody(), Wait(release), Send(answer("first"))]
    scripts = [answers, exchange(answer("second"))]
    async with ScriptedServer(scripts) as server, client_of(server) as client:
        call = asyncio.create_task(ask(client))
        await request_arrived(server)
        call.cancel()
        release.set()
        await asyncio.gather(call, return_exceptions=True)
        done = await ask(client)

    assert done.text == "second"
