"""What the clients are measured with, and what this library has to reach."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from benchmarks import payloads

OURS = "openrouter_async"
CHAT = "openrouter_async, chat"
BARE = "bare aiohttp"
LEAN = "lean aiohttp"
FLOOR = "bare socket + msgspec"
IMPORT = "import"
STACK = "aiohttp, msgspec, anyio"


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """
    Say what a client does over and over.

    Attributes:
        name: for the command line.
        title: for the table.
        path: how the server answers.
        one_core: whether the server shares the clients' core.
        in_flight: calls or streams at the same time.
        repeat: how many of them each task makes one after another in a batch.
        units: of what is counted, per call.
        clients: names of those that take part, this library first.
    """

    name: str
    title: str
    path: Literal["plain", "blocks", "paced"]
    in_flight: int
    repeat: int = 1
    units: int = 1
    one_core: bool = False
    clients: tuple[str, ...]

    @property
    def unit(self) -> str:
        """What is counted."""
        return "call" if self.path == "plain" else "chunk"

    @property
    def batch(self) -> int:
        """Units in one batch."""
        return self.in_flight * self.repeat * self.units


def _plain(in_flight: int, repeat: int) -> Workload:
    return Workload(
        name=f"plain-{in_flight}",
        title=f"plain call, {in_flight} in flight",
        path="plain",
        in_flight=in_flight,
        repeat=repeat,
        clients=(OURS, BARE, LEAN),
    )


WORKLOADS = (
    _plain(1, 500),
    _plain(64, 16),
    _plain(512, 4),
    Workload(
        name="blocks",
        title="chunk, 8 streams in blocks",
        path="blocks",
        in_flight=8,
        units=payloads.CHUNKS_IN_BLOCKS,
        clients=(OURS, FLOOR, BARE),
    ),
    Workload(
        name="paced",
        title="chunk, 300 streams, one write each",
        path="paced",
        in_flight=300,
        units=payloads.CHUNKS_ONE_BY_ONE,
        # Both rest between the rounds. On two cores a client is in the middle of a
        # round's events when more arrive, and what it is measured at is chance.
        one_core=True,
        clients=(OURS, FLOOR, BARE),
    ),
    # The same answers in the shape of chat completions.
    Workload(
        name="chat-plain",
        title="plain chat call, 64 in flight",
        path="plain",
        in_flight=64,
        repeat=16,
        clients=(CHAT, OURS),
    ),
    Workload(
        name="chat-blocks",
        title="chat chunk, 8 streams in blocks",
        path="blocks",
        in_flight=8,
        units=payloads.CHUNKS_IN_BLOCKS,
        clients=(CHAT, OURS),
    ),
    Workload(
        name="chat-paced",
        title="chat chunk, 300 streams, one write each",
        path="paced",
        in_flight=300,
        units=payloads.CHUNKS_ONE_BY_ONE,
        one_core=True,
        clients=(CHAT, OURS),
    ),
)


@dataclass(frozen=True, slots=True)
class Target:
    """
    Bound the CPU time of this library by that of a reference.

    Attributes:
        workload: name of the workload.
        reference: name of the client it is compared with.
        limit: most times the reference's; None where there is none yet.
        goal: what a later release has to reach.
    """

    workload: str
    reference: str
    limit: float | None
    goal: float


TARGETS = (
    Target("plain-1", BARE, 1.3, 1.15),
    Target("plain-64", BARE, 1.3, 1.15),
    Target("plain-512", BARE, 1.3, 1.15),
    Target("blocks", FLOOR, 3.0, 2.0),
    Target("paced", BARE, None, 1.25),
    Target("chat-plain", OURS, 1.5, 1.5),
    Target("chat-blocks", OURS, 1.5, 1.5),
    Target("chat-paced", OURS, 1.5, 1.5),
    Target(IMPORT, STACK, None, 1.15),
)
