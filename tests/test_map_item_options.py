"""What an item of a run cannot have for itself."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from openrouter_async import ConfigError, OpenRouter
from openrouter_async.testing import Simulator
from openrouter_async.types import CompletionItemParams
from tests.calling import KEY


class Place(msgspec.Struct):
    """Be what an answer holds."""

    name: str


OPTIONS: dict[str, object] = {
    "parse": Place,
    "timeout": 1.0,
    "retry": 0,
    "ordered": True,
}


@pytest.mark.parametrize(("name", "value"), OPTIONS.items(), ids=OPTIONS)
async def test_option_of_an_item(name: str, value: object) -> None:
    """It is refused by its name, and the remedy is told."""
    item: Any = {"messages": [{"role": "user", "content": "Hi"}], name: value}
    async with OpenRouter(KEY) as client:
        [outcome] = await client.chat.completions.gather([item])

    assert isinstance(outcome.error, ConfigError)
    assert str(outcome.error) == (
        f"`{name}` cannot differ from item to item; give it to all of them"
    )


async def test_parse_of_a_text_completion() -> None:
    """There it is not for all of them either, and that is told."""
    item: Any = {"prompt": "Hi", "parse": Place}
    async with OpenRouter(KEY) as client:
        [outcome] = await client.completions.gather([item])

    assert "`parse` is for chat" in str(outcome.error)


async def test_extra_body_of_an_item() -> None:
    """It is sent as it is, and wins over that of the run."""
    item: CompletionItemParams = {
        "prompt": "Hi",
        "extra_body": {"temprature": 1, "own": 2},
    }
    async with Simulator() as simulator, simulator.client() as client:
        await client.completions.gather([item], extra_body={"own": 1, "shared": 3})

    [request] = simulator.journal
    assert {name: request.params[name] for name in ("temprature", "own", "shared")} == {
        "temprature": 1,
        "own": 2,
        "shared": 3,
    }


async def test_extra_body_that_is_none() -> None:
    """What is no mapping is refused by its name."""
    item: Any = {"prompt": "Hi", "extra_body": "own"}
    async with OpenRouter(KEY) as client:
        [outcome] = await client.completions.gather([item])

    assert str(outcome.error) == "extra_body must be a mapping of request fields"
