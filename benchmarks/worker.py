"""
A process that holds one client and measures it whenever it is asked to.

Each line on standard input is a number of CPU seconds; the answer is a line of JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from time import perf_counter, process_time

from benchmarks.clients import Client, make_client
from benchmarks.machine import pin
from benchmarks.workloads import WORKLOADS, Workload


async def _task(client: Client, workload: Workload) -> int:
    step = client.call if workload.path == "plain" else client.stream
    return sum([await step() for _ in range(workload.repeat)])


async def _batch(client: Client, workload: Workload) -> int:
    tasks = (_task(client, workload) for _ in range(workload.in_flight))
    seen = sum(await asyncio.gather(*tasks))
    # A client that decodes nothing sees no chunks.
    if seen not in (0, workload.batch) or (workload.path == "plain" and not seen):
        raise RuntimeError(f"{seen} of {workload.batch} units arrived")

    return workload.batch


async def measure(
    client: Client, workload: Workload, seconds: float
) -> dict[str, float]:
    """
    Run batches until they have used that much CPU time.

    Returns:
        `units`, `cpu` and `wall`, the latter two in seconds.
    """
    units = 0
    wall = perf_counter()
    cpu = process_time()
    while process_time() - cpu < seconds:
        units += await _batch(client, workload)

    return {
        "units": units,
        "cpu": process_time() - cpu,
        "wall": perf_counter() - wall,
    }


async def work(name: str, workload: Workload, port: int) -> None:
    """Measure as often as standard input asks for it."""
    base_url = f"http://127.0.0.1:{port}/{workload.path}/v1"
    async with make_client(name, base_url) as client:
        # Reading blocks the loop: nothing of this client runs between measurements.
        for line in sys.stdin:
            print(json.dumps(await measure(client, workload, float(line))), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("client", help="name of a client")
    parser.add_argument("workload", choices=[each.name for each in WORKLOADS])
    parser.add_argument("port", type=int, help="of the server")
    parser.add_argument("--core", type=int, help="the core to run on")
    args = parser.parse_args()
    pin(args.core)
    chosen = next(each for each in WORKLOADS if each.name == args.workload)
    asyncio.run(work(args.client, chosen, args.port))
