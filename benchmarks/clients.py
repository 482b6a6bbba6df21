"""The clients by name: what each can do, what it needs, and where it is made."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Protocol, Self, cast

OURS = "openrouter_async"
CHAT = "openrouter_async, chat"
OURS_UVLOOP = "openrouter_async on uvloop"
BARE = "bare aiohttp"
BARE_UVLOOP = "bare aiohttp on uvloop"
LEAN = "lean aiohttp"
CAREFUL = "careful aiohttp"
FLOOR = "bare socket + msgspec"
STACK = "aiohttp, msgspec, anyio"
OPENAI = "openai"
OPENAI_AIOHTTP = "openai[aiohttp]"
LITELLM = "litellm"
OPENROUTER = "openrouter"
MAP = "map"
WORKERS = "workers over create"
# They decode nothing, and so see no chunks.
BLIND = (BARE, BARE_UVLOOP, LEAN)


class Client(Protocol):
    """Make calls; several at a time."""

    async def __aenter__(self) -> Self:
        """Get ready."""
        ...

    async def __aexit__(self, *_: object) -> None:
        """Close the connections."""
        ...

    async def call(self) -> int:
        """Make a plain call; return 1 when there was an answer, with text."""
        ...

    async def stream(self) -> int:
        """
        Read a stream; return how many chunks it had, 0 where they are not seen.

        Chunks without text may be left out: some clients hide them.
        """
        ...

    def opened(self) -> AbstractAsyncContextManager[str | bytes]:
        """Open a stream, and leave it open; what comes first is the value."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """
    Describe a client.

    Attributes:
        module: of this folder, that has it. Nothing else may import it: what a client
            imports is part of what its first call costs.
        factory: in that module; takes a base URL.
        needs: modules without which it is left out.
        imports: what a user of it imports.
        on_uvloop: whether its event loop is uvloop's.
    """

    module: str
    factory: str
    needs: tuple[str, ...] = ()
    imports: str = ""
    on_uvloop: bool = False


_OWN = Kind(module="client_ours", factory="Ours", imports="openrouter_async")
_BARE = Kind(module="client_aiohttp", factory="BareAiohttp", imports="aiohttp")

KINDS: dict[str, Kind] = {
    OURS: _OWN,
    CHAT: Kind(module="client_ours", factory="OursChat"),
    OURS_UVLOOP: Kind(
        module="client_ours", factory="Ours", needs=("uvloop",), on_uvloop=True
    ),
    MAP: _OWN,
    WORKERS: _OWN,
    BARE: _BARE,
    BARE_UVLOOP: Kind(
        module="client_aiohttp",
        factory="BareAiohttp",
        needs=("uvloop",),
        on_uvloop=True,
    ),
    LEAN: Kind(module="client_aiohttp", factory="LeanAiohttp"),
    CAREFUL: Kind(module="client_aiohttp_careful", factory="CarefulAiohttp"),
    FLOOR: Kind(module="client_floor", factory="Floor"),
    STACK: Kind(module="client_aiohttp", factory="BareAiohttp", imports=STACK),
    OPENAI: Kind(
        module="client_openai", factory="OpenAI", needs=("openai",), imports="openai"
    ),
    OPENAI_AIOHTTP: Kind(
        module="client_openai",
        factory="OpenAIOnAiohttp",
        needs=("openai",),
    ),
    LITELLM: Kind(
        module="client_litellm",
        factory="LiteLLM",
        needs=("litellm",),
        imports="litellm",
    ),
    OPENROUTER: Kind(
        module="client_openrouter",
        factory="OfficialSDK",
        needs=("openrouter",),
        imports="openrouter",
    ),
}


def missing(name: str) -> list[str]:
    """Return what a client needs and is not installed."""
    return [each for each in KINDS[name].needs if find_spec(each) is None]


def make_client(name: str, base_url: str) -> Client:
    """Import the client of that name, and make it."""
    kind = KINDS[name]
    module = import_module(f"benchmarks.{kind.module}")
    factory = cast("Callable[[str], Client]", getattr(module, kind.factory))
    return factory(base_url)
