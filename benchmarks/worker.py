"""A process that holds one client, measures it once, and prints a line of JSON."""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from benchmarks import measures
from benchmarks.clients import KINDS, Client, make_client
from benchmarks.machine import pin, raise_descriptor_limit
from benchmarks.measures import Counted
from benchmarks.memory import peak
from benchmarks.workload import Way, Workload
from benchmarks.workloads import BY_NAME

Measure: TypeAlias = Callable[[Client, Workload, str, int, float], Awaitable[Counted]]

_WAYS: dict[Way, Measure] = {
    "call": measures.calls,
    "stream": measures.streams,
    "held": measures.held,
    "first": measures.first,
    "open": measures.opened,
}


async def work(
    workload: Workload, name: str, size: int, port: int, seconds: float
) -> Counted:
    """Measure a client with a workload."""
    path = workload.path.format(size=size)
    base_url = f"http://127.0.0.1:{port}/{path}/v1"
    if workload.way in ("map", "lazy"):
        from benchmarks.measures_map import measure_items

        return await measure_items(name, base_url, size, workload.in_flight)

    async with make_client(name, base_url) as client:
        return await _WAYS[workload.way](client, workload, name, size, seconds)


def _loop_of(name: str) -> Callable[[], asyncio.AbstractEventLoop] | None:
    if not KINDS[name].on_uvloop:
        return None

    from uvloop import new_event_loop

    return new_event_loop


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workload", choices=list(BY_NAME))
    parser.add_argument("client", choices=list(KINDS))
    parser.add_argument("size", type=int, help="of what the workload lets grow")
    parser.add_argument("port", type=int, help="of the server")
    parser.add_argument("seconds", type=float, help="of CPU time")
    parser.add_argument("--core", type=int, help="the core to run on")
    args = parser.parse_args()
    pin(args.core)
    raise_descriptor_limit()
    asked = work(
        BY_NAME[args.workload], args.client, args.size, args.port, args.seconds
    )
    with asyncio.Runner(loop_factory=_loop_of(args.client)) as runner:
        found = runner.run(asked)

    print(json.dumps({**found, "peak": peak()}), flush=True)
