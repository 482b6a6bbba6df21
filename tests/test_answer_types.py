"""Answers become values of whatever kind of type is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypedDict, cast

import msgspec
import pytest
from pydantic import BaseModel

from openrouter_async.testing import Simulator, Text
from tests.chatting import HI


class StructTown(msgspec.Struct):
    """Be a town."""

    name: str
    people: int


@dataclass
class DataTown:
    """Be a town."""

    name: str
    people: int


class DictTown(TypedDict):
    """Be a town."""

    name: str
    people: int


class ModelTown(BaseModel):
    """Be a town."""

    name: str
    people: int


TEXT = '{"name": "Ulm", "people": 128928}'
TOWNS: dict[str, tuple[type[Any], object]] = {
    "Struct": (StructTown, StructTown("Ulm", 128928)),
    "dataclass": (DataTown, DataTown("Ulm", 128928)),
    "TypedDict": (DictTown, DictTown(name="Ulm", people=128928)),
    "pydantic model": (ModelTown, ModelTown(name="Ulm", people=128928)),
}


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "streamed"])
@pytest.mark.parametrize(("kind", "town"), TOWNS.values(), ids=TOWNS)
async def test_an_answer_of_each_kind_of_type(
    kind: type[Any], town: object, streamed: bool
) -> None:
    """The request asks for its schema, and the text is read into a value of it."""
    async with Simulator() as simulator, simulator.client(retry=0) as client:
        simulator.script(Text(TEXT))
        if streamed:
            stream = client.chat.completions.stream(messages=HI, parse=kind)
            done = await stream.final()
        else:
            done = await client.chat.completions.create(messages=HI, parse=kind)

        sent = cast("Any", simulator.journal[0].params["response_format"])

    value: object = done.parsed
    assert value == town
    assert type(value) is type(town)
    assert done.text == TEXT
    assert sent["type"] == "json_schema"
    assert sent["json_schema"]["name"] == kind.__name__
    schema = sent["json_schema"]["schema"]
    assert {name: each["type"] for name, each in schema["properties"].items()} == {
        "name": "string",
        "people": "integer",
    }
