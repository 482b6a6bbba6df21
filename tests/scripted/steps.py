"""The steps a script is made of."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias


class Step:
    """One thing that the server does on a connection."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class ReadHead(Step):
    """Read a request head, up to and with its empty line, and open a request."""


@dataclass(frozen=True, slots=True)
class ReadBody(Step):
    """Read the rest of the body that the head announced by content-length."""


@dataclass(frozen=True, slots=True)
class ReadBytes(Step):
    """Read exactly `n` bytes of the body."""

    n: int


@dataclass(frozen=True, slots=True)
class Send(Step):
    """Write `data` at once."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Drip(Step):
    """Write `data` in pieces of `size` bytes, `interval` seconds apart."""

    data: bytes
    size: int = 1
    interval: float = 0.0


@dataclass(frozen=True, slots=True)
class Wait(Step):
    """Wait until the test sets `event`."""

    event: asyncio.Event


@dataclass(frozen=True, slots=True)
class Pause(Step):
    """Do nothing for `seconds`."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Fin(Step):
    """
    End the sending side: FIN, after close_notify on TLS.

    With `close_notify=False` a TLS connection ends as if cut: bare FIN. On TCP the
    receiving side stays open, because closing it with unread bytes would send RST.
    """

    close_notify: bool = True


@dataclass(frozen=True, slots=True)
class Reset(Step):
    """End the connection with RST."""


@dataclass(frozen=True, slots=True)
class Hang(Step):
    """Neither read nor write until the client goes or the server closes."""


Script: TypeAlias = Iterable[Step]


def exchange(answer: bytes) -> list[Step]:
    """Build the steps that read one whole request and send `answer`."""
    return [ReadHead(), ReadBody(), Send(answer)]
