"""
Fail when this library has become slower, in less than a minute and on any machine.

Run it as `python benchmarks/guard.py`. It compares with other clients, and with this
library itself at another size, within one run. The bounds lie well above the noise: it
finds what was made slower by mistake, `suite.py` tells how fast it is.
"""

# Ratios of CPU time, not counted instructions: valgrind slows the imports down so much
# that counts for two clients at two numbers of calls take minutes, few machines have
# it, and it does not see what the garbage collector and the kernel cost. What else the
# machine does hits both sides of a ratio, as they take turns.

from __future__ import annotations

import sys
from pathlib import Path
from statistics import median

# Of a script only its own folder is on the path.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.clients import BARE, FLOOR, OURS
from benchmarks.results import new_run
from benchmarks.rounds import play
from benchmarks.targets import Target
from benchmarks.workloads import BY_NAME

_ROUNDS = 7
_SECONDS = 0.15  # of CPU time per measurement
_QUARTER, _WHOLE = BY_NAME["growth-chunks"].sizes[-2:]

BOUNDS = (
    Target(workload="plain-64", reference=BARE, limit=1.35),
    Target(workload="blocks", reference=FLOOR, limit=2.6),
    Target(workload="paced", reference=BARE, limit=1.5),
    Target(
        workload="growth-chunks",
        case=f"{OURS} @ {_WHOLE:,}",
        reference=f"{OURS} @ {_QUARTER:,}",
        limit=1.4,
    ),
)


def main() -> int:
    """Measure, print, and return the exit status."""
    kept = [_keeps(bound) for bound in BOUNDS]
    return 0 if all(kept) else 1


def _keeps(bound: Target) -> bool:
    part = play(
        BY_NAME[bound.workload],
        [name.partition(" @ ")[0] for name in (bound.case, bound.reference)],
        rounds=_ROUNDS,
        seconds=_SECONDS,
        quick=True,
        run=new_run(),
    )
    ratios = sorted(bound.figures(part))
    middle = median(ratios)
    kept = middle <= bound.limit
    print(
        f"{'ok  ' if kept else 'FAIL'} {bound.name}: {middle:.2f}, at most"
        f" {bound.limit:g} ({', '.join(f'{each:.2f}' for each in ratios)})",
        flush=True,
    )
    return kept


if __name__ == "__main__":
    sys.exit(main())
