"""What an item of a run cannot have for itself."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from openrouter_async import ConfigError, OpenRouter
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
