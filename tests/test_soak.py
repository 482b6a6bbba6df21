"""A short soak; `benchmarks/soak.py` alone is one of 100,000 calls."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.memory import SEES_RESIDENT

ROOT = Path(__file__).parents[1]


@pytest.mark.skipif(not SEES_RESIDENT, reason="there is no /proc to read memory from")
@pytest.mark.timeout(120)
def test_141_soak() -> None:
    """Thousands of faults leave nothing behind, and cross no answers."""
    done = subprocess.run(
        [sys.executable, "benchmarks/soak.py", "--calls", "3000", "--seed", "1"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "PROBLEM" not in done.stdout
    assert "answered" in done.stdout
