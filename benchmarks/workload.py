"""What a workload is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from benchmarks.clients import BARE

# Each has a function in `measures.py`, but for the two that need a new interpreter.
Way: TypeAlias = Literal[
    "call", "stream", "first", "open", "held", "map", "lazy", "import", "first-call"
]

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
        oftener: times as many rounds for all but rivals: what a target bounds has to be
            known better than a process can be measured, which varies by a quarter.
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
    oftener: int = 1
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
