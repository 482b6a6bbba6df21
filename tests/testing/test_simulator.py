"""Starting, stopping, keys, paths, and what the simulator binds to."""

from __future__ import annotations

import asyncio
import logging
import socket
import subprocess
import sys

import aiohttp
import msgspec
import pytest

import openrouter_async.testing
from openrouter_async.testing import (
    Hang,
    InFlightLimit,
    Pad,
    RawEvents,
    Simulator,
    Stall,
    Text,
    exchange,
)
from tests.testing.api import Api


async def test_the_address_is_local(api: Api) -> None:
    """By default nobody else can reach the simulator."""
    assert api.simulator.base_url.startswith("http://127.0.0.1:")
    assert api.simulator.base_url.endswith("/api/v1")
    assert repr(api.simulator) == f"<Simulator {api.simulator.base_url}>"


@pytest.mark.parametrize(
    ("host", "shown"), [("0.0.0.0", "127.0.0.1"), ("::1", "[::1]"), ("localhost",) * 2]
)
async def test_the_address_can_be_chosen(
    host: str, shown: str, session: aiohttp.ClientSession
) -> None:
    """The base URL is one that a client on this machine can use."""
    async with Simulator(host=host) as simulator:
        assert simulator.base_url.startswith(f"http://{shown}:")
        assert (await Api(simulator, session).post()).status == 200


async def test_the_port_can_be_chosen() -> None:
    """A given port is used and known before the start."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]

    simulator = Simulator(port=port)
    assert simulator.base_url == f"http://127.0.0.1:{port}/api/v1"
    async with simulator:
        assert simulator.base_url == f"http://127.0.0.1:{port}/api/v1"


async def test_a_port_that_is_taken() -> None:
    """The error of the system is raised, and nothing is left open."""
    async with Simulator() as first:
        port = int(first.base_url.split(":")[2].split("/")[0])
        second = Simulator(port=port)
        with pytest.raises(OSError, match="in use"):
            await second.start()

        await second.aclose()


async def test_before_the_start() -> None:
    """The base URL is not known yet; closing does nothing."""
    simulator = Simulator()

    assert repr(simulator) == "<Simulator not started>"
    with pytest.raises(RuntimeError, match="not been started"):
        _ = simulator.base_url

    await simulator.aclose()


async def test_a_simulator_runs_once() -> None:
    """Starting it again is an error, also after the end."""
    simulator = Simulator()
    await simulator.start()
    with pytest.raises(RuntimeError, match="started once"):
        await simulator.start()

    await simulator.aclose()
    await simulator.aclose()
    with pytest.raises(RuntimeError, match="started once"):
        await simulator.start()


async def test_waiting_for_the_end() -> None:
    """A command waits until something closes the simulator."""
    async with Simulator() as simulator:
        waiting = asyncio.create_task(simulator.wait_closed())
        await asyncio.sleep(0)
        assert not waiting.done()

    await waiting


async def test_a_key_is_needed(api: Api) -> None:
    """Without a key, or with another one, the service's errors come."""
    body = b'{"prompt": "Hi"}'
    without = await api.send(body, headers={})
    wrong = await api.send(body, headers={"Authorization": "Bearer sk-or-v1-other"})
    basic = await api.send(body, headers={"Authorization": api.simulator.api_key})
    lower = await api.send(
        body, headers={"Authorization": f"bearer {api.simulator.api_key}"}
    )

    assert [r.status for r in (without, wrong, basic, lower)] == [401, 401, 401, 200]
    assert without.json == {
        "error": {"code": 401, "message": "No cookie auth credentials found"}
    }
    assert wrong.json == {"error": {"code": 401, "message": "User not found."}}


async def test_a_key_of_ones_own(session: aiohttp.ClientSession) -> None:
    """The key can be set, or be of no importance."""
    async with Simulator(api_key="mine") as simulator:
        assert (await Api(simulator, session).post()).status == 200

    async with Simulator(require_key=False) as simulator:
        reply = await Api(simulator, session).send(b'{"prompt": "Hi"}', headers={})
        assert reply.status == 200


async def test_an_unknown_path(api: Api) -> None:
    """Other operations get 404 with the envelope."""
    reply = await api.send(b"{}", url=f"{api.simulator.base_url}/nothing")

    assert reply.status == 404
    assert reply.error == {"code": 404, "message": "Not Found"}


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_another_method(api: Api, method: str) -> None:
    """Completions are posted."""
    reply = await api.send(b"", method=method)

    assert reply.status == 405
    assert reply.headers["Allow"] == "POST"
    assert reply.error["code"] == 405


async def test_a_body_that_is_too_large(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be held is refused."""
    monkeypatch.setattr(exchange, "LARGEST_BODY", 100)
    reply = await api.post("x" * 100)

    assert reply.status == 413
    assert reply.error["code"] == 413


async def test_a_large_body(api: Api) -> None:
    """A prompt of several megabytes is fine."""
    reply = await api.post("word " * 1_000_000)

    assert reply.status == 200
    assert reply.json["usage"]["prompt_tokens"] == 1_000_001


async def test_expect_continue(api: Api) -> None:
    """A client that asks before it sends a body is told to go on."""
    body = b'{"prompt": "Hi"}'
    async with api.session.post(
        api.url, data=body, headers=api.headers, expect100=True
    ) as response:
        assert response.status == 200


async def test_a_body_that_cannot_be_decompressed(api: Api) -> None:
    """A broken encoding is the client's mistake."""
    headers = {**api.headers, "Content-Encoding": "gzip"}
    reply = await api.send(b"not gzip", headers=headers)

    assert reply.status == 400


@pytest.mark.parametrize(
    "behaviour",
    [
        Hang(),
        Stall("head"),
        Stall("body", after_tokens=1),
        Pad(None, 0.001),
        RawEvents(b"data: 1\n\n", hold=True),
    ],
    ids=lambda behaviour: type(behaviour).__name__,
)
async def test_closing_ends_hanging_requests(
    session: aiohttp.ClientSession,
    behaviour: Hang | Stall | Pad | RawEvents,
) -> None:
    """Closing does not wait for requests in flight; they fail at the client."""
    async with Simulator() as simulator:
        simulator.script(behaviour)
        hanging_api = Api(simulator, session)
        hanging = asyncio.create_task(hanging_api.stream())
        await hanging_api.arrived()

        async with asyncio.timeout(0.5):
            await simulator.aclose()

    with pytest.raises(aiohttp.ClientError):
        await hanging

    assert simulator.journal[0].outcome == "closed"


async def test_closing_does_not_wait_for_slow_readers(api: Api) -> None:
    """A client that stops reading cannot hold up the end."""
    api.simulator.script(RawEvents(b":" * 50_000_000))
    reader, writer = await api.connect()
    body = msgspec.json.encode({"prompt": "Hi"})
    writer.write(
        b"POST /api/v1/completions HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n"
        b"Authorization: Bearer %b\r\n\r\n%b"
        % (len(body), api.simulator.api_key.encode(), body)
    )
    await reader.readexactly(100)
    async with asyncio.timeout(0.5):
        await api.simulator.aclose()

    assert api.simulator.journal[0].outcome == "closed"
    writer.close()


async def test_closing_drops_idle_connections(api: Api) -> None:
    """A connection that is kept alive, or never used, does not hold up the end."""
    await api.post()
    reader, writer = await api.connect()
    async with asyncio.timeout(0.5):
        await api.simulator.aclose()

    assert await reader.read() == b""
    writer.close()


async def test_no_noise(
    api: Api, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Neither clients that leave nor garbage on the line are worth a message."""
    caplog.set_level(logging.INFO)
    async with Simulator(token_interval=0.001) as simulator:
        leaving = Api(simulator, api.session)
        for _ in range(3):
            async with leaving.open(stream=True) as response:
                await response.content.readany()

        await simulator.wait_idle()

    assert caplog.messages == []
    assert capfd.readouterr().err == ""


def test_no_noise_from_garbage() -> None:
    """A client that does not speak HTTP gets an error and leaves no traceback."""
    program = """
import asyncio
from openrouter_async.testing import Simulator

# Made here: what it loads for the first time would be noticed as a slow callback.
simulator = Simulator()

async def main():
    async with simulator:
        host, port = simulator.base_url.split("/")[2].split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"\\x16\\x03 garbage\\r\\n\\r\\n")
        print((await reader.read()).split(b"\\r\\n")[0])
        writer.close()

asyncio.run(main())
"""
    result = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        check=True,
    )

    assert "400" in result.stdout
    assert result.stderr == ""


async def test_many_at_once(api: Api) -> None:
    """Hundreds of connections are answered side by side."""
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:
        many = Api(api.simulator, session)
        replies = await asyncio.gather(*(many.post(n=1, seed=i) for i in range(300)))

    assert {reply.status for reply in replies} == {200}
    assert api.simulator.statistics().answered == 300


async def test_in_flight_requests_that_leave_make_room(api: Api) -> None:
    """A client that gives up no longer counts against the limit."""
    api.simulator.rate_limit = InFlightLimit(1)
    api.simulator.script(Hang())
    hanging = asyncio.create_task(api.post())
    await api.arrived()

    hanging.cancel()
    await api.simulator.wait_idle()

    assert (await api.post()).status == 200


async def test_a_client_of_the_simulator() -> None:
    """`client()` makes a client that is aimed at the simulator."""
    async with Simulator() as simulator:
        simulator.script(Text("Hello."))
        async with simulator.client(retry=0) as client:
            completion = await client.completions.create(prompt="Hi")

    assert completion.text == "Hello."


def test_the_public_names() -> None:
    """The names are sorted and there."""
    names = openrouter_async.testing.__all__

    assert list(names) == sorted(names)
    assert all(hasattr(openrouter_async.testing, name) for name in names)
