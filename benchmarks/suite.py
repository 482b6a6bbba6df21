"""
Measure this library beside other clients, over loopback, and show it.

Run it as `python benchmarks/suite.py`; see the README beside it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

# Of a script only its own folder is on the path.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.clients import KINDS
from benchmarks.machine import description, versions
from benchmarks.page import UnfitPageError, write_page
from benchmarks.results import (
    DifferentRunsError,
    Part,
    Results,
    load,
    new_run,
    write,
)
from benchmarks.rounds import play
from benchmarks.tables import preamble, table, target_table
from benchmarks.targets import verdicts
from benchmarks.workloads import BY_NAME

_ROUNDS, _QUICK_ROUNDS = 5, 2
_SECONDS, _QUICK_SECONDS = 0.5, 0.1


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure or load, show, and return the exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    for name, known in (("workloads", BY_NAME), ("clients", KINDS)):
        if unknown := set(getattr(options, name) or ()) - set(known):
            parser.error(
                f"no such {name}: {', '.join(sorted(unknown))}; of {', '.join(known)}"
            )

    try:
        results = load(options.results) if options.results else _run(options)
        found = verdicts(results)
        print(f"\n{target_table(found)}")
        if options.page:
            write_page(results, options.page)
    except (DifferentRunsError, UnfitPageError) as error:
        parser.error(str(error))

    return 1 if options.check and not all(each.reached for each in found) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "workloads", nargs="*", metavar="WORKLOAD", help=f"of {', '.join(BY_NAME)}; all"
    )
    parser.add_argument("--rounds", type=int, help=f"per client ({_ROUNDS})")
    parser.add_argument(
        "--seconds", type=float, help=f"of CPU time per measurement ({_SECONDS:g})"
    )
    parser.add_argument(
        "--clients", nargs="+", metavar="CLIENT", help=f"of {', '.join(KINDS)}; all"
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help=f"{_QUICK_ROUNDS} rounds of {_QUICK_SECONDS:g} s, for a look",
    )
    parser.add_argument(
        "--json",
        type=Path,
        default=Path("results.json"),
        metavar="PATH",
        help="where everything that was measured is written (results.json)",
    )
    parser.add_argument(
        "--from",
        dest="results",
        type=Path,
        action="append",
        metavar="PATH",
        help="show the results of an earlier run, and measure nothing",
    )
    parser.add_argument(
        "--page", type=Path, metavar="PATH", help="write the measured part of a page"
    )
    parser.add_argument(
        "--check", action="store_true", help="exit with 1 when a target is missed"
    )
    return parser


def _run(options: argparse.Namespace) -> Results:
    quick: bool = options.quick
    results = Results(
        run=new_run(),
        began=datetime.now(UTC).isoformat(timespec="seconds"),
        quick=quick,
        rounds=options.rounds or (_QUICK_ROUNDS if quick else _ROUNDS),
        seconds=options.seconds or (_QUICK_SECONDS if quick else _SECONDS),
        machine=description(),
        versions=versions(),
        parts=[],
    )
    print(preamble(results), flush=True)
    for name in options.workloads or BY_NAME:
        part = _play(results, name, options.clients)
        if part.rounds:
            print(f"\n{table([part])}", flush=True)

        if part.rounds or part.notes:
            results.parts.append(part)

        # Written as it grows: a run that is stopped has not been for nothing.
        write(results, options.json)

    return results


def _play(results: Results, name: str, clients: Sequence[str] | None) -> Part:
    began = perf_counter()
    part = play(
        BY_NAME[name],
        clients,
        rounds=results.rounds,
        seconds=results.seconds,
        quick=results.quick,
        run=results.run,
    )
    took = perf_counter() - began
    print(f"{name}: {took:.0f} s", *part.notes, sep="\n  ", file=sys.stderr)

    return part


if __name__ == "__main__":
    sys.exit(main())
