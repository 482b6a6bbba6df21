"""Models of pydantic in requests: what to pass in their place is told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from unittest.mock import Mock

import pytest
from pydantic import BaseModel

from openrouter_async import ConfigError, OpenRouter
from openrouter_async.transport.codec import dump_hint, encode_body
from tests.calling import KEY

HI: Any = [{"role": "user", "content": "Hi"}]
REMEDY = "; pass its `.model_dump(mode='json')`, with `exclude_none=True` if need be"


class Part(BaseModel):
    """Be what a request is made of elsewhere."""

    role: str = "user"
    content: str | None = None


PART: Any = Part(content="Hi")

Ask = Callable[[OpenRouter], Awaitable[object]]
PLACES: dict[str, tuple[Ask, str]] = {
    "field": (
        lambda client: client.completions.create(prompt="x", provider=PART),
        "provider is of type Part, which JSON does not have",
    ),
    "within a field": (
        lambda client: client.completions.create(prompt="x", plugins=[{"a": PART}]),
        "plugins[0].a is of type Part, which JSON does not have",
    ),
    "message": (
        lambda client: client.chat.completions.create(messages=[*HI, PART]),
        "messages[1] is of type Part",
    ),
    "content": (
        lambda client: client.chat.completions.create(
            messages=[{"role": "user", "content": [PART]}]
        ),
        "messages[0].content[0] is of type Part, which JSON does not have",
    ),
    "extra body": (
        lambda client: client.completions.create(prompt="x", extra_body=PART),
        "extra_body must be a mapping of request fields",
    ),
    "body": (
        lambda client: client.request("POST", "/keys", body=PART),
        "body is of type Part",
    ),
    "member of a body": (
        lambda client: client.request("POST", "/keys", body={"a": PART}),
        "a is of type Part, which JSON does not have",
    ),
    "input": (
        lambda client: client.embeddings.create(input=[PART], model="m"),
        "input[0] is of type Part, which JSON does not have",
    ),
}


@pytest.mark.parametrize(("ask", "problem"), PLACES.values(), ids=PLACES)
async def test_remedy(ask: Ask, problem: str) -> None:
    """It is refused by its place: how it is to be dumped is for the caller to say."""
    async with OpenRouter(KEY) as client:
        with pytest.raises(ConfigError) as told:
            await ask(client)

    assert str(told.value).endswith(f"{problem}{REMEDY}")


async def test_item_of_a_run() -> None:
    """Its outcome tells the same."""
    async with OpenRouter(KEY) as client:
        [outcome] = await client.chat.completions.gather([PART], model="m")

    assert str(outcome.error) == f"an item must be text or messages, not Part{REMEDY}"


def test_what_is_dumped_is_sent() -> None:
    """The remedy works."""
    dumped = PART.model_dump(mode="json", exclude_none=True)

    assert encode_body({"provider": dumped}) == (
        b'{"provider":{"role":"user","content":"Hi"}}'
    )


@pytest.mark.parametrize("value", [Part, Mock(), object()], ids=["class", "mock", "-"])
def test_what_is_no_model_gets_no_such_advice(value: object) -> None:
    """It could not be followed."""
    assert dump_hint(value) == ""
