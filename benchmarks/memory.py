"""How much memory this process has used."""

from __future__ import annotations

import sys
from pathlib import Path

MIB = 1024 * 1024

_STATUS = Path("/proc/self/status")


def peak() -> int:
    """Return the most bytes that were resident at a time; not on Windows."""
    if sys.platform == "win32":
        raise NotImplementedError("there is no getrusage")

    # On Linux getrusage begins with the peak of the process that started this one.
    if _STATUS.exists():
        lines = _STATUS.read_text(encoding="ascii").splitlines()
        fields = dict(line.split(":", 1) for line in lines)
        return int(fields["VmHWM"].split()[0]) * 1024

    from resource import RUSAGE_SELF, getrusage

    return getrusage(RUSAGE_SELF).ru_maxrss
