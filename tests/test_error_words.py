"""What errors say to whoever reads them."""

from __future__ import annotations

import socket

import pytest

from openrouter_async import OpenRouter, OpenRouterError, Timeout
from tests.calling import KEY, client_of, fail
from tests.scripted import (
    Fin,
    Hang,
    ReadBody,
    ReadHead,
    ScriptedServer,
    Send,
    Step,
    event_stream_head,
    events,
    exchange,
    http_response,
)
from tests.streams import delta

ASKED: list[Step] = [ReadHead(), ReadBody()]


async def stream_error(*steps: Step, timeout: Timeout = Timeout()) -> OpenRouterError:
    """Return the error that a stream ends with."""
    head = Send(event_stream_head() + events(delta("a")))
    async with (
        ScriptedServer([[*ASKED, head, *steps]]) as server,
        client_of(server, retry=0, timeout=timeout) as client,
    ):
        stream = client.completions.stream(prompt="x")
        with pytest.raises(OpenRouterError) as caught:
            await stream.final()

    return caught.value


async def test_cut_stream() -> None:
    """The status of a head that was well has no part in what broke later."""
    error = await stream_error(Fin())

    assert error.status == 200
    assert str(error).startswith("the stream")


async def test_timer_of_a_stream() -> None:
    """The same holds for a timer."""
    error = await stream_error(Hang(), timeout=Timeout(idle=0.02))

    assert error.status == 200
    assert str(error) == ("no further data event arrived within 0.02 s (Timeout.idle)")


async def test_timer_of_a_plain_call() -> None:
    """And for one behind the head of a plain answer."""
    head = http_response(200, {"content-length": "9"})
    async with (
        ScriptedServer([[*ASKED, Send(head), Hang()]]) as server,
        client_of(server, retry=0, timeout=Timeout(transport_idle=0.02)) as client,
    ):
        error = await fail(client)

    assert error.status == 200
    assert str(error).startswith("no further byte arrived within 0.02 s")


async def test_refused_connection() -> None:
    """The address that nobody answers at is named."""
    with socket.socket() as bound:  # and not listening
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        url = f"http://127.0.0.1:{port}"
        async with OpenRouter(KEY, base_url=url, retry=0) as client:
            error = await fail(client)

    assert str(error).startswith(f"no connection to 127.0.0.1:{port}: ")


async def test_html_page() -> None:
    """Of a page its title is shown."""
    page = b"""<html><head><title>502 Bad\n Gateway</title><style>p {}</style></head>
        <body><h1>Oh</h1><p>dear</p></body></html>"""
    wire = http_response(502, {"content-type": "text/html"}, page)
    async with (
        ScriptedServer([exchange(wire)]) as server,
        client_of(server, retry=0) as client,
    ):
        error = await fail(client)

    assert str(error) == "502 Bad Gateway"
