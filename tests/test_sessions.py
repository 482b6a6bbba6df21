"""Connections: one pool per event loop, kept, shared, and closed."""

from __future__ import annotations

import asyncio
import gc
import os
import pickle
import sys
import threading
import weakref

import aiohttp
import pytest

from openrouter_async import (
    APIConnectionError,
    ConfigError,
    OpenRouter,
    PoolLimits,
    RetryPolicy,
    Timeout,
)
from openrouter_async.transport.session import ObservedConnector
from tests.calling import (
    KEY,
    answer,
    ask,
    client_of,
    fail,
    in_turn,
    request_arrived,
)
from tests.scripted import Hang, ReadBody, ReadHead, ScriptedServer, exchange


async def ask_own_server(client: OpenRouter, text: str) -> str:
    """Ask a server on the running loop, by the client's connections."""
    async with ScriptedServer([in_turn(answer(text))]) as server:
        return (await ask(client.with_options(base_url=server.url))).text


def test_second_event_loop() -> None:
    """A client outlives `asyncio.run`, and leaves neither sockets nor warnings."""
    client = OpenRouter(KEY)
    texts = [asyncio.run(ask_own_server(client, text)) for text in ("one", "two")]

    assert texts == ["one", "two"]


def test_loops_that_have_ended_are_let_go() -> None:
    """A client keeps at most the last of the event loops that it was used on."""
    client = OpenRouter(KEY)
    loops: list[weakref.ref[asyncio.AbstractEventLoop]] = []

    async def run(turn: int) -> str:
        loops.append(weakref.ref(asyncio.get_running_loop()))
        return await ask_own_server(client, str(turn))

    texts = [asyncio.run(run(turn)) for turn in range(5)]
    gc.collect()

    assert texts == ["0", "1", "2", "3", "4"]
    assert sum(each() is not None for each in loops) <= 1


def test_threads() -> None:
    """A client works on the loops of several threads at once."""
    client = OpenRouter(KEY)
    barrier = threading.Barrier(4)
    texts: list[str] = []

    async def both(number: int) -> None:
        barrier.wait()
        texts.extend(
            [await ask_own_server(client, f"{number}.{turn}") for turn in range(5)]
        )

    def run(number: int) -> None:
        asyncio.run(both(number))

    threads = [threading.Thread(target=run, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()

    for thread in threads:
        thread.join(10)

    expected = [f"{number}.{turn}" for number in range(4) for turn in range(5)]
    assert sorted(texts) == expected


FORKING = """
import asyncio, os, sys
from openrouter_async import OpenRouter

client = OpenRouter("k" * 20, base_url=sys.argv[1])
loop = asyncio.new_event_loop()

def say(who):
    done = loop.run_until_complete(client.completions.create(model="m", prompt="p"))
    print(who, done.text, flush=True)

say("parent")
child = os.fork()
if not child:
    say("child")
    os._exit(0)

os.waitpid(child, 0)
say("parent")
loop.run_until_complete(client.aclose())
loop.close()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
async def test_fork() -> None:
    """A forked child gets connections of its own, and the parent keeps its own."""
    scripts = [in_turn(answer("one"), answer("three")), in_turn(answer("two"))]
    async with ScriptedServer(scripts) as server:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-W", "error", "-c", FORKING, server.url),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        printed, warned = await process.communicate()

    assert (printed.split(), warned) == (
        [b"parent", b"one", b"child", b"two", b"parent", b"three"],
        b"",
    )


async def test_connections_are_reused() -> None:
    """Calls one after another use one connection."""
    async with (
        ScriptedServer([in_turn(*[answer()] * 5)]) as server,
        client_of(server) as client,
    ):
        for _ in range(5):
            await ask(client)

        assert [len(each.requests) for each in server.connections] == [5]


async def test_pool_is_bounded() -> None:
    """With a limit of connections the calls take turns, and all are answered."""
    script = in_turn(*[answer()] * 10)
    async with ScriptedServer([script, script]) as server:
        pool = PoolLimits(connections=2)
        async with OpenRouter(KEY, base_url=server.url, pool=pool) as client:
            done = await asyncio.gather(*(ask(client) for _ in range(10)))

        assert len(server.connections) == 2
        assert [each.text for each in done] == ["Hi"] * 10


async def test_unused_connections_are_dropped() -> None:
    """A connection is not kept beyond the keep-alive time."""
    scripts = [exchange(answer()), exchange(answer())]
    async with ScriptedServer(scripts) as server:
        pool = PoolLimits(keepalive=0)
        async with OpenRouter(KEY, base_url=server.url, pool=pool) as client:
            await ask(client)
            await asyncio.sleep(0.002)
            await ask(client)

        assert len(server.connections) == 2


class TestInjectedSession:
    """A session that was passed in belongs to who made it."""

    async def test_it_is_used_and_left_open(self) -> None:
        """Calls go over it, and closing the client does not close it."""
        async with (
            ScriptedServer([in_turn(answer())]) as server,
            aiohttp.ClientSession(headers={"X-Theirs": "1"}) as session,
        ):
            async with OpenRouter(KEY, base_url=server.url, session=session) as client:
                await ask(client)

            assert session.closed is False
            assert server.requests[0].headers["x-theirs"] == "1"

    async def test_refused_connection(self) -> None:
        """Its connections are not observed, and still it is clear what was sent."""
        async with aiohttp.ClientSession() as session:
            client = OpenRouter(
                KEY, base_url="http://127.0.0.1:1", session=session, retry=0
            )
            error = await fail(client)

        assert (type(error), error.kind) == (APIConnectionError, "unsent")

    async def test_closed_client_does_not_use_it(self) -> None:
        """The client is closed even though the session is not."""
        async with aiohttp.ClientSession() as session:
            client = OpenRouter(KEY, session=session)
            await client.aclose()
            with pytest.raises(ConfigError, match="the client is closed"):
                await ask(client)

    async def test_closed_while_a_call_runs(self) -> None:
        """When the owner closes it under a call, the call ends and says so."""
        async with ScriptedServer([[ReadHead(), ReadBody(), Hang()]]) as server:
            async with aiohttp.ClientSession() as session:
                client = OpenRouter(KEY, base_url=server.url, session=session)
                call = asyncio.create_task(fail(client))
                await request_arrived(server)

            error = await call

        assert "closed while the call ran" in str(error)

    @pytest.mark.parametrize("pool", [PoolLimits(connections=1), PoolLimits()])
    async def test_settings_of_a_pool(self, pool: PoolLimits) -> None:
        """What shapes a pool is refused beside a session, which has its own."""
        async with aiohttp.ClientSession() as session:
            with pytest.raises(ConfigError, match="session= brings a pool of its own"):
                OpenRouter(KEY, session=session, pool=pool, ssl=pool != PoolLimits())

    async def test_credentials_of_its_own(self) -> None:
        """A session that sends credentials itself would replace the key."""
        with pytest.warns(DeprecationWarning, match="BasicAuth"):
            auth = aiohttp.BasicAuth("user", "password")

        with pytest.warns(DeprecationWarning, match="auth"):
            session = aiohttp.ClientSession(auth=auth)

        async with session:
            with pytest.raises(ConfigError, match="auth= of its own"):
                await ask(OpenRouter(KEY, session=session))

    async def test_closed_by_its_owner(self) -> None:
        """When the owner has closed it, the error says that only he can help."""
        async with aiohttp.ClientSession() as session:
            client = OpenRouter(KEY, session=session)

        with pytest.raises(ConfigError, match="session= is closed"):
            await ask(client)

    def test_other_loop(self) -> None:
        """On another loop it is refused: sockets belong to one loop."""
        clients: list[OpenRouter] = []

        async def first() -> None:
            async with aiohttp.ClientSession() as session:
                clients.append(OpenRouter(KEY, session=session))
                await ask_own_server(clients[0], "one")

        async def second() -> None:
            with pytest.raises(ConfigError, match="belongs to another event loop"):
                await ask_own_server(clients[0], "two")

        asyncio.run(first())
        asyncio.run(second())

    async def test_no_pickle(self) -> None:
        """A client that holds sockets cannot be sent to another process."""
        async with aiohttp.ClientSession() as session:
            with pytest.raises(ConfigError, match="cannot be pickled"):
                pickle.dumps(OpenRouter(KEY, session=session))


class TestClosing:
    """A client that is closed, while it is idle and while calls run."""

    async def test_closed_client_refuses(self) -> None:
        """After `aclose()` calls are refused, however often it is closed."""
        client = OpenRouter(KEY)
        await client.aclose()
        await client.aclose()
        with pytest.raises(ConfigError, match="the client is closed"):
            await ask(client)

    async def test_client_can_be_entered_again(self) -> None:
        """A second `async with` opens new connections."""
        scripts = [exchange(answer("one")), exchange(answer("two"))]
        async with ScriptedServer(scripts) as server:
            client = client_of(server)
            texts: list[str] = []
            for _ in range(2):
                async with client:
                    texts.append((await ask(client)).text)

            assert texts == ["one", "two"]
            assert len(server.connections) == 2

    async def test_call_under_way(self) -> None:
        """A call that waits for its answer ends with an error that says why."""
        async with ScriptedServer([[ReadHead(), ReadBody(), Hang()]]) as server:
            client = client_of(server)
            call = asyncio.create_task(fail(client))
            await request_arrived(server)
            await client.aclose()
            error = await call

        assert str(error) == "the client was closed while the call ran"
        assert (error.retryable, error.attempts) == (False, 1)

    async def test_call_that_waits_for_the_pool(self) -> None:
        """A call without a connection yet ends in the same way."""
        async with ScriptedServer([[ReadHead(), ReadBody(), Hang()]]) as server:
            pool = PoolLimits(connections=1)
            client = OpenRouter(KEY, base_url=server.url, pool=pool)
            calls = [asyncio.create_task(fail(client)) for _ in range(3)]
            await request_arrived(server)
            await client.aclose()
            errors = await asyncio.gather(*calls)

        assert {str(error) for error in errors} == {
            "the client was closed while the call ran"
        }

    async def test_call_between_attempts(self) -> None:
        """A call that sleeps before its next attempt finds the client closed."""
        policy = RetryPolicy(floor=0.005, max_backoff=0.005)
        client = OpenRouter(KEY, base_url="http://127.0.0.1:1", retry=policy)
        call = asyncio.create_task(fail(client))
        await asyncio.sleep(0.003)
        await client.aclose()

        assert type(await call) in (ConfigError, APIConnectionError)

    async def test_call_that_fetches_its_key(self) -> None:
        """A call that has no key yet ends in the same way."""
        asked, closed = asyncio.Event(), asyncio.Event()

        async def give() -> str:
            asked.set()
            await closed.wait()
            return KEY

        client = OpenRouter(give)
        call = asyncio.create_task(fail(client))
        await asked.wait()
        await client.aclose()
        closed.set()

        assert str(await call) == "the client was closed while the call ran"

    async def test_cancelled_call_stays_cancelled(self) -> None:
        """Who cancels a call gets that, also when the client closes meanwhile."""
        async with ScriptedServer([[ReadHead(), ReadBody(), Hang()]]) as server:
            client = client_of(server)
            call = asyncio.create_task(ask(client))
            await request_arrived(server)
            call.cancel()
            await client.aclose()
            with pytest.raises(asyncio.CancelledError):
                await call


async def test_connector_without_a_call() -> None:
    """The connector of a pool serves whoever uses it, as aiohttp's own does."""
    async with (
        ScriptedServer([in_turn(answer("one"), answer("two"))]) as server,
        aiohttp.ClientSession(connector=ObservedConnector()) as session,
    ):
        for text in ("one", "two"):
            async with session.post(server.url, data=b"{}") as response:
                assert text in await response.text()

        assert len(server.connections) == 1


async def test_dropped_client_warns() -> None:
    """A client that is dropped with connections open says so, and closes them."""
    async with ScriptedServer([exchange(answer())]) as server:
        client = client_of(server)
        await ask(client)
        with pytest.warns(ResourceWarning, match="an OpenRouter client was dropped"):
            del client

        await (await server.connection()).client_closed.wait()


async def test_unused_client_does_not_warn() -> None:
    """A client that never opened a connection can be dropped."""
    client = OpenRouter(KEY)
    del client
    gc.collect()


async def test_copies_share_connections() -> None:
    """A copy with other options uses the same pool, and closing one closes both."""
    async with ScriptedServer([in_turn(answer(), answer())]) as server:
        client = client_of(server)
        copy = client.with_options(timeout=5, retry=0, headers=None, app=None)
        await ask(client)
        await ask(copy)
        await client.aclose()
        with pytest.raises(ConfigError, match="the client is closed"):
            await ask(copy)

        assert len(server.connections) == 1


async def test_client_pickles_as_its_settings() -> None:
    """A client arrives in another process with its settings, and without sockets."""
    async with ScriptedServer(
        [in_turn(answer("one")), in_turn(answer("two"))]
    ) as server:
        client = OpenRouter(
            KEY,
            base_url=server.url,
            timeout=Timeout(idle=7),
            retry=RetryPolicy(max_retries=0),
            headers={"X-A": "1"},
        )
        async with client, pickle.loads(pickle.dumps(client)) as back:
            texts = [(await ask(each)).text for each in (client, back)]

        assert (repr(back), texts) == (repr(client), ["one", "two"])
        assert [r.headers["x-a"] for r in server.requests] == ["1", "1"]
