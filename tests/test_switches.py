"""What is on or off is a truth value: "no" would be true for Python."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from openrouter_async import ConfigError, OpenRouter
from openrouter_async.formats.tool import tool
from openrouter_async.types.messages import Message
from tests.calling import KEY

HI: list[Message] = [{"role": "user", "content": "Hi"}]


@tool
def add(first: int, second: int) -> int:
    """Add."""
    return first + second


async def complete(client: OpenRouter, value: Any) -> None:
    """Create a text completion."""
    await client.completions.create(prompt="x", stream=value)


async def chat(client: OpenRouter, value: Any) -> None:
    """Create a chat completion."""
    await client.chat.completions.create(messages=HI, stream=value)


async def chat_of_a_type(client: OpenRouter, value: Any) -> None:
    """Create one that holds a value."""
    await client.chat.completions.create(messages=HI, stream=value, parse=list[str])


async def beside(client: OpenRouter, value: Any) -> None:
    """Have the member in the extra body."""
    await client.completions.create(prompt="x", extra_body={"stream": value})


async def request(client: OpenRouter, value: Any) -> None:
    """Call any operation."""
    await client.request("POST", "/responses", body={"input": "x"}, stream=value)


async def request_body(client: OpenRouter, value: Any) -> None:
    """Have the member in the body."""
    await client.request("POST", "/responses", body={"stream": value})


async def run(client: OpenRouter, value: Any) -> None:
    """Run tools."""
    untyped: Any = {"stream": value}
    await client.chat.completions.run_tools(messages=HI, tools=[add], **untyped)


async def shared(client: OpenRouter, value: Any) -> None:
    """Share the member among items."""
    untyped: Any = {"stream": value}
    client.completions.map(["x"], **untyped)


STREAMS = [complete, chat, chat_of_a_type, beside, request, request_body, run, shared]


@pytest.mark.parametrize("value", ["yes", "no", 1, 0, [True]], ids=repr)
@pytest.mark.parametrize("ask", STREAMS, ids=lambda ask: ask.__name__)
async def test_stream(
    ask: Callable[[OpenRouter, object], Awaitable[None]], value: object
) -> None:
    """Anything but a truth value is refused, and nothing is sent."""
    async with OpenRouter(
        KEY, base_url="http://127.0.0.1:1", allow_http=True
    ) as client:
        with pytest.raises(ConfigError, match="stream") as told:
            await ask(client, value)

    assert told.value.attempts == 0


async def test_words_of_a_refusal() -> None:
    """They say what it must be, and what it was."""
    async with OpenRouter(KEY) as client:
        with pytest.raises(ConfigError) as told:
            await complete(client, "yes")

    assert str(told.value) == "stream must be True or False, not 'yes'"


@pytest.mark.parametrize("value", ["x", "", 1, 0], ids=repr)
async def test_pin_provider(value: Any) -> None:
    """It may be None as well, which is the default."""
    async with OpenRouter(KEY) as client:
        with pytest.raises(ConfigError, match="pin_provider must be True, False or"):
            await client.chat.completions.run_tools(
                messages=HI, tools=[add], pin_provider=value
            )


@pytest.mark.parametrize("value", ["no", 1, 0], ids=repr)
async def test_ordered(value: Any) -> None:
    """Outcomes come in order, or as they finish."""
    async with OpenRouter(KEY) as client:
        with pytest.raises(ConfigError, match="ordered must be True or False"):
            client.completions.map(["x"], ordered=value)

        with pytest.raises(ConfigError, match="ordered must be True or False"):
            client.embeddings.map(["x"], model="m", ordered=value)
