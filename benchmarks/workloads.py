"""What is measured, and with which clients."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from benchmarks.clients import (
    BARE,
    BARE_UVLOOP,
    CAREFUL,
    CHAT,
    FLOOR,
    LEAN,
    LITELLM,
    MAP,
    OPENAI,
    OPENAI_AIOHTTP,
    OPENROUTER,
    OURS,
    OURS_UVLOOP,
    STACK,
    WORKERS,
)

# Each has a function in `measures.py`, but for the two that need a new interpreter.
Way: TypeAlias = Literal[
    "call", "stream", "first", "open", "held", "map", "lazy", "import", "first-call"
]

RIVALS = (OPENAI, OPENAI_AIOHTTP, LITELLM, OPENROUTER)
_UVLOOP = (OURS_UVLOOP, BARE_UVLOOP)
_EVENTS_AROUND = 3  # of a stream whose first event is the large one


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Name one client at one size; a size is named where there are several."""

    client: str
    size: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """
    Say what a client does over and over.

    Attributes:
        name: for the command line.
        title: for tables.
        group: heading of its table.
        way: how it is measured.
        path: first part of the server's, with `{size}`.
        sizes: of what grows; one where nothing does.
        quick_sizes: in their place for a quick look.
        unit: what is counted.
        per_size: units in one call, stream or run, for each of the size.
        measure: what the tables lead with: `cpu` per unit, or a name in the results.
        shown: unit of that measure.
        in_flight: calls or streams at the same time.
        fewer: how many for clients that could not keep up with so many.
        one_core: whether the server shares the clients' core.
        warm: share of the CPU seconds that warms up, after the connections are open.
        once: whether one round is enough.
        clients: those that take part.
        reference: the client that the others are shown in times of.
    """

    name: str
    title: str
    group: str
    way: Way
    path: str = "plain"
    sizes: tuple[int, ...] = (1,)
    quick_sizes: tuple[int, ...] = ()
    unit: str
    per_size: float = 1
    measure: str = "cpu"
    shown: str = "us"
    in_flight: int = 1
    fewer: Mapping[str, int] = field(default_factory=dict[str, int])
    one_core: bool = False
    warm: float = 0.3
    once: bool = False
    clients: tuple[str, ...]
    reference: str = BARE

    def cases(self, quick: bool) -> list[Case]:
        """Return what is measured in each round, in this order."""
        sizes = (self.quick_sizes if quick else ()) or self.sizes
        return [
            Case(
                client=client,
                size=size,
                name=client if len(sizes) == 1 else f"{client} @ {size:,}",
            )
            for client in self.clients
            for size in sizes
        ]

    def streams(self, client: str) -> int:
        """Return how many calls or streams a client has at the same time."""
        return self.fewer.get(client, self.in_flight)

    def chunks(self, size: int) -> int:
        """Return the events of one stream."""
        return size if self.unit == "chunk" else _EVENTS_AROUND


def _plain(in_flight: int, clients: tuple[str, ...]) -> Workload:
    return Workload(
        name=f"plain-{in_flight}",
        title=f"plain call, {in_flight} in flight",
        group="Plain calls",
        way="call",
        in_flight=in_flight,
        unit="call",
        clients=(OURS, CHAT, BARE, CAREFUL, FLOOR, *RIVALS, *clients),
    )


_CALLS = (_plain(1, ()), _plain(64, (LEAN, *_UVLOOP)), _plain(512, ()))
_STREAMS = (
    Workload(
        name="blocks",
        title="chunk, 8 streams of 2,000 in blocks",
        group="Streams",
        way="stream",
        path="blocks-{size}",
        sizes=(2_000,),
        unit="chunk",
        in_flight=8,
        fewer={LITELLM: 1, OPENROUTER: 1},
        clients=(OURS, CHAT, FLOOR, BARE, CAREFUL, *RIVALS, *_UVLOOP),
        reference=FLOOR,
    ),
    Workload(
        name="paced",
        title="chunk, 300 streams, one write each",
        group="Streams",
        way="stream",
        # A round must be longer than a client needs for it: else events pile up in
        # the sockets, and a read brings several.
        path="paced-{size}-15",
        sizes=(120,),
        quick_sizes=(30,),
        unit="chunk",
        in_flight=300,
        fewer={OPENAI: 60, OPENAI_AIOHTTP: 60, LITELLM: 12, OPENROUTER: 12},
        # Both rest between the rounds. On two cores a client is in the middle of a
        # round's events when more arrive, and what it is measured at is chance.
        one_core=True,
        warm=0,
        clients=(OURS, CHAT, BARE, CAREFUL, FLOOR, *RIVALS, *_UVLOOP),
    ),
    Workload(
        name="paced-3000",
        title="chunk, 3,000 streams, one write each",
        group="Streams",
        way="stream",
        path="paced-{size}-250",
        sizes=(20,),
        quick_sizes=(6,),
        unit="chunk",
        in_flight=3_000,
        one_core=True,
        warm=0,
        clients=(OURS, BARE, CAREFUL, FLOOR),
    ),
)
_FIRST = tuple(
    Workload(
        name=f"first-{streams}",
        title=f"first chunk, {streams} at a time" if streams > 1 else "first chunk",
        group="Time to the first chunk",
        way="first",
        path=f"first-{streams}",
        unit="stream",
        measure="p50",
        in_flight=streams,
        clients=(OURS, CHAT, BARE, CAREFUL, FLOOR, *rivals),
    )
    # The others need more than 10 ms for each stream that they open.
    for streams, rivals in ((1, RIVALS), (64, (OPENAI, OPENAI_AIOHTTP)))
)
_START = (
    Workload(
        name="import",
        title="import",
        group="Start",
        way="import",
        unit="import",
        shown="ms",
        clients=(OURS, STACK, OPENAI, LITELLM, OPENROUTER),
        reference=STACK,
    ),
    Workload(
        name="first-call",
        title="import, a client and one call in a new process",
        group="Start",
        way="first-call",
        unit="call",
        shown="ms",
        clients=(OURS, CHAT, BARE, CAREFUL, FLOOR, *RIVALS),
    ),
)
_MEMORY = (
    Workload(
        name="open-streams",
        title="1,000 open streams",
        group="Memory",
        way="open",
        path="open",
        sizes=(1_000,),
        quick_sizes=(200,),
        unit="stream",
        measure="grown_each",
        shown="KiB",
        clients=(OURS, CHAT, BARE, CAREFUL, FLOOR, OPENAI, OPENAI_AIOHTTP),
    ),
    Workload(
        name="lazy",
        title="a map over 1,000,000 lazy items",
        group="Memory",
        way="lazy",
        sizes=(1_000_000,),
        quick_sizes=(10_000,),
        unit="item",
        measure="grown",
        shown="MiB",
        in_flight=64,
        once=True,
        clients=(MAP,),
        reference=MAP,
    ),
)
_LARGE = (
    Workload(
        name="answer-10mb",
        title="an answer of 10 MB",
        group="Large answers",
        way="call",
        path="answer-{size}",
        sizes=(10_000_000,),
        unit="MB",
        per_size=1e-6,
        clients=(OURS, CHAT, BARE, CAREFUL, FLOOR, *RIVALS),
    ),
    Workload(
        name="event-10mb",
        title="a stream with one event of 10 MB",
        group="Large answers",
        way="stream",
        path="event-{size}",
        sizes=(10_000_000,),
        unit="MB",
        per_size=1e-6,
        clients=(OURS, CHAT, BARE, CAREFUL, FLOOR, *RIVALS),
    ),
    Workload(
        name="loop-held",
        title="8 streams of 5,000 short chunks, thousands to a read",
        group="The event loop",
        way="held",
        path="small-{size}",
        sizes=(5_000,),
        unit="chunk",
        measure="held",
        shown="ms",
        in_flight=8,
        clients=(OURS, CHAT, CAREFUL, OPENAI, OPENAI_AIOHTTP),
        reference=CAREFUL,
    ),
)
_FAN_OUT = (
    Workload(
        name="map",
        title="an item of a map, 64 in flight",
        group="Many prompts",
        way="map",
        sizes=(10_000,),
        quick_sizes=(2_000,),
        unit="item",
        in_flight=64,
        clients=(MAP, WORKERS),
        reference=WORKERS,
    ),
)
_GROWTH = (
    Workload(
        name="growth-chunks",
        title="chunks of a stream",
        group="Growth",
        way="stream",
        path="blocks-{size}",
        sizes=(500, 1_000, 4_000, 16_000),
        quick_sizes=(4_000, 16_000),
        unit="chunk",
        clients=(OURS, CAREFUL),
        reference=OURS,
    ),
    Workload(
        name="growth-answer",
        title="bytes of an answer",
        group="Growth",
        way="call",
        path="answer-{size}",
        sizes=(100_000, 625_000, 2_500_000, 10_000_000),
        quick_sizes=(2_500_000, 10_000_000),
        unit="MB",
        per_size=1e-6,
        clients=(OURS, CAREFUL),
        reference=OURS,
    ),
    Workload(
        name="growth-event",
        title="bytes of an event",
        group="Growth",
        way="stream",
        path="event-{size}",
        sizes=(100_000, 625_000, 2_500_000, 10_000_000),
        quick_sizes=(2_500_000, 10_000_000),
        unit="MB",
        per_size=1e-6,
        clients=(OURS, CAREFUL),
        reference=OURS,
    ),
    Workload(
        name="growth-map",
        title="items of a map",
        group="Growth",
        way="map",
        sizes=(1_000, 4_000, 16_000, 64_000),
        quick_sizes=(1_000, 4_000),
        unit="item",
        in_flight=64,
        clients=(MAP,),
        reference=MAP,
    ),
)

WORKLOADS = (
    *_CALLS,
    *_STREAMS,
    *_FIRST,
    *_START,
    *_FAN_OUT,
    *_MEMORY,
    *_LARGE,
    *_GROWTH,
)
BY_NAME = {each.name: each for each in WORKLOADS}
