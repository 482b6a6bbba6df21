"""Types that answers are read as, and a server whose answers stand for them."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Literal, Protocol, TypedDict, cast

import msgspec

from openrouter_async import OpenRouter
from tests.chatting import Members, whole
from tests.scripted import ScriptedServer, Send, http_response
from tests.streams import asked, served


class Step(msgspec.Struct):
    """Be a part of a larger value."""

    text: str
    seconds: float | None = None


class Plan(msgspec.Struct):
    """Be a value that holds others."""

    steps: list[Step]
    kind: Literal["a", "b"] = "a"


@dataclass
class Point:
    """Be a value of two numbers."""

    x: int
    y: int


class Row(TypedDict):
    """Be a value without a class of its own."""

    name: str


class Place(Protocol):
    """Be what the model of pydantic is read as."""

    name: str
    size: int


class Checked(msgspec.Struct):
    """Be a value that is checked by its own code."""

    x: int

    def __post_init__(self) -> None:
        if self.x < 0:
            raise ValueError("x must not be negative")


@asynccontextmanager
async def saying(
    text: object, finish_reason: str = "stop", **message: object
) -> AsyncGenerator[tuple[ScriptedServer, OpenRouter]]:
    """Run a server whose answer says something, and a client of it."""
    answer = whole({"content": text, **message})
    [choice] = cast("list[Members]", answer["choices"])
    choice["finish_reason"] = finish_reason
    async with served(asked(Send(http_response(body=answer)))) as pair:
        yield pair
