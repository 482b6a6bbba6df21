"""What is measured, and with which clients."""

from __future__ import annotations

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
from benchmarks.workload import Workload

RIVALS = (OPENAI, OPENAI_AIOHTTP, LITELLM, OPENROUTER)
_UVLOOP = (OURS_UVLOOP, BARE_UVLOOP)
_OFTENER = 3


def _plain(in_flight: int, clients: tuple[str, ...]) -> Workload:
    return Workload(
        name=f"plain-{in_flight}",
        title=f"plain call, {in_flight} in flight",
        group="Plain calls",
        way="call",
        in_flight=in_flight,
        unit="call",
        oftener=_OFTENER,
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
        oftener=_OFTENER,
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
        sizes=(18,),
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
        oftener=_OFTENER if streams == 1 else 1,
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
        oftener=_OFTENER,
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
        title="stream, 1,000 held open",
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
        title="item of a map over 1,000,000",
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
        title="MB of an answer of 10 MB",
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
        title="MB of an event of 10 MB",
        group="Large answers",
        way="stream",
        path="event-{size}",
        sizes=(10_000_000,),
        unit="MB",
        per_size=1e-6,
        warm=0,  # by its first event each is as warm as it gets
        clients=(OURS, CHAT, BARE, CAREFUL, FLOOR, *RIVALS),
    ),
    Workload(
        name="loop-held",
        title="chunk, 8 streams of 5,000 short ones",
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
        title="item, 64 in flight",
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
        title="chunk, by chunks of the stream",
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
        title="MB, by bytes of the answer",
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
        title="MB, by bytes of the event",
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
        title="item, by items of the map",
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
