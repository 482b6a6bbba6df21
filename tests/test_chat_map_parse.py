"""`chat.completions.map(parse=...)`: outcomes hold values."""

from __future__ import annotations

from typing import Any, cast

import msgspec
from pydantic import BaseModel

from openrouter_async import AnswerMismatchError, Format
from openrouter_async.testing import Simulator, Text


class Number(msgspec.Struct):
    """Be a value that holds a number."""

    x: int


class Town(BaseModel):
    """Be a value that pydantic reads."""

    name: str
    people: int


async def test_values_come_one_by_one() -> None:
    """Each answer is read as the type, and each request asks for it."""
    async with Simulator() as simulator, simulator.client(retry=0) as client:
        simulator.script(Text('{"x": 1}'), Text("no"), Text('{"x": 3}'))
        async with client.chat.completions.map(
            ["a", "b", "c"], parse=Number, max_in_flight=1, ordered=True
        ) as outcomes:
            first, second, third = [each async for each in outcomes]

        formats = [record.params["response_format"] for record in simulator.journal]

    assert first.error is None
    assert third.error is None
    assert [first.value.parsed, third.value.parsed] == [Number(1), Number(3)]
    assert isinstance(second.error, AnswerMismatchError)
    assert second.error.text == "no"
    assert formats == [Format.of(Number).response_format()] * 3


async def test_a_model_of_pydantic() -> None:
    """Its own schema goes out, and the values are its instances."""
    async with Simulator() as simulator, simulator.client(retry=0) as client:
        simulator.script(Text('{"name": "Ulm", "people": 128928}', times=None))
        async with client.chat.completions.map(["a", "b"], parse=Town) as outcomes:
            found = [each.value async for each in outcomes if each.error is None]

        sent = cast("Any", simulator.journal[0].params["response_format"])

    assert [each.parsed for each in found] == [Town(name="Ulm", people=128928)] * 2
    assert sent["type"] == "json_schema"
    assert sent["json_schema"]["name"] == "Town"
    assert set(sent["json_schema"]["schema"]["properties"]) == {"name", "people"}
