"""The benchmarks run, and count what they should."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

SUITE = Path(__file__).parents[1] / "benchmarks" / "suite.py"


def test_suite(tmp_path: Path) -> None:
    """A short run measures every client that was asked for, and judges the targets."""
    path = tmp_path / "results.json"
    short = ("--rounds", "1", "--seconds", "0.05", "--json", str(path))
    clients = ("openrouter_async", "bare socket + msgspec", "bare aiohttp")
    done = subprocess.run(
        [sys.executable, SUITE, "blocks", "plain-1", *short, "--clients", *clients],
        capture_output=True,
        check=True,
        text=True,
    )

    assert "in blocks | openrouter_async |" in done.stdout
    assert "openrouter_async in times of bare socket + msgspec" in done.stdout
    results = json.loads(path.read_text(encoding="utf-8"))
    blocks, plain = results["parts"]
    assert list(blocks["rounds"]) == list(clients)
    assert {part["run"] for part in results["parts"]} == {results["run"]}
    for rounds in blocks["rounds"].values():
        assert rounds[0]["units"] % 16_000 == 0
        assert rounds[0]["cpu"] >= 0.05

    for rounds in plain["rounds"].values():
        assert rounds[0]["p50"] <= rounds[0]["p99"]
        assert rounds[0]["peak"] > 10_000_000
