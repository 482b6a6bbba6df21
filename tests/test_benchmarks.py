"""The benchmarks run, and count what they should."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import chain
from pathlib import Path

SUITE = Path(__file__).parents[1] / "benchmarks" / "suite.py"
CLIENTS = ("openrouter_async", "bare socket + msgspec")


def test_suite(tmp_path: Path) -> None:
    """A short run measures the clients that were asked for, and judges the targets."""
    path = tmp_path / "results.json"
    short = ("--rounds", "1", "--seconds", "0.05", "--json", str(path))
    done = subprocess.run(
        [sys.executable, SUITE, "blocks", *short, "--clients", *CLIENTS],
        capture_output=True,
        check=True,
        text=True,
    )

    assert "in blocks | openrouter_async |" in done.stdout
    assert "openrouter_async in times of bare socket + msgspec" in done.stdout
    results = json.loads(path.read_text(encoding="utf-8"))
    (blocks,) = results["parts"]
    assert blocks["run"] == results["run"]
    assert tuple(blocks["rounds"]) == CLIENTS
    rounds = [*blocks["rounds"].values()]
    assert [len(each) for each in rounds] == [3, 3]  # as a target bounds them
    for measured in chain(*rounds):
        assert measured["units"] % 2_000 == 0
        assert measured["cpu"] >= 0.05
        assert measured["p50"] <= measured["p99"]
        assert measured["peak"] > 10_000_000


def test_two_files_of_results(tmp_path: Path) -> None:
    """The suite refuses to show two runs together, and says why."""
    both = ("--from", str(tmp_path / "a.json"), "--from", str(tmp_path / "b.json"))
    done = subprocess.run(
        [sys.executable, SUITE, *both], capture_output=True, text=True
    )

    assert done.returncode == 2
    assert "different runs" in done.stderr


def test_unknown_workload() -> None:
    """What cannot be measured is named, with what can be."""
    done = subprocess.run(
        [sys.executable, SUITE, "plain-65"], capture_output=True, text=True
    )

    assert done.returncode == 2
    assert "no such workloads: plain-65; of plain-1, plain-64" in done.stderr
