"""
A process that imports one client, makes one call, and prints what that has cost.

Its own imports come before the clock starts, and are few: what a client imports must
not be there already.
"""

from __future__ import annotations

import os
import sys
from time import perf_counter, process_time

_MODULE, _FACTORY, _PORT, _CORE = sys.argv[1:5]


def main() -> None:
    """Measure and print."""
    if _CORE:
        os.sched_setaffinity(0, {int(_CORE)})

    wall, cpu = perf_counter(), process_time()
    import asyncio
    from importlib import import_module

    module = import_module(f"benchmarks.{_MODULE}")

    async def once() -> int:
        url = f"http://127.0.0.1:{_PORT}/plain/v1"
        async with getattr(module, _FACTORY)(url) as client:
            answered: int = await client.call()
            return answered

    assert asyncio.run(once()), "there was an answer"
    cpu, wall = process_time() - cpu, perf_counter() - wall
    import json

    from benchmarks.memory import peak

    print(json.dumps({"units": 1, "cpu": cpu, "wall": wall, "peak": peak()}))


if __name__ == "__main__":
    main()
