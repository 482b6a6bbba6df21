"""What tests of operations without types of their own share."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from typing import Self

import msgspec

from openrouter_async import OpenRouter, RetryPolicy, SizeLimits, Timeout
from tests.scripted import (
    Fin,
    ReadHead,
    Reset,
    Script,
    ScriptedServer,
    Send,
    Step,
    http_response,
)

KEY = "sk-or-v1-0123456789abcdef0123456789abcdef"
AT_ONCE = RetryPolicy(backoff=0, throttle_backoff=0, floor=0)
CUTS: dict[str, list[Step]] = {
    "reset": [Reset()],
    "end within a chunk": [Send(b"5\r\nda"), Fin()],
}


class KeyMembers(msgspec.Struct):
    """Be what the model of a key is made of."""

    hash: str


class KeyModel:
    """Be a model of a key as those of pydantic are: it reads JSON by itself."""

    def __init__(self, hash: str) -> None:
        self.hash = hash

    def __eq__(self, other: object) -> bool:
        return isinstance(other, KeyModel) and self.hash == other.hash

    __hash__ = None  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]  # as models are

    @classmethod
    def model_json_schema(cls, *, ref_template: str) -> dict[str, object]:
        """Describe itself."""
        return {"type": "object"}

    @classmethod
    def model_validate_json(cls, json_data: bytes, /) -> Self:
        """Read JSON; what does not fit is a ValueError."""
        return cls(msgspec.json.decode(json_data, type=KeyMembers).hash)


def got(*answers: bytes) -> list[Step]:
    """Answer requests without a body, one after the other on one connection."""
    return [step for each in answers for step in (ReadHead(), Send(each))]


def ok(**members: object) -> bytes:
    """Build a response with members."""
    return http_response(body=members)


def listed(*items: object, **members: object) -> bytes:
    """Build a response with a list in `data`."""
    return http_response(body={"data": list(items), **members})


@contextlib.asynccontextmanager
async def served(
    *scripts: Script,
    prefix: str = "/api/v1",
    retry: RetryPolicy = AT_ONCE,
    sizes: SizeLimits = SizeLimits(),
    timeout: Timeout = Timeout(),
    headers: Mapping[str, str] | None = None,
) -> AsyncGenerator[tuple[ScriptedServer, OpenRouter]]:
    """Run a server that plays the scripts, and a client that talks to it."""
    async with (
        ScriptedServer(scripts) as server,
        OpenRouter(
            KEY,
            base_url=f"{server.url}{prefix}",
            retry=retry,
            sizes=sizes,
            timeout=timeout,
            headers=headers,
        ) as client,
    ):
        yield server, client


async def collected(stream: AsyncIterator[object]) -> list[object]:
    """Return all that comes."""
    return [each async for each in stream]
