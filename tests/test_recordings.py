"""Streams recorded with the live service, played to the client."""

from __future__ import annotations

import base64
from pathlib import Path

import msgspec
import pytest

from openrouter_async import BadRequestError
from openrouter_async.streaming.sse import EventDecoder
from tests.scripted import Send, http_response
from tests.streams import ask, asked, served


class Response(msgspec.Struct):
    """What was answered; the body is in base64."""

    status: int
    headers: dict[str, str]
    body: str

    @property
    def data(self) -> bytes:
        """The body as it came."""
        return base64.b64decode(self.body)


class Exchange(msgspec.Struct):
    """One request and its response."""

    response: Response


def event_streams(folder: Path) -> dict[str, bytes]:
    """Return the bodies that are event streams, by the names of their files."""
    return {
        f"{path.stem}-{number}": exchange.response.data
        for path in sorted(folder.glob("*.json"))
        for number, exchange in enumerate(
            msgspec.json.decode(path.read_bytes(), type=list[Exchange])
        )
        if "event-stream" in exchange.response.headers.get("content-type", "")
    }


def data_lines(wire: bytes) -> list[bytes]:
    """Return the data of a stream that uses none of the format's finer points."""
    lines = wire.split(b"\n")
    return [line[6:] for line in lines if line.startswith(b"data: ")]


def test_decoder(recordings: Path) -> None:
    """Each recorded stream gives its data lines, whole and cut in many ways."""
    streams = event_streams(recordings)
    assert len(streams) >= 3
    for wire in streams.values():
        expected = data_lines(wire)
        assert expected[-1] == b"[DONE]"
        for size in (1, 7, 100, len(wire)):
            decoder = EventDecoder(1 << 20)
            pieces = [wire[at : at + size] for at in range(0, len(wire), size)]
            assert [
                event for each in pieces for event in decoder.feed(each)
            ] == expected


async def test_client(recordings: Path) -> None:
    """Each stream without an error gives the joined text of its chunks."""
    for name, wire in event_streams(recordings).items():
        if name.startswith("stream_error"):
            continue

        chunks = [msgspec.json.decode(line) for line in data_lines(wire)[:-1]]
        deltas = [each["choices"][0]["delta"] for each in chunks if each["choices"]]
        headers = {"content-type": "text/event-stream"}
        response = http_response(headers=headers, body=wire)
        async with served(asked(Send(response))) as (_, client):
            answer = await ask(client).final()

        assert answer.text == "".join(each.get("content") or "" for each in deltas)
        reasoning = "".join(each.get("reasoning") or "" for each in deltas)
        assert (answer.choices[0].reasoning or "") == reasoning
        assert answer.choices[0].finish_reason
        assert answer.usage is not None
        assert answer.usage.total_tokens == chunks[-1]["usage"]["total_tokens"]
        assert answer.to_dict()["usage"] == chunks[-1]["usage"]
        assert (answer.id, answer.model) == (chunks[0]["id"], chunks[0]["model"])


async def test_error(recordings: Path) -> None:
    """The recorded error event is raised with what came before it."""
    wire = event_streams(recordings)["stream_error-0"]
    response = http_response(headers={"content-type": "text/event-stream"}, body=wire)
    async with served(asked(Send(response))) as (server, client):
        stream = ask(client)
        with pytest.raises(BadRequestError, match="Token limit reached") as caught:
            await stream.final()

        assert len(server.requests) == 1

    error = caught.value
    assert error.code == 400
    assert error.generation_id == "gen-1762179802-UN8pkJI4AGZvryk0kFnb"
    partial = stream.snapshot
    assert error.partial is partial
    assert partial.choices[0].reasoning
    assert partial.choices[0].finish_reason == "length"
    assert partial.usage is not None
    assert partial.usage.completion_tokens == 10
