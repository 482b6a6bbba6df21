"""The benchmarks run, and count what they should."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "core.py"


def test_core(tmp_path: Path) -> None:
    """A short run measures every client and judges the targets."""
    path = tmp_path / "results.json"
    short = ("--rounds", "1", "--seconds", "0.001", "--json", str(path))
    done = subprocess.run(
        [sys.executable, SCRIPT, "blocks", *short],
        capture_output=True,
        check=True,
        text=True,
    )

    assert "| chunk, 8 streams in blocks | openrouter_async |" in done.stdout
    results = json.loads(path.read_text(encoding="utf-8"))
    assert [each["workload"] for each in results["targets"]] == ["blocks"]
    rounds = {
        client["name"]: client["rounds"][0]["units"]
        for client in results["workloads"][0]["clients"]
    }
    names = ["openrouter_async", "bare socket + msgspec", "bare aiohttp"]
    assert list(rounds) == names
    assert all(units and units % 16_000 == 0 for units in rounds.values())
