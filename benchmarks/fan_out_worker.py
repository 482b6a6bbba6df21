"""
A process with one client that has a share of the prompts.

It says `ready`, begins when a line comes on standard input, and prints its tally as
a line of JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time

import msgspec

from benchmarks.fan_out_clients import make_run
from benchmarks.fan_out_rivals import Run
from benchmarks.fan_out_tally import Tally
from benchmarks.machine import pin


async def work(run: Run, port: int, items: range, cutoff: float) -> Tally:
    """Answer the items, or as many as there is time for."""
    tally = Tally(began=time.monotonic())
    try:
        async with asyncio.timeout(cutoff):
            await run(f"http://127.0.0.1:{port}/api/v1", items, tally)
    except TimeoutError:
        tally.ended = time.monotonic()

    return tally


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("client", help="name of a client")
    parser.add_argument("port", type=int, help="of the server")
    parser.add_argument("first", type=int, help="number of the first item")
    parser.add_argument("count", type=int, help="of items")
    parser.add_argument("cutoff", type=float, help="seconds")
    parser.add_argument("--core", type=int, help="the core to run on")
    args = parser.parse_args()
    pin(args.core)
    chosen = make_run(args.client)
    print("ready", flush=True)
    sys.stdin.readline()
    share = range(args.first, args.first + args.count)
    found = asyncio.run(work(chosen, args.port, share, args.cutoff))
    print(msgspec.json.encode(found).decode(), flush=True)
