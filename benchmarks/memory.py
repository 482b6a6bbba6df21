"""How much memory this process has used."""

from __future__ import annotations

import sys
from pathlib import Path

MIB = 1024 * 1024

_STATUS = Path("/proc/self/status")
SEES_RESIDENT = _STATUS.exists()


def resident() -> int:
    """Return the bytes that are resident now; only on Linux."""
    return _field("VmRSS")


def peak() -> int:
    """Return the most bytes that were resident at a time; not on Windows."""
    if sys.platform == "win32":
        raise NotImplementedError("there is no getrusage")

    # On Linux getrusage begins with the peak of the process that started this one.
    if SEES_RESIDENT:
        return _field("VmHWM")

    from resource import RUSAGE_SELF, getrusage

    return getrusage(RUSAGE_SELF).ru_maxrss


def _field(name: str) -> int:
    lines = _STATUS.read_text(encoding="ascii").splitlines()
    fields = dict(line.split(":", 1) for line in lines)
    return int(fields[name].split()[0]) * 1024
