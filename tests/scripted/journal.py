"""What the server saw: connections and their requests."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Literal, Self, TypeAlias

Outcome: TypeAlias = Literal[
    "open", "played", "surplus", "client left", "refused", "handshake failed", "closed"
]


class ScriptError(Exception):
    """Raised when a script asks for what cannot be done, like a body without head."""


@dataclass(slots=True)
class Request:
    """What was read of one request; header names are in lower case."""

    head: bytes
    method: str
    path: str
    headers: dict[str, str]
    head_at: float
    body: bytes = b""
    body_at: float | None = None

    @classmethod
    def parse(cls, head: bytes) -> Self:
        """Take a head apart; a header that came twice is joined by a comma."""
        first, *lines = head.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
        method, path, _ = first.split(" ", 2)
        headers: dict[str, str] = {}
        for line in lines:
            name, _, value = line.partition(":")
            before = headers.get(name.lower())
            headers[name.lower()] = ", ".join(filter(None, (before, value.strip())))

        return cls(head, method, path, headers, time.monotonic())

    @property
    def missing(self) -> int:
        """Give the number of announced body bytes that were not read yet."""
        length = self.headers.get("content-length")
        if length is None:
            message = "ReadBody needs a content-length; use ReadBytes"
            raise ScriptError(message)

        return int(length) - len(self.body)


@dataclass(slots=True)
class Connection:
    """
    What happened on one connection; times are those of `time.monotonic`.

    `client_closed_at` is when the client's FIN or RST was seen. It stays None while
    more than 128 KiB lie unread, since the FIN is behind them. `ended` is set when
    the server is done with the connection, at `closed_at`.
    """

    number: int
    opened_at: float
    requests: list[Request] = field(default_factory=list[Request])
    surplus: bytes = b""
    outcome: Outcome = "open"
    closed_at: float | None = None
    client_closed_at: float | None = None
    client_closed: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
